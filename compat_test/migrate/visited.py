"""The visitors of a Django site, as commands of the harness of internal/testkit/django."""
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection


def do_arrive():
    """A new visitor: the key."""
    session = store()
    session["_auth_user_id"] = "1"
    session["n"] = 0
    session.save()
    return session.session_key


def do_visit(act, key):
    """A visitor reads, writes or logs out: n as it was found, None for no session."""
    session = store(key)
    n = session.get("n")
    if n is None or act == "read":
        return n
    if act == "logout":
        session.flush()
    else:
        session["n"] = n + 1
        try:
            session.save()
        except UpdateError:  # it was deleted since
            return None
    return n


if settings.is_overridden("DATABASES"):
    connection.ensure_connection()
