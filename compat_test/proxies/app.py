"""A site that says what it takes a request for: request.is_secure, request.get_host, and by the status what the CSRF
check says. The path names the settings. For gunicorn (app:wsgi) and uvicorn (app:asgi)."""
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import re_path


def tell(request, reason=None):
    return HttpResponse("%s %s" % (request.is_secure(), request.get_host()), status=403 if reason is not None else 200)


settings.configure(
    SECRET_KEY="proxies", ALLOWED_HOSTS=["site.example", "other.example"], ROOT_URLCONF=__name__, CSRF_FAILURE_VIEW="app.tell",
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"], LOGGING_CONFIG=None,
)
django.setup()
urlpatterns = [re_path("", tell)]

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

plain, channels = get_wsgi_application(), get_asgi_application()


def choose(path):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if path == "/ssl" else None
    settings.USE_X_FORWARDED_HOST = path == "/host"


def wsgi(environ, start_response):
    choose(environ["PATH_INFO"])
    return plain(environ, start_response)


async def asgi(scope, receive, send):
    choose(scope["path"])
    await channels(scope, receive, send)
