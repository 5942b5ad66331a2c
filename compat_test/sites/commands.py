"""Commands of every site, beside those of the test driver. A site's own commands.py follows and may replace some.

A request with the parameter djsession is answered in the place of the site's view, so after its whole middleware and
without a change of its settings: who is logged in and what the session holds. Its values set, login and logout act before.
"""
import json

from django.contrib import auth
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse


def do_member(name, password, admin):
    """Makes an account that may use the admin, as a superuser or without permissions: what its owner types to log in."""
    make = auth.get_user_model().objects
    user = (make.create_superuser if admin else make.create_user)(username=name, email=name + "@example.com", password=password)
    user.is_staff = True
    user.save()
    return name


def member(typed):
    """The account of this name."""
    return auth.get_user_model().objects.get_by_natural_key(typed)


def do_describe(typed):
    """What the rest of the site would know about an account."""
    return described(member(typed))


def described(user):
    return {
        "id": user._meta.pk.value_to_string(user),
        "name": user.get_username(),
        "active": bool(user.is_active),
        "staff": bool(getattr(user, "is_staff", False)),
        "superuser": bool(getattr(user, "is_superuser", False)),
    }


def do_permissions(typed):
    return sorted(member(typed).get_all_permissions())


def do_grant(typed):
    """Gives an account one permission itself, and one by a group."""
    from django.contrib.auth.models import Group, Permission

    user, (own, grouped) = member(typed), Permission.objects.order_by("pk")[:2]
    user.user_permissions.add(own)
    group = Group.objects.create(name="of " + typed)
    group.permissions.add(grouped)
    user.groups.add(group)


def do_change_password(typed, password):
    user = member(typed)
    user.set_password(password)
    user.save()


def do_ban(typed):
    user = member(typed)
    user.is_active = False
    user.save()


def do_knows(name, password):
    """Whom Django's own login form knows, which may be more than the site's own takes."""
    from django.contrib.auth.forms import AuthenticationForm
    from django.test import RequestFactory

    form = AuthenticationForm(RequestFactory().post("/"), data={"username": name, "password": password})
    return {"id": form.get_user()._meta.pk.value_to_string(form.get_user())} if form.is_valid() else None


def do_site():
    from django.conf import settings

    return {
        "backends": list(settings.AUTHENTICATION_BACKENDS),
        "engine": settings.SESSION_ENGINE,
        "serializer": settings.SESSION_SERIALIZER,
        "model": settings.AUTH_USER_MODEL,
        "database": settings.DATABASES["default"]["ENGINE"],
    }


def ask(request):
    if request.GET["djsession"] == "set":
        request.session["of_django"] = request.GET["value"]
    elif request.GET["djsession"] == "login":
        auth.login(request, member(request.GET["typed"]), backend=request.GET["backend"])
    elif request.GET["djsession"] == "logout":
        auth.logout(request)
    user = request.user if request.user.is_authenticated else None
    answer = {"user": user and described(user), "session": dict(request.session.items())}
    return HttpResponse(json.dumps(answer, default=str), content_type="application/json")


def get_response(self, request, inner=BaseHandler._get_response):
    return ask(request) if "djsession" in request.GET else inner(self, request)


BaseHandler._get_response = get_response
