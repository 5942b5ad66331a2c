"""The part of its settings that a site of Review Board writes itself."""
import os

here = os.path.dirname(os.path.abspath(__file__))
SECRET_KEY = "a secret of the tests"
SITE_ROOT = "/"
LOCAL_ROOT = here
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(here, "db.sqlite3")}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": os.path.join(here, "cache")}}
