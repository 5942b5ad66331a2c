# -*- coding: utf-8 -*-
"""Runs a Django site as a child process that does what it is told, under any Django and Python.

One JSON object a line comes in on stdin: {"do": NAME, ...}, NAME being a function do_NAME of this file, or of a file that
is told by the command line. One goes out on stdout for each: {"ok": RESULT}, or {"error": CLASS, "text": TEXT} for what
Python raised. A function that calls pause() answers {"paused": true} in between and goes on when the command "resume"
comes; until then other commands are done. The end of stdin ends the process. What anybody prints goes to stderr.
"""
import datetime
import importlib
import io
import json
import os
import sys
import threading
import traceback

try:
    import django
except ImportError:  # a Python without
    django = None


class Switch(object):
    """django.test.utils.override_settings, which lasts until the next call."""

    active = None

    @classmethod
    def to(cls, values):
        from django.test.utils import override_settings

        if cls.active:
            cls.active.disable()
        cls.active = override_settings(**values)
        cls.active.enable()
        application(renew=True)  # it has read some of them


def application(renew=False, made=[]):
    """The site's WSGI application."""
    from django.core.wsgi import get_wsgi_application

    if renew:
        del made[:]
    if not made:
        made.append(get_wsgi_application())
    return made[0]


def do_about():
    """The versions."""
    return {"django": django.get_version(), "python": sys.version.split()[0]}


def do_exec(code, args):
    """Runs a piece of Python with args as its variables: what it leaves in "result"."""
    names = dict(globals(), result=None, **args)
    exec(code, names)
    return names["result"]


def do_migrate():
    """Makes the tables."""
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)


def do_command(name, args=(), options=None):
    """A management command: what it prints."""
    from django.core.management import call_command

    out = io.StringIO() if sys.version_info[0] > 2 else io.BytesIO()
    call_command(name, *args, stdout=out, **(options or {}))
    return out.getvalue()


def do_sql(statement):
    """A statement of SQL."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


def do_user(name, password="secret", active=True, admin=False):
    """Makes a user, who may do anything in the admin or nothing, or gives the one with this name another password."""
    from django.contrib.auth import get_user_model

    user, _ = get_user_model().objects.get_or_create(username=name)
    user.set_password(password)
    user.is_active = active
    user.is_staff = user.is_superuser = admin
    user.save()
    return {"id": user.pk, "hash": user.get_session_auth_hash()}


def do_login(name, password="secret"):
    """Logs a user in by the test client: the session key."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    if not client.login(username=name, password=password):
        return None
    return client.cookies[settings.SESSION_COOKIE_NAME].value


# The sessions of the site's engine.


def store(key=None, engine=None):
    """request.session of a visitor with this cookie."""
    from django.conf import settings

    return importlib.import_module(engine or settings.SESSION_ENGINE).SessionStore(key)


def do_create(data, expiry=None, engine=None):
    """Stores a new session: its key."""
    session = store(None, engine)
    session.update(data)
    if expiry is not None:
        session.set_expiry(expiry)
    session.save()
    return session.session_key


def do_load(key, engine=None):
    """What the session holds, or None if there is none."""
    session = store(key, engine)
    data = dict(session.items())
    return data if session.session_key == key else None


def do_set(key, data, engine=None):
    """Changes a session as a request does, which writes the whole of it: saved, interrupted or gone."""
    session = store(key, engine)
    session.update(data)
    if session.session_key != key:
        return "gone"
    try:
        session.save()
    except Exception as e:
        if type(e).__name__ not in ("UpdateError", "CreateError"):
            raise
        return "interrupted"
    return "saved"


def do_delete(key, engine=None):
    """Deletes a session: whether there was one."""
    session = store(key, engine)
    there = session.exists(key)
    session.delete()
    return there


def do_clear(engine=None):
    """clearsessions."""
    return type(store(None, engine)).clear_expired()


# Requests.


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
    response = application()(environ, lambda status, headers, exc_info=None: got.extend([status, headers]))
    body = b"".join(response)
    response.close()
    return {"status": int(got[0].split()[0]), "headers": got[1], "body": body.decode("utf-8", "replace")}


def do_listen():
    """Answers requests by HTTP too, until the process ends: the port, of the loopback interface."""
    from django.core.servers import basehttp

    server_class = getattr(basehttp, "ThreadedWSGIServer", basehttp.WSGIServer)  # before Django 2.1
    server = server_class(("127.0.0.1", 0), basehttp.WSGIRequestHandler)
    server.set_app(lambda environ, start_response: application()(environ, start_response))  # that of the last do_settings
    thread = threading.Thread(target=server.serve_forever)
    thread.daemon = True
    thread.start()
    return server.server_address[1]


# Settings and the clock.


def do_settings(values):
    """Changes these settings until the next call."""
    Switch.to(values)


def do_freeze(micros=None):
    """Stops the clock of sessions and signers at so many microseconds after 1970; None lets it go on."""
    from django.contrib.sessions import middleware
    from django.core import signing
    from django.utils import timezone

    if not hasattr(do_freeze, "real"):
        do_freeze.real = timezone.now, middleware.time, signing.time
    if micros is None:
        timezone.now, middleware.time, signing.time = do_freeze.real
        return

    class Clock(object):
        time = staticmethod(lambda: micros / 1e6)

    aware = getattr(timezone, "utc", datetime.timezone.utc if sys.version_info[0] > 2 else None)
    moment = datetime.datetime(1970, 1, 1, tzinfo=aware) + datetime.timedelta(microseconds=micros)
    from django.conf import settings

    timezone.now = lambda: moment if settings.USE_TZ else timezone.make_naive(moment, timezone.get_default_timezone())
    middleware.time = signing.time = Clock


# The protocol.


def pause():
    """Lets other commands be done until "resume"."""
    send({"paused": True})
    serve(until="resume")


def serve(until=None):
    """Does the commands that come until the one of that name, or until there are no more."""
    while True:
        line = sys.stdin.readline()  # iterating would read ahead
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
        send(answer)


def send(answer, sinks=[]):
    if not sinks:
        sinks.append(sink)
    sinks[0].write((json.dumps(answer) + "\n").encode("ascii"))
    sinks[0].flush()


if __name__ == "__main__":
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        django.setup()
    for name in sys.argv[1:]:
        with io.open(name, "rb") as source:
            names = dict(globals(), __name__="commands")
            exec(compile(source.read(), name, "exec"), names)
            globals().update((name, f) for name, f in names.items() if name.startswith("do_"))
    serve()
