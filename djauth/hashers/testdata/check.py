"""Checks hashes that Go made by a real Django, as a command of the harness of internal/testkit/django. Django 1.8 to 6.1."""
from __future__ import unicode_literals

import importlib

import django
from django.conf import settings
from django.contrib.auth import hashers

MODULE = "django.contrib.auth.hashers."


def do_check(question):
    """{"ok", "update"} by check_password of a site that has only this hasher, {"raises": the exception}, or {"lacks": the library
    that is not installed}. The question is {"class", "password", "encoded", "fast"}; fast is for those who don't ask for "update"."""
    cls = getattr(hashers, question["class"])
    library = cls.library if not isinstance(cls.library, tuple) else cls.library[1]
    if library is not None:
        try:
            importlib.import_module(library)
        except ImportError:
            return {"lacks": library}
    if question["fast"]:  # no time is spent on what is no hash
        cls.iterations, cls.rounds, cls.time_cost, cls.work_factor = 1, 4, 1, 16
    settings.PASSWORD_HASHERS = [MODULE + question["class"]]
    hashers.get_hashers.cache_clear()
    hashers.get_hashers_by_algorithm.cache_clear()
    asked = []
    version = "%d.%d" % django.VERSION[:2]
    try:
        ok = hashers.check_password(question["password"], question["encoded"], asked.append)
    except Exception as e:
        return {"raises": type(e).__name__, "django": version}
    return {"ok": ok, "update": bool(asked), "django": version}
