"""A real Django in the folder that the live test works in: one command, its answer as JSON.

    drive.py FOLDER COMMAND [KEY [JSON]]
"""
import json
import sys

import django
from django.conf import settings

settings.configure(
    CACHES={"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": sys.argv[1]}},
    SECRET_KEY="filecache", SESSION_ENGINE="django.contrib.sessions.backends.cache", INSTALLED_APPS=["django.contrib.sessions"],
)
django.setup()

from django.contrib.sessions.backends.cache import SessionStore

command, *args = sys.argv[2:]
if command == "version":
    answer = django.get_version()
elif command == "create":
    session = SessionStore()
    session.update(json.loads(args[0]))
    session.create()
    session.update(json.loads(args[0]))
    session.save()
    answer = session.session_key
else:
    session = SessionStore(args[0])
    if command == "load":
        answer = session.load() if session.exists(args[0]) else None
    elif command == "set":
        answer = "gone"
        if session.exists(args[0]):
            session.update(json.loads(args[1]))
            session.save()
            answer = "saved"
    elif command == "delete":
        answer = session.delete()
print(json.dumps(answer))
