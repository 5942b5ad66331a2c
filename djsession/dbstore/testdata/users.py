"""The engines of django-user-sessions and django-qsessions on a database that it is given.

    users.py ENGINE LIBRARY KEY [NAME=VALUE...] COMMAND JSON

ENGINE is sqlite3, postgresql or mysql; LIBRARY is user_sessions or qsessions; KEY is the type of the user model's primary key:
int, uuid or text; NAME=VALUE are those of DATABASES. JSON is {"key", "data", "agent" (hex of the header), "ip"}.

make  makes the tables and the user with the id in data, saves a session, prints its key.
load  prints what the engine makes of the session with that key, and whether it would save it again though nothing has changed.
save  loads that session, changes a value and saves it.
"""
import json
import sys
import types
import uuid

import django
from django.apps import AppConfig
from django.conf import settings

engine, library, key, *args = sys.argv[1:]
options = {}
while "=" in args[0]:
    name, value = args.pop(0).split("=", 1)
    options[name] = value
command, request = args[0], json.loads(args[1])
if engine == "mysql":
    import pymysql

    pymysql.version_info = (2, 2, 8, "final", 0)
    pymysql.install_as_MySQLdb()

people = types.ModuleType("people")
people.People = type("People", (AppConfig,), {"name": "people", "label": "people", "path": "."})
sys.modules["people"] = people
people.__path__ = []
settings.configure(
    DATABASES={"default": dict(options, ENGINE="django.db.backends." + engine)},
    INSTALLED_APPS=["people.People", library],
    AUTH_USER_MODEL="people.Person",
    SESSION_ENGINE=library + ".backends.db",
    SECRET_KEY="dbstore-test",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)

from django.db import models


def setup():
    # The model has to be there before the library's, whose foreign key wants it.
    prepare = people.People.import_models

    def import_models(self):
        prepare(self)
        field = {
            "int": models.AutoField(primary_key=True),
            "uuid": models.UUIDField(primary_key=True, default=uuid.uuid4),
            "text": models.CharField(primary_key=True, max_length=40),
        }[key]
        people.Person = type("Person", (models.Model,), {"id": field, "__module__": "people", "Meta": type("Meta", (), {"app_label": "people"})})

    people.People.import_models = import_models
    django.setup()


setup()

from importlib import import_module

from django.db import connection

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore
Session = import_module(library + ".models").Session
store = lambda key=None: SessionStore(session_key=key, user_agent=bytes.fromhex(request["agent"]).decode("latin-1"), ip=request["ip"])

if command == "make":
    with connection.schema_editor() as editor:
        editor.create_model(people.Person)
        editor.create_model(Session)
    people.Person.objects.create(pk=request["data"]["_auth_user_id"])
    session = store()
    for name, value in request["data"].items():
        session[name] = value
    session.save(must_create=True)
    print(json.dumps(session.session_key))
else:
    session = store(request["key"])
    data = dict(session.items())
    again = session.modified
    if command == "save":
        session["n"] = 2
        session.save()
    row = Session.objects.get(pk=request["key"])
    row = {f.attname: getattr(row, f.attname) for f in Session._meta.fields if f.attname not in ("session_key", "session_data", "expire_date")}
    user = people.Person.objects.filter(session=request["key"]).first()  # the database compares the two columns
    print(json.dumps({
        "key": session.session_key, "data": data, "again": again, "user": None if user is None else str(user.pk),
        "row": {k: None if v is None else str(v) for k, v in row.items()},
    }))
