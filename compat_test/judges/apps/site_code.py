import json

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.backends import ModelBackend, RemoteUserBackend
from django.contrib.auth.middleware import RemoteUserMiddleware
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.urls import include, path, re_path

import djsession_ask


def who(request, path=None):
    user = request.user
    if not user.is_authenticated:
        return HttpResponse(json.dumps({"who": ""}))
    history = request.session.get("hijack_history")
    real = User.objects.filter(pk=history[0]).first() if history else getattr(request, "real_user", user)
    verified = getattr(user, "is_verified", None)
    return HttpResponse(json.dumps({
        "perms": "".join(" " + p for p in getattr(settings, "WHO_PERMS", ()) if user.has_perm(p)),
        "who": user.username, "real": real.username if real else "", "level": "verified" if verified and verified() else "",
    }))


class HeaderMiddleware(RemoteUserMiddleware):
    """The server in front has checked who it is."""

    header = "HTTP_X_USER"


class HeaderBackend(RemoteUserBackend):
    create_unknown_user = False

    def clean_username(self, username):
        return username.lower()


class NightBackend(ModelBackend):
    """Those who work at night may not come in, and have no permissions; bob has one more."""

    def user_can_authenticate(self, user):
        return super().user_can_authenticate(user) and user.first_name != "NIGHT"

    def has_perm(self, user_obj, perm, obj=None):
        return user_obj.username == "bob" and perm == "auth.add_user" or super().has_perm(user_obj, perm, obj)


def curfew(get_response):
    """Ends the sessions of those whose hour has come, and hides those who are asleep."""

    def middleware(request):
        if request.session.get("until") == "over":
            logout(request)
        elif getattr(request.user, "last_name", "") == "ASLEEP":
            request.user = AnonymousUser()
        return get_response(request)

    return middleware


def log_in(request):
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user:
        login(request, user)
    return HttpResponse("")


def log_out(request):
    logout(request)
    return HttpResponse("")


urlpatterns = [re_path("^djsession-ask/$", djsession_ask.ask), path("log-in/", log_in), path("log-out/", log_out)]
try:
    urlpatterns += [path("accounts/", include("allauth.urls"))]
except Exception:  # not this site's app
    pass
try:
    urlpatterns += [path("impersonate/", include("impersonate.urls"))]
except Exception:  # not this site's app
    pass
try:
    urlpatterns += [path("session_security/", include("session_security.urls"))]
except Exception:
    pass
urlpatterns += [re_path("^(.*)$", who)]
