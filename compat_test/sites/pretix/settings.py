"""pretix reads its own configuration, here from the environment."""
import os

os.environ.update(
    PRETIX_PRETIX_URL="http://127.0.0.1",
    PRETIX_PRETIX_DATADIR=os.path.join(os.path.dirname(os.path.abspath(__file__)), "data"),
    PRETIX_REDIS_LOCATION="redis://%s:%s/1" % (os.environ["SITE_REDIS_HOST"], os.environ["SITE_REDIS_PORT"]),
    PRETIX_REDIS_SESSIONS="true",
    PRETIX_DJANGO_SECRET="a secret of the tests",
)

from pretix.settings import *
