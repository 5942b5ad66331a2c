"""Sessions of a real Django for TestConvertDjango: commands for the harness of internal/testkit/django.

Both return a list of objects: key, plain (the repr of the session as plain JSON, or null
if that cannot hold it) and lossy (the same by DjangoJSONEncoder).
"""
import datetime
import decimal
import json
import uuid
from collections import OrderedDict

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone
from django.utils.safestring import mark_safe

utc = datetime.timezone.utc


def values(i):
    """Values of every kind, some of which no JSON can hold."""
    login = {"_auth_user_id": str(i), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend", "n": i}
    east = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    when = datetime.datetime(2027, 3, 4, 5, 6, 7, 89012, east)
    return [
        login,
        dict(login, cart=[("A-%d" % i, 2, 9.5), {"items": ()}]),
        dict(login, cart={i: 1, 2.5: "x", True: [None], None: 1e400}),
        dict(login, name="\u00e9\U0001f600\ud800", note=mark_safe("<b>"), big=10**40, tiny=-0.0),
        dict(login, last=OrderedDict([("b", 1), ("a", [OrderedDict()])])),
        dict(login, _session_expiry=when),
        dict(login, _session_expiry=when.replace(microsecond=0, tzinfo=utc), seen=[1]),
        dict(login, _session_expiry=3600),
        {},
        dict(login, seen=when, day=when.date(), hour=datetime.time(1, 2, 3, 45678), price=decimal.Decimal("1.50")),
        dict(login, took=datetime.timedelta(days=-1, microseconds=5), id=uuid.UUID(int=i)),
        dict(login, took=datetime.timedelta(days=3, hours=4), utc=when.astimezone(utc)),
        dict(login, tags={"a", "b"}),
        dict(login, raw=[b"\x00\xff"]),
        dict(login, at=[{"p": complex(1, 2)}]),
        dict(login, pairs={(1, 2): 3}),
        dict(login, both={1: "a", "1": "b"}),
        dict(login, noon=datetime.time(12, tzinfo=utc)),
    ]


def expected(data, lossy):
    data = dict(data)
    moment = data.get("_session_expiry")
    if isinstance(moment, datetime.datetime):
        data["_session_expiry"] = moment.isoformat()
    if len(data.get("both", ())) == 2 and settings.SESSION_SERIALIZER.endswith("PickleSerializer"):
        return None  # json.dumps would lose one of them
    try:
        text = json.dumps(data, cls=DjangoJSONEncoder if lossy else None)
    except (TypeError, ValueError):
        return None
    return shown(json.loads(text))


def shown(data):
    return json.dumps(repr(list(data.items())))


def encodable(data):
    try:
        SessionStore().encode(data)
    except (TypeError, ValueError):
        return False
    return True


def do_write(prefix, count):
    """Writes so many sessions: what JSON should make of each."""
    if "django_session" not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Session)
    rows, wanted = [], []
    for i in range(count):
        kinds = values(i)
        data = kinds[i % len(kinds)]
        if not encodable(data):
            data = kinds[0]
        key = prefix + "%0*d" % (32 - len(prefix), i)
        expires = datetime.datetime(2100, 1, 1, 0, 0, 0, (i % 3) * 1001, utc)
        text = SessionStore().encode(data)
        plain, lossy = expected(data, False), expected(data, True)
        if i % 50 == 7:
            expires, plain, lossy = datetime.datetime(2020, 1, 1, tzinfo=utc), "expired", "expired"
        elif i % 50 == 9:
            text, plain, lossy = text[:-1] + ("A" if text[-1] != "A" else "B"), "corrupt", "corrupt"
            if ":" not in text:
                text = "A" + text[1:-1] + "="
        rows.append(Session(session_key=key, session_data=text, expire_date=expires))
        wanted.append({"key": key, "plain": plain, "lossy": lossy})
    Session.objects.bulk_create(rows, 100)
    return wanted


def do_read():
    """What Django loads as JSON."""
    found = []
    for row in Session.objects.filter(expire_date__gt=timezone.now()).order_by("session_key"):
        data = SessionStore(session_key=row.session_key).load()
        found.append({"key": row.session_key, "plain": shown(data)})
    return found
