"""Prints what FileBasedCache of a real Django writes, for django.jsonl.

    make.py

One JSON object a line. The clock stands still at 1772600767.25 (2026-03-04 05:06:07.25 UTC).
"""
import datetime
import json
import os
import sys
import tempfile
import time

import django
from django.conf import settings

settings.configure(CACHES={}, SECRET_KEY="filecache", USE_TZ=True)
django.setup()

from django.core.cache.backends.filebased import FileBasedCache

NOW = 1772600767.25
time.time = lambda: NOW
NAME = "django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345"
login = {"_auth_user_id": "1", "_auth_user_backend": "django.contrib.auth.backends.ModelBackend", "_auth_user_hash": "0123456789abcdef" * 4}
nested = {"z": [1, -1, 1.5, None, True, {"y": {"x": []}}], "a": 2**70, "": "", "é": "日本語😀"}
CASES = [
    ("login", login, 1209600, {}),
    ("empty", {}, 1209600, {}),
    ("nested", nested, 300, {}),
    ("python values", {"t": (1, 2), "d": datetime.datetime(2030, 1, 2, 3, 4, 5, 678901), "b": b"\x00\xff", 7: "int key"}, 60, {}),
    ("long", {"items": [{"n": n, "text": "item %d of the cart" % n} for n in range(200)]}, 60, {}),
    ("no end", login, None, {}),
    ("over at once", login, 0, {}),
    ("fraction", login, 0.125, {}),
    ("prefix and version", login, 60, {"KEY_PREFIX": "site", "VERSION": 3}),
]
for name, data, timeout, params in CASES:
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "a", "cache")
        cache = FileBasedCache(folder, params)
        cache.set(NAME, data, timeout)
        (file,) = os.listdir(folder)
        path = os.path.join(folder, file)
        with open(path, "rb") as f:
            content = f.read()
        print(json.dumps({
            "django": django.get_version().rpartition(".")[0], "name": name, "key": NAME,
            "prefix": params.get("KEY_PREFIX", ""), "version": params.get("VERSION", 1),
            "file": file, "mode": os.stat(path).st_mode & 0o777, "folder_mode": os.stat(folder).st_mode & 0o777,
            "content": content.hex(), "expires": None if timeout is None else int((NOW + (timeout or -1)) * 1e6),
            "json": None if name == "python values" else json.dumps(data, separators=(",", ":")),
        }))
