"""A site that says what it takes a request for: request.is_secure, request.get_host, and by the status what the CSRF
check says. The path names the settings; below /all it says more. For WSGI (app:wsgi) and ASGI (app:asgi)."""
import os

import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import re_path


def tell(request, reason=None):
    if "/all" in request.path:
        from django.contrib.auth.views import redirect_to_login
        told = [request.is_secure(), request.get_host(), request.META.get("REMOTE_ADDR") or "", redirect_to_login(request.get_full_path())["Location"]]
        return HttpResponse("|".join(map(str, told)))
    if request.path.endswith("/probe"):  # which writes to a file
        exec(open("probe.py").read(), {})
    return HttpResponse("%s %s" % (request.is_secure(), request.get_host()), status=403 if reason is not None else 200)


settings.configure(
    SECRET_KEY="proxies", ALLOWED_HOSTS=["site.example", "other.example"], ROOT_URLCONF=__name__, CSRF_FAILURE_VIEW="app.tell",
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"], LOGGING_CONFIG=None, FORCE_SCRIPT_NAME=os.environ.get("FORCE_SCRIPT_NAME"),
    LOGIN_URL="login", INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
)
django.setup()
urlpatterns = [re_path("^all/in/$", tell, name="login"), re_path("", tell)]

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

plain, channels = get_wsgi_application(), get_asgi_application()


def choose(path):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if path.endswith("/ssl") else None
    settings.USE_X_FORWARDED_HOST = path.endswith("/host")


def wsgi(environ, start_response):
    choose(environ["PATH_INFO"])
    return plain(environ, start_response)


async def asgi(scope, receive, send):
    choose(scope["path"])
    await channels(scope, receive, send)
