# -*- coding: utf-8 -*-
"""The Django side of the tests, in the folder of a small project: commands for the harness of internal/testkit/django."""
from __future__ import unicode_literals

import io

from django.apps import apps
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client


def do_tables():
    """Makes the site's tables."""
    made = connection.introspection.table_names()
    labels = ("contenttypes", "auth", "user_sessions", "qsessions", "sessions", "own")
    models = [m for m in apps.get_models() if m._meta.app_label in labels]
    with connection.schema_editor() as editor:
        for model in models:
            if model._meta.db_table not in made:
                editor.create_model(model)
    if any(c["BACKEND"].endswith("DatabaseCache") for c in settings.CACHES.values()):
        call_command("createcachetable", verbosity=0)


def do_diff(options):
    """What diffsettings prints, with these options."""
    out = io.StringIO()
    call_command("diffsettings", stdout=out, **options)
    return out.getvalue()


def do_visit(name):
    """Makes a user of that name if there is none, and logs in by a request through all middleware: what the browser has then,
    "cookie", a Cookie header, "set", Set-Cookie lines, "key", the session's cookie, and "again", whom a second request with
    it is from."""
    User = get_user_model()
    if not User.objects.filter(username=name).exists():
        User.objects.create_user(username=name, password="pw-" + name)
    client = Client()
    response = client.get("/login/", {"name": name}, secure=True)
    assert response.status_code == 200, response.content
    morsels = [m for m in response.cookies.values() if m.value]
    again = client.get("/who/", secure=True).content.decode()
    return {
        "cookie": "Cookie: " + "; ".join("%s=%s" % (m.key, m.coded_value) for m in morsels),
        "set": "\n".join("Set-Cookie: " + m.OutputString() for m in morsels),
        "key": response.cookies[settings.SESSION_COOKIE_NAME].value,
        "again": again,
    }
