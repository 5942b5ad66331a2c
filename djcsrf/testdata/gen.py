# -*- coding: utf-8 -*-
"""Writes what real Djangos store, send and hand out, for the tests of djcsrf.

    for v in 1.8 1.11 2.2 3.2 4.2 5.2 6.1; do
        compat_test/.venv/django$v/bin/python -B djcsrf/testdata/gen.py >djcsrf/testdata/django$v.json
    done

What is random in Django is made the same in every run, so that a second one changes nothing.

    tokens      a secret, and tokens made for it
    responses   what was done by a view, to a request with this cookie or session; see compat_test/csrf/drive.py
"""
from __future__ import unicode_literals

import json
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "compat_test", "csrf"))

import drive  # noqa: E402

SECRET = "abcdefghijklmnopqrstuvwxyzABC019"
OTHER = "Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz"
CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Randomness(object):
    """Gives the same characters in every run and every Python."""

    def __init__(self, seed):
        self.state = seed

    def string(self, length=32, allowed_chars=CHARS):
        out = []
        for _ in range(length):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
            out.append(allowed_chars[(self.state >> 33) % len(allowed_chars)])
        return "".join(out)


def masked(secret, mask):
    return mask + "".join(CHARS[(CHARS.index(a) + CHARS.index(b)) % 62] for a, b in zip(secret, mask))


GIVEN = [
    ("nothing", None),
    ("a bare secret", SECRET),
    ("a masked secret", masked(SECRET, OTHER)),
    ("what is no secret", "short"),
]
DONE = [[], ["token"], ["token", "token"], ["rotate"], ["token", "rotate"], ["rotate", "token"]]
SETTINGS = [
    ("default", (1, 8), {}),
    (
        "everything set",
        (1, 8),
        {
            "CSRF_COOKIE_NAME": "xsrf",
            "CSRF_COOKIE_AGE": 3600,
            "CSRF_COOKIE_DOMAIN": ".example.com",
            "CSRF_COOKIE_PATH": "/app/",
            "CSRF_COOKIE_SECURE": True,
            "CSRF_COOKIE_HTTPONLY": True,
        },
    ),
    ("until the browser closes", (1, 8), {"CSRF_COOKIE_AGE": None}),
    ("strict", (2, 1), {"CSRF_COOKIE_SAMESITE": "Strict"}),
    ("sessions", (1, 11), {"CSRF_USE_SESSIONS": True}),
]


def responses(version):
    for name, since, settings in SETTINGS:
        for given, text in GIVEN:
            for do in DONE:
                if version < since or name not in ("default", "sessions") and (given != "nothing" or do != ["token"]):
                    continue
                case = {"settings": settings, "method": "GET", "headers": [["Host", "example.com"]], "do": do}
                if text and "CSRF_USE_SESSIONS" in settings:
                    case["session"] = text
                elif text:
                    case["headers"].append(["Cookie", "csrftoken=" + text])
                got = drive.answer(case)
                yield {"name": "%s, %s, %s" % (name, given, " and ".join(do) or "untouched"), "asked": case, "answered": got}


def main():
    drive.setup()
    import django
    from django.middleware import csrf

    csrf.get_random_string = Randomness(1).string
    version = django.VERSION[:2]
    tokens = []
    make = getattr(csrf, "_mask_cipher_secret", getattr(csrf, "_salt_cipher_secret", None))
    if make:
        for secret in (SECRET, OTHER, "a" * 32, "9" * 32):
            tokens.append({"secret": secret, "tokens": [make(secret) for _ in range(3)]})
    out = {"django": "%d.%d" % version, "tokens": tokens, "responses": list(responses(version))}
    text = json.dumps(out, indent=1, sort_keys=True, separators=(",", ": "))
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
