import json

from django.contrib.auth.models import User
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
        "who": user.username, "real": real.username if real else "", "level": "verified" if verified and verified() else "",
    }))


urlpatterns = [re_path("^djsession-ask/$", djsession_ask.ask)]
try:
    urlpatterns += [path("impersonate/", include("impersonate.urls"))]
except Exception:  # not this site's app
    pass
try:
    urlpatterns += [path("session_security/", include("session_security.urls"))]
except Exception:
    pass
urlpatterns += [re_path("^(.*)$", who)]
