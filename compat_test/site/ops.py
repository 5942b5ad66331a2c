# -*- coding: utf-8 -*-
"""The small language in which the tests say what is done to a session.

An op is a list: its name, then its arguments. run() does ops one after the other and returns the result of each. The tests
do the same ops to a session of their own, so that both sides can be compared step by step.
"""
import datetime
import time

from django.conf import settings
from django.utils import timezone
from tags import new_dict, tag, untag

EPOCH = datetime.datetime(1970, 1, 1)


def from_micros(micros):
    """The moment that many microseconds after 1970 as Django has it: aware in UTC, or a wall clock of TIME_ZONE."""
    whole, rest = divmod(micros, 10**6)
    if settings.USE_TZ:
        utc = getattr(datetime, "timezone", timezone).utc
        return (EPOCH + datetime.timedelta(seconds=whole, microseconds=rest)).replace(tzinfo=utc)
    # Django has put TIME_ZONE into the process's environment: this is what datetime.now() would have said.
    return datetime.datetime(*time.localtime(whole)[:6]) + datetime.timedelta(microseconds=rest)


def run(session, ops, request=None):
    return [OPS[op[0]](session, request, *op[1:]) for op in ops]


def op_set(session, request, name, value):
    session[name] = untag(value)


def op_del(session, request, name):
    del session[name]


def op_pop(session, request, name):
    return tag(session.pop(name, None))


def op_setdefault(session, request, name, value):
    return tag(session.setdefault(name, untag(value)))


def op_update(session, request, values):
    session.update(untag(values))


def op_items(session, request):
    return tag(new_dict(session.items()))


def op_modified(session, request):
    session.modified = True


def op_set_expiry(session, request, kind, value=None):
    if kind == "at":
        value = from_micros(value)
    elif kind == "in":
        value = datetime.timedelta(microseconds=value)
    session.set_expiry(value)


def op_expiry(session, request):
    return {
        "age": tag(session.get_expiry_age()),
        "date": session.get_expiry_date().isoformat(),
        "browser": session.get_expire_at_browser_close(),
    }


def op_login(session, request, name):
    from django.contrib.auth import get_user_model, login

    user = get_user_model().objects.get(username=name)
    user.backend = settings.AUTHENTICATION_BACKENDS[0]  # what authenticate() leaves behind
    login(request, user)


def op_logout(session, request):
    from django.contrib.auth import logout

    logout(request)


def op_vary(session, request, header):
    request.vary.append(header)


def op_raise(session, request):
    raise RuntimeError("the view was told to fail")


def objects():
    """What a pickle holds and JSON does not."""
    import decimal
    import uuid
    from collections import OrderedDict
    from django.utils.safestring import mark_safe

    shared = [1, 2]
    utc = getattr(datetime, "timezone", timezone).utc
    return {
        "tuple": (1, ("a", None)),
        "bytes": b"\x00\xff",
        "set": {1, 2, 3},
        "frozenset": frozenset(["a"]),
        "datetime": datetime.datetime(2026, 11, 22, 1, 2, 3, 4),
        "aware": datetime.datetime(2026, 11, 22, 1, 2, 3, tzinfo=utc),
        "date": datetime.date(2026, 11, 22),
        "time": datetime.time(1, 2, 3),
        "delta": datetime.timedelta(days=-1, seconds=5),
        "decimal": decimal.Decimal("1.10"),
        "uuid": uuid.UUID(int=7),
        "ordered": OrderedDict([("z", 1), ("a", 2)]),
        "safe": mark_safe("<b>"),
        "int keys": {1: "a", 2.5: "b", (1, 2): "c"},
        "complex": 1 + 2j,
        "shared": [shared, shared],
    }


def op_set_objects(session, request):
    session.update(objects())


def op_objects_differ(session, request):
    """The names of those that are not what they were."""
    want = objects()
    differ = [name for name in want if session.get(name) != want[name] or type(session[name]) is not type(want[name])]
    if session["shared"][0] is not session["shared"][1]:
        differ.append("the identity of shared")
    return sorted(differ)


OPS = {
    "set_objects": op_set_objects,
    "objects_differ": op_objects_differ,
    "get": lambda session, request, name: tag(session.get(name)),
    "has": lambda session, request, name: name in session,
    "items": op_items,
    "set": op_set,
    "del": op_del,
    "pop": op_pop,
    "setdefault": op_setdefault,
    "update": op_update,
    "clear": lambda session, request: session.clear(),
    "flush": lambda session, request: session.flush(),
    "cycle_key": lambda session, request: session.cycle_key(),
    "save": lambda session, request: session.save(),
    "create": lambda session, request: session.create(),
    "modified": op_modified,
    "set_expiry": op_set_expiry,
    "expiry": op_expiry,
    "key": lambda session, request: session.session_key,
    "is_empty": lambda session, request: session.is_empty(),
    "exists": lambda session, request, key: session.exists(key),
    "delete": lambda session, request, key: session.delete(key),
    "clear_expired": lambda session, request: session.clear_expired(),
    "set_test_cookie": lambda session, request: session.set_test_cookie(),
    "test_cookie_worked": lambda session, request: session.test_cookie_worked(),
    "delete_test_cookie": lambda session, request: session.delete_test_cookie(),
    # Only in a request:
    "login": op_login,
    "logout": op_logout,
    "user": lambda session, request: request.user.get_username(),
    "vary": op_vary,
    "raise": op_raise,
}
