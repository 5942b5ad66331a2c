# The probe of djsession: it asks a Django site how it shares sessions and logins.
#
#   python manage.py shell -v 0 < probe.py > site.profile
#   DJANGO_SETTINGS_MODULE=site.settings python - < probe.py > site.profile
#
# It reads, and changes nothing: it opens no database, no socket and no folder. What it
# prints holds keys and passwords of the site, so keep the output secret: chmod 600. The
# program is one text, because some versions of "manage.py shell" read it line by line.
PROBE = r'''
import base64, datetime, decimal, gc, hashlib, hmac, inspect, io, json, os, re, sys, traceback, uuid

OPTIONS = globals().get("OPTIONS") or {}
BEGIN, END = "-----BEGIN DJSESSION PROFILE-----", "-----END DJSESSION PROFILE-----"
PY2 = sys.version_info[0] == 2
if PY2:
    text_type, int_types = unicode, (int, long)
else:
    text_type, int_types = str, (int,)
sys.dont_write_bytecode = True


# ---- What the site's code may not do while it is asked -----------------------------------

class Stop(BaseException):
    """Ends an answer. No "except Exception" of the site swallows it."""


class Asked(Stop):
    """A statement that would have been sent to the database."""


def refuse(what):
    def refused(*args, **kwargs):
        raise Stop(what)
    return refused


class Quiet(object):
    """Sends everything that the site prints to standard error, and gives the real standard
    output to the probe alone."""
    file = None

    def __enter__(self):
        self.out = None
        for stream in (sys.stdout, sys.__stdout__):
            try:
                stream.flush()
            except Exception:
                pass
        try:
            self.out = os.dup(1)
            os.dup2(2, 1)
        except OSError:
            pass
        self.stdout, sys.stdout = sys.stdout, sys.stderr
        if OPTIONS.get("file"):  # inside of a server, whose standard output is a log
            self.file = os.open(OPTIONS["file"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return self

    def __exit__(self, *args):
        sys.stdout = self.stdout
        if self.file is not None:
            os.close(self.file)
        if self.out is not None:
            try:
                os.dup2(self.out, 1)
                os.close(self.out)
            except OSError:
                pass

    def write(self, text):
        data = text.encode("ascii")
        fd = self.file if self.file is not None else 1 if self.out is None else self.out
        while data:
            data = data[os.write(fd, data):]


FENCES = []


def replace(owner, name, new):
    """Replaces an attribute until unfence is called."""
    if hasattr(owner, name):
        old = owner.__dict__.get(name) if inspect.isclass(owner) else getattr(owner, name)
        try:
            setattr(owner, name, new)
            FENCES.append((owner, name, old))
        except (AttributeError, TypeError):
            pass


def unfence():
    while FENCES:
        owner, name, old = FENCES.pop()
        if old is None:
            delattr(owner, name)
        else:
            setattr(owner, name, old)


def fence():
    """Refuses sockets, other programs, and changes of files."""
    import socket
    import subprocess
    for owner, names in ((socket, "create_connection getaddrinfo gethostbyname"), (socket.socket, "connect connect_ex")):
        for name in names.split():
            replace(owner, name, refuse("it wants to connect"))
    for name in "mkdir makedirs rmdir unlink remove rename replace symlink link truncate".split():
        replace(os, name, refuse("it wants to change files"))
    replace(subprocess.Popen, "__init__", refuse("it wants to run a program"))
    replace(os, "system", refuse("it wants to run a program"))
    replace(os, "fork", refuse("it wants to run a program"))
    builtins = sys.modules.get("builtins") or sys.modules["__builtin__"]
    for owner in (builtins, io):
        replace(owner, "open", reading(owner.open))


def reading(original):
    def read_only(name, mode="r", *args, **kwargs):
        if set(str(mode)) & set("wax+"):
            raise Stop("it wants to change files")
        return original(name, mode, *args, **kwargs)
    return read_only


def fence_database():
    """Refuses connections to databases, and catches statements."""
    from django.db.models.sql import compiler
    try:
        from django.db.backends.base.base import BaseDatabaseWrapper
    except ImportError:
        from django.db.backends import BaseDatabaseWrapper
    for name in ("connect", "ensure_connection"):
        replace(BaseDatabaseWrapper, name, refuse("it needs the database"))

    def execute_sql(self, result_type="multi", *args, **kwargs):
        STATEMENTS.append(self)
        if len(STATEMENTS) >= STATEMENTS.limit:
            raise Asked("it needs the database")
        return iter([]) if result_type == "multi" else None

    replace(compiler.SQLCompiler, "execute_sql", execute_sql)
    for name in ("SQLInsertCompiler", "SQLUpdateCompiler", "SQLDeleteCompiler", "SQLAggregateCompiler"):
        cls = getattr(compiler, name, None)
        if cls is not None and "execute_sql" in cls.__dict__:
            replace(cls, "execute_sql", refuse("it wants to write to the database"))


class Statements(list):
    limit = 1


STATEMENTS = Statements()
MISSING = []
SEEN = []


def reason(e):
    """Says why without quoting values: an exception's text may hold secrets."""
    name = type(e).__name__
    if isinstance(e, Stop):
        why = str(e)
    elif isinstance(e, ImportError):
        why = "%s: %s" % (name, e)
    else:
        why = name
    place = ""
    for frame in traceback.extract_tb(sys.exc_info()[2]):
        inside = frame[0].startswith(os.path.dirname(os.__file__)) and "-packages" not in frame[0]
        if frame[0] != "probe" and not frame[0].startswith("<") and not inside and os.sep + "django" + os.sep not in frame[0]:
            place = " (%s line %d)" % (os.path.basename(frame[0]), frame[1])
    return re.sub("[^ -~]", "?", why + place)[:300]


def missing(part, why):
    MISSING.append({"part": part, "why": why})


def ask(part, function, *args):
    """Returns the answer of a function, or None if it fails, which is listed."""
    try:
        return function(*args)
    except KeyboardInterrupt:
        raise
    except BaseException as e:
        missing(part, reason(e))
    return None


# ---- Values with their types ---------------------------------------------------------------

HIDDEN = re.compile("API|TOKEN|KEY|SECRET|PASS|SIGNATURE|CREDENTIAL", re.I)


def plain(value):
    """A text without its class."""
    if isinstance(value, text_type):
        return text_type.__getitem__(value, slice(None))
    return value


def dotted(obj):
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None) or type(obj).__name__
    return "%s.%s" % (getattr(obj, "__module__", None) or "?", name)


def lone(text):
    """Reports whether a text has a surrogate by itself, which UTF-8 lacks."""
    try:
        text.encode("utf-8")
    except UnicodeError:
        return True
    return PY2 and sys.maxunicode > 65535 and any(u"\ud800" <= c <= u"\udfff" for c in text)


def typed(value, depth=0, hide=False):
    """A value in JSON. What JSON lacks is an object with one key that begins with $."""
    if depth > 30:
        return {"$object": "<...>"}
    if value is None or value is True or value is False:
        return value
    if type(value).__name__ == "__proxy__":
        from django.utils.functional import Promise
        if isinstance(value, Promise):
            value = text_type(value)
    elif type(value).__name__ in ("SimpleLazyObject", "LazyObject"):
        from django.utils.functional import LazyObject
        if isinstance(value, LazyObject):
            bool(value)
            value = value._wrapped
    if isinstance(value, bytes) and PY2:
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if isinstance(value, text_type):
        if lone(value):
            return {"$object": "<str with surrogates>"}
        return plain(value)
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int_types):
        n = int(value)
        return n if abs(n) < 10 ** 4000 else {"$object": "<int>"}
    if isinstance(value, float):
        return {"$float": repr(float(value))}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b16encode(bytes(value)).decode("ascii").lower()}
    if isinstance(value, datetime.timedelta):
        return {"$timedelta": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, datetime.datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, uuid.UUID):
        return {"$uuid": str(value)}
    if isinstance(value, decimal.Decimal):
        return {"$object": "<decimal.Decimal>"}
    if isinstance(value, tuple):
        return {"$tuple": [typed(v, depth + 1, hide) for v in tuple.__iter__(value)]}
    if isinstance(value, list):
        return [typed(v, depth + 1, hide) for v in list.__iter__(value)]
    if isinstance(value, (set, frozenset)):
        return {"$set": sorted((typed(v, depth + 1, hide) for v in value), key=repr)}
    if isinstance(value, dict):
        return typed_dict(value, depth, hide)
    if hasattr(value, "__fspath__"):
        return {"$path": typed(value.__fspath__(), depth + 1)}
    if inspect.isclass(value):
        return {"$object": "<class %s>" % dotted(value)}
    if callable(value) and hasattr(value, "__name__"):
        return {"$object": "<function %s>" % dotted(value)}
    return {"$object": "<%s object>" % dotted(type(value))}


def typed_dict(value, depth, hide):
    items, simple = [], True
    for k in value:
        key = typed(k, depth + 1)
        v = value[k]
        if hide and isinstance(key, text_type) and HIDDEN.search(key):
            item = {"$object": "<hidden>"}
        else:
            item = typed(v, depth + 1, hide)
        simple = simple and isinstance(key, text_type) and not key.startswith("$")
        items.append((key, item))
    if len(items) == 1 and items[0][0] == "env":
        simple = False
    if simple:
        return dict(items)
    return {"$dict": [[k, v] for k, v in items]}


# ---- The settings ----------------------------------------------------------------------------

# These are always told, with the default of this Django where the site has none.
NAMES = """ALLOWED_HOSTS APPEND_SLASH AUTHENTICATION_BACKENDS AUTH_USER_MODEL CACHES CSRF_COOKIE_AGE
CSRF_COOKIE_DOMAIN CSRF_COOKIE_HTTPONLY CSRF_COOKIE_MASKED CSRF_COOKIE_NAME CSRF_COOKIE_PATH
CSRF_COOKIE_SAMESITE CSRF_COOKIE_SECURE CSRF_FAILURE_VIEW CSRF_HEADER_NAME CSRF_TRUSTED_ORIGINS
CSRF_USE_SESSIONS DATABASES DATABASE_ROUTERS DATA_UPLOAD_MAX_MEMORY_SIZE
DATA_UPLOAD_MAX_NUMBER_FIELDS DATA_UPLOAD_MAX_NUMBER_FILES DEBUG DEFAULT_AUTO_FIELD DEFAULT_CHARSET
DEFAULT_HASHING_ALGORITHM FILE_CHARSET FORCE_SCRIPT_NAME INSTALLED_APPS LOGIN_REDIRECT_URL LOGIN_URL
LOGOUT_REDIRECT_URL MESSAGE_LEVEL MESSAGE_STORAGE MESSAGE_TAGS MIDDLEWARE MIDDLEWARE_CLASSES
PASSWORD_HASHERS PASSWORD_RESET_TIMEOUT ROOT_URLCONF SECURE_PROXY_SSL_HEADER SECURE_SSL_REDIRECT
SESSION_CACHE_ALIAS SESSION_COOKIE_AGE SESSION_COOKIE_DOMAIN SESSION_COOKIE_HTTPONLY
SESSION_COOKIE_NAME SESSION_COOKIE_PATH SESSION_COOKIE_SAMESITE SESSION_COOKIE_SECURE SESSION_ENGINE
SESSION_EXPIRE_AT_BROWSER_CLOSE SESSION_FILE_PATH SESSION_REDIS SESSION_SAVE_EVERY_REQUEST
SESSION_SERIALIZER SIGNED_COOKIE_LEGACY_SALT_FALLBACK SIGNING_BACKEND SITE_ID TIME_ZONE USE_TZ
USE_X_FORWARDED_HOST USE_X_FORWARDED_PORT WSGI_APPLICATION ASGI_APPLICATION""".split()

# Others with these beginnings are told too, without what looks like a secret.
PREFIXES = ("SESSION_", "CSRF_", "MESSAGE_", "AUTH_", "LOGIN_", "LOGOUT_", "DJANGO_REDIS_",
    "OTP_", "AXES_", "HIJACK_", "IMPERSONATE", "AUTO_LOGOUT", "ACCOUNT_", "MFA_", "DEFENDER_",
    "LOCKOUT_", "TENANT_", "PUBLIC_SCHEMA_", "SHARED_APPS", "DATABASE_", "CACHE_", "REMOTE_USER",
    "PARTITIONED_", "HEADLESS_", "TWO_FACTOR_", "SECURE_PROXY_")
OPEN = ("SESSION_REDIS",)


def password_env(alias, part):
    name = re.sub("[^A-Z0-9]", "_", alias.upper())
    return {"env": "DJSESSION_%s_%s_PASSWORD" % (part, name)}


def get_setting(name):
    from django.conf import settings
    try:
        return typed(getattr(settings, name), hide=name not in NAMES and not name.startswith(OPEN))
    except KeyboardInterrupt:
        raise
    except BaseException as e:
        missing("settings." + name, reason(e))
        return {"$object": "<a setting that failed>"}


def setting_names():
    from django.conf import settings
    names = set(n for n in dir(settings) if n.isupper())
    for n in NAMES:
        try:
            if hasattr(settings, n):
                names.add(n)
        except Exception:
            names.add(n)
    return sorted(n for n in names if n in NAMES or n.startswith(PREFIXES) and not (HIDDEN.search(n) and not n.startswith(OPEN)))


def read_settings():
    result = {}
    for name in setting_names():
        result[name] = get_setting(name)
    if "MIDDLEWARE_CLASSES" in result and result.get("MIDDLEWARE"):
        del result["MIDDLEWARE_CLASSES"]
    if OPTIONS.get("env_passwords"):
        databases = result.get("DATABASES")
        for alias in databases if isinstance(databases, dict) else ():
            entry = databases[alias]
            if isinstance(entry, dict) and entry.get("PASSWORD"):
                entry["PASSWORD"] = password_env(alias, "DATABASE")
    return result


def secrets():
    """SECRET_KEY and its fallbacks as bytes."""
    from django.conf import settings
    values = [settings.SECRET_KEY] + list(getattr(settings, "SECRET_KEY_FALLBACKS", None) or [])
    result = []
    for i, value in enumerate(values):
        if isinstance(value, text_type):
            value = value.encode("utf-8")
        if value:
            result.append(bytes(value))
        elif i == 0:
            raise ValueError("empty")
    return result


# ---- Versions -------------------------------------------------------------------------------

def package_version(module, names):
    for name in names:
        try:
            try:
                from importlib import metadata
            except ImportError:
                import pkg_resources
                return text_type(pkg_resources.get_distribution(name).version)
            return text_type(metadata.version(name))
        except Exception:
            pass
    m = sys.modules.get(module)
    version = getattr(m, "__version__", None) or getattr(m, "VERSION", None) or getattr(m, "version", None)
    if isinstance(version, (tuple, list)):
        version = ".".join(str(v) for v in version)
    if isinstance(version, (bytes, text_type)):
        return typed(version)
    return None


PACKAGES = """redis hiredis valkey django-redis django-valkey pymemcache pylibmc python-memcached
psycopg psycopg2 psycopg2-binary mysqlclient PyMySQL mysql-connector-python argon2-cffi bcrypt
msgpack django-redis-sessions django-user-sessions django-qsessions gunicorn uvicorn uWSGI daphne
hypercorn granian django-axes django-allauth django-otp django-impersonate django-hijack
django-session-security django-session-timeout django-auto-logout rules django-guardian
django-auth-ldap django-tenants django-defender asgiref""".split()


def versions():
    import django
    import platform
    result = {
        "django": typed(django.get_version()), "python": platform.python_version(),
        "implementation": platform.python_implementation(), "system": typed(sys.platform),
        "packages": {},
    }
    for name in PACKAGES:
        version = package_version("", [name])
        if version:
            result["packages"][name] = version
    return result


def top_packages():
    """The versions of what is named in the settings."""
    from django.conf import settings
    result, names = {}, set()
    for name in ("INSTALLED_APPS", "MIDDLEWARE", "MIDDLEWARE_CLASSES", "AUTHENTICATION_BACKENDS", "PASSWORD_HASHERS"):
        names.update(str(n).split(".")[0] for n in getattr(settings, name, None) or () if isinstance(n, (str, text_type)))
    for conf in list(settings.DATABASES.values()) + list(settings.CACHES.values()):
        names.add(str(conf.get("ENGINE") or conf.get("BACKEND") or "").split(".")[0])
    for name in sorted(names - set(["", "django"])):
        version = package_version(name, [name.replace("_", "-"), "django-" + name.replace("_", "-")])
        if version:
            result[name] = version
    return result


def library(module):
    """The driver, and the C library behind it."""
    name = module.__name__
    result = {"module": name, "version": typed(text_type(getattr(module, "__version__", "") or "")), "library": "", "library_version": ""}
    if name == "psycopg2":
        result["library"], result["library_version"] = "libpq", str(module.extensions.libpq_version() if hasattr(module.extensions, "libpq_version") else module.__libpq_version__)
    elif name == "psycopg":
        result["library"], result["library_version"] = "libpq", str(module.pq.version())
        result["implementation"] = str(module.pq.__impl__)
    elif name == "MySQLdb":
        result["version"] = ".".join(str(v) for v in module.version_info[:3])
        info = module.get_client_info()
        info = info.decode("ascii", "replace") if isinstance(info, bytes) else info
        result["library_version"] = typed(text_type(info))
        # MariaDB's Connector/C counts 3.x, and says 10.x or 11.x for the server that it came with.
        result["library"] = "libmariadb" if text_type(info).split(".")[0] in ("2", "3", "10", "11", "12") else "libmysqlclient"
    elif name == "pymysql":
        result["version"] = package_version("pymysql", ["PyMySQL"]) or ""
    elif name.startswith("sqlite3"):
        import sqlite3
        result["library"], result["library_version"] = "sqlite3", sqlite3.sqlite_version
    return result


def server():
    """The server in which this runs, if it runs in one, and what the servers find in the environment."""
    result = {}
    for name in ("FORWARDED_ALLOW_IPS", "GUNICORN_CMD_ARGS", "UVICORN_FORWARDED_ALLOW_IPS", "UVICORN_PROXY_HEADERS", "UVICORN_ROOT_PATH", "SCRIPT_NAME", "WEB_CONCURRENCY"):
        if name in os.environ:
            result[name] = typed(os.environ[name])
    result = {"environment": result, "gunicorn_conf": os.path.isfile("gunicorn.conf.py")}
    inside = ask("server.name", serving)
    if inside:
        result["name"], result["config"] = inside[0], dict((k, typed(v)) for k, v in inside[1].items())
    return result


def living(module, name):
    """An object of a class, or None. A server keeps its configuration in one."""
    cls = getattr(sys.modules.get(module), name, None)
    found = [o for o in gc.get_objects() if type(o) is cls] if inspect.isclass(cls) else []
    return found[-1] if found else None


PROTO, FOR = "X-Forwarded-Proto", "X-Forwarded-For"


def serving():
    c = living("uvicorn.config", "Config")  # also in the workers of gunicorn
    if c is not None:
        told = {"allow_ips": c.forwarded_allow_ips.split(",") if isinstance(c.forwarded_allow_ips, str) else list(c.forwarded_allow_ips), "root_path": c.root_path}
        if not c.proxy_headers:
            told["headers"] = []
        return "uvicorn", told
    c = living("gunicorn.config", "Config")
    if c is not None:
        told = {"allow_ips": list(c.forwarded_allow_ips)}
        secure = dict(c.secure_scheme_headers)
        if secure != {"X-FORWARDED-PROTOCOL": "ssl", "X-FORWARDED-PROTO": "https", "X-FORWARDED-SSL": "on"}:
            told["headers"] = sorted("%s: %s" % pair for pair in secure.items())
        more = sorted(set(getattr(c, "forwarder_headers", ())) - set(("SCRIPT_NAME", "PATH_INFO")))
        if more:
            told["unknown_headers"] = more
        return "gunicorn-asgi" if c.worker_class_str == "asgi" else "gunicorn", told
    c = living("waitress.adjustments", "Adjustments")
    if c is not None:
        told = {"allow_ips": [c.trusted_proxy] if c.trusted_proxy else [], "headers": [], "root_path": c.url_prefix}
        for header in sorted(c.trusted_proxy_headers):
            if header in (PROTO.lower(), FOR.lower()):
                told["headers"].append(PROTO if header == PROTO.lower() else FOR)
            elif header != "x-forwarded-by":
                told.setdefault("unknown_headers", []).append(header)
        if not c.clear_untrusted_proxy_headers:
            told.setdefault("unknown_headers", []).append("clear_untrusted_proxy_headers")
        if c.trusted_proxy and c.trusted_proxy_count not in (None, 1):
            told["hops"] = c.trusted_proxy_count
        return "waitress", told
    c = living("daphne.server", "Server")
    if c is not None:
        return "daphne", {"headers": [PROTO, FOR] if c.proxy_forwarded_address_header else []}
    if living("hypercorn.config", "Config") is not None:
        told, c = {}, living("hypercorn.middleware.proxy_fix", "ProxyFixMiddleware")
        if c is not None:
            told = {"headers": [PROTO, FOR], "unknown_headers": ["X-Forwarded-Host" if c.mode == "legacy" else "Forwarded"]}
            if c.trusted_hops != 1:
                told["hops"] = c.trusted_hops
        return "hypercorn", told
    for name, mark in (("uwsgi", "opt"), ("mod_wsgi", "process_group")):  # modules that only these programs have
        try:
            if hasattr(__import__(name), mark):
                return name, {}
        except ImportError:
            pass
    return ("runserver", {}) if sys.argv[1:2] == ["runserver"] else None


# ---- Classes: names of ancestors, and which class defines what matters -------------------------

METHODS = {
    "database": "get_connection_params get_new_connection init_connection_state create_cursor _set_autocommit set_autocommit ensure_timezone _start_transaction_under_autocommit",
    "operations": "adapt_datetimefield_value adapt_integerfield_value quote_name value_to_db_datetime get_db_converters",
    "cache": "__init__ make_key make_and_validate_key validate_key key_func get set add delete touch incr get_many set_many get_backend_timeout _cache client _key_to_file _write_content _is_expired _lib _options _class",
    "client": "make_key make_pattern encode decode get set add delete touch expire incr get_client connect _serializer serialize deserialize",
    "store": "__init__ encode decode _hash _legacy_decode _legacy_encode load save create exists delete key_salt cache_key_prefix cache_key _get_new_session_key get_new_session_key _validate_session_key _session_key_to_file _key_to_file get_expiry_age get_expiry_date get_session_cookie_age set_expiry get_expire_at_browser_close cycle_key flush clear_expired get_model_class create_model_instance model _get_session is_empty has_key prefixed_key_name get_real_stored_key",
    "serializer": "dumps loads encode decode default object_hook",
    "session_model": "objects save delete get_decoded get_session_store_class session_key session_data expire_date __str__",
    "session_manager": "encode save get_queryset",
    "user": "__init__ get_session_auth_hash _get_session_auth_hash get_session_auth_fallback_hash check_password set_password has_usable_password is_active is_staff is_superuser is_authenticated is_anonymous has_perm has_perms has_module_perms get_all_permissions get_group_permissions get_user_permissions get_username natural_key from_db refresh_from_db save delete pk",
    "manager": "__init__ get_queryset get_by_natural_key get filter normalize_email _queryset_class with_perm",
    "queryset": "get filter all iterator _fetch_all get_by_natural_key",
    "backend": "authenticate get_user user_can_authenticate has_perm has_module_perms get_all_permissions get_group_permissions get_user_permissions _get_permissions _get_user_permissions _get_group_permissions with_perm clean_username configure_user create_unknown_user",
    "hasher": "algorithm iterations digest library rounds time_cost memory_cost parallelism work_factor block_size encode verify decode must_update harden_runtime salt",
    "messages": "_get _store store _prepare_messages process_messages add update used encode _encode decode _decode _hash signer key_salt cookie_name session_key max_cookie_size storage_classes _update_cookie deserialize_messages serialize_messages",
    "middleware": "__init__ __call__ __acall__ process_request process_response process_view process_exception process_template_response _get_secret _set_csrf_cookie _set_token _get_token _reject _accept _check_token _origin_verified _check_referer get_login_url redirect_to_login csrf_trusted_origins_hosts allowed_origins_exact allowed_origin_subdomains",
}
METHODS = dict((kind, names.split()) for kind, names in METHODS.items())


def defining(cls, name):
    for c in cls.__mro__:
        if name in c.__dict__:
            return dotted(c)
    return None


def ancestry(cls, kind):
    """The names of a class's ancestors, and which of them define the methods that matter."""
    result = {"kind": kind, "class": dotted(cls)}
    if not inspect.isclass(cls):
        result["function"] = True
        return result
    if not hasattr(cls, "__mro__"):
        result["old_style"] = True
        return result
    result["names"] = [dotted(c) for c in cls.__mro__ if c is not object]
    methods = {}
    for name in METHODS.get(kind, ()):
        by = defining(cls, name)
        if by and by not in ("builtins.object", "__builtin__.object"):
            methods[name] = by
    result["methods"] = methods
    if kind == "backend" and ask("ancestry.%s.vouches" % result["class"], vouches, cls) is False:
        result["vouches"] = False
    own = set()
    for c in cls.__mro__:
        if c is object or c.__module__.split(".")[0] == "django":
            break
        own.update(n for n in c.__dict__ if not (n.startswith("__") and n not in ("__init__", "__call__", "__acall__", "__new__", "__getattr__", "__getattribute__")))
    result["own"] = sorted(str(n) for n in own if n not in ("__module__", "__doc__", "_meta", "DoesNotExist", "MultipleObjectsReturned", "NotUpdated"))
    return result


def vouches(cls):
    """False for a backend that takes no name and password, or whose authenticate does nothing."""
    method = getattr(cls, "authenticate", None)
    function = getattr(method, "__func__", method)
    code = getattr(function, "__code__", None)
    if code is None:
        return True
    try:
        signature = inspect.signature
    except AttributeError:
        def takes(*args, **kwargs):
            inspect.getcallargs(function, *args, **kwargs)
    else:
        def takes(*args, **kwargs):
            signature(method).bind(*args, **kwargs)
    credentials = {"username": "", "password": ""}
    for args in ((None, None), (None,)):  # with a request, or as in Django before 1.11
        try:
            takes(*args, **credentials)
            break
        except TypeError:
            pass
    else:
        return False
    def nothing():
        pass
    def documented():
        """Nothing."""
    if code.co_code not in (nothing.__code__.co_code, documented.__code__.co_code):
        return True
    return function(*([None] * (code.co_argcount - len(function.__defaults__ or ())))) is not None


def load(path):
    from django.utils.module_loading import import_string
    return import_string(path)


class Ancestries(dict):
    def add(self, path, kind, get):
        """Adds an entry by the name that the settings have for it."""
        path = str(path)
        cls = ask("ancestry." + path, get)
        if cls is None:
            return None
        entry = ask("ancestry." + path, ancestry, cls, kind)
        if entry is not None and path not in self:
            self[path] = entry
        return cls

    def of(self, cls, kind):
        if cls is not None:
            self.add(dotted(cls), kind, lambda: cls)


def ancestries():
    from django.conf import settings
    all = Ancestries()
    for alias, conf in settings.DATABASES.items():
        engine = conf.get("ENGINE") or "django.db.backends.dummy"
        def get(alias=alias):
            from django.db import connections
            return type(connections[alias])
        cls = all.add(engine, "database", get)
        def get_operations(alias=alias):
            from django.db import connections
            return type(connections[alias].ops)
        if cls is not None:
            all.of(ask("ancestry.%s operations" % engine, get_operations), "operations")
    for alias, conf in settings.CACHES.items():
        path = conf.get("BACKEND", "")
        if all.add(path, "cache", lambda: load(path)) is not None:
            for cls in ask("ancestry.%s client" % path, cache_clients, alias) or ():
                all.of(cls, "client")
        function = conf.get("KEY_FUNCTION")
        if function is not None and not callable(function):
            all.add(function, "key_function", lambda: load(function))
    engine = settings.SESSION_ENGINE
    def store():
        return __import__(engine, None, None, ["SessionStore"]).SessionStore
    cls = all.add(engine, "store", store)
    model = ask("ancestry.session model", session_model, cls) if cls is not None else None
    if model is not None:
        all.of(model, "session_model")
        all.of(ask("ancestry.session manager", lambda: type(model._default_manager)), "session_manager")
    all.add(settings.SESSION_SERIALIZER, "serializer", lambda: load(settings.SESSION_SERIALIZER))
    for path in settings.AUTHENTICATION_BACKENDS:
        all.add(path, "backend", lambda: load(path))
    for path in settings.PASSWORD_HASHERS:
        all.add(path, "hasher", lambda: load(path))
    all.add(settings.MESSAGE_STORAGE, "messages", lambda: load(settings.MESSAGE_STORAGE))
    for path in middleware():
        all.add(path, "middleware", lambda: load(path))
    U = ask("ancestry.user", user_model)
    if U is not None:
        all[str(settings.AUTH_USER_MODEL)] = ancestry(U, "user")
        all.of(U, "user")
        for manager in (U._default_manager, U._base_manager):
            all.of(type(manager), "manager")
            all.of(getattr(manager, "_queryset_class", None), "queryset")
    return all


def middleware():
    from django.conf import settings
    return list(getattr(settings, "MIDDLEWARE", None) or getattr(settings, "MIDDLEWARE_CLASSES", None) or ())


# ---- Databases -------------------------------------------------------------------------------

def databases():
    from django.db import connections
    result = {}
    for alias in connections:
        entry = ask("databases." + alias, database, connections[alias], alias)
        if entry is not None:
            result[alias] = entry
    return result


def database(conn, alias):
    entry = {"engine": typed(conn.settings_dict.get("ENGINE", "")), "vendor": typed(conn.vendor), "class": dotted(type(conn))}
    module = getattr(conn, "Database", None)
    if module is not None:
        entry["driver"] = ask("databases.%s.driver" % alias, library, module)
    params = ask("databases.%s.params" % alias, conn.get_connection_params)
    if params is not None:
        # Objects of the driver (adapters, converters, classes) say nothing here.
        entry["params"] = dict((str(k), v) for k, v in ((k, typed(v)) for k, v in params.items()) if "$object" not in json.dumps(v))
        if OPTIONS.get("env_passwords"):
            for k in ("password", "passwd"):
                if entry["params"].get(k):
                    entry["params"][k] = password_env(alias, "DATABASE")
    entry["environment"] = ask("databases.%s.environment" % alias, environment, conn.vendor, params or {}) or {}
    sets = {"autocommit": typed(conn.settings_dict.get("AUTOCOMMIT", True)), "atomic_requests": bool(conn.settings_dict.get("ATOMIC_REQUESTS"))}
    for name in ("isolation_level", "timezone_name", "transaction_mode", "init_command"):
        def get(name=name):
            value = getattr(conn, name, None)
            return text_type(value) if value is not None and not isinstance(value, (text_type, bytes)) else value
        value = ask("databases.%s.%s" % (alias, name), get)
        if value is not None:
            sets[name] = typed(value)
    entry["sets"] = sets
    return entry


def environment(vendor, params):
    """What the driver adds by itself: variables and option files."""
    result = {}
    prefixes = {"postgresql": ("PG",), "mysql": ("MYSQL_", "MARIADB_"), "sqlite": ()}.get(vendor, ())
    variables = dict((k, typed(v)) for k, v in os.environ.items() if prefixes and k.startswith(prefixes))
    if OPTIONS.get("env_passwords") and "PGPASSWORD" in variables:
        variables["PGPASSWORD"] = {"env": "DJSESSION_PGPASSWORD"}
    if variables:
        result["variables"] = variables
    if vendor == "postgresql":
        path = params.get("passfile") or os.environ.get("PGPASSFILE") or os.path.expanduser("~/.pgpass")
        if os.path.isfile(path):
            result["passfile"] = typed(path)
        path = os.environ.get("PGSERVICEFILE") or os.path.expanduser("~/.pg_service.conf")
        if os.path.isfile(path):
            result["servicefile"] = typed(path)
    path = params.get("read_default_file")
    if vendor == "mysql" and path:
        group = params.get("read_default_group") or "client"
        result["option_file"] = {"path": typed(path), "group": typed(group), "values": option_file(path, group)}
    return result


def option_file(path, group):
    values, now = {}, None
    with io.open(os.path.expanduser(path), encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if line.startswith("["):
                now = line.strip("[]")
            elif line and line[0] not in "#;!" and now in ("client", group):
                name, _, value = line.partition("=")
                values[name.strip().replace("-", "_")] = value.strip().strip("\"'")
    if OPTIONS.get("env_passwords") and "password" in values:
        values["password"] = {"env": "DJSESSION_DATABASE_PASSWORD"}
    return values


def routed(model):
    from django.db import router
    return {"read": typed(router.db_for_read(model)), "write": typed(router.db_for_write(model))}


# ---- Caches ----------------------------------------------------------------------------------

CACHES = {}


def cache_of(alias):
    """A cache of its own, which has not connected."""
    if alias not in CACHES:
        from django.conf import settings
        from django.core.cache.backends.filebased import FileBasedCache
        FileBasedCache._createdir = lambda self: None
        params = dict(settings.CACHES[alias])
        cls = load(params.pop("BACKEND"))
        CACHES[alias] = cls(params.pop("LOCATION", ""), params)
    return CACHES[alias]


def cache_clients(alias):
    cache = cache_of(alias)
    result = []
    for name in ("_class", "_client_cls"):
        cls = getattr(cache, name, None)
        if inspect.isclass(cls):
            result.append(cls)
    client = getattr(cache, "client", None)
    if client is not None:
        result.append(type(client))
        for name in ("_serializer", "_compressor", "connection_factory"):
            part = getattr(client, name, None)
            if part is not None:
                result.append(type(part))
    return result


def caches():
    from django.conf import settings
    result = {}
    for alias in settings.CACHES:
        entry = ask("caches." + alias, cache_entry, alias)
        if entry is not None:
            result[str(alias)] = entry
    return result


def cache_entry(alias):
    cache = cache_of(alias)
    entry = {"class": dotted(type(cache))}
    names = ask("caches.%s.names" % alias, lambda: [dotted(c) for c in type(cache).__mro__ if c is not object])
    entry["names"] = names or []
    entry["key_prefix"], entry["version"] = typed(getattr(cache, "key_prefix", "")), typed(getattr(cache, "version", 1))
    entry["timeout"] = typed(getattr(cache, "default_timeout", None))
    function = getattr(cache, "key_func", None)
    entry["key_function"] = dotted(function) if function is not None else ""
    if hasattr(cache, "_table"):
        from django.db import router
        entry["table"] = typed(cache._table)
        entry["database"] = ask("caches.%s.database" % alias, routed, cache.cache_model_class)
    if hasattr(cache, "_dir"):
        entry["dir"] = typed(cache._dir)
    return entry


# ---- Sessions --------------------------------------------------------------------------------

def store_class():
    from django.conf import settings
    return __import__(settings.SESSION_ENGINE, None, None, ["SessionStore"]).SessionStore


def session_model(cls):
    get = getattr(cls, "get_model_class", None)
    if get is not None:
        return get()
    if cls.__module__ in ("django.contrib.sessions.backends.db", "django.contrib.sessions.backends.cached_db"):
        from django.contrib.sessions.models import Session
        return Session
    module = sys.modules[cls.__module__]
    return getattr(module, "Session", None)


def session():
    from django.conf import settings
    cls = store_class()
    entry = {"engine": typed(settings.SESSION_ENGINE), "class": dotted(cls), "name": typed(getattr(cls, "__qualname__", cls.__name__))}
    entry["names"] = [dotted(c) for c in cls.__mro__ if c is not object]
    def key_salt():
        store = cls()
        return getattr(store, "key_salt", None) or ""
    entry["key_salt"] = typed(ask("session.key_salt", key_salt) or "")
    prefix = getattr(cls, "cache_key_prefix", None)
    if prefix is not None:
        entry["cache_key_prefix"] = typed(prefix)
    model = ask("session.model", session_model, cls)
    if model is not None:
        entry["model"], entry["table"] = dotted(model), typed(model._meta.db_table)
        entry["columns"] = dict((str(f.name), {"column": typed(f.column), "kind": typed(f.get_internal_type())}) for f in model._meta.concrete_fields)
        entry["database"] = ask("session.database", routed, model)
    if hasattr(cls, "_get_storage_path"):
        entry["dir"] = typed(ask("session.dir", cls._get_storage_path))
        entry["file_prefix"] = typed(settings.SESSION_COOKIE_NAME)
    entry["cookies"] = ask("session.cookies", session_cookies) or []
    urls = {}
    for name in ("LOGIN_URL", "LOGIN_REDIRECT_URL", "LOGOUT_REDIRECT_URL"):
        value = getattr(settings, name, None)
        if value is not None:
            url = ask("session.urls." + name, resolved, value)
            if url is not None:
                urls[name] = url
    entry["urls"] = urls
    return entry


def resolved(value):
    from django.shortcuts import resolve_url
    return typed(text_type(resolve_url(value)))


class Visit(dict):
    """A session of a visitor that nobody stores."""
    accessed = modified = True
    session_key = "djsessionprobe0000000000000000000"[:32]
    _session_key = session_key

    def __init__(self, *args, **kwargs):
        dict.__init__(self)
        self["probe"] = 1

    def is_empty(self):
        return False

    def save(self, *args, **kwargs):
        pass

    def get_expire_at_browser_close(self):
        return False

    def get_expiry_age(self, **kwargs):
        from django.conf import settings
        return settings.SESSION_COOKIE_AGE

    def flush(self):
        pass

    async_free = True


class Read(dict):
    """Cookies of a request. They are empty, and note which ones are read."""

    def __init__(self):
        self.names = set()

    def get(self, name, default=None):
        self.names.add(name)
        return default

    def __getitem__(self, name):
        self.names.add(name)
        raise KeyError(name)

    def __contains__(self, name):
        self.names.add(name)
        return False


def session_cookies():
    """The cookies that the site's own middleware of sessions and CSRF reads and sets: over http and https, and for
    another page, host and browser."""
    from django.conf import settings
    from django.http import HttpResponse
    from django.test.client import RequestFactory
    result = []
    hosts = [h for h in settings.ALLOWED_HOSTS if h not in ("*", "") and not h.startswith(".")] or ["localhost"]
    wanted = (("django.contrib.sessions.middleware.SessionMiddleware", "session"), ("django.middleware.csrf.CsrfViewMiddleware", "csrf"))
    visits = [("http", "", "/", hosts[0], ""), ("https", "", "/", hosts[0], ""), ("https", "another page, host and browser", "/admin/x/", hosts[-1], "Mozilla/5.0 (iPhone; CPU iPhone OS 12_0 like Mac OS X)")]
    for path in middleware():
        cls = ask("session.cookies." + str(path), load, path)
        if not inspect.isclass(cls):
            continue
        names = [dotted(c) for c in cls.__mro__] if hasattr(cls, "__mro__") else []
        kinds = [kind for name, kind in wanted if name in names]
        if not kinds:
            continue
        for scheme, at, page, host, browser in visits:
            def cookies():
                request = RequestFactory().get(page, secure=scheme == "https", HTTP_HOST=host, HTTP_USER_AGENT=browser)
                response = HttpResponse("")
                try:
                    m = cls(lambda r: response)
                except TypeError:
                    m = cls()
                request.COOKIES = Read()
                if hasattr(m, "process_request"):
                    ask("session.cookies.%s.%s.reads" % (path, scheme), m.process_request, request)
                request.session = Visit()
                request.user = None
                request.META["CSRF_COOKIE"] = "a" * 64
                request.META["CSRF_COOKIE_USED"] = request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
                request.csrf_cookie_needs_reset = True
                reads, request.COOKIES = sorted(str(name) for name in request.COOKIES.names), {}
                response = m.process_response(request, response)
                found = []
                for name, morsel in response.cookies.items():
                    found.append({"by": str(path), "kind": kinds[0], "scheme": scheme, "at": at, "name": typed(name), "reads": reads,
                        "attributes": dict((str(k), typed(v)) for k, v in morsel.items() if v and k not in ("expires",))})
                return found
            result.extend(ask("session.cookies.%s.%s" % (path, scheme), cookies) or [])
    return result


# ---- Users -----------------------------------------------------------------------------------

def user_model():
    from django.contrib.auth import get_user_model
    return get_user_model()


def users():
    U = user_model()
    opts = U._meta
    entry = {"model": "%s.%s" % (opts.app_label, opts.object_name), "class": dotted(U), "table": typed(opts.db_table)}
    entry["pk"] = field_entry(opts.pk)
    entry["pk"]["name"] = typed(opts.pk.name)
    fields, links = {}, []
    for f in opts.concrete_fields:
        item = ask("users.fields." + f.name, field_entry, f)
        if item is not None:
            fields[str(f.name)] = item
    entry["fields"] = fields
    models, seen = [opts], set()
    while models:  # a parent's own parents are its own matter in Django
        for parent, link in models.pop(0).parents.items():
            if link is None or parent in seen:
                continue
            seen.add(parent)
            models.append(parent._meta)
            links.append({"table": typed(parent._meta.db_table), "column": typed(parent._meta.pk.column),
                "from_table": typed(link.model._meta.db_table), "from_column": typed(link.column)})
    entry["links"] = links
    entry["username_field"] = typed(U.USERNAME_FIELD)
    email = ask("users.email_field", lambda: U.get_email_field_name() if hasattr(U, "get_email_field_name") else "email")
    entry["email_field"] = typed(email or "")
    entry["flags"] = {}
    for name in ("is_active", "is_staff", "is_superuser"):
        flag_entry = ask("users.flags." + name, flag, U, name)
        entry["flags"][name] = flag_entry or {"is": "unknown"}
    entry["manager"] = {"default": dotted(type(U._default_manager)), "base": dotted(type(U._base_manager))}
    entry["database"] = ask("users.database", routed, U)
    entry["permissions"] = ask("users.permissions", permissions, U)
    entry["queries"] = queries(U)
    entry["imported"] = imported()
    entry["receivers"] = ask("users.receivers", receivers) or {}
    return entry


def far(f):
    """The field at the far end of a link, which has the type of its column."""
    for _ in range(5):
        if not (getattr(f, "remote_field", None) or getattr(f, "rel", None)):
            break
        related = getattr(f, "foreign_related_fields", None)
        if not related:
            break
        f = related[0]
    return f


def field_entry(f):
    kind = far(f).get_internal_type()
    entry = {"column": typed(f.column), "table": typed(f.model._meta.db_table), "attribute": typed(f.attname),
        "kind": typed(kind), "class": dotted(type(f)), "null": bool(f.null)}
    if f.max_length is not None:
        entry["max_length"] = typed(f.max_length)
    if f.choices:
        entry["choices"] = [typed(c[0]) for c in f.choices][:50]
    methods = {}
    for c in type(f).__mro__:
        if c.__module__.split(".")[0] == "django":
            break
        for name in ("to_python", "get_prep_value", "from_db_value", "get_db_prep_value", "value_to_string", "pre_save", "contribute_to_class"):
            if name in c.__dict__ and name not in methods:
                methods[name] = dotted(c)
    if methods:
        entry["methods"] = methods
    return entry


def flag(U, name):
    try:
        f = U._meta.get_field(name)
    except Exception:
        f = None
    if f is not None and getattr(f, "concrete", True) and getattr(f, "column", None):
        return {"is": "column", "column": typed(f.column), "table": typed(f.model._meta.db_table), "kind": typed(f.get_internal_type())}
    for c in U.__mro__:
        if name in c.__dict__:
            value = c.__dict__[name]
            by = dotted(c)
            if name in U().__dict__:
                return {"is": "code", "by": by}
            if value is None or isinstance(value, (bool,) + int_types):
                return {"is": "constant", "value": bool(value), "by": by}
            return dict(code(U, name), by=by)
    if hasattr(U(), name):
        return {"is": "code", "by": dotted(U)}
    return {"is": "absent"}


def code(U, name):
    """A property: which fields it reads and, if these are bools or choices, all that it answers."""
    entry = {"is": "code"}
    names = dict((f.attname, f) for f in U._meta.concrete_fields)
    read = []

    class Watched(object):
        pass

    def look(values):
        # A class of its own, without a table: it only watches which attributes are read.
        def __getattribute__(self, attribute):
            if attribute in names and attribute not in read:
                read.append(attribute)
            return U.__getattribute__(self, attribute)
        cls = type.__new__(type(U), U.__name__, (U,), {"__getattribute__": __getattribute__, "__module__": U.__module__, "_meta": U._meta})
        user = U()
        for attribute, value in values.items():
            user.__dict__[attribute] = value
        user.__class__ = cls
        return bool(getattr(user, name))

    look({})
    entry["reads"] = [str(n) for n in read]
    domains = []
    for attribute in read:
        f = names[attribute]
        if f.get_internal_type() in ("BooleanField", "NullBooleanField"):
            domains.append([False, True] + ([None] if f.null else []))
        elif f.choices:
            domains.append([c[0] for c in f.choices])
        else:
            return entry
    rows = [[]]
    for domain in domains:
        rows = [row + [value] for row in rows for value in domain]
        if len(rows) > 64:
            return entry
    if not plain_code(U, name, names):
        return entry
    before, answers = list(read), []
    for row in rows:
        answers.append({"values": [typed(v) for v in row], "answer": look(dict(zip(before, row)))})
    if read == before and read:
        entry["answers"] = answers
    entry["reads"] = [str(n) for n in read]
    return entry


def plain_code(U, name, fields):
    """Reports whether a property uses nothing but fields and constants."""
    value = None
    for c in U.__mro__:
        if name in c.__dict__:
            value = c.__dict__[name]
            break
    function = getattr(value, "fget", None) or getattr(value, "func", None)
    code = getattr(function, "__code__", None)
    if code is None or code.co_freevars or any(inspect.iscode(c) for c in code.co_consts):
        return False
    from enum import Enum
    allowed = set(fields)
    for n in code.co_names:
        found = function.__globals__.get(n)
        if inspect.isclass(found) and issubclass(found, Enum):
            allowed.add(n)
            allowed.update(found.__members__)
            allowed.add("value")
        elif isinstance(found, (bool, text_type, bytes, tuple) + int_types):
            allowed.add(n)
    # An attribute of the class itself, such as a constant or an Enum inside of it.
    for n in code.co_names:
        found = getattr(U, n, None) if n not in fields else None
        if inspect.isclass(found) and issubclass(found, Enum):
            allowed.add(n)
            allowed.update(found.__members__)
        elif isinstance(found, (bool, text_type, bytes) + int_types):
            allowed.add(n)
    allowed.update(("bool", "True", "False", "None"))
    return set(code.co_names) <= allowed


def permissions(U):
    """The tables of groups and permissions, if the model has them."""
    result = {}
    for name in ("groups", "user_permissions"):
        try:
            f = U._meta.get_field(name)
        except Exception:
            continue
        through = getattr(getattr(U, name), "through", None)
        if through is not None:
            result[name] = {"table": typed(through._meta.db_table), "user": typed(f.m2m_column_name()), "other": typed(f.m2m_reverse_name())}
    return result


def imported():
    """Imports the URLs and the middleware: receivers of signals are connected there."""
    from django.conf import settings
    def urls():
        from importlib import import_module
        import_module(settings.ROOT_URLCONF)
        try:
            from django.urls import get_resolver
        except ImportError:
            from django.core.urlresolvers import get_resolver
        get_resolver(None).reverse_dict
        return True
    def all_middleware():
        for path in middleware():
            load(path)
        return True
    return {"urls": bool(ask("users.imported.urls", urls)), "middleware": bool(ask("users.imported.middleware", all_middleware))}


def receivers():
    from django.contrib.auth import signals
    import weakref
    result = {}
    for name in ("user_logged_in", "user_logged_out", "user_login_failed"):
        found = []
        for item in getattr(signals, name).receivers:
            receiver = item[1]
            if isinstance(receiver, weakref.ReferenceType):
                receiver = receiver()
            if receiver is not None:
                found.append(dotted(receiver))
        result[name] = sorted(found)
    return result


ASKED_NAME = "Djsession-Probe@Example.COM"


def asked_pk(U):
    kind = far(U._meta.pk).get_internal_type()
    if kind == "UUIDField":
        return uuid.UUID("d3a5e551-0000-4000-8000-d3a5e5510001")
    if "Integer" in kind or "Auto" in kind:
        return 1987654321 if not kind.startswith(("Small", "PositiveSmall")) else 31987
    return "djsessionprobe"


def caught(function, *args, **kwargs):
    """Calls a function, and returns the queries that it would have sent: up to three, each
    after the one before found nothing."""
    found, error = [], None
    for limit in (1, 2, 3):
        del STATEMENTS[:]
        STATEMENTS.limit = limit
        try:
            function(*args, **kwargs)
            ended = True
        except Asked:
            ended = False
        except KeyboardInterrupt:
            raise
        except BaseException as e:
            if limit == 1 or isinstance(e, Stop):
                if not STATEMENTS:
                    raise
            ended, error = True, type(e).__name__
        if len(STATEMENTS) >= limit:
            found.append(STATEMENTS[limit - 1])
        if ended:
            break
    return found


def queries(U):
    from django.conf import settings
    result = {"asked_pk": typed(asked_pk(U)), "asked_name": ASKED_NAME}
    pk = asked_pk(U)
    result["by_pk"] = ask("users.queries.by_pk", asked, pk, lambda: U._default_manager.get(pk=pk))
    result["by_name"] = ask("users.queries.by_name", asked, pk, lambda: U._default_manager.get_by_natural_key(ASKED_NAME))
    result["refresh"] = ask("users.queries.refresh", asked, pk, lambda: U._base_manager.get(pk=pk))
    result["get_user"], result["authenticate"] = {}, {}
    for path in settings.AUTHENTICATION_BACKENDS:
        path = str(path)
        backend = ask("users.queries." + path, lambda: load(path)())
        if backend is None:
            continue
        if hasattr(backend, "get_user"):
            result["get_user"][path] = ask("users.queries.get_user." + path, asked, pk, lambda: backend.get_user(pk))
        names = [dotted(c).lower() for c in type(backend).__mro__]
        if any("ldap" in n or "remoteuser" in n or "axes" in n for n in names):
            missing("users.queries.authenticate." + path, "this backend asks elsewhere, and was not called")
            continue
        if hasattr(backend, "authenticate"):
            result["authenticate"][path] = ask("users.queries.authenticate." + path, asked, pk, lambda: authenticate(backend))
    return result


MOMENTS = []


def asked(pk, function):
    """The queries of a function. It runs twice: what differs is no constant."""
    runs, moments = [], []
    for _ in range(2):
        del MOMENTS[:]
        runs.append([query(c, pk) for c in caught(function)])
        moments.append(list(MOMENTS))
    first, second = runs
    if set(moments[0]) & set(moments[1]):  # the moment at which a module was imported
        second = []
    for i, entry in enumerate(first):
        if i >= len(second) or second[i]["where"] != entry["where"] or second[i]["tables"] != entry["tables"]:
            entry["where"] = {"unknown": "it differs from one call to the next"}
    return first


def authenticate(backend):
    from django.test.client import RequestFactory
    request = RequestFactory().post("/")
    request.session = Visit()
    credentials = {"username": ASKED_NAME, "password": "djsession-probe"}
    try:
        parameters = list(inspect.signature(backend.authenticate).parameters)
    except AttributeError:
        parameters = inspect.getargspec(backend.authenticate).args[1:]
    if parameters[:1] == ["request"]:
        return backend.authenticate(request, **credentials)
    return backend.authenticate(**credentials)


def query(compiler, pk):
    """What a query asks for, as far as it can be said without SQL."""
    q = compiler.query
    entry = {"tables": [], "where": None}
    try:
        sql, params = compiler.as_sql()
        entry["sql"], entry["params"] = typed(text_type(sql)), [typed(p) for p in params]
    except KeyboardInterrupt:
        raise
    except BaseException:
        entry["sql"] = ""
    aliases = {}
    for alias, join in q.alias_map.items():
        if q.alias_refcount.get(alias, 1) == 0 and join.table_name != q.model._meta.db_table:
            continue
        aliases[alias] = join.table_name
        table = {"alias": typed(alias), "table": typed(join.table_name)}
        if getattr(join, "parent_alias", None):
            table["from"] = typed(join.parent_alias)
            table["outer"] = "LEFT" in str(getattr(join, "join_type", "") or "")
            columns = getattr(join, "join_cols", None) or ()
            table["on"] = [[typed(c[0]), typed(c[1])] for c in columns]
        entry["tables"].append(table)
    entry["where"] = where(q.where, aliases, pk)
    for name in ("distinct", "combinator", "select_for_update", "low_mark"):
        if getattr(q, name, None):
            entry["where"] = {"unknown": name}
    return entry


def where(node, aliases, pk):
    if hasattr(node, "children"):
        items = [where(c, aliases, pk) for c in node.children]
        result = {"or" if node.connector == "OR" else "and": items}
        if node.connector not in ("OR", "AND"):
            result = {"unknown": str(node.connector)}
        return {"not": result} if node.negated else result
    name = getattr(node, "lookup_name", None)
    lhs, rhs = getattr(node, "lhs", None), getattr(node, "rhs", None)
    functions = []
    while lhs is not None and not hasattr(lhs, "target"):
        expressions = lhs.get_source_expressions() if hasattr(lhs, "get_source_expressions") else []
        functions.append(type(lhs).__name__)
        if len(expressions) != 1 or len(functions) > 5:
            lhs = None
            break
        lhs = expressions[0]
    if name is None or lhs is None:
        return {"unknown": dotted(type(node))}
    entry = {"table": typed(aliases.get(lhs.alias, lhs.alias)), "column": typed(lhs.target.column), "lookup": str(name)}
    if functions:
        entry["functions"] = functions
    rhs_functions = []
    while hasattr(rhs, "get_source_expressions") and len(rhs_functions) < 5:
        expressions = rhs.get_source_expressions()
        if type(rhs).__name__ == "Value":
            rhs = rhs.value
            break
        if len(expressions) != 1:
            return {"unknown": dotted(type(rhs))}
        rhs_functions.append(type(rhs).__name__)
        rhs = expressions[0]
    if rhs_functions:
        entry["value_functions"] = rhs_functions
    if hasattr(rhs, "resolve_expression") or hasattr(rhs, "as_sql"):
        return {"unknown": dotted(type(rhs))}
    if rhs == pk and type(rhs) == type(pk) or isinstance(rhs, (bytes, text_type)) and rhs == str(pk):
        entry["asked"] = "pk"
    elif isinstance(rhs, (bytes, text_type)) and rhs.lower() == ASKED_NAME.lower():
        local, _, domain = ASKED_NAME.partition("@")
        entry["asked"] = "name"
        for how, text in (("lower", ASKED_NAME.lower()), ("upper", ASKED_NAME.upper()), ("lower_domain", local + "@" + domain.lower())):
            if rhs == text:
                entry["change"] = how
        if rhs != ASKED_NAME and "change" not in entry:
            return {"unknown": "a change of the name"}
    elif isinstance(rhs, datetime.datetime):
        now = datetime.datetime.now(rhs.tzinfo) if rhs.tzinfo is not None else datetime.datetime.now()
        if abs(now - rhs) > datetime.timedelta(seconds=60):
            return {"unknown": "a moment"}
        MOMENTS.append(rhs)
        entry["asked"] = "now"
    elif isinstance(rhs, datetime.date):
        return {"unknown": "a date"}
    else:
        entry["value"] = typed(rhs)
        if "$object" in json.dumps(entry["value"]):
            return {"unknown": dotted(type(rhs))}
    return entry


# ---- The hash that ties a session to a user -------------------------------------------------

class Watch(object):
    """Records the keys that are derived, and the HMACs that are made, while it is entered."""

    NAMES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "new")

    def __enter__(self):
        self.digests, self.macs, self.saved = [], [], {}
        self.by_function = {}
        for name in self.NAMES:
            original = getattr(hashlib, name)
            self.saved[name] = original
            self.by_function[id(original)] = name
            setattr(hashlib, name, self.hasher(name, original))
        self.new = hmac.new
        hmac.new = self.mac
        return self

    def __exit__(self, *args):
        for name, original in self.saved.items():
            setattr(hashlib, name, original)
        hmac.new = self.new

    def hasher(self, name, original):
        def watched(*args, **kwargs):
            h = original(*args, **kwargs)
            alg = name
            if name == "new":
                alg = str(args[0]).lower() if args else ""
                args = args[1:]
            if args and isinstance(args[0], bytes):
                self.digests.append((alg, args[0], h.digest()))
            return h
        watched.original, watched.algorithm = original, name
        return watched

    def mac(self, key, msg=None, digestmod=None):
        original, alg = digestmod, ""
        if hasattr(digestmod, "algorithm"):
            original, alg = digestmod.original, digestmod.algorithm
        elif isinstance(digestmod, (bytes, text_type)):
            alg = str(digestmod).lower()
        elif digestmod is None:
            original, alg = self.saved["md5"], "md5"
        else:
            alg = self.by_function.get(id(digestmod)) or str(getattr(digestmod, "__name__", "")).replace("openssl_", "")
        h = self.new(key, msg, original)
        self.macs.append((bytes(key), bytes(msg or b""), alg, h.copy().hexdigest()))
        return h

    def salts(self, all_secrets):
        """The key salts of salted_hmac, with their algorithms."""
        result = []
        for key, _, alg, _ in self.macs:
            for by, data, digest in self.digests:
                if digest != key:
                    continue
                for secret in all_secrets:
                    if data.endswith(secret):
                        pair = (data[:len(data) - len(secret)].decode("utf-8", "replace"), by)
                        if pair not in result:
                            result.append(pair)
                        break
        return result


def utc():
    from django.utils import timezone
    return getattr(timezone, "utc", None) or datetime.timezone.utc


MARKS = u"aZbYcXdWeVfUgThSiRjQkPlOmNnMoLpKqJrIsHtGuFvEwDxCyBzA0123456789"


def mark(round, number, alphabet, length):
    """A text for each field and round. In two rounds it differs at each place, so that no
    part of it looks like a constant."""
    text = u"".join(alphabet[(k * 7 + k * k // 3 + number * 5 + round * 2) % len(alphabet)] for k in range(length))
    return text[:-2] + u"%02d" % ((number + 37 * round) % 100)


def marked(U, round):
    """An unsaved user with a value of its own in each field."""
    from django.conf import settings
    user = U()
    values = {}
    for i, f in enumerate(U._meta.concrete_fields):
        kind = f.get_internal_type()
        name = f.attname
        if kind in ("CharField", "TextField", "EmailField", "SlugField", "URLField"):
            value = mark(round, i, MARKS, 200)
        elif kind == "UUIDField":
            value = uuid.UUID(mark(round, i, "0123456789abcdef", 32))
        elif kind in ("DateTimeField",):
            value = datetime.datetime(2000 + round, 1, 1 + i % 28, 3, 4, 5)
            if settings.USE_TZ:
                value = value.replace(tzinfo=utc())
        elif kind == "DateField":
            value = datetime.date(2000 + round, 1, 1 + i % 28)
        elif kind in ("BooleanField", "NullBooleanField"):
            value = True
        elif "Integer" in kind or "Auto" in kind or kind in ("ForeignKey", "OneToOneField"):
            value = int(mark(round, i, "123456789", 9 if not kind.startswith(("Small", "PositiveSmall")) else 4))
        else:
            continue
        user.__dict__[name] = value
        values[name] = value
    if hasattr(U, "_state"):
        user._state.adding = False
    return user, values


def auth_hash():
    U = user_model()
    entry = {"by": defining(U, "get_session_auth_hash")}
    if entry["by"] is None:
        entry["none"] = True
        return entry
    def unknown(why):
        entry["unknown"] = why
        return entry
    all_secrets = secrets()
    parts = None
    for round in (1, 2):
        user, values = marked(U, round)
        with Watch() as w:
            result = user.get_session_auth_hash()
        if isinstance(result, bytes) and PY2:
            result = result.decode("ascii")
        macs = [m for m in w.macs if m[3] == result]
        if not macs:
            entry["length"] = len(result) if isinstance(result, (bytes, text_type)) else 0
            return unknown("it is not the hexadecimal HMAC of one message")
        key, message, alg, _ = macs[-1]
        salt = None
        for by, data, digest in w.digests:
            if digest == key and data.endswith(all_secrets[0]):
                salt, salt_alg = data[:len(data) - len(all_secrets[0])], by
        if salt is None:
            return unknown("its key is not derived from SECRET_KEY")
        if salt_alg != alg:
            return unknown("its key and its message are hashed by two algorithms")
        now = split(message.decode("utf-8"), values)
        if parts is not None and (now != parts or salt != entry["salt"].encode("utf-8") or alg != entry["algorithm"]):
            return unknown("its message is not the same for each user")
        parts = now
        entry["salt"], entry["algorithm"] = salt.decode("utf-8"), alg
    # Each field is varied by itself: what is not in the message may not matter.
    user, values = marked(U, 1)
    first = user.get_session_auth_hash()
    if user.get_session_auth_hash() != first:
        return unknown("it differs from one call to the next")
    for name, value in values.items():
        user, _ = marked(U, 1)
        other = marked(U, 3)[1][name] if value is not True else False
        user.__dict__[name] = other
        changed = user.get_session_auth_hash() != first
        if changed != any(p.get("field") == name for p in parts):
            return unknown("the field %s goes into it in a way that does not show" % name)
    for p in parts:
        if p.get("field") and not isinstance(values[p["field"]], text_type):
            p["as"] = typed(type(values[p["field"]]).__name__)
    entry["message"] = parts
    return entry


def split(message, values):
    """The message as fields and texts."""
    texts = {}
    for name, value in values.items():
        if value is not True:
            texts[text_type(value)] = name
    parts, i = [], 0
    while i < len(message):
        best = ""
        for text in texts:
            if message.startswith(text, i) and len(text) > len(best):
                best = text
        if best:
            parts.append({"field": str(texts[best])})
            i += len(best)
        elif parts and "text" in parts[-1]:
            parts[-1]["text"] += message[i]
            i += 1
        else:
            parts.append({"text": message[i]})
            i += 1
    return parts


# ---- Examples ----------------------------------------------------------------------------------

class Vectors(list):
    def add(self, kind, make):
        name = kind
        def run():
            for item in make():
                item = dict(item, kind=kind)
                output = item["output"]
                if isinstance(output, bytes):
                    output = output.decode("ascii")
                item["output"] = plain(output)
                self.append(item)
        ask("vectors." + name, run)


DATA = {"probe": u"d\u00e9j\u00e0 vu \u5bc6\u7801 <&>", "n": 7, "big": 9007199254740993, "none": None, "yes": True, "list": [1, u"two", {"three": 3}]}
LONG = {"text": u"djsession " * 200, "n": 1}


def vectors(result):
    from django.conf import settings
    v = Vectors()

    def sessions():
        store = store_class()()
        for data in ({}, DATA, LONG):
            yield {"input": {"data": typed(data)}, "output": store.encode(data)}

    def signed_cookies():
        cls = store_class()
        if "django.contrib.sessions.backends.signed_cookies.SessionStore" not in [dotted(c) for c in cls.__mro__]:
            return
        for data in ({}, DATA, LONG):
            store = cls()
            store._session_cache = dict(data)
            yield {"input": {"data": typed(data)}, "output": store._get_session_key()}

    def expiries():
        cls = store_class()
        now = datetime.datetime(2026, 3, 4, 5, 6, 7)
        if settings.USE_TZ:
            now = now.replace(tzinfo=utc())
        for value in ("unset", 0, 90, -5):
            store = cls()
            store._session_cache = {} if value == "unset" else {"_session_expiry": value}
            yield {"input": {"expiry": None if value == "unset" else value, "what": "age"}, "output": str(store.get_expiry_age(modification=now))}
            yield {"input": {"expiry": None if value == "unset" else value, "what": "browser_close"}, "output": str(bool(store.get_expire_at_browser_close())).lower()}

    def session_files():
        cls = store_class()
        if not hasattr(cls, "_key_to_file"):
            return
        store = cls()
        key = "abcdefghijklmnopqrstuvwxyz012345"
        yield {"input": {"key": key}, "output": typed(store._key_to_file(key))}

    def session_cache_keys():
        cls = store_class()
        if getattr(cls, "cache_key_prefix", None) is None:
            return
        store = cls("abcdefghijklmnopqrstuvwxyz012345")
        yield {"input": {"key": "abcdefghijklmnopqrstuvwxyz012345"}, "output": typed(store.cache_key)}

    def cache_keys():
        for alias in settings.CACHES:
            def keys():
                found = []
                cache = cache_of(alias)
                for name, version in (("djsession", None), ("django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345", None), ("djsession", 3)):
                    make = cache.client.make_key if hasattr(getattr(cache, "client", None), "make_key") else cache.make_key
                    found.append({"input": {"alias": typed(alias), "name": name, "version": version}, "output": text_type(make(name, version=version))})
                return found
            for item in ask("vectors.cache_key." + str(alias), keys) or ():
                yield item

    def cache_files():
        for alias in settings.CACHES:
            cache = ask("vectors.cache_file." + str(alias), cache_of, alias)
            if hasattr(cache, "_key_to_file"):
                yield {"input": {"alias": typed(alias), "name": "djsession"}, "output": typed(cache._key_to_file("djsession"))}

    def cache_values():
        for alias in settings.CACHES:
            for data in ({"probe": 7, "list": [1, u"two", None, True]}, LONG):
                def value():
                    return stored(cache_of(alias), data)
                got = ask("vectors.cache_value." + str(alias), value)
                if got is not None:
                    item = {"input": {"alias": typed(alias), "value": typed(data), "flags": got[1]}, "output": base64.b16encode(got[0]).decode("ascii").lower()}
                    yield item

    def auth_hashes():
        U = user_model()
        if not hasattr(U, "get_session_auth_hash"):
            return
        for round in (4, 5):
            user, values = marked(U, round)
            fields = dict((str(k), typed(x)) for k, x in values.items())
            yield {"input": {"fields": fields}, "output": user.get_session_auth_hash()}

    def cookies():
        for name in OPTIONS.get("cookies") or ():
            from django.http import HttpResponse
            response = HttpResponse()
            response.set_signed_cookie(name, "djsession-probe")
            yield {"input": {"name": typed(name), "value": "djsession-probe"}, "output": response.cookies[name].value}

    def messages():
        if "django.contrib.messages" not in [str(a).split(".apps.")[0] for a in settings.INSTALLED_APPS]:
            return
        from django.contrib.messages.storage.base import Message
        from django.contrib.messages.storage.cookie import CookieStorage
        from django.test.client import RequestFactory
        storage = CookieStorage(RequestFactory().get("/"))
        found = [Message(20, u"d\u00e9j\u00e0 vu"), Message(40, u"two", extra_tags="x y")]
        output = storage._encode(found) if hasattr(storage, "_encode") else storage.encode(found)
        yield {"input": {"messages": [[20, u"d\u00e9j\u00e0 vu", ""], [40, u"two", u"x y"]]}, "output": output}

    def tokens():
        from django.middleware import csrf
        secret = "abcdefghijklmnopqrstuvwxyzABCDEF"
        make = getattr(csrf, "_mask_cipher_secret", None) or getattr(csrf, "_salt_cipher_secret", None)
        if make is None:
            return
        yield {"input": {"secret": secret}, "output": make(secret)}

    def passwords():
        from django.contrib.auth.hashers import make_password
        yield {"input": {"password": u"d\u00e9j\u00e0 vu"}, "output": make_password(u"d\u00e9j\u00e0 vu")}

    def ids():
        U = user_model()
        pk = U._meta.pk
        user, values = marked(U, 6)
        value = values.get(pk.attname)
        if value is None:
            return
        user.__dict__[pk.attname] = loaded(pk, value)
        yield {"input": {"value": typed(value)}, "output": text_type(pk.value_to_string(user))}

    for kind, make in (("session", sessions), ("session_cookie", signed_cookies), ("expiry", expiries), ("session_file", session_files),
            ("session_cache_key", session_cache_keys), ("cache_key", cache_keys), ("cache_file", cache_files), ("cache_value", cache_values),
            ("auth_hash", auth_hashes), ("signed_cookie", cookies), ("messages", messages), ("csrf_token", tokens), ("password", passwords), ("user_id", ids)):
        v.add(kind, make)
    result.extend(v)


def loaded(f, value):
    """The value of a field for that of its column."""
    from django.db import connection
    for field in (f, far(f))[:1 if far(f) is f else 2]:
        convert = getattr(field, "from_db_value", None)
        if convert is not None:
            try:
                value = convert(value, None, connection)
            except TypeError:  # before Django 2.0
                value = convert(value, None, connection, {})
    return value


def stored(cache, value):
    """The bytes that a cache would send, and their flags, or None if only a server tells."""
    names = [dotted(c) for c in type(cache).__mro__]
    if "django.core.cache.backends.redis.RedisCache" in names:
        return number_or_bytes(cache._cache._serializer.dumps(value)), None
    if hasattr(getattr(cache, "client", None), "encode"):
        return number_or_bytes(cache.client.encode(value)), None
    if "django.core.cache.backends.filebased.FileBasedCache" in names and hasattr(cache, "_write_content"):
        f = io.BytesIO()
        cache._write_content(f, 300, value)
        return f.getvalue(), None
    if "django.core.cache.backends.memcached.PyMemcacheCache" in names:
        serde = cache._options.get("serde")
        if serde is not None:
            data, flags = serde.serialize(b"djsession", value)
            return number_or_bytes(data), flags
    return None


def number_or_bytes(value):
    if isinstance(value, int_types):
        return str(value).encode("ascii")
    if isinstance(value, text_type):
        return value.encode("utf-8")
    return bytes(value)


# ---- Keys --------------------------------------------------------------------------------------

def keys(salts):
    """The keys that Go needs, derived from SECRET_KEY and its fallbacks. Nobody can compute
    SECRET_KEY from them."""
    all_secrets = secrets()
    result = {"derived": []}
    for salt, alg in salts:
        found = [hashlib.new(alg, salt.encode("utf-8") + secret).hexdigest() for secret in all_secrets]
        result["derived"].append({"key_salt": typed(salt), "algorithm": alg, "keys": found})
    if OPTIONS.get("secret_key"):
        from django.conf import settings
        result["SECRET_KEY"] = typed(settings.SECRET_KEY)
        result["SECRET_KEY_FALLBACKS"] = [typed(s) for s in getattr(settings, "SECRET_KEY_FALLBACKS", None) or ()]
    return result


AUTH_SALT = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"


def key_salts(profile):
    """Which keys Go needs: those of Django, and what the site's own code was seen to use."""
    import django
    old = django.VERSION < (4, 0)
    algorithms = ("sha256", "sha1") if old else ("sha256",)
    result = []

    def add(salt, alg):
        if (salt, alg) not in result:
            result.append((salt, alg))

    entry = profile.get("session") or {}
    salt = entry.get("key_salt") or "django.contrib.sessions." + (entry.get("name") or "SessionStore")
    for alg in algorithms:
        add(salt + "signer", alg)
        add("django.contrib.sessions.backends.signed_cookies" + "signer", alg)
        add(AUTH_SALT, alg)
    if old:
        add("django.contrib.sessions" + (entry.get("name") or "SessionStore").split(".")[-1], "sha1")
        add("django.contrib.messages", "sha1")
    for alg in algorithms:
        add("django.contrib.messages" + "signer" + "django.http.cookies", alg)
    for name in OPTIONS.get("cookies") or ():
        for alg in algorithms:
            add("django.http.cookies.v2:0:" + name + "signer" + "django.http.cookies", alg)
            add(name + "signer" + "django.http.cookies", alg)
    own = profile.get("auth_hash") or {}
    if own.get("salt"):
        add(own["salt"], own["algorithm"])
    for salt, alg in SEEN:
        if alg in ("sha1", "sha256"):
            add(salt, alg)
    return result


# ---- All ---------------------------------------------------------------------------------------

def setup():
    import django
    from django.apps import apps
    if not apps.ready:
        django.setup()


def module_name():
    from django.conf import settings
    return typed(getattr(settings, "SETTINGS_MODULE", None) or os.environ.get("DJANGO_SETTINGS_MODULE") or "")


def document():
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())
    profile = {"djsession-profile": 1, "made": datetime.datetime.utcnow().replace(microsecond=0).isoformat() + "Z"}
    profile["vectors"] = []
    ask("apps", setup)
    fence()
    ask("database", fence_database)
    profile["module"] = ask("module", module_name) or ""
    profile["versions"] = ask("versions", versions)
    if profile["versions"]:
        profile["versions"]["apps"] = ask("versions.apps", top_packages) or {}
    profile["server"] = ask("server", server)
    profile["settings"] = ask("settings", read_settings)
    profile["ancestry"] = ask("ancestry", ancestries)
    profile["databases"] = ask("databases", databases)
    profile["caches"] = ask("caches", caches)
    profile["session"] = ask("session", session)
    profile["users"] = ask("users", users)
    profile["auth_hash"] = ask("auth_hash", auth_hash) or {"unknown": "it could not be watched"}
    with Watch() as w:
        ask("vectors", vectors, profile["vectors"])
    SEEN.extend(ask("keys.seen", lambda: w.salts(secrets())) or [])
    profile["keys"] = ask("keys", lambda: keys(key_salts(profile)))
    profile["missing"] = MISSING
    return profile


def main():
    import warnings
    warnings.simplefilter("ignore")
    with Quiet() as out:
        try:
            profile = document()
        finally:
            unfence()
        out.write("\n" + BEGIN + "\n" + json.dumps(profile, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False) + "\n" + END + "\n")


main()
'''
exec(compile(PROBE, 'probe', 'exec'), {'__name__': '__main__'})
