# -*- coding: utf-8 -*-
"""What django.contrib.messages does with a request: for djmessages, run under each Django (CPython 2.7 and 3).

    python messages.py vectors FILE   writes the fixtures; a second run writes the same
    python messages.py few FILE       only some of them, for a Django that differs little from another one

The live test has its harness run this file, and asks for one answer after the other.

A case:

    now                 seconds since 1970, the clock of the signer
    storage             Fallback, Session or Cookie
    settings            Django settings other than its defaults; MESSAGE_TAGS as a list of pairs
    cookie              the header Cookie, or null
    session             what the session holds as _messages, or null
    steps               add (level, text, tags, safe), iter, len, level (level)

An answer: what each step returned (a list of [level, text, extra_tags, safe, tags, level_tag]; a number), the header
Set-Cookie or null, what the session holds afterwards, whether it was modified and accessed; or an error alone.
"""
from __future__ import unicode_literals

import base64
import hashlib
import hmac
import io
import json
import sys

import django
from django.conf import settings

SECRET = "a secret of the messages \u043f\u0440\u0438\u0432\u0435\u0442"
settings.configure(
    SECRET_KEY=SECRET,
    INSTALLED_APPS=["django.contrib.sessions", "django.contrib.messages"],
    SESSION_COOKIE_HTTPONLY=True,
)
django.setup()

from django.contrib.messages import utils  # noqa: E402
from django.contrib.messages.middleware import MessageMiddleware  # noqa: E402
from django.contrib.messages.storage import base  # noqa: E402
from django.contrib.sessions.backends.base import SessionBase  # noqa: E402
from django.core import signing  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.http.cookie import parse_cookie  # noqa: E402
from django.utils.safestring import SafeData, mark_safe  # noqa: E402

if sys.version_info[0] == 2:
    str = unicode  # noqa: F821

PATHS = {
    "Fallback": "django.contrib.messages.storage.fallback.FallbackStorage",
    "Session": "django.contrib.messages.storage.session.SessionStorage",
    "Cookie": "django.contrib.messages.storage.cookie.CookieStorage",
}


class Clock(object):
    """What django.core.signing takes for the module time."""

    now = 0

    @classmethod
    def time(cls):
        return cls.now


signing.time = Clock


def show(m):
    return [m.level, str(m.message), "" if m.extra_tags is None else str(m.extra_tags), isinstance(m.message, SafeData), m.tags, m.level_tag]


def answer(case):
    Clock.now = case["now"]
    before = {}
    wanted = dict(case["settings"], MESSAGE_STORAGE=PATHS[case["storage"]])
    if "MESSAGE_TAGS" in wanted:
        wanted["MESSAGE_TAGS"] = dict(wanted["MESSAGE_TAGS"])
    absent = object()
    for name, value in wanted.items():
        before[name] = getattr(settings, name, absent)
        setattr(settings, name, value)
    base.LEVEL_TAGS = utils.get_level_tags()
    try:
        return run(case)
    except Exception as e:
        return {"error": type(e).__name__}
    finally:
        for name, value in before.items():
            if value is absent:
                delattr(settings, name)
            else:
                setattr(settings, name, value)


def run(case):
    request, response = HttpRequest(), HttpResponse()
    request.COOKIES = parse_cookie(case["cookie"]) if case["cookie"] is not None else {}
    request.session = SessionBase()
    request.session._session_cache = {"other": 1}
    if case["session"] is not None:
        request.session._session_cache["_messages"] = case["session"]
    try:
        middleware = MessageMiddleware(lambda request: response)
    except TypeError:  # before Django 1.10
        middleware = MessageMiddleware()
    middleware.process_request(request)
    storage = request._messages
    returned = []
    for step in case["steps"]:
        if step["do"] == "add":
            text = mark_safe(step["text"]) if step["safe"] else step["text"]
            storage.add(step["level"], text, step["tags"])
        elif step["do"] == "iter":
            returned.append([show(m) for m in storage])
        elif step["do"] == "len":
            returned.append(len(storage))
        elif step["do"] == "level":
            storage.level = step["level"]
        else:
            raise SystemExit("no step " + step["do"])
    middleware.process_response(request, response)
    cookie = response.cookies.get("messages")
    return {
        "returned": returned,
        "set_cookie": None if cookie is None else cookie.OutputString(),
        "session": request.session._session_cache.get("_messages"),
        "modified": request.session.modified,
        "accessed": request.session.accessed,
    }


NOW = 1795470805


def add(text, level=20, tags="", safe=False):
    return {"do": "add", "level": level, "text": text, "tags": tags, "safe": safe}


ITER, LEN = {"do": "iter"}, {"do": "len"}


