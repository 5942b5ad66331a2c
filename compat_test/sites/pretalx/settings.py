"""pretalx reads its own configuration, here from the environment."""
import os

os.environ.update(
    PRETALX_SITE_URL="http://127.0.0.1",
    PRETALX_DATA_DIR=os.path.join(os.path.dirname(os.path.abspath(__file__)), "data"),
    PRETALX_REDIS="redis://%s:%s/3" % (os.environ["SITE_REDIS_HOST"], os.environ["SITE_REDIS_PORT"]),
    PRETALX_REDIS_SESSIONS="False",
)

from pretalx.settings import *

SECRET_KEY = "a secret of the tests"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
