"""The Django at the other end of the live tests: drive.py BACKEND SERVER... A command and its answer are a line of JSON each."""
import json
import sys

from django.conf import settings

settings.configure(
    SECRET_KEY="memcached-live", SESSION_ENGINE="django.contrib.sessions.backends.cache", USE_TZ=True,
    CACHES={"default": {"BACKEND": "django.core.cache.backends.memcached." + sys.argv[1], "LOCATION": sys.argv[2:]}},
)

import django  # noqa: E402

django.setup()

from django.contrib.sessions.backends.base import UpdateError  # noqa: E402
from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402


def do(command, key=None, data=None, expiry=None):
    s = SessionStore(key)
    if command == "create":
        s.update(data)
        if expiry is not None:
            s.set_expiry(expiry)
        s.save()
        return s.session_key
    if command == "load":
        data = dict(s.items())
        return data if s.session_key == key else None
    if command == "set":  # as a request does: the whole session is written
        s.update(data)
        try:
            s.save()
        except UpdateError:
            return "interrupted"
        return "saved"
    if command == "delete":
        return s.delete()
    raise ValueError(command)


for line in sys.stdin:
    print(json.dumps(do(**json.loads(line))), flush=True)
