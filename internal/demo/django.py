"""Reads a session as Django does, says who is logged in by it, and counts one visit more.

A JSON object on standard input says which; the answer is one on standard output. Exit status 3: no Django to do it.
"""
import json
import sys

try:
    import django
except ImportError:
    sys.exit(3)
if django.VERSION < (4, 1):
    sys.exit(3)

from django.conf import settings

given = json.load(sys.stdin)
settings.configure(
    SECRET_KEY=given["secret_key"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": given["database"]}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    AUTHENTICATION_BACKENDS=given["backends"],
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

request = HttpRequest()
request.session = SessionStore(given["key"])
answer = {
    "django": django.get_version(),
    "user": get_user(request).get_username(),
    "visits": request.session.get("visits"),
}
request.session["visits"] = (answer["visits"] or 0) + 1
request.session.save()
print(json.dumps(answer))
