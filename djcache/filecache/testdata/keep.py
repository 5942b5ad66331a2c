"""Sessions of the engine `cache` in a FileBasedCache, with values that JSON cannot hold.
Arguments: a folder and `write`, which prints the key, or a folder, `read` and the key, which prints a line of JSON:
{"changed": what Go set back with another type, "set": the repr of what Go set itself}.
"""
import collections
import datetime
import decimal
import json
import sys
import uuid

from django.conf import settings

settings.configure(
    SECRET_KEY="x", INSTALLED_APPS=[], LOGGING_CONFIG=None, USE_TZ=True,
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    CACHES={"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": sys.argv[1]}},
)

import django  # noqa: E402

django.setup()
from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402
from django.utils.safestring import mark_safe  # noqa: E402

UTC = datetime.timezone.utc
VALUES = {
    "int keys": {1: "one", 2: {3: "three"}},
    "keys": {None: 0, True: 1, (1, "a"): 2, 1.5: 3, b"b": 4},
    "tuple": (1, (2, [3, (4,)])),
    "set": {1, 2},
    "frozenset": frozenset("ab"),
    "bytes": b"\x00\xff",
    "bytearray": bytearray(b"ab"),
    "datetime": datetime.datetime(2026, 3, 4, 5, 6, 7, 8),
    "aware": datetime.datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC),
    "zone": datetime.datetime(2026, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(hours=-5, minutes=-30))),
    "date": datetime.date(2026, 3, 4),
    "time": datetime.time(5, 6, 7, 8),
    "timedelta": datetime.timedelta(days=-1, microseconds=7),
    "decimal": decimal.Decimal("1.10"),
    "uuid": uuid.UUID(int=7),
    "ordered": collections.OrderedDict([("b", 1), ("a", (2,))]),
    "default": collections.defaultdict(list, {"a": [(1,)]}),
    "safe": mark_safe("<b>"),
    "complex": complex(1, -2),
    "big": 2**70,
    "float": 1.0,
    "inf": float("inf"),
    "surrogate": "\ud800",
    "plain": {"a": [1, "b", None, True, {"c": []}]},
}


def describe(v):
    """The types of v and of all its parts."""
    name = type(v).__name__
    if isinstance(v, dict):
        return [name, [[describe(k), describe(x)] for k, x in v.items()], repr(getattr(v, "default_factory", None))]
    if isinstance(v, (list, tuple)):
        return [name, [describe(x) for x in v]]
    if isinstance(v, (set, frozenset)):
        return [name, sorted(map(repr, v))]
    return [name, repr(v)]


if sys.argv[2] == "write":
    session = SessionStore()
    session.update(VALUES)
    session.save()
    print(session.session_key)
else:
    session = SessionStore(sys.argv[3])
    changed = [k for k, v in VALUES.items() if k not in session or describe(session[k]) != describe(v)]
    print(json.dumps({"changed": changed, "set": {k: repr(v) for k, v in session.items() if k not in VALUES}}))
