# -*- coding: utf-8 -*-
"""Settings of a small Django site, for Django 1.8 to 6.1.

SITE_SETTINGS holds a JSON object of settings that replace the ones below, whichever they are: DATABASES, USE_TZ,
TIME_ZONE, SECRET_KEY, SECRET_KEY_FALLBACKS, SESSION_ENGINE, SESSION_SERIALIZER, SESSION_COOKIE_*. Without it, the site runs
on a SQLite database in memory.
"""
import json
import os

import django

SECRET_KEY = "the-compat-site-is-not-a-secret-0123456789"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
MIDDLEWARE_CLASSES = MIDDLEWARE + ["django.contrib.auth.middleware.SessionAuthenticationMiddleware"]  # before 1.10

# One hash is as good as another here, and this one takes no time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
# Only the app under test is migrated; the others get their tables at once, which saves seconds at every start.
MIGRATION_MODULES = dict.fromkeys(
    ["auth", "contenttypes"], "no_migrations" if django.VERSION < (1, 9) else None
)

USE_TZ = True
TIME_ZONE = "UTC"
LOGGING = {"version": 1, "disable_existing_loggers": True}
SILENCED_SYSTEM_CHECKS = ["1_8.W001"]

globals().update(json.loads(os.environ.get("SITE_SETTINGS", "{}")))
