"""Prints the options of each client that this Python has, as JSON: rows of (table, source, names).

The names are those of the clients themselves: signatures, what libpq and libmemcached tell of themselves, and, where a
library looks names up in a dict, its source. Runs on CPython 2.7 and later.
"""
import ast
import importlib
import inspect
import json
import os
import re
import sys

from django.conf import settings

settings.configure()
rows = []
CONNECTION = ["RedisCache: OPTIONS", "redis-py: URL", "django-redis: CONNECTION_POOL_KWARGS", "django-redis-sessions: URL",
              "django-redis: SENTINEL_KWARGS", "django-redis: REDIS_CLIENT_KWARGS"]


def module(name):
    try:
        return importlib.import_module(name)
    except Exception:
        return None


def version(mod):
    name = mod.__name__.split(".")[0]
    v = getattr(sys.modules[name], "__version__", None)
    if v is None and name == "django":
        v = mod.get_version()
    return str(v) if v else ""


def add(tables, source, names):
    names = sorted(set(n for n in names if n))
    if not names:
        raise SystemExit("%s: no names were found" % source)
    for t in [tables] if isinstance(tables, str) else tables:
        rows.append([t, source, names])


def parameters(function):
    if hasattr(inspect, "signature"):
        return [n for n, p in inspect.signature(function).parameters.items() if n != "self" and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return [n for n in inspect.getargspec(function).args if n != "self"]


def of_class(cls):
    """The parameters of __init__, and of those that it hands the rest to."""
    names = []
    for c in inspect.getmro(cls):
        init = c.__dict__.get("__init__")
        if init is not None and c is not object:
            names += parameters(init)
    return names


def looked_up(package, upper):
    """Constants that the source looks up in a dict by get, pop, setdefault or []."""
    names = set()
    top = os.path.dirname(package.__file__)
    for folder, _, files in os.walk(top):
        for file in sorted(files):
            if not file.endswith(".py"):
                continue
            with open(os.path.join(folder, file), "rb") as f:
                tree = ast.parse(f.read())
            for node in ast.walk(tree):
                key = None
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop", "setdefault") and node.args:
                    key = node.args[0]
                elif isinstance(node, ast.Subscript):
                    key = getattr(node.slice, "value", node.slice) if not hasattr(node.slice, "elts") else None
                    if not isinstance(key, (str, ast.AST)):
                        key = None
                if isinstance(key, ast.AST):
                    key = key.value if hasattr(key, "value") else getattr(key, "s", None)
                if isinstance(key, str) and key.isupper() == upper and re.match(r"^[A-Za-z_0-9]+$", key):
                    names.add(key)
    return names


TOP = {"OPTIONS", "LOCATION", "BACKEND", "KEY_PREFIX", "VERSION", "KEY_FUNCTION", "TIMEOUT", "REVERSE_KEY_FUNCTION"}


def redis_like(lib):
    redis, c, s = module(lib), module(lib + ".connection"), module(lib + ".sentinel")
    if not redis or not c:
        return
    at = "%s %s " % (lib, version(redis))
    classes = ["Connection", "UnixDomainSocketConnection", "SSLConnection", "ConnectionPool", "BlockingConnectionPool"]
    for name in classes:
        add(CONNECTION, at + name, of_class(getattr(c, name)))
    parsers = getattr(c, "URL_QUERY_ARGUMENT_PARSERS", None) or module(lib + "._parsers.url_parser").URL_QUERY_ARGUMENT_PARSERS
    add(["redis-py: URL", "django-redis-sessions: URL"], at + "parse_url", list(parsers))
    of = parameters((getattr(redis, "Redis", None) or redis.Valkey).__init__)
    add(["RedisCache: OPTIONS", "django-redis: CONNECTION_POOL_KWARGS", "django-redis: SENTINEL_KWARGS", "django-redis: REDIS_CLIENT_KWARGS"], at + "client", of)
    for name in ["Sentinel", "SentinelConnectionPool"]:
        add("django-redis: CONNECTION_POOL_KWARGS", at + name, [n for n in parameters(getattr(s, name).__init__) if n not in ("args", "kwargs")])


redis_like("redis")
redis_like("valkey")

django = module("django")
at = "Django %s " % django.get_version()
backend = module("django.core.cache.backends.redis")
if backend:
    add("RedisCache: OPTIONS", at + "RedisCacheClient", [n for n in parameters(backend.RedisCacheClient.__init__) if n != "servers"])
add("Django's caches in files, tables and memory: OPTIONS", at + "BaseCache",
    re.findall(r"options\.get\(\s*'([A-Z_]+)'", inspect.getsource(module("django.core.cache.backends.base")).replace('"', "'")))

for lib, table in [("django_redis", "django-redis: OPTIONS"), ("django_valkey", "django-valkey: OPTIONS")]:
    package = module(lib)
    if package:
        add(table, "%s %s" % (lib, version(package)), looked_up(package, True) - TOP)

m = module("pymemcache")
if m:
    at = "pymemcache %s " % m.__version__
    for path in ["client.base.Client", "client.base.PooledClient", "client.hash.HashClient", "client.retrying.RetryingClient"]:
        mod, name = path.rsplit(".", 1)
        add("pymemcache: OPTIONS", at + name, parameters(getattr(module("pymemcache." + mod), name).__init__))

m = module("pylibmc")
if m:
    import _pylibmc

    at = "pylibmc %s, libmemcached %s " % (m.__version__, _pylibmc.libmemcached_version)
    add("pylibmc: OPTIONS", at + "Client", parameters(m.Client.__init__))
    add("pylibmc: behaviors", at + "behaviors", list(_pylibmc.all_behaviors) + list(_pylibmc.all_callbacks) + ["_retry_timeout"])

m = module("memcache")
if m:
    add("python-memcached: OPTIONS", "python-memcached %s" % m.__version__, parameters(m.Client.__init__))

m = module("bmemcached")
if m:
    add("python-binary-memcached: OPTIONS", "python-binary-memcached", parameters(m.Client.__init__))

m = module("psycopg")
if m:
    add("psycopg and libpq: OPTIONS", "psycopg %s" % m.__version__, parameters(m.connect))
    add("psycopg and libpq: OPTIONS", "libpq %d, PQconndefaults" % m.pq.version(), [o.keyword.decode() for o in m.pq.Conninfo.get_defaults()])
m = module("psycopg2")
if m:
    add("psycopg and libpq: OPTIONS", "psycopg2 %s" % m.__version__.split()[0], parameters(m.connect) + ["async", "async_", "database"])


def django_backend(path):
    """The names that a backend of Django's reads of OPTIONS by itself."""
    path = os.path.join(os.path.dirname(django.__file__), "db", "backends", *path)
    if not os.path.exists(path):
        return []
    text = open(path).read().replace('"', "'")
    names = re.findall(r"(?:conn_params|options|kwargs|OPTIONS'\])\.(?:pop|get|setdefault)\(\s*'([a-z_]+)'", text)
    return [n for n in names if n != "check"]  # an option of the pool



def pymysql_version():
    """The shim of setup.sh changes __version__."""
    try:
        from importlib.metadata import version as of
    except ImportError:
        return m.__version__
    return of("PyMySQL")


at = "Django %s " % django.get_version()
add("psycopg and libpq: OPTIONS", at + "postgresql",
    [n for n in django_backend(("postgresql", "base.py")) + django_backend(("postgresql", "client.py")) + ["isolation_level"]])
add("mysqlclient, PyMySQL, mysql.connector: OPTIONS", at + "mysql", django_backend(("mysql", "base.py")) + ["isolation_level"])
add("sqlite3: OPTIONS", at + "sqlite3", django_backend(("sqlite3", "base.py")) + ["timeout"])

m = module("pymysql")
if m:
    names = parameters(module("pymysql.connections").Connection.__init__)
    add("mysqlclient, PyMySQL, mysql.connector: OPTIONS", "PyMySQL %s" % pymysql_version(), names)
    text = inspect.getsource(m.connections).replace('"', "'")
    found = re.findall(r"sslp(?:\.get\(|\[)'([a-z_]+)'", text) + re.findall(r"'([a-z_]+)' (?:not )?in (?:ssl|sslp)\b", text)
    add("mysqlclient, PyMySQL: ssl", "PyMySQL %s" % pymysql_version(), found)

m = module("MySQLdb._mysql")
if m:
    import MySQLdb
    import MySQLdb.connections

    doc = MySQLdb.connections.Connection.__init__.__doc__
    names = re.findall(r":param \w+ (\w+):", doc) + re.findall(r"(?m)^(\w+)\n  ", m.connect.__doc__)
    names += re.findall(r"kwargs2?\.pop\(\s*\"(\w+)\"", inspect.getsource(MySQLdb.connections))
    # The words of PyArg_ParseTupleAndKeywords stand side by side in the binary.
    binary = open(m.__file__, "rb").read()
    words = re.search(b"\0((?:[a-z_]+\0)*host\0(?:[a-z_]+\0)*?)_mysql\0", binary)
    if words:
        names += words.group(1).decode().split("\0host\0", 1)[1].strip("\0").split("\0")
    add("mysqlclient, PyMySQL, mysql.connector: OPTIONS", "mysqlclient %s" % ".".join(map(str, MySQLdb.version_info[:3])), names)
    # _mysql_ConnectionObject_Initialize looks these up in the dict ssl.
    add("mysqlclient, PyMySQL: ssl", "mysqlclient %s" % ".".join(map(str, MySQLdb.version_info[:3])), ["ca", "capath", "cert", "key", "cipher"])

m = module("mysql.connector")
if m:
    constants = module("mysql.connector.constants")
    names = list(constants.DEFAULT_CONFIGURATION) + list(getattr(constants, "CNX_POOL_ARGS", ())) + ["failover", "option_files", "option_groups", "isolation_level"]
    add("mysqlclient, PyMySQL, mysql.connector: OPTIONS", "mysql.connector %s" % m.__version__, names)

import sqlite3

text = getattr(sqlite3.connect, "__text_signature__", None) or sqlite3.connect.__doc__.split(")")[0].split("(", 1)[1]
names = [n.split("=")[0].strip(" ()[]$\n") for n in text.split(",")]
add("sqlite3: OPTIONS", "sqlite3 of CPython %d.%d" % sys.version_info[:2], [n for n in names if re.match(r"^[a-z]\w+$", n) and n != "module"])

json.dump(rows, sys.stdout, sort_keys=True)
