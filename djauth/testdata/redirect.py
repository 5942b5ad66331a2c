"""What a real Django makes of targets of redirects: {"hosts", "secure", "targets"} as JSON in; JSON out, for each
target {"ok": its verdict, "location": what HttpResponseRedirect sends then, or null if it refuses}.
"""
from __future__ import unicode_literals

import io
import json
import sys
import warnings

from django.conf import settings

warnings.simplefilter("ignore")
settings.configure(SECRET_KEY="x", INSTALLED_APPS=[], LOGGING_CONFIG=None)

import django  # noqa: E402

django.setup()
from django.core.exceptions import SuspiciousOperation  # noqa: E402
from django.http import HttpResponseRedirect  # noqa: E402
from django.utils import http  # noqa: E402


def allowed(target, hosts, secure):
    if hasattr(http, "url_has_allowed_host_and_scheme"):
        return http.url_has_allowed_host_and_scheme(target, set(hosts), require_https=secure)
    if django.VERSION < (1, 11):  # which knows one host
        return any(http.is_safe_url(target, host) for host in hosts)
    return http.is_safe_url(target, allowed_hosts=set(hosts), require_https=secure)


def answer(target, hosts, secure):
    try:
        ok = bool(allowed(target, hosts, secure))
    except ValueError:  # Django 1.8 does not catch what urlsplit raises
        ok = False
    location = None
    if ok:
        try:
            location = HttpResponseRedirect(target)["Location"]
        except (SuspiciousOperation, ValueError):
            pass
    return {"ok": ok, "location": location}


asked = json.load(io.open(sys.stdin.fileno(), encoding="utf-8"))
print(json.dumps([answer(t, asked["hosts"], asked["secure"]) for t in asked["targets"]]))
