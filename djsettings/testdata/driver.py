# -*- coding: utf-8 -*-
"""The Django side of live_test.go, in the folder of a small project: prints the site's settings into settings.txt, makes
its tables, a user and a session in which that one is logged in, and then answers what the session of each key that it is given holds.

One line of JSON on standard output for the session made, and one for each key on standard input.
"""
from __future__ import print_function, unicode_literals

import io
import json
import os
import sys
from importlib import import_module

sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django

django.setup()

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection


def say(value):
    print(json.dumps(value))
    sys.stdout.flush()


out = io.StringIO() if sys.version_info[0] > 2 else io.BytesIO()
call_command("diffsettings", stdout=out, **json.loads(sys.argv[1]))
text = out.getvalue()
with io.open("settings.txt", "wb") as f:
    f.write(text if isinstance(text, bytes) else text.encode("utf-8"))

if not connection.settings_dict["ENGINE"].endswith("dummy"):
    models = [m for m in apps.get_models() if m._meta.app_label in ("contenttypes", "auth", "user_sessions", "qsessions", "sessions", "own")]
    with connection.schema_editor() as editor:
        for model in models:
            if not model._meta.abstract:
                editor.create_model(model)
if any(c["BACKEND"].endswith("DatabaseCache") for c in settings.CACHES.values()):
    call_command("createcachetable", verbosity=0)

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore
session = SessionStore(session_key=None)
session["from_django"] = "grüße"
session["visits"] = 41
if not connection.settings_dict["ENGINE"].endswith("dummy"):
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from django.contrib.auth.models import User

    password = PBKDF2PasswordHasher().encode("lovelace", "0123456789abcdefghijkl", 1000)
    user = User.objects.create(username="ada", password=password)
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
session.save()
say(session.session_key)
for line in iter(sys.stdin.readline, ""):  # not "in sys.stdin", which reads ahead in Python 2
    session = SessionStore(session_key=json.loads(line))
    say({"visits": session.get("visits"), "from_django": session.get("from_django"), "from_go": session.get("from_go")})
