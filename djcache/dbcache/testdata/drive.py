"""A real Django on a database: makes the table of its cache, writes vectors, or does one thing to a session.

    drive.py ENGINE ZONE [NAME=VALUE...] COMMAND [ARG...]

ENGINE is sqlite3, postgresql or mysql; ZONE is TIME_ZONE with USE_TZ=False, or "-" for USE_TZ=True; NAME=VALUE are those of
DATABASES. Prints JSON. For "vectors" the clock stands still at 1772600767.25 (2026-03-04 05:06:07.25 UTC).
"""
import datetime
import json
import os
import sys
import time

import django
from django.conf import settings

engine, zone, *args = sys.argv[1:]
options = {}
while "=" in args[0] and not args[0].startswith("{"):
    name, value = args.pop(0).split("=", 1)
    options[name] = value
command, *args = args
if engine == "mysql":
    import pymysql

    pymysql.version_info = (2, 2, 8, "final", 0)
    pymysql.install_as_MySQLdb()
settings.configure(
    DATABASES={"default": dict(options, ENGINE="django.db.backends." + engine)},
    CACHES={
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"},
        "site": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache", "KEY_PREFIX": "site", "VERSION": 3},
    },
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SECRET_KEY="dbcache",
    USE_TZ=zone == "-",
    TIME_ZONE="UTC" if zone == "-" else zone,
)
if zone != "-":
    # As a settings module does, unlike settings.configure.
    os.environ["TZ"] = zone
    time.tzset()
django.setup()

from django.contrib.sessions.backends.cache import SessionStore
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection

NAME = "django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345"
login = {"_auth_user_id": "1", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend", "_auth_user_hash": "0123456789abcdef" * 4}
nested = {"z": [1, -1, 1.5, None, True, {"y": {"x": []}}], "a": 2**70, "": "", "é": "日本語😀"}
CASES = [
    ("login", login, 1209600, "default"),
    ("empty", {}, 1209600, "default"),
    ("nested", nested, 300, "default"),
    ("python values", {"t": (1, 2), "d": datetime.datetime(2030, 1, 2, 3, 4, 5, 678901), "b": b"\x00\xff", 7: "int key"}, 60, "default"),
    ("no end", login, None, "default"),
    ("prefix and version", login, 60, "site"),
    ("summer", login, 86400 * 180, "default"),
]
date = {"sqlite3": "CAST(expires AS TEXT)", "mysql": "CAST(expires AS CHAR)", "postgresql": "CAST(expires AT TIME ZONE 'UTC' AS TEXT)"}


def vectors():
    real, time.time = time.time, lambda: 1772600767.25
    for name, data, timeout, alias in CASES:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_cache")
        caches[alias].set(NAME, data, timeout)
        with connection.cursor() as cursor:
            cursor.execute("SELECT cache_key, value, %s FROM django_cache" % date[engine])
            ((key, value, expires),) = cursor.fetchall()
        print(json.dumps({
            "django": django.get_version().rpartition(".")[0], "engine": engine, "zone": "" if zone == "-" else zone, "name": name,
            "prefix": "site" if alias == "site" else "", "version": 3 if alias == "site" else 1, "session": NAME,
            "key": key, "value": value, "stored": expires, "moment": None if timeout is None else 1772600767 + timeout,
            "json": None if name == "python values" else json.dumps(data, separators=(",", ":")),
        }))
    time.time = real


if command == "table":
    call_command("createcachetable", dry_run=True)
elif command == "vectors":
    call_command("createcachetable", verbosity=0)
    vectors()
elif command == "create":
    session = SessionStore()
    session.update(json.loads(args[0]))
    session.save()
    print(json.dumps(session.session_key))
else:
    session = SessionStore(args[0])
    answer = None
    if session.exists(args[0]):
        if command == "load":
            answer = session.load()
        elif command == "set":
            session.update(json.loads(args[1]))
            session.save()
            answer = "saved"
        elif command == "delete":
            session.delete()
            answer = "deleted"
    print(json.dumps(answer))
