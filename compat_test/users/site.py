# -*- coding: utf-8 -*-
"""What the matrix of user models asks a Django."""


def request_of(session):
    from django.http import HttpRequest

    request = HttpRequest()
    request.session = session
    return request


def do_begin(make, backend):
    """Makes the tables and the users, and logs "user" in: the session key."""
    from django.contrib.auth import get_user_model, login

    do_migrate()
    names = {"User": get_user_model()}
    exec(make, names)
    request = request_of(store())
    login(request, names["user"], backend=backend)
    request.session.save()
    return request.session.session_key


def do_change(code):
    """Changes the user."""
    from django.contrib.auth import get_user_model

    User = get_user_model()
    exec(code, {"User": User, "user": User._base_manager.order_by("pk").first()})


def do_who(key):
    """Who is logged in to a session, by a copy of it: None, or what Django says of the user."""
    from django.contrib.auth import get_user

    session = store()
    session.update(dict(store(key).items()))
    session.save()
    try:
        user = get_user(request_of(session))
    except Exception as e:
        return {"raises": type(e).__name__}
    if not user.is_authenticated:
        return None
    return said_of(user)


def said_of(user):
    return {
        "id": user._meta.pk.value_to_string(user), "name": user.get_username() or "" if hasattr(user, "get_username") else "",
        "active": bool(getattr(user, "is_active", True)), "staff": bool(getattr(user, "is_staff", False)),
        "superuser": bool(getattr(user, "is_superuser", False)),
    }


def do_authenticate(name, password):
    """Who has this name, as the login form gives it, and password."""
    from django.contrib.auth import authenticate
    from django.contrib.auth.forms import UsernameField

    name = UsernameField().to_python(name)
    try:
        user = authenticate(None, username=name, password=password)
    except Exception as e:
        return {"raises": type(e).__name__}
    return user and dict(said_of(user), backend=user.backend)


def do_probe(source):
    """What the probe prints for this site."""
    import subprocess

    p = subprocess.Popen([sys.executable, "-B", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = p.communicate(source.encode("ascii"))
    return out.decode("ascii")


def do_judge(key, backend):
    """What the backends say of ada, and of a session of hers by this one."""
    from django.contrib.auth import authenticate, get_user, get_user_model
    from django.test import RequestFactory

    user = authenticate(RequestFactory().post("/"), username="ada", password="pw")
    ada = get_user_model().objects.get(username="ada")
    session = store()
    session.update(dict(store(key).items(), _auth_user_backend=backend))
    session.save()
    try:
        back = get_user(request_of(session)).is_authenticated
    except AttributeError:  # no get_user
        back = False
    return {
        "Key": session.session_key, "Login": user.backend if user else "", "Session": back, "All": sorted(ada.get_all_permissions()), "Module": ada.has_module_perms("auth"),
        "Perms": {p: ada.has_perm(p) for p in ["auth.view_user", "auth.delete_user", "auth.add_user"]},
    }


def do_fill(tables, before):
    """Makes the tables with these rows: the hash of the only user."""
    from django.contrib.auth import get_user_model
    from django.db import connection

    do_migrate()
    with connection.cursor() as cursor:
        for name, table in sorted(tables.items(), key=lambda item: "ptr" in str(item[1])):
            for row in table["rows"] if "rows" in table else table["Rows"]:
                names = sorted(row)
                cursor.execute("INSERT INTO %s (%s) VALUES (%s)" % (name, ", ".join('"%s"' % n for n in names), ", ".join(["%s"] * len(names))), [row[n] for n in names])
    user = get_user_model()._base_manager.get()
    exec(before, {"user": user})
    return user.get_session_auth_hash()
