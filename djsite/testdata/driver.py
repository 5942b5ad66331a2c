# -*- coding: utf-8 -*-
"""The Django side of live_test.go, in the folder of a small project: commands for the harness of internal/testkit/django."""
from __future__ import unicode_literals

import io
import sys

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection


def do_begin(options):
    """Writes the site's settings into settings.txt, makes its tables, a user and a session in which that one is logged in: the
    session key."""
    out = io.StringIO() if sys.version_info[0] > 2 else io.BytesIO()
    call_command("diffsettings", stdout=out, **options)
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

    session = store()
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
    return session.session_key


def do_ask(key):
    """What the session of that key holds."""
    session = store(key)
    return {"visits": session.get("visits"), "from_django": session.get("from_django"), "from_go": session.get("from_go")}