def dense(n, seed=1):
    """n characters that do not compress."""
    chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    out = []
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % 2147483648
        out.append(chars[seed >> 25])
    return "".join(out)


def border(storage):
    """The longest text whose message is alone in a cookie, by trying."""
    low, high = 1, 4096
    while low < high:
        middle = (low + high + 1) // 2
        out = answer({"now": NOW, "storage": storage, "settings": {}, "cookie": None, "session": None, "steps": [add(dense(middle))]})
        if "notfinished" in (out["set_cookie"] or "") or out["session"] or dense(8) not in seen_by(storage, out):
            high = middle - 1
        else:
            low = middle
    return low


def seen_by(storage, out):
    back = answer({"now": NOW, "storage": storage, "settings": {}, "cookie": pair(out), "session": None, "steps": [ITER]})
    return "".join(m[1] for m in back["returned"][0])


def pair(out):
    """The header Cookie of a browser that got this answer and had no cookie."""
    return None if out["set_cookie"] is None else out["set_cookie"].split("; ")[0]


def signature(algorithm, text):
    """What a cookie signer of Django 3.1 and later makes."""
    secret = "django.http.cookies" + SECRET
    key = algorithm(("django.contrib.messages" + "signer" + secret).encode("utf-8")).digest()
    return base64.urlsafe_b64encode(hmac.new(key, text.encode("ascii"), algorithm).digest()).decode("ascii").rstrip("=")


def foreign(text):
    """The formats of all Djangos, which each Django reads or not."""
    key = hashlib.sha1(("django.contrib.messages" + SECRET).encode("utf-8")).digest()
    yield "hash", "before 3.1", hmac.new(key, text.encode("ascii"), hashlib.sha1).hexdigest() + "$" + text
    packed = base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii").rstrip("=")
    for name, why, value in (("plain", "of 3.1", text), ("packed", "from 3.2 on", packed)):
        value += ":1xVbyX"
        yield name, why, value + ":" + signature(hashlib.sha256, value)
        yield name + "-sha1", why + ", with DEFAULT_HASHING_ALGORITHM", value + ":" + signature(hashlib.sha1, value)


FEW = ["foreign-hash", "foreign-plain", "foreign-plain-sha1", "foreign-packed", "foreign-packed-sha1", "one", "one-read", "one-more", "many-kinds", "many-kinds-read", "border+0", "border+1", "forged", "three-read", "three-add", "null-tags-add"]


