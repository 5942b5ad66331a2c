"""The engines of django-user-sessions and django-qsessions: commands for the harness of internal/testkit/django.

A request is {"key", "data", "agent" (hex of the header), "ip"}. The site has a user model people.Person.
"""


def session_of(request, key=None):
    from django.conf import settings

    engine = importlib.import_module(settings.SESSION_ENGINE)
    return engine.SessionStore(session_key=key, user_agent=bytes.fromhex(request["agent"]).decode("latin-1"), ip=request["ip"])


def models():
    from django.conf import settings
    from people.models import Person

    return Person, importlib.import_module(settings.SESSION_ENGINE.partition(".")[0] + ".models").Session


def do_make(request):
    """Makes the tables and the user with the id in data, saves a session: its key."""
    from django.db import connection

    Person, Session = models()
    with connection.schema_editor() as editor:
        editor.create_model(Person)
        editor.create_model(Session)
    Person.objects.create(pk=request["data"]["_auth_user_id"])
    session = session_of(request)
    for name, value in request["data"].items():
        session[name] = value
    session.save(must_create=True)
    return session.session_key


def do_look(request, save=False):
    """What the engine makes of the session with that key, and whether it would save it again though nothing has changed. With
    save it changes a value and saves it."""
    Person, Session = models()
    session = session_of(request, request["key"])
    data = dict(session.items())
    again = session.modified
    if save:
        session["n"] = 2
        session.save()
    row = Session.objects.get(pk=request["key"])
    row = {f.attname: getattr(row, f.attname) for f in Session._meta.fields if f.attname not in ("session_key", "session_data", "expire_date")}
    user = Person.objects.filter(session=request["key"]).first()  # the database compares the two columns
    return {
        "key": session.session_key, "data": data, "again": again, "user": None if user is None else str(user.pk),
        "row": {k: None if v is None else str(v) for k, v in row.items()},
    }
