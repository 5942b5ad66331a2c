# -*- coding: utf-8 -*-
"""The site for a browser: Django's admin, and a page whose form goes to the Go half of the site, which is below /go/."""
from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import path

import urls


def page(request):
    """Shows who is logged in, the messages, the note of the session, and a form for another note."""
    return render(request, "page.html", {"note": request.session.get("note")})


def form(request):
    """Takes a note from the form of Go's page, and goes back there."""
    request.session["note"] = request.POST["note"]
    messages.success(request, "Django noted <%s>" % request.POST["note"])
    return HttpResponseRedirect("/go/")


urlpatterns = urls.urlpatterns + [
    path("admin/", admin.site.urls),
    path("page/", page),
    path("form/", form),
]
