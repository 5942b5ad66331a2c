import os

here = os.path.dirname(os.path.abspath(__file__))
os.environ["GRAPHITE_ROOT"] = os.environ["GRAPHITE_STORAGE_DIR"] = here
os.makedirs(os.path.join(here, "log", "webapp"), exist_ok=True)
from graphite.settings import *

from base import DATABASES, EMAIL_BACKEND, PASSWORD_HASHERS, SECRET_KEY

ALLOWED_HOSTS = ["127.0.0.1"]
