import os
from pathlib import Path

SECRETS = Path(os.environ["SITE_SECRETS"])
SECRET_KEY = (SECRETS / "secret_key").read_text().strip()
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "site.example.org"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

postgres, postgres_port = os.environ["SITE_POSTGRES"].rsplit(":", 1)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": postgres,
        "PORT": postgres_port,
        "NAME": "site",
        "USER": "site",
        "PASSWORD": (SECRETS / "postgres_password").read_text().strip(),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://%s/0" % os.environ["SITE_REDIS"],
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
# With TLS in front of it: SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE and SECURE_PROXY_SSL_HEADER.

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "loaders": [
                (
                    "django.template.loaders.locmem.Loader",
                    {
                        "registration/login.html": """<!doctype html>
<html lang="en"><title>Log in</title>
<form method="post">{% csrf_token %}{{ form.as_p }}<button>Log in</button></form></html>
""",
                    },
                )
            ],
        },
    }
]
