# The site's side of "djsession prove". It reads commands from the file 3 and writes answers
# to the file 4, one JSON a line. It deletes what it was told of when the commands end.
# CPython 2.7 to 3.14, Django 1.8 to 6.1. This text is ASCII and holds no blank line in a block.
PROVE = r'''
import io
import json
from importlib import import_module

import django
from django.conf import settings


class Site(object):
    def __init__(self):
        self.engine = import_module(settings.SESSION_ENGINE)
        self.sealed = settings.SESSION_ENGINE == "django.contrib.sessions.backends.signed_cookies"
        self.ours = set()

    def do_hello(self):
        return {"django": django.get_version(), "engine": settings.SESSION_ENGINE}

    def do_expect(self, key):
        self.ours.add(key)

    def do_write(self, data, age):
        store = self.engine.SessionStore()
        store.update(data)
        store.set_expiry(age)
        store.save()
        if not self.sealed:
            self.ours.add(store.session_key)
        return {"key": store.session_key}

    def open(self, key):
        store = self.engine.SessionStore(session_key=key)
        if not self.sealed and not store.exists(key):  # an old Django makes a session of what is missing
            return None
        return store

    def do_read(self, key):
        store = self.open(key)
        if store is None:
            return {"found": False}
        data = dict((k, v) for k, v in store.items() if k != "_session_expiry")
        return {"found": bool(data), "data": data, "age": store.get_expiry_age()}

    def do_change(self, key, name, value):
        store = self.open(key)
        if store is None:
            return {"found": False}
        store[name] = value
        store.save()
        return {"found": True, "key": store.session_key}

    def do_delete(self, key):
        self.engine.SessionStore().delete(key)

    def close(self):
        for key in self.ours:
            try:
                self.engine.SessionStore().delete(key)
            except Exception:
                pass


def main():
    site = Site()
    commands, answers = io.open(3, "rb"), io.open(4, "wb")
    try:
        while True:
            line = commands.readline()
            if not line:
                break
            args = json.loads(line.decode("utf-8"))
            try:
                answer = {"ok": getattr(site, "do_" + args.pop("do"))(**dict((str(k), v) for k, v in args.items()))}
            except Exception as e:
                answer = {"raised": type(e).__name__}
            answers.write(json.dumps(answer).encode("ascii") + b"\n")
            answers.flush()
    except (IOError, OSError):
        pass
    finally:
        site.close()


main()
'''
exec(compile(PROVE, 'prove', 'exec'), {'__name__': '__main__'})
