"""Prints how a real Django keeps moments in django_session, for rows.jsonl.

    rows.py ENGINE ZONE [NAME=VALUE...]

ENGINE is sqlite3, postgresql or mysql; ZONE is TIME_ZONE with USE_TZ=False, or "-" for USE_TZ=True; NAME=VALUE are
those of DATABASES. One JSON object a line: the moment in microseconds since 1970, and what is stored, as text. The
table django_session of that database is made anew.
"""
import json
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import django
from django.conf import settings

engine, zone = sys.argv[1:3]
options = dict(a.split("=", 1) for a in sys.argv[3:])
settings.configure(
    DATABASES={"default": dict(options, ENGINE="django.db.backends." + engine)},
    INSTALLED_APPS=["django.contrib.sessions"],
    SECRET_KEY="rows",
    USE_TZ=zone == "-",
    TIME_ZONE="UTC" if zone == "-" else zone,
)
django.setup()

from django.contrib.sessions.models import Session
from django.db import connection

stored = {
    "sqlite3": "CAST(expire_date AS TEXT)",
    "mysql": "CAST(expire_date AS CHAR)",
    "postgresql": "CAST(expire_date AT TIME ZONE 'UTC' AS TEXT)",
}[engine]

moments = [
    "2030-01-02T03:04:05.678901", "2030-01-02T03:04:05", "2030-01-02T03:04:05.500000", "2030-01-02T03:04:05.000001",
    "2030-07-02T00:00:00", "2030-07-01T23:59:59.999999", "2030-06-30T22:00:00", "9998-12-31T12:00:00",
    # The clocks of Berlin show these two as the same, and the third never shows 02:30.
    "2030-10-27T00:30:00", "2030-10-27T01:30:00", "2030-03-31T01:30:00",
]
with connection.schema_editor() as editor:
    if Session._meta.db_table in connection.introspection.table_names():
        editor.delete_model(Session)
    editor.create_model(Session)
epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
for text in moments:
    moment = datetime.fromisoformat(text + "+00:00")
    expires = moment
    if zone != "-":
        expires = moment.astimezone(ZoneInfo(zone))
        if engine == "postgresql" and expires.fold != expires.replace(fold=1 - expires.fold).fold and \
                expires.utcoffset() != expires.replace(fold=1 - expires.fold).utcoffset():
            continue  # the server chooses one of the two instants
        expires = expires.replace(tzinfo=None)
    Session.objects.all().delete()
    Session.objects.create(session_key="k" * 32, session_data="x", expire_date=expires)
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + stored + " FROM django_session")
        row = cursor.fetchone()[0]
    print(json.dumps({
        "django": django.get_version(), "engine": engine, "zone": "" if zone == "-" else zone,
        "moment": (moment - epoch) // timedelta(microseconds=1), "stored": row,
    }))
