"""What a real Django makes of what a session holds in _auth_user_id. Arguments: a seed and a number. JSON lines out:
first the digits of every script and other ids by hand, then random ids, each with the id that
pk.value_to_string(pk.to_python(id)) is for three kinds of primary key, or null where Django raises or the
value fits into no column.
"""
import json
import random
import sys
import unicodedata
import uuid

from django.conf import settings

settings.configure(SECRET_KEY="x", INSTALLED_APPS=[], LOGGING_CONFIG=None)

import django  # noqa: E402

django.setup()
from django.db import models  # noqa: E402

KINDS = {
    "integer": models.BigAutoField(primary_key=True),
    "uuid": models.UUIDField(primary_key=True),
    "text": models.CharField(primary_key=True, max_length=100),
}

# Spaces, what looks like a space, and what looks like a digit, a sign or an underscore.
SPACES = [chr(c) for c in range(0x3001) if chr(c).isspace()] + ["\u200b", "\ufeff", "\0", "\u180e"]
LOOKS = list("_-+_-+xX.eEaF{}Ll,") + ["\u2212", "\uff0d", "\uff0b", "\u00b2", "\u2460", "\uff3f", "\uff21", "\u4e09", "\u0bf0", "\u2167", "\ud800"]
DIGITS = [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.decimal(chr(c), None) is not None]


def answer(value):
    line = {"id": value}
    for name, field in KINDS.items():
        try:
            pk = field.to_python(value)
        except Exception:
            pk = None
        if isinstance(pk, int) and not -2**63 <= pk < 2**63:
            pk = None
        line[name] = None if pk is None else str(pk)
    return line


def mangle(r, text):
    text = list(text)
    for _ in range(r.choice([0, 0, 1, 1, 2, 3])):
        at = r.randrange(len(text) + 1)
        kind = r.randrange(6)
        if kind == 0:
            text.insert(r.choice([0, len(text)]), r.choice(SPACES))
        elif kind == 1:
            text.insert(at, r.choice(SPACES))
        elif kind == 2:
            text.insert(at, r.choice(LOOKS))
        elif kind == 3 and text:
            text[at - 1] = r.choice(DIGITS)
        elif kind == 4 and text:
            text[at - 1] = r.choice(LOOKS)
        elif kind == 5 and text:
            del text[at - 1]
    return "".join(text)


def integer(r):
    n = r.choice([r.randrange(100), r.getrandbits(31), r.getrandbits(62), 2**63 - r.randrange(2), r.getrandbits(70)])
    text = str(n)
    script = r.choice(DIGITS)
    zero = ord(script) - unicodedata.decimal(script)
    if r.random() < 0.5:
        text = "".join(chr(zero + int(c)) for c in text)
    if r.random() < 0.3:
        text = text[:1] + "_" + text[1:]
    return r.choice(["", "", "+", "-", "0", "00_0"]) + text


def identifier(r):
    u = str(uuid.UUID(int=r.getrandbits(r.choice([128, 128, 100, 20]))))
    shape = r.randrange(8)
    if shape == 1:
        u = u.replace("-", "")
    elif shape == 2:
        u = "{" + u + "}"
    elif shape == 3:
        u = r.choice(["urn:uuid:", "uuid:", "urn:", "UUID:", "uurn:uid:"]) + u
    elif shape == 4:
        u = u.upper()
    elif shape == 5:  # what int(text, 16) takes besides digits, in 32 characters
        u = r.choice(["0x", "0X", "0_x", "0x_", "+", "-", " ", "+0x", "00x", "\u0660x", "\uff10X"]) + u.replace("-", "")
        u = u[: r.choice([32, 32, 32, 33])]
    elif shape == 6:
        u = u.replace("-", "")
        at = r.randrange(31)
        u = u[:at] + r.choice(["_", "__"]) + u[at + r.choice([1, 2]):]
    elif shape == 7:
        u = "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in u)
    return u


def value(r):
    kind = r.randrange(20)
    if kind == 0:
        return r.choice([True, False, None, 0, -1, r.getrandbits(63), 2**128 - 1, 2**128, -(2**63), r.getrandbits(128)])
    if kind == 1:
        return r.choice([0.0, -0.0, 1.9, -1.9, 1e16, 1e22, 1e300, float("nan"), float("inf"), float("-inf"), r.random() * 2**r.randrange(70)])
    return mangle(r, integer(r) if kind < 11 else identifier(r))


def main():
    r = random.Random(int(sys.argv[1]))
    ids = [d for d in DIGITS] + [s + "7" + s for s in SPACES] + [" \u0667" + s for s in SPACES]
    ids += ["", "_", "1_", "_1", "1__0", "1_0", "+_1", "--1", "+-1", "+ 1", "-0", "0_0", "0x10", "1e3", "1.0", "\u06611", "1\u0661"]
    ids += ["0" * 4299 + "1", "0" * 4300 + "1", "_".join("0" * 4299 + "1"), "x" * 32, "0x" + "_1" * 15, "0" * 31 + "_", "0" * 32]
    ids += [value(r) for _ in range(int(sys.argv[2]))]
    for i in ids:
        print(json.dumps(answer(i)))


main()
