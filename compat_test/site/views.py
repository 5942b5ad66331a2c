# -*- coding: utf-8 -*-
"""The views of the site."""
import json

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers

import ops


def do(request):
    """Does the ops of the parameter "ops" to the session, and answers by their results with the parameter "status"."""
    request.vary = []
    results = ops.run(request.session, json.loads(request.GET.get("ops", "[]")), request)
    response = HttpResponse(
        json.dumps(results), content_type="application/json", status=int(request.GET.get("status", "200"))
    )
    if request.vary:
        patch_vary_headers(response, request.vary)
    return response


def home(request):
    """Greets who is logged in and counts the visits."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    name = request.user.get_username() or "stranger"
    return HttpResponse("Hello %s, visit %d\n" % (name, request.session["visits"]), content_type="text/plain")
