# -*- coding: utf-8 -*-
"""Runs the site as a child process that does what it is told.

One JSON object a line comes in on stdin: {"do": NAME, ...}, NAME being a function do_NAME below. One goes out on stdout for
each: {"ok": RESULT}, or {"error": CLASS, "text": TEXT} for what Python raised. The op "pause" answers {"paused": true} in
between and goes on when the command "resume" comes; until then other commands are done, so that things can happen in the
middle of a request. The end of stdin ends the process. Everything else that anybody prints goes to stderr.
"""
import base64
import io
import json
import os
import sys
import traceback

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core import signing  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.contrib.sessions import middleware  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test.utils import override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402
from ops import OPS, from_micros, run  # noqa: E402
from tags import tag  # noqa: E402

sessions = {}  # name to SessionStore, from do_open on
overridden = None
application = get_wsgi_application()
real_now = timezone.now
real_time = middleware.time


def do_about():
    return {"django": django.get_version(), "python": sys.version.split()[0], "vendor": connection.vendor}


def do_migrate():
    """Makes the tables."""
    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)


def do_user(name, password="secret", active=True, admin=False):
    """Makes a user, who may do anything in the admin or nothing, or gives the one with this name another password."""
    from django.contrib.auth import get_user_model

    user, _ = get_user_model().objects.get_or_create(username=name)
    user.set_password(password)
    user.is_active = active
    user.is_staff = user.is_superuser = admin
    user.save()
    return {"id": user.pk, "hash": user.get_session_auth_hash()}


def do_open(name, key=None):
    """Makes request.session of a visitor with this cookie, to be used by its name until it is opened anew."""
    engine = __import__(settings.SESSION_ENGINE, fromlist=["SessionStore"])
    sessions[name] = engine.SessionStore(key)


def do_run(name, ops):
    """Does ops to the session of that name."""
    session = sessions[name]
    return {
        "results": run(session, ops),
        "key": session.session_key,
        "accessed": session.accessed,
        "modified": session.modified,
    }


def do_step(what, name, key):
    """A load, a save with a change or a logout, of request.session under that name."""
    if what == "load":
        do_open(name, key)
        sessions[name].get("x")
    elif sessions[name].session_key != key:
        pass  # it found nothing, and a new session would be another one
    elif what == "save":
        sessions[name][name] = 1
        sessions[name].save()
    else:
        sessions[name].flush()


def do_request(query, cookies=None, path="/do/"):
    """One request through Django's own WSGI handler: the status, the header lines in order and the body."""
    got = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": str(path),
        "QUERY_STRING": str(query),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(b""),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if cookies is not None:
        environ["HTTP_COOKIE"] = str(cookies)
    response = application(environ, lambda status, headers, exc_info=None: got.extend([status, headers]))
    body = b"".join(response)
    response.close()
    return {"status": int(got[0].split()[0]), "headers": got[1], "body": body.decode("utf-8", "replace")}


def do_listen():
    """Answers requests by HTTP too, until the process ends: the port, of the loopback interface."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from threading import Thread

    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(lambda environ, start_response: application(environ, start_response))  # that of the last do_settings
    thread = Thread(target=server.serve_forever)
    thread.daemon = True
    thread.start()
    return server.server_address[1]


def do_rows():
    """All rows as Django's model has them: what they decode to, and expire_date as text."""
    from django.contrib.sessions.models import Session

    return {
        row.session_key: [tag(row.get_decoded()), row.expire_date.isoformat() if row.expire_date else None]
        for row in Session.objects.all()
    }


def do_members(key):
    """The JSON that the row of a session holds, cut at its top: a list of [name, JSON of the value], as they stand."""
    from django.contrib.sessions.models import Session

    class Raw:
        def loads(self, data):
            return data.decode("ascii")

    stored = Session.objects.get(session_key=key).session_data
    if ":" in stored:
        text = signing.loads(stored, salt="django.contrib.sessions.SessionStore", serializer=Raw)
    else:  # before 3.1
        text = base64.b64decode(stored).split(b":", 1)[1].decode("ascii")
    members, at, decoder = [], 1, json.JSONDecoder()
    while at < len(text) - 1:
        name, end = decoder.raw_decode(text, at)
        at = end + 1  # a colon, then a comma
        _, end = decoder.raw_decode(text, at)
        members.append([name, text[at:end]])
        at = end + 1
    return members


def do_locked_set(key, name, value):
    """Sets a key of a stored session while it keeps other writers of the row out, as a site does that minds lost updates."""
    from django.contrib.sessions.models import Session

    with transaction.atomic():
        # An UPDATE takes the lock on every database, before anything is read.
        if not Session.objects.filter(session_key=key).update(session_key=key):
            return False
        do_open("locked", key)
        do_run("locked", [["set", name, value], ["save"]])
    return True


def do_settings(values):
    """Changes these settings until the next call."""
    global overridden, application
    if overridden:
        overridden.disable()
    overridden = override_settings(**values)
    overridden.enable()
    application = get_wsgi_application()  # it has read some of them


def do_freeze(micros=None):
    """Stops Django's clock at so many microseconds after 1970; None lets it go on."""
    if micros is None:
        timezone.now = real_now
        middleware.time = signing.time = real_time
        return

    class Clock:
        time = staticmethod(lambda: micros / 1e6)

    timezone.now = lambda: from_micros(micros)
    middleware.time = signing.time = Clock


def do_sql(statement):
    """Runs a statement of the tests' own."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def serve(source, sink, until=None):
    """Does the commands that come until the one of that name, or until there are no more."""
    while True:
        line = source.readline()  # iterating would read ahead
        if not line:
            return
        command = json.loads(line)
        name = command.pop("do")
        if name == until:
            return
        try:
            answer = {"ok": globals()["do_" + name](**command)}
        except Exception as e:
            traceback.print_exc()
            answer = {"error": type(e).__name__, "text": str(e)}
        send(sink, answer)


def send(sink, answer):
    sink.write((json.dumps(answer) + "\n").encode("ascii"))
    sink.flush()


def main():
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def pause(session, request):
        send(sink, {"paused": True})
        serve(sys.stdin, sink, until="resume")

    OPS["pause"] = pause
    serve(sys.stdin, sink)


if __name__ == "__main__":
    main()
