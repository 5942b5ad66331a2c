# Commands of a Django that makes many sessions, and looks at all of them.
import datetime
import functools
import random
from importlib import import_module

from django.conf import settings
from django.utils import timezone

Store = import_module(settings.SESSION_ENGINE).SessionStore
CHARS = 'abcdefghijklmnopqrstuvwxyz0123456789'
HASH = 'd1f2c3b4a5968778695a4b3c2d1e0f1122334455667788990011aabbccddeeff'
DISTINCT = 3000


def session(i, user):
    data = {'cart': [{'id': i % 977, 'n': 2}, {'id': 4711, 'n': 1}], 'seen': 'x' * (i % 200)}
    if user:
        data.update(_auth_user_id=str(user), _auth_user_backend='django.contrib.auth.backends.ModelBackend', _auth_user_hash=HASH)
    return data


def chunks(count, size=5000):
    for begin in range(0, count, size):
        yield range(begin, min(begin + size, count))


def key_of(rng):
    return ''.join(rng.choices(CHARS, k=32))


# fill stores sessions, of which hers are user 1's. Every third of the others has no login.
# Of the texts a few thousand differ: Django's own encode made them.
def do_fill(count, hers):
    rng = random.Random()  # seeded by the system; good enough for a test
    store, every, found = Store(), count // hers, []
    dicts = [session(i, 2 + i % 1000 if i % 3 else 0) for i in range(DISTINCT)]
    mine = session(7, 1)
    cached = kind() == 'cache'
    texts = [] if cached else [store.encode(d) for d in dicts]
    end = timezone.now() + datetime.timedelta(days=10)
    logins = 0
    for chunk in chunks(count):
        rows = {}
        for i in chunk:
            key = key_of(rng)
            if i % every == 0 and len(found) < hers:
                found.append(key)
                rows[key] = mine if cached else store.encode(mine)
                logins += 1
            else:
                rows[key] = dicts[i % DISTINCT] if cached else texts[i % DISTINCT]
                logins += i % DISTINCT % 3 > 0
        put(rows, end)
    return {'hers': found, 'logins': logins}


def put(rows, end):
    if kind() == 'cache':
        from django.core.cache import cache
        cache.set_many({Store.cache_key_prefix + key: data for key, data in rows.items()}, 10 * 86400)
    elif kind() == 'session':
        pipe = redis_client().pipeline(transaction=False)
        for key, text in rows.items():
            pipe.setex(Store().get_real_stored_key(key), 10 * 86400, text)
        pipe.execute()
    else:
        model = Store.get_model_class()
        model.objects.bulk_create([model(session_key=key, session_data=text, expire_date=end) for key, text in rows.items()])


# names lists all that is stored, and count looks at a part of it, with Django's own functions:
# it returns how many of them are user 1's.
names = []


def do_names():
    names[:] = {'cache': cache_names, 'session': redis_names}.get(kind(), table_names)()
    return len(names)


def do_count(begin, end):
    some = names[begin:end]
    return sum(is_hers(raw) for chunk in chunks(len(some)) for raw in read([some[i] for i in chunk]))


# Many sessions have the same text, which is decoded once.
@functools.lru_cache(100_000)
def is_hers(raw):
    if kind() == 'cache':
        from django.core.cache import cache
        data = cache._cache._serializer.loads(raw)
    else:
        data = Store().decode(raw if isinstance(raw, str) else raw.decode())
    return data.get('_auth_user_id') == '1'


def kind():
    return settings.SESSION_ENGINE.rsplit('.', 1)[1]


def cache_client():
    from django.core.cache import cache
    return cache._cache.get_client()


def cache_names():
    return list(cache_client().scan_iter(count=10000))


def redis_client():
    from redis_sessions.session import RedisServer
    return RedisServer(None).get()


def redis_names():
    return list(redis_client().scan_iter(count=10000))


def table_names():
    return list(Store.get_model_class().objects.values_list('session_key', flat=True))


def read(some):
    if kind() == 'db':
        return Store.get_model_class().objects.filter(session_key__in=some).values_list('session_data', flat=True)
    client = cache_client() if kind() == 'cache' else redis_client()
    return [raw for raw in client.mget(some) if raw]


def do_login(i):
    s = Store()
    s.update(session(i, 2))
    s.save()
