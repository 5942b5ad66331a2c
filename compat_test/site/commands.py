# -*- coding: utf-8 -*-
"""The commands of the site's own, for the harness of internal/testkit/django that runs it."""
import base64
import json

from django.contrib.sessions.models import Session
from django.core import signing
from django.db import transaction

from ops import OPS, run
from tags import tag

sessions = {}  # name to SessionStore, from do_open on
OPS["pause"] = lambda session, request: pause()


def do_open(name, key=None):
    """Makes request.session of a visitor with this cookie, to be used by its name until it is opened anew."""
    sessions[name] = store(key)


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


def do_rows():
    """All rows as Django's model has them: what they decode to, and expire_date as text."""
    return {
        row.session_key: [tag(row.get_decoded()), row.expire_date.isoformat() if row.expire_date else None]
        for row in Session.objects.all()
    }


def do_members(key):
    """The JSON that the row of a session holds, cut at its top: a list of [name, JSON of the value], as they stand."""
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
    with transaction.atomic():
        # An UPDATE takes the lock on every database, before anything is read.
        if not Session.objects.filter(session_key=key).update(session_key=key):
            return False
        do_open("locked", key)
        do_run("locked", [["set", name, value], ["save"]])
    return True
