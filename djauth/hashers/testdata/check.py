"""Checks hashes that Go made by a real Django: lines of JSON in, lines of JSON out.

In: {"class", "password", "encoded", "fast"}; fast is for those who don't ask for "update". Out: {"ok", "update"} by check_password of a site that has only this
hasher, {"raises": the exception}, or {"lacks": the library that is not installed}.
"""
from __future__ import unicode_literals

import importlib
import json
import sys
import warnings

from django.conf import settings

warnings.simplefilter("ignore")
settings.configure(SECRET_KEY="x", INSTALLED_APPS=[], LOGGING_CONFIG=None)

import django  # noqa: E402

django.setup()
from django.contrib.auth import hashers  # noqa: E402

MODULE = "django.contrib.auth.hashers."


def check(line):
    cls = getattr(hashers, line["class"])
    library = cls.library if not isinstance(cls.library, tuple) else cls.library[1]
    if library is not None:
        try:
            importlib.import_module(library)
        except ImportError:
            return {"lacks": library}
    if line["fast"]:  # no time is spent on what is no hash
        cls.iterations, cls.rounds, cls.time_cost, cls.work_factor = 1, 4, 1, 16
    settings.PASSWORD_HASHERS = [MODULE + line["class"]]
    hashers.get_hashers.cache_clear()
    hashers.get_hashers_by_algorithm.cache_clear()
    asked = []
    version = "%d.%d" % django.VERSION[:2]
    try:
        ok = hashers.check_password(line["password"], line["encoded"], asked.append)
    except Exception as e:
        return {"raises": type(e).__name__, "django": version}
    return {"ok": ok, "update": bool(asked), "django": version}


for text in sys.stdin:
    print(json.dumps(check(json.loads(text))))
