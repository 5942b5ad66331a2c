# -*- coding: utf-8 -*-
"""Runs Django's CsrfViewMiddleware on requests that it is given, as a command of the harness. Django 1.8 to 6.1.

A request is a JSON object. Texts stand for bytes, as latin-1.

    settings   what differs from Django's defaults
    method, headers (pairs), body, https, port
    session    what is in the session under _csrftoken; absent: nothing
    do         what the view does: a list of "token", "rotate"; "exempt" comes first and is about the view

What becomes of it is one as well.

    verdict    "ok", "403", or the status of what Django would answer otherwise
    reason     what CSRF_FAILURE_VIEW was told, or the name of the exception
    cookie     the text of Set-Cookie, absent without
    session    what is in the session afterwards
    vary       the header, absent without
    token      what the last get_token of the view returned
"""
from __future__ import unicode_literals

import io
import json
import sys
import time
import warnings

NOW = 1795384405  # 2026-11-22 21:53:25 UTC
PY2 = sys.version_info[0] == 2


def setup():
    warnings.simplefilter("ignore")
    time.time = lambda: NOW
    import django
    from django.conf import settings

    # USE_L10N and USE_TZ have to be there for no warning; without a database nothing is stored.
    settings.configure(
        DEBUG=False,
        SECRET_KEY="csrf",
        ALLOWED_HOSTS=["*"],
        CSRF_FAILURE_VIEW=failure,
        INSTALLED_APPS=[],
        LOGGING_CONFIG=None,
        USE_TZ=True,
    )
    django.setup()
    import logging

    logging.disable(logging.CRITICAL)


def failure(request, reason=""):
    from django.http import HttpResponseForbidden

    response = HttpResponseForbidden("")
    response.reason = reason
    return response


def native(text):
    """What a WSGI server makes of the bytes that text stands for."""
    return text.encode("latin-1") if PY2 else text


def environ(case):
    body = case.get("body", "").encode("latin-1")
    env = {
        "REQUEST_METHOD": native(case["method"]),
        "PATH_INFO": native("/"),
        "SCRIPT_NAME": native(""),
        "QUERY_STRING": native(""),
        "SERVER_NAME": native("server.internal"),
        "SERVER_PORT": native(case.get("port", "80")),
        "SERVER_PROTOCOL": native("HTTP/1.1"),
        "CONTENT_LENGTH": native(str(len(body))),
        "wsgi.url_scheme": native("https" if case.get("https") else "http"),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in case["headers"]:
        name, value = native(name.upper().replace("-", "_")), value.strip(" \t")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = native("HTTP_") + name
        # As gunicorn and wsgiref do.
        env[name] = env[name] + native(",") + native(value) if name in env else native(value)
    return env


def answer(case):
    from django.conf import global_settings, settings
    from django.contrib.sessions.backends.base import SessionBase
    from django.core.exceptions import SuspiciousOperation
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpResponse
    from django.http.multipartparser import MultiPartParserError
    from django.middleware import csrf

    given = case.get("settings") or {}
    for name, value in given.items():
        setattr(settings, name, tuple(value) if name == "SECURE_PROXY_SSL_HEADER" else value)
    got, do = {}, case.get("do", [])

    def view(request):
        for what in do:
            if what == "token":
                got["token"] = csrf.get_token(request)
            elif what == "rotate":
                csrf.rotate_token(request)
        return HttpResponse("")

    if "exempt" in do:
        view.csrf_exempt = True
    try:
        try:
            middleware = csrf.CsrfViewMiddleware(view)
        except TypeError:  # before 1.10
            middleware = csrf.CsrfViewMiddleware()
        request = WSGIRequest(environ(case))
        request.session = SessionBase()
        request.session._session_cache = {"_csrftoken": case["session"]} if "session" in case else {}
        if hasattr(middleware, "process_request"):
            middleware.process_request(request)
        response = middleware.process_view(request, view, (), {})
        if response is None:
            got["verdict"] = "ok"
            response = view(request)
        else:
            got["verdict"], got["reason"] = "403", response.reason
        response = middleware.process_response(request, response)
        if response.cookies:
            got["cookie"] = response.cookies[settings.CSRF_COOKIE_NAME].OutputString()
        if "_csrftoken" in request.session:
            got["session"] = request.session["_csrftoken"]
        if response.has_header("Vary") or request.session.accessed and getattr(settings, "CSRF_USE_SESSIONS", False):
            got["vary"] = "Cookie"
    except Exception as e:
        bad = isinstance(e, (SuspiciousOperation, MultiPartParserError)) or type(e).__name__ == "BadRequest"
        got["verdict"], got["reason"] = "400" if bad else "500", type(e).__name__
    finally:
        for name in given:
            if hasattr(global_settings, name):
                setattr(settings, name, getattr(global_settings, name))
            else:
                delattr(settings, name)
            if name == "ALLOWED_HOSTS":
                settings.ALLOWED_HOSTS = ["*"]
    return got


def do_answer(case):
    return answer(case)


setup()
