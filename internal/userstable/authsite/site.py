"""A Django site on a database that it is given, with one of some user models.

    site.py ENGINE MODEL ZONE [NAME=VALUE...]

ENGINE is sqlite3, postgresql or mysql; MODEL is AUTH_USER_MODEL, auth.User or one of those below; ZONE is "-" for USE_TZ=True,
else TIME_ZONE of a site with USE_TZ=False; NAME=VALUE are those of DATABASES.

It makes the tables, fills them with users, groups and permissions, and prints what Django says of each user, as a list in one line
of JSON. Then, for every empty line that it reads, it prints such a list again. For a line with two lists, of ids and of names, it
prints two lists of the ids of the users that they find, null for none.
"""
import datetime
import json
import random
import sys
import types
import uuid

import django
from django.apps import AppConfig
from django.conf import settings

engine, model, zone, *args = sys.argv[1:]
if engine == "mysql":
    import pymysql

    pymysql.version_info = (2, 2, 8, "final", 0)
    pymysql.install_as_MySQLdb()

accounts = types.ModuleType("accounts")
accounts.__path__ = []
accounts.Accounts = type("Accounts", (AppConfig,), {"name": "accounts", "label": "accounts", "path": "."})
sys.modules["accounts"] = accounts
settings.configure(
    DATABASES={"default": dict((a.split("=", 1) for a in args), ENGINE="django.db.backends." + engine)},
    INSTALLED_APPS=["django.contrib.contenttypes", "accounts.Accounts", "django.contrib.auth"],
    AUTH_USER_MODEL=model,
    SECRET_KEY="dbusers-test",
    USE_TZ=zone == "-",
    TIME_ZONE="UTC" if zone == "-" else zone,
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)


def import_models(self):
    AppConfig.import_models(self)
    from django.contrib.auth import models as auth
    from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
    from django.db import models

    class Manager(BaseUserManager):
        pass

    def of(app_label="accounts", **options):
        return type("Meta", (), dict(options, app_label=app_label))

    if model == "accounts.Member":  # a UUID for its key

        class Member(auth.AbstractUser):
            __module__ = "accounts"
            id = models.UUIDField(primary_key=True)
            Meta = of()

    elif model == "accounts.Person":  # logs in by e-mail; no is_active, no is_staff, no names

        class Person(AbstractBaseUser, auth.PermissionsMixin):
            __module__ = "accounts"
            email = models.EmailField(unique=True)
            objects = Manager()
            USERNAME_FIELD = "email"
            Meta = of()

    elif model == "accounts.Bare":  # no permissions; a text for its key, and no last_login

        class Bare(AbstractBaseUser):
            __module__ = "accounts"
            code = models.CharField(max_length=40, primary_key=True)
            login = models.CharField(max_length=60, unique=True)
            last_login = None
            is_active = models.BooleanField(default=True)
            objects = Manager()
            USERNAME_FIELD = "login"
            Meta = of()

    elif model == "accounts.Client":  # a table, columns and a key of its own

        class Client(auth.AbstractUser):
            __module__ = "accounts"
            code = models.CharField(max_length=40, primary_key=True)
            username = models.CharField(max_length=150, unique=True, db_column="Login Name")
            tenant = models.IntegerField(default=0)
            note = models.TextField(default="")
            Meta = of(db_table="Kunden")


accounts.Accounts.import_models = import_models
django.setup()

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection

call_command("migrate", verbosity=0)
User = get_user_model()
if model != "auth.User":
    with connection.schema_editor() as editor:
        editor.create_model(User)
    create_permissions(apps.get_app_config("accounts"), verbosity=0)

rnd = random.Random(model)
fields = {f.name for f in User._meta.concrete_fields}
permissions = list(Permission.objects.order_by("content_type__app_label", "codename"))
groups = [Group.objects.create(name=name) for name in ("Editors", "éditeurs", "Nobody's", "A, B & C")]
for group in groups[:-1]:
    group.permissions.set(rnd.sample(permissions, rnd.randint(0, 8)))


def moment(days):
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, rnd.choice([0, 678901, 120000])) + datetime.timedelta(days=days)
    return at.replace(tzinfo=datetime.timezone.utc) if settings.USE_TZ else at


for n in range(12):
    key = {"UUIDField": uuid.UUID(int=rnd.getrandbits(128), version=4), "CharField": "Käy '%d'" % n}
    values = {
        "pk": key.get(User._meta.pk.get_internal_type(), 100 + n * n),
        User.USERNAME_FIELD: "Person.%d@example.com" % n,
        "password": make_password("secret %d" % n) if n != 3 else make_password(None),
        "email": "Person.%d@example.com" % n,
        "first_name": "Zoë", "last_name": "O'Neill %d" % n,
        "is_active": n % 4 != 1, "is_staff": n % 3 == 0, "is_superuser": n % 5 == 2,
        "last_login": None if n % 3 == 2 else moment(n),
        "date_joined": moment(-n),
        "tenant": n, "note": "Notiz – %d" % n,
    }
    user = User(**{k: v for k, v in values.items() if k in fields or k == "pk"})
    user.save(force_insert=True)
    if hasattr(User, "groups"):
        user.user_permissions.set(rnd.sample(permissions, rnd.randint(0, 6)))
        user.groups.set(rnd.sample(groups, rnd.randint(0, 3)))


def shown(at):
    if at is None:
        return None
    if not settings.USE_TZ:
        from django.utils.timezone import make_aware

        at = make_aware(at)
    return at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def granted(user):
    if not hasattr(User, "groups"):
        return []
    if user.is_active and not user.is_superuser:
        return sorted(user.get_all_permissions())
    # Of others Django does not say what was given to them.
    rows = Permission.objects.filter(user=user) | Permission.objects.filter(group__user=user)
    return sorted({"%s.%s" % (p.content_type.app_label, p.codename) for p in rows})


def look():
    people = []
    for user in User.objects.order_by("pk"):
        people.append({
            "id": user._meta.pk.value_to_string(user), "name": user.get_username(), "password": user.password,
            "active": user.is_active, "staff": getattr(user, "is_staff", False), "superuser": getattr(user, "is_superuser", False),
            "email": getattr(user, "email", ""), "first": getattr(user, "first_name", ""), "last": getattr(user, "last_name", ""),
            "login": shown(user.last_login), "joined": shown(getattr(user, "date_joined", None)),
            "tenant": getattr(user, "tenant", None), "note": getattr(user, "note", None),
            "permissions": granted(user), "groups": sorted(g.name for g in user.groups.all()) if hasattr(User, "groups") else [],
            "new": user.check_password("new secret"),
        })
    print(json.dumps(people), flush=True)


def find(get, what):
    try:
        return User._meta.pk.value_to_string(get(what))
    except Exception:  # DoesNotExist, and what a wrong value makes of itself
        return None


look()
for line in sys.stdin:
    connection.close()
    if line.strip():
        ids, names = json.loads(line)
        print(json.dumps([[find(lambda i: User.objects.get(pk=i), i) for i in ids], [find(User.objects.get_by_natural_key, n) for n in names]]), flush=True)
    else:
        look()
