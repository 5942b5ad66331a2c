# -*- coding: utf-8 -*-
import json
import time

from django.contrib.auth import get_user_model, logout
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse, HttpResponseForbidden, HttpResponseRedirect

import djsession_ask

try:
    from django.utils.deprecation import MiddlewareMixin
except ImportError:  # Django 1.8
    MiddlewareMixin = object


class LockedBackend(ModelBackend):
    """A child of ModelBackend with rules of its own."""

    def get_user(self, user_id):
        user = get_user_model().objects.filter(pk=user_id).first()
        return None if user is None or user.status == "locked" or not user.is_active else user

    def has_perm(self, user_obj, perm, obj=None):
        return perm == "shop.buy" and user_obj.role != "guest" or super(LockedBackend, self).has_perm(user_obj, perm, obj)

    def has_module_perms(self, user_obj, app_label):
        return app_label == "shop" and user_obj.role != "guest"


class Idle(MiddlewareMixin):
    def process_request(self, request):
        if yes(request.user):
            if time.time() - request.session.get("last", time.time()) > 600:
                logout(request)
            else:
                request.session["last"] = time.time()


class Lockout(MiddlewareMixin):
    """Some are anonymous, some get another page, and some get a status."""

    def process_request(self, request):
        status = getattr(request.user, "status", "")
        if status == "watched" and request.session.get("seen"):
            request.user = AnonymousUser()
        if status == "away":
            return HttpResponseRedirect("/away/")
        if status == "forbidden":
            return HttpResponseForbidden("no")


class Pinned(MiddlewareMixin):
    """A session belongs to one browser and one address."""

    def process_request(self, request):
        agent, address = request.session.get("agent"), request.session.get("address")
        if agent and agent != request.META.get("HTTP_USER_AGENT", "").split(" ")[0] or address and address != request.META.get("HTTP_X_FORWARDED_FOR"):
            logout(request)


class Impersonate(MiddlewareMixin):
    def process_request(self, request):
        other = request.session.get("as")
        if other and yes(request.user) and request.user.is_staff:
            request.real_user, request.user = request.user, get_user_model().objects.get(pk=other)


class ByPath(MiddlewareMixin):
    """What only a middleware sees that gets the visitor's own path and method."""

    def process_request(self, request):
        if request.path.startswith(u"/caf\xe9/closed/") or request.method == "DELETE":
            request.user = AnonymousUser()


def yes(user):
    return user.is_authenticated() if callable(user.is_authenticated) else user.is_authenticated


def who(request, path=None):
    """What a page of this site makes of the visitor."""
    if not yes(request.user):
        return HttpResponse(json.dumps(None))
    user = request.user
    return HttpResponse(json.dumps({
        "id": str(user.pk), "name": user.get_username(), "active": user.is_active, "staff": user.is_staff,
        "superuser": user.is_superuser, "real": str(getattr(request, "real_user", user).pk),
        "groups": sorted(g.name for g in user.groups.all()), "buy": user.has_perm("shop.buy"), "sell": user.has_perm("shop.sell"),
        "shop": user.has_module_perms("shop"), "all": sorted(user.get_all_permissions()),
    }))


def tiny(request):
    """A view that costs as little as one can that knows the user."""
    return HttpResponse(str(request.user.pk))


try:
    from django.urls import re_path
except ImportError:
    from django.conf.urls import url as re_path

urlpatterns = [re_path(r"^djsession-ask/$", djsession_ask.ask), re_path(r"^tiny/$", tiny), re_path(r"^(.*)$", who)]
