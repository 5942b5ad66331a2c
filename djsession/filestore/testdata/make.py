"""Prints what Django's engine file makes of sessions: make.py USE_TZ, see README.md.

One JSON object a line. "written": a session that Django saved. "judged": a file that is so old, and what
SessionStore.load and clear_expired say of it at the frozen moment NOW.
"""
import json
import os
import stat
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

import django
from django.conf import settings

NOW = datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=timezone.utc)
AGE = 1209600
USE_TZ = sys.argv[1] == "1"

folder = tempfile.mkdtemp()
settings.configure(SECRET_KEY="filestore-fixtures", SESSION_FILE_PATH=folder, USE_TZ=USE_TZ, TIME_ZONE="Europe/Berlin")
django.setup()
if not USE_TZ:  # as Django does for a settings module
    os.environ["TZ"] = settings.TIME_ZONE
    time.tzset()

from django.contrib.sessions.backends.file import SessionStore  # noqa: E402
from django.utils import timezone as django_timezone  # noqa: E402

epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
time.time = lambda: (NOW - epoch).total_seconds()
local = lambda t: t if USE_TZ else t.astimezone(django_timezone.get_default_timezone()).replace(tzinfo=None)  # noqa: E731
django_timezone.now = lambda: local(NOW)


def out(**row):
    print(json.dumps(dict(row, django=django.get_version(), use_tz=USE_TZ)))


def path(key):
    return os.path.join(folder, settings.SESSION_COOKIE_NAME + key)


def written(name, data):
    key = "written" + name
    s = SessionStore(key)
    s._session_cache = data
    s.save(must_create=True)
    with open(path(key)) as f:
        out(kind="written", name=name, file=os.path.basename(path(key)), mode=stat.S_IMODE(os.stat(path(key)).st_mode),
            data=json.dumps(data, separators=(",", ":")), text=f.read())


def micros(t):
    return (t - epoch) // timedelta(microseconds=1)


def judged(name, text, modified):
    verdicts = []
    for clear in (False, True):
        key = "judgedjudged"
        with open(path(key), "w") as f:
            f.write(text)
        os.utime(path(key), ns=(micros(modified) * 1000, micros(modified) * 1000))
        try:
            SessionStore.clear_expired() if clear else SessionStore(key).load()
            verdicts.append("alive" if os.path.exists(path(key)) else "over")
        except Exception as e:
            verdicts.append("raises")
        for name_ in os.listdir(folder):
            os.unlink(os.path.join(folder, name_))
    out(kind="judged", name=name, text=text, modified=micros(modified), load=verdicts[0], clear=verdicts[1])


LOGIN = {
    "_auth_user_id": "42", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend", "_auth_user_hash": "5e" * 32,
}
written("empty", {})
written("small", {"_auth_user_id": "1", "n": 7})
written("unicode", {"name": "Zo\u00eb \U0001f600", "list": [1, 2.5, None, True]})
written("login", LOGIN)
written("seconds", {"_session_expiry": 300})
for f in os.listdir(folder):
    os.unlink(os.path.join(folder, f))

us, s, age = timedelta(microseconds=1), timedelta(seconds=1), timedelta(seconds=AGE)
around = [-s, -us, 0 * s, us, s - us, s, s + us, 3600 * s]
fresh, old = NOW, NOW - 400 * timedelta(days=1)
encode = SessionStore().encode
for d in around:
    judged("no expiry, ends in %s" % d, encode({"n": 1}), NOW + d - age)
    judged("moment, ends in %s" % d, encode({"_session_expiry": local(NOW + d).isoformat()}), fresh)
judged("moment ahead, file old", encode({"_session_expiry": local(NOW + age).isoformat()}), old)
for v in (None, 0, 0.0, False, "", [], {}, 1, 300, -1, 0.5, -0.5, True, 10 ** 12, -10 ** 30, float("nan"), "soon", [1]):
    judged("%r, file fresh" % (v,), encode({"_session_expiry": v}), fresh)
    judged("%r, file old" % (v,), encode({"_session_expiry": v}), old)
wrong = NOW.replace(tzinfo=None) if USE_TZ else NOW
judged("a moment of the wrong kind", encode({"_session_expiry": (wrong + age).isoformat()}), fresh)
for name, text in (("empty file", ""), ("not a session", "no session"), ("cut off", encode({"n": 1})[:-1])):
    judged(name + ", fresh", text, fresh)
    judged(name + ", old", text, old)
os.rmdir(folder)
