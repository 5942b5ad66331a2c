"""What DatabaseCache keeps of some sessions: a command for the harness of internal/testkit/django.

The clock stands still at 1772600767.25 (2026-03-04 05:06:07.25 UTC).
"""
import time

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


def do_vectors():
    """A line of JSON each."""
    from django.conf import settings
    from django.core.cache import caches
    from django.db import connection

    do_command("createcachetable")
    engine = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    lines = []
    real, time.time = time.time, lambda: 1772600767.25
    for name, data, timeout, alias in CASES:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_cache")
        caches[alias].set(NAME, data, timeout)
        with connection.cursor() as cursor:
            cursor.execute("SELECT cache_key, value, %s FROM django_cache" % date[engine])
            ((key, value, expires),) = cursor.fetchall()
        lines.append(json.dumps({
            "django": django.get_version().rpartition(".")[0], "engine": engine, "zone": "" if settings.USE_TZ else settings.TIME_ZONE, "name": name,
            "prefix": "site" if alias == "site" else "", "version": 3 if alias == "site" else 1, "session": NAME,
            "key": key, "value": value, "stored": expires, "moment": None if timeout is None else 1772600767 + timeout,
            "json": None if name == "python values" else json.dumps(data, separators=(",", ":")),
        }) + "\n")
    time.time = real
    return "".join(lines)
