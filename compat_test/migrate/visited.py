"""A Django site that does what it is told with its sessions.

A JSON object a line comes in on stdin, {"do": ..., "key": ...}; one goes out for each, {"n": ...} with what was found in the
session, null for none. SITE holds the settings. The end of stdin ends the process.
"""
import json
import os
import sys

import django
from django.conf import settings

settings.configure(USE_TZ=True, INSTALLED_APPS=["django.contrib.sessions"], **json.loads(os.environ["SITE"]))
django.setup()

from django.contrib.sessions.backends.base import UpdateError  # noqa: E402

SessionStore = __import__(settings.SESSION_ENGINE, fromlist=["SessionStore"]).SessionStore


def answer(do, key):
    session = SessionStore(key)
    if do == "create":
        session["_auth_user_id"] = "1"
        session["n"] = 0
        session.save()
        return {"n": 0, "key": session.session_key}
    n = session.get("n")
    if n is None or do == "read":
        return {"n": n}
    if do == "logout":
        session.flush()
    else:
        session["n"] = n + 1
        try:
            session.save()
        except UpdateError:  # it was deleted since
            return {"n": None}
    return {"n": n}


def main():
    from django.db import connection

    if "DATABASES" in json.loads(os.environ["SITE"]):
        connection.ensure_connection()
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(answer(**json.loads(line))), flush=True)


main()