def vectors(file, only=None):
    lines = {}

    def vector(name, why, steps, storage="Fallback", cookie=None, session=None, after=None, now=NOW, **kwargs):
        if after is not None:
            cookie, session = pair(lines[after]["out"]), lines[after]["out"]["session"]
        case = {"now": now, "storage": storage, "settings": kwargs, "cookie": cookie, "session": session, "steps": steps}
        assert name not in lines
        lines[name] = {"name": name, "why": why, "in": case, "out": answer(case)}
        if only is None or name.split("/")[1] in only:
            file.write((json.dumps(lines[name], sort_keys=True) + "\n").encode("ascii"))

    every = ("Fallback", "Session", "Cookie")
    for s in every:
        n = s.lower() + "/"
        vector(n + "nothing", "nothing is read or set", [], s)
        vector(n + "one", "tags are empty: written from Django 4.1 on", [add("Saved")], s)
        vector(n + "one-read", "read and gone", [ITER], s, after=n + "one")
        vector(n + "one-len", "len uses nothing", [LEN], s, after=n + "one")
        vector(n + "one-more", "kept and added to", [add("Again", 30, "x")], s, after=n + "one", now=NOW + 100)
        vector(n + "read-then-add", "what is added afterwards stays", [ITER, add("later")], s, after=n + "one-more")
        vector(n + "add-then-read", "shown at once, and not stored", [add("now"), ITER, LEN], s, after=n + "one-more")
        vector(n + "read-twice", "all of them again", [ITER, add("b"), ITER, ITER], s, after=n + "one-more")
        vector(n + "many-kinds", "levels, tags, safe text, characters", [
            add("d", 10), add("<b>bold</b>", 25, "a b", True), add("gr\xfc\xdfe \u20ac \u5bc6\u7801", 40), add("\U0001f511 & <i> '\"\\/", 30, "\xe9"),
            add("\x00\x1f\x7f\n\t\u2028", 20), add("", 40), add("x", 19), add("own level", 33, "t"), add("%s", 20, "a"), add("a,b;c=d", 20),
        ], s)
        vector(n + "many-kinds-read", "they come back", [LEN, ITER], s, after=n + "many-kinds")
        vector(n + "levels", "MESSAGE_LEVEL, set_level", [add("a", 10), add("b", 9), {"do": "level", "level": 26}, add("c", 25), add("d", 26)], s, MESSAGE_LEVEL=10)
        vector(n + "tags", "MESSAGE_TAGS", [add("a"), add("b", 33, "x"), add("c", 40, "y"), add("e", 30), ITER], s, MESSAGE_TAGS=[[20, "primary"], [33, "own"], [40, ""]])
        vector(n + "attributes", "of the cookie", [add("a")], s, SESSION_COOKIE_DOMAIN=".example.com", SESSION_COOKIE_SECURE=True, SESSION_COOKIE_HTTPONLY=False,
               SESSION_COOKIE_PATH="/app/", SESSION_COOKIE_SAMESITE="Strict", SESSION_COOKIE_NAME="sid")
        vector(n + "attributes-read", "of the cookie that goes", [ITER], s, after=n + "one", SESSION_COOKIE_DOMAIN=".example.com", SESSION_COOKIE_SECURE=True,
               SESSION_COOKIE_PATH="/app/", SESSION_COOKIE_SAMESITE="Strict")
        vector(n + "no-samesite", "False", [add("a")], s, SESSION_COOKIE_SAMESITE=False)
        vector(n + "forged", "a bad signature", [ITER], s, cookie="messages=x:y:z")
        vector(n + "forged-len", "a bad signature, not iterated", [LEN], s, cookie="messages=\"0$[]\"")
        vector(n + "forged-add", "a bad signature is written over", [add("new")], s, cookie="messages=x")
        vector(n + "forged-untouched", "nobody looks at it", [], s, cookie="messages=x")
        vector(n + "empty-cookie", "is none", [ITER], s, cookie="messages=")
        vector(n + "two-cookies", "the last counts", [ITER], s, cookie="messages=x; a=b; " + (pair(lines[n + "one"]["out"]) or "messages=y"))
        vector(n + "many", "more than a cookie holds", [add("%d %s" % (i, dense(330, i))) for i in range(8)], s)
        vector(n + "many-read", "in order", [ITER], s, after=n + "many")
        vector(n + "many-more", "one more on top", [add("last")], s, after=n + "many")
        vector(n + "many-read-add", "what is left of what was there", [ITER, add("last")], s, after=n + "many")
        vector(n + "huge", "one that no cookie holds", [add(dense(2100))], s)
        vector(n + "huge-read", "a cookie with nothing but the mark", [ITER], s, after=n + "huge")
        vector(n + "huge-more", "a small one behind it", [add("small")], s, after=n + "huge")
    for s in ("Fallback", "Cookie"):
        n = s.lower() + "/"
        at = border(s)
        for d in (-1, 0, 1, 2):
            vector(n + "border%+d" % d, "%d characters" % (at + d), [add(dense(at + d))], s)
        vector(n + "border-mark", "a cookie that is full, and one more: the mark needs room too", [add("y")], s, after=n + "border+0")
    for name, why, value in foreign('[["__json_message",0,20,"foreign"]]'):
        vector("cookie/foreign-" + name, "a cookie " + why, [ITER], "Cookie", cookie="messages=" + value)
    vector("cookie/negative-time", "before 1970", [add("old")], "Cookie", now=-5)
    vector("fallback/orphans", "without a cookie the session is not looked at", [ITER], session='[["__json_message", 0, 20, "in the session", ""]]')
    vector("fallback/orphans-overwritten", "nor when it overflows", [add(dense(2100))], session='[["__json_message", 0, 20, "in the session", ""]]')
    for name, why, text in (
        ("compact", "separators of Djangos before 3.2", '[["__json_message",0,20,"a"],["__json_message",1,25,"b","x"]]'),
        ("spaces", "separators since", '[["__json_message", 0, 20, "a"], ["__json_message", 1, 25, "b", "x"]]'),
        ("three", "a message without safe, of long ago", '[["__json_message", 20, "a"]]'),
        ("null-tags", "None", '[["__json_message", 0, 20, "a", null]]'),
        ("number", "Djangos before 2.0 store numbers", '[["__json_message", 0, 20, 5], ["__json_message", 0, 20, 1.5]]'),
        ("raw", "text that is not escaped", '[["__json_message", 0, 20, "gr\xfc\xdfe \u20ac \U0001f511", ""]]'),
        ("empty", "an empty text", ""),
        ("no-messages", "an empty list", "[]"),
    ):
        for do, steps in (("read", [ITER]), ("add", [add("new")])):
            vector("session/%s-%s" % (name, do), why, steps, "Session", session=text)


def main():
    if sys.argv[1] in ("vectors", "few"):
        with io.open(sys.argv[2], "wb") as file:
            vectors(file, FEW if sys.argv[1] == "few" else None)


def do_answer(case):
    return answer(case)


if __name__ == "__main__":
    main()
