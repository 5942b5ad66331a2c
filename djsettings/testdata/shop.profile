-----BEGIN DJSESSION PROFILE-----
{
 "ancestry": {
  "accounts.User": {
   "class": "accounts.models.User",
   "kind": "user",
   "methods": {
    "__init__": "django.db.models.base.Model",
    "_get_session_auth_hash": "django.contrib.auth.base_user.AbstractBaseUser",
    "check_password": "django.contrib.auth.base_user.AbstractBaseUser",
    "delete": "django.db.models.base.Model",
    "from_db": "django.db.models.base.Model",
    "get_all_permissions": "django.contrib.auth.models.PermissionsMixin",
    "get_group_permissions": "django.contrib.auth.models.PermissionsMixin",
    "get_session_auth_fallback_hash": "django.contrib.auth.base_user.AbstractBaseUser",
    "get_session_auth_hash": "accounts.models.User",
    "get_user_permissions": "django.contrib.auth.models.PermissionsMixin",
    "get_username": "django.contrib.auth.base_user.AbstractBaseUser",
    "has_module_perms": "django.contrib.auth.models.PermissionsMixin",
    "has_perm": "django.contrib.auth.models.PermissionsMixin",
    "has_perms": "django.contrib.auth.models.PermissionsMixin",
    "has_usable_password": "django.contrib.auth.base_user.AbstractBaseUser",
    "is_active": "accounts.models.User",
    "is_anonymous": "django.contrib.auth.base_user.AbstractBaseUser",
    "is_authenticated": "django.contrib.auth.base_user.AbstractBaseUser",
    "is_staff": "accounts.models.User",
    "is_superuser": "accounts.models.User",
    "natural_key": "django.contrib.auth.base_user.AbstractBaseUser",
    "pk": "django.db.models.base.Model",
    "refresh_from_db": "django.db.models.base.Model",
    "save": "django.contrib.auth.base_user.AbstractBaseUser",
    "set_password": "django.contrib.auth.base_user.AbstractBaseUser"
   },
   "names": [
    "accounts.models.User",
    "django.contrib.auth.base_user.AbstractBaseUser",
    "django.contrib.auth.models.PermissionsMixin",
    "django.db.models.base.Model",
    "django.db.models.utils.AltersData"
   ],
   "own": [
    "USERNAME_FIELD",
    "deleted",
    "email",
    "get_session_auth_hash",
    "get_status_display",
    "groups",
    "id",
    "is_active",
    "is_admin",
    "is_staff",
    "is_superuser",
    "last_login",
    "objects",
    "password",
    "status",
    "token",
    "user_permissions"
   ]
  },
  "accounts.backends.EmailBackend": {
   "class": "accounts.backends.EmailBackend",
   "kind": "backend",
   "methods": {
    "_get_permissions": "django.contrib.auth.backends.ModelBackend",
    "authenticate": "accounts.backends.EmailBackend",
    "get_all_permissions": "django.contrib.auth.backends.ModelBackend",
    "get_group_permissions": "django.contrib.auth.backends.ModelBackend",
    "get_user": "django.contrib.auth.backends.ModelBackend",
    "get_user_permissions": "django.contrib.auth.backends.ModelBackend",
    "has_module_perms": "django.contrib.auth.backends.ModelBackend",
    "has_perm": "django.contrib.auth.backends.ModelBackend",
    "user_can_authenticate": "django.contrib.auth.backends.ModelBackend",
    "with_perm": "django.contrib.auth.backends.ModelBackend"
   },
   "names": [
    "accounts.backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
    "django.contrib.auth.backends.BaseBackend"
   ],
   "own": [
    "authenticate"
   ]
  },
  "accounts.middleware.Csrf": {
   "class": "accounts.middleware.Csrf",
   "kind": "middleware",
   "methods": {
    "__acall__": "django.utils.deprecation.MiddlewareMixin",
    "__call__": "django.utils.deprecation.MiddlewareMixin",
    "__init__": "django.utils.deprecation.MiddlewareMixin",
    "_accept": "django.middleware.csrf.CsrfViewMiddleware",
    "_check_referer": "django.middleware.csrf.CsrfViewMiddleware",
    "_check_token": "django.middleware.csrf.CsrfViewMiddleware",
    "_get_secret": "django.middleware.csrf.CsrfViewMiddleware",
    "_origin_verified": "django.middleware.csrf.CsrfViewMiddleware",
    "_reject": "django.middleware.csrf.CsrfViewMiddleware",
    "_set_csrf_cookie": "django.middleware.csrf.CsrfViewMiddleware",
    "process_request": "django.middleware.csrf.CsrfViewMiddleware",
    "process_response": "django.middleware.csrf.CsrfViewMiddleware",
    "process_view": "django.middleware.csrf.CsrfViewMiddleware"
   },
   "names": [
    "accounts.middleware.Csrf",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.utils.deprecation.MiddlewareMixin"
   ],
   "own": []
  },
  "accounts.middleware.seen": {
   "class": "accounts.middleware.seen",
   "function": true,
   "kind": "middleware"
  },
  "accounts.models.User": {
   "class": "accounts.models.User",
   "kind": "user",
   "methods": {
    "__init__": "django.db.models.base.Model",
    "_get_session_auth_hash": "django.contrib.auth.base_user.AbstractBaseUser",
    "check_password": "django.contrib.auth.base_user.AbstractBaseUser",
    "delete": "django.db.models.base.Model",
    "from_db": "django.db.models.base.Model",
    "get_all_permissions": "django.contrib.auth.models.PermissionsMixin",
    "get_group_permissions": "django.contrib.auth.models.PermissionsMixin",
    "get_session_auth_fallback_hash": "django.contrib.auth.base_user.AbstractBaseUser",
    "get_session_auth_hash": "accounts.models.User",
    "get_user_permissions": "django.contrib.auth.models.PermissionsMixin",
    "get_username": "django.contrib.auth.base_user.AbstractBaseUser",
    "has_module_perms": "django.contrib.auth.models.PermissionsMixin",
    "has_perm": "django.contrib.auth.models.PermissionsMixin",
    "has_perms": "django.contrib.auth.models.PermissionsMixin",
    "has_usable_password": "django.contrib.auth.base_user.AbstractBaseUser",
    "is_active": "accounts.models.User",
    "is_anonymous": "django.contrib.auth.base_user.AbstractBaseUser",
    "is_authenticated": "django.contrib.auth.base_user.AbstractBaseUser",
    "is_staff": "accounts.models.User",
    "is_superuser": "accounts.models.User",
    "natural_key": "django.contrib.auth.base_user.AbstractBaseUser",
    "pk": "django.db.models.base.Model",
    "refresh_from_db": "django.db.models.base.Model",
    "save": "django.contrib.auth.base_user.AbstractBaseUser",
    "set_password": "django.contrib.auth.base_user.AbstractBaseUser"
   },
   "names": [
    "accounts.models.User",
    "django.contrib.auth.base_user.AbstractBaseUser",
    "django.contrib.auth.models.PermissionsMixin",
    "django.db.models.base.Model",
    "django.db.models.utils.AltersData"
   ],
   "own": [
    "USERNAME_FIELD",
    "deleted",
    "email",
    "get_session_auth_hash",
    "get_status_display",
    "groups",
    "id",
    "is_active",
    "is_admin",
    "is_staff",
    "is_superuser",
    "last_login",
    "objects",
    "password",
    "status",
    "token",
    "user_permissions"
   ]
  },
  "accounts.models.Users": {
   "class": "accounts.models.Users",
   "kind": "manager",
   "methods": {
    "__init__": "django.db.models.manager.BaseManager",
    "_queryset_class": "django.db.models.manager.BaseManagerFromQuerySet",
    "filter": "django.db.models.manager.BaseManagerFromQuerySet",
    "get": "django.db.models.manager.BaseManagerFromQuerySet",
    "get_by_natural_key": "accounts.models.Users",
    "get_queryset": "accounts.models.Users",
    "normalize_email": "django.contrib.auth.base_user.BaseUserManager"
   },
   "names": [
    "accounts.models.Users",
    "django.contrib.auth.base_user.BaseUserManager",
    "django.db.models.manager.Manager",
    "django.db.models.manager.BaseManagerFromQuerySet",
    "django.db.models.manager.BaseManager"
   ],
   "own": [
    "get_by_natural_key",
    "get_queryset"
   ]
  },
  "django.contrib.auth.backends.ModelBackend": {
   "class": "django.contrib.auth.backends.ModelBackend",
   "kind": "backend",
   "methods": {
    "_get_permissions": "django.contrib.auth.backends.ModelBackend",
    "authenticate": "django.contrib.auth.backends.ModelBackend",
    "get_all_permissions": "django.contrib.auth.backends.ModelBackend",
    "get_group_permissions": "django.contrib.auth.backends.ModelBackend",
    "get_user": "django.contrib.auth.backends.ModelBackend",
    "get_user_permissions": "django.contrib.auth.backends.ModelBackend",
    "has_module_perms": "django.contrib.auth.backends.ModelBackend",
    "has_perm": "django.contrib.auth.backends.ModelBackend",
    "user_can_authenticate": "django.contrib.auth.backends.ModelBackend",
    "with_perm": "django.contrib.auth.backends.ModelBackend"
   },
   "names": [
    "django.contrib.auth.backends.ModelBackend",
    "django.contrib.auth.backends.BaseBackend"
   ],
   "own": []
  },
  "django.contrib.auth.hashers.MD5PasswordHasher": {
   "class": "django.contrib.auth.hashers.MD5PasswordHasher",
   "kind": "hasher",
   "methods": {
    "algorithm": "django.contrib.auth.hashers.MD5PasswordHasher",
    "decode": "django.contrib.auth.hashers.MD5PasswordHasher",
    "encode": "django.contrib.auth.hashers.MD5PasswordHasher",
    "harden_runtime": "django.contrib.auth.hashers.MD5PasswordHasher",
    "library": "django.contrib.auth.hashers.BasePasswordHasher",
    "must_update": "django.contrib.auth.hashers.MD5PasswordHasher",
    "salt": "django.contrib.auth.hashers.BasePasswordHasher",
    "verify": "django.contrib.auth.hashers.MD5PasswordHasher"
   },
   "names": [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.BasePasswordHasher"
   ],
   "own": []
  },
  "django.contrib.auth.hashers.PBKDF2PasswordHasher": {
   "class": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
   "kind": "hasher",
   "methods": {
    "algorithm": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "decode": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "digest": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "encode": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "harden_runtime": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "iterations": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "library": "django.contrib.auth.hashers.BasePasswordHasher",
    "must_update": "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "salt": "django.contrib.auth.hashers.BasePasswordHasher",
    "verify": "django.contrib.auth.hashers.PBKDF2PasswordHasher"
   },
   "names": [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.BasePasswordHasher"
   ],
   "own": []
  },
  "django.contrib.auth.middleware.AuthenticationMiddleware": {
   "class": "django.contrib.auth.middleware.AuthenticationMiddleware",
   "kind": "middleware",
   "methods": {
    "__acall__": "django.utils.deprecation.MiddlewareMixin",
    "__call__": "django.utils.deprecation.MiddlewareMixin",
    "__init__": "django.utils.deprecation.MiddlewareMixin",
    "process_request": "django.contrib.auth.middleware.AuthenticationMiddleware"
   },
   "names": [
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.utils.deprecation.MiddlewareMixin"
   ],
   "own": []
  },
  "django.contrib.messages.middleware.MessageMiddleware": {
   "class": "django.contrib.messages.middleware.MessageMiddleware",
   "kind": "middleware",
   "methods": {
    "__acall__": "django.utils.deprecation.MiddlewareMixin",
    "__call__": "django.utils.deprecation.MiddlewareMixin",
    "__init__": "django.utils.deprecation.MiddlewareMixin",
    "process_request": "django.contrib.messages.middleware.MessageMiddleware",
    "process_response": "django.contrib.messages.middleware.MessageMiddleware"
   },
   "names": [
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.utils.deprecation.MiddlewareMixin"
   ],
   "own": []
  },
  "django.contrib.messages.storage.fallback.FallbackStorage": {
   "class": "django.contrib.messages.storage.fallback.FallbackStorage",
   "kind": "messages",
   "methods": {
    "_get": "django.contrib.messages.storage.fallback.FallbackStorage",
    "_prepare_messages": "django.contrib.messages.storage.base.BaseStorage",
    "_store": "django.contrib.messages.storage.fallback.FallbackStorage",
    "add": "django.contrib.messages.storage.base.BaseStorage",
    "storage_classes": "django.contrib.messages.storage.fallback.FallbackStorage",
    "update": "django.contrib.messages.storage.base.BaseStorage"
   },
   "names": [
    "django.contrib.messages.storage.fallback.FallbackStorage",
    "django.contrib.messages.storage.base.BaseStorage"
   ],
   "own": []
  },
  "django.contrib.sessions.backends.cached_db": {
   "class": "django.contrib.sessions.backends.cached_db.SessionStore",
   "kind": "store",
   "methods": {
    "__init__": "django.contrib.sessions.backends.cached_db.SessionStore",
    "_get_new_session_key": "django.contrib.sessions.backends.base.SessionBase",
    "_get_session": "django.contrib.sessions.backends.base.SessionBase",
    "_validate_session_key": "django.contrib.sessions.backends.base.SessionBase",
    "cache_key": "django.contrib.sessions.backends.cached_db.SessionStore",
    "cache_key_prefix": "django.contrib.sessions.backends.cached_db.SessionStore",
    "clear_expired": "django.contrib.sessions.backends.db.SessionStore",
    "create": "django.contrib.sessions.backends.db.SessionStore",
    "create_model_instance": "django.contrib.sessions.backends.db.SessionStore",
    "cycle_key": "django.contrib.sessions.backends.base.SessionBase",
    "decode": "django.contrib.sessions.backends.base.SessionBase",
    "delete": "django.contrib.sessions.backends.cached_db.SessionStore",
    "encode": "django.contrib.sessions.backends.base.SessionBase",
    "exists": "django.contrib.sessions.backends.cached_db.SessionStore",
    "flush": "django.contrib.sessions.backends.cached_db.SessionStore",
    "get_expire_at_browser_close": "django.contrib.sessions.backends.base.SessionBase",
    "get_expiry_age": "django.contrib.sessions.backends.base.SessionBase",
    "get_expiry_date": "django.contrib.sessions.backends.base.SessionBase",
    "get_model_class": "django.contrib.sessions.backends.db.SessionStore",
    "get_session_cookie_age": "django.contrib.sessions.backends.base.SessionBase",
    "has_key": "django.contrib.sessions.backends.base.SessionBase",
    "is_empty": "django.contrib.sessions.backends.base.SessionBase",
    "key_salt": "django.contrib.sessions.backends.base.SessionBase",
    "load": "django.contrib.sessions.backends.cached_db.SessionStore",
    "model": "django.contrib.sessions.backends.db.SessionStore",
    "save": "django.contrib.sessions.backends.cached_db.SessionStore",
    "set_expiry": "django.contrib.sessions.backends.base.SessionBase"
   },
   "names": [
    "django.contrib.sessions.backends.cached_db.SessionStore",
    "django.contrib.sessions.backends.db.SessionStore",
    "django.contrib.sessions.backends.base.SessionBase"
   ],
   "own": []
  },
  "django.contrib.sessions.middleware.SessionMiddleware": {
   "class": "django.contrib.sessions.middleware.SessionMiddleware",
   "kind": "middleware",
   "methods": {
    "__acall__": "django.utils.deprecation.MiddlewareMixin",
    "__call__": "django.utils.deprecation.MiddlewareMixin",
    "__init__": "django.contrib.sessions.middleware.SessionMiddleware",
    "process_request": "django.contrib.sessions.middleware.SessionMiddleware",
    "process_response": "django.contrib.sessions.middleware.SessionMiddleware"
   },
   "names": [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.utils.deprecation.MiddlewareMixin"
   ],
   "own": []
  },
  "django.contrib.sessions.models.Session": {
   "class": "django.contrib.sessions.models.Session",
   "kind": "session_model",
   "methods": {
    "__str__": "django.contrib.sessions.base_session.AbstractBaseSession",
    "delete": "django.db.models.base.Model",
    "expire_date": "django.contrib.sessions.models.Session",
    "get_decoded": "django.contrib.sessions.base_session.AbstractBaseSession",
    "get_session_store_class": "django.contrib.sessions.models.Session",
    "objects": "django.contrib.sessions.models.Session",
    "save": "django.db.models.base.Model",
    "session_data": "django.contrib.sessions.models.Session",
    "session_key": "django.contrib.sessions.models.Session"
   },
   "names": [
    "django.contrib.sessions.models.Session",
    "django.contrib.sessions.base_session.AbstractBaseSession",
    "django.db.models.base.Model",
    "django.db.models.utils.AltersData"
   ],
   "own": []
  },
  "django.contrib.sessions.models.SessionManager": {
   "class": "django.contrib.sessions.models.SessionManager",
   "kind": "session_manager",
   "methods": {
    "encode": "django.contrib.sessions.base_session.BaseSessionManager",
    "get_queryset": "django.db.models.manager.BaseManager",
    "save": "django.contrib.sessions.base_session.BaseSessionManager"
   },
   "names": [
    "django.contrib.sessions.models.SessionManager",
    "django.contrib.sessions.base_session.BaseSessionManager",
    "django.db.models.manager.Manager",
    "django.db.models.manager.BaseManagerFromQuerySet",
    "django.db.models.manager.BaseManager"
   ],
   "own": []
  },
  "django.contrib.sessions.serializers.JSONSerializer": {
   "class": "django.core.signing.JSONSerializer",
   "kind": "serializer",
   "methods": {
    "dumps": "django.core.signing.JSONSerializer",
    "loads": "django.core.signing.JSONSerializer"
   },
   "names": [
    "django.core.signing.JSONSerializer"
   ],
   "own": []
  },
  "django.core.cache.backends.filebased.FileBasedCache": {
   "class": "django.core.cache.backends.filebased.FileBasedCache",
   "kind": "cache",
   "methods": {
    "__init__": "django.core.cache.backends.filebased.FileBasedCache",
    "_is_expired": "django.core.cache.backends.filebased.FileBasedCache",
    "_key_to_file": "django.core.cache.backends.filebased.FileBasedCache",
    "_write_content": "django.core.cache.backends.filebased.FileBasedCache",
    "add": "django.core.cache.backends.filebased.FileBasedCache",
    "delete": "django.core.cache.backends.filebased.FileBasedCache",
    "get": "django.core.cache.backends.filebased.FileBasedCache",
    "get_backend_timeout": "django.core.cache.backends.base.BaseCache",
    "get_many": "django.core.cache.backends.base.BaseCache",
    "incr": "django.core.cache.backends.base.BaseCache",
    "make_and_validate_key": "django.core.cache.backends.base.BaseCache",
    "make_key": "django.core.cache.backends.base.BaseCache",
    "set": "django.core.cache.backends.filebased.FileBasedCache",
    "set_many": "django.core.cache.backends.base.BaseCache",
    "touch": "django.core.cache.backends.filebased.FileBasedCache",
    "validate_key": "django.core.cache.backends.base.BaseCache"
   },
   "names": [
    "django.core.cache.backends.filebased.FileBasedCache",
    "django.core.cache.backends.base.BaseCache"
   ],
   "own": []
  },
  "django.core.cache.backends.redis.RedisCache": {
   "class": "django.core.cache.backends.redis.RedisCache",
   "kind": "cache",
   "methods": {
    "__init__": "django.core.cache.backends.redis.RedisCache",
    "_cache": "django.core.cache.backends.redis.RedisCache",
    "add": "django.core.cache.backends.redis.RedisCache",
    "delete": "django.core.cache.backends.redis.RedisCache",
    "get": "django.core.cache.backends.redis.RedisCache",
    "get_backend_timeout": "django.core.cache.backends.redis.RedisCache",
    "get_many": "django.core.cache.backends.redis.RedisCache",
    "incr": "django.core.cache.backends.redis.RedisCache",
    "make_and_validate_key": "django.core.cache.backends.base.BaseCache",
    "make_key": "django.core.cache.backends.base.BaseCache",
    "set": "django.core.cache.backends.redis.RedisCache",
    "set_many": "django.core.cache.backends.redis.RedisCache",
    "touch": "django.core.cache.backends.redis.RedisCache",
    "validate_key": "django.core.cache.backends.base.BaseCache"
   },
   "names": [
    "django.core.cache.backends.redis.RedisCache",
    "django.core.cache.backends.base.BaseCache"
   ],
   "own": []
  },
  "django.core.cache.backends.redis.RedisCacheClient": {
   "class": "django.core.cache.backends.redis.RedisCacheClient",
   "kind": "client",
   "methods": {
    "add": "django.core.cache.backends.redis.RedisCacheClient",
    "delete": "django.core.cache.backends.redis.RedisCacheClient",
    "get": "django.core.cache.backends.redis.RedisCacheClient",
    "get_client": "django.core.cache.backends.redis.RedisCacheClient",
    "incr": "django.core.cache.backends.redis.RedisCacheClient",
    "set": "django.core.cache.backends.redis.RedisCacheClient",
    "touch": "django.core.cache.backends.redis.RedisCacheClient"
   },
   "names": [
    "django.core.cache.backends.redis.RedisCacheClient"
   ],
   "own": []
  },
  "django.db.backends.postgresql": {
   "class": "django.db.backends.postgresql.base.DatabaseWrapper",
   "kind": "database",
   "methods": {
    "_set_autocommit": "django.db.backends.postgresql.base.DatabaseWrapper",
    "create_cursor": "django.db.backends.postgresql.base.DatabaseWrapper",
    "ensure_timezone": "django.db.backends.postgresql.base.DatabaseWrapper",
    "get_connection_params": "django.db.backends.postgresql.base.DatabaseWrapper",
    "get_new_connection": "django.db.backends.postgresql.base.DatabaseWrapper",
    "init_connection_state": "django.db.backends.postgresql.base.DatabaseWrapper",
    "set_autocommit": "django.db.backends.base.base.BaseDatabaseWrapper"
   },
   "names": [
    "django.db.backends.postgresql.base.DatabaseWrapper",
    "django.db.backends.base.base.BaseDatabaseWrapper"
   ],
   "own": []
  },
  "django.db.backends.postgresql.operations.DatabaseOperations": {
   "class": "django.db.backends.postgresql.operations.DatabaseOperations",
   "kind": "operations",
   "methods": {
    "adapt_datetimefield_value": "django.db.backends.postgresql.operations.DatabaseOperations",
    "adapt_integerfield_value": "django.db.backends.postgresql.operations.DatabaseOperations",
    "get_db_converters": "django.db.backends.base.operations.BaseDatabaseOperations",
    "quote_name": "django.db.backends.postgresql.operations.DatabaseOperations"
   },
   "names": [
    "django.db.backends.postgresql.operations.DatabaseOperations",
    "django.db.backends.base.operations.BaseDatabaseOperations"
   ],
   "own": []
  },
  "django.db.models.manager.Manager": {
   "class": "django.db.models.manager.Manager",
   "kind": "manager",
   "methods": {
    "__init__": "django.db.models.manager.BaseManager",
    "_queryset_class": "django.db.models.manager.BaseManagerFromQuerySet",
    "filter": "django.db.models.manager.BaseManagerFromQuerySet",
    "get": "django.db.models.manager.BaseManagerFromQuerySet",
    "get_queryset": "django.db.models.manager.BaseManager"
   },
   "names": [
    "django.db.models.manager.Manager",
    "django.db.models.manager.BaseManagerFromQuerySet",
    "django.db.models.manager.BaseManager"
   ],
   "own": []
  },
  "django.db.models.query.QuerySet": {
   "class": "django.db.models.query.QuerySet",
   "kind": "queryset",
   "methods": {
    "_fetch_all": "django.db.models.query.QuerySet",
    "all": "django.db.models.query.QuerySet",
    "filter": "django.db.models.query.QuerySet",
    "get": "django.db.models.query.QuerySet",
    "iterator": "django.db.models.query.QuerySet"
   },
   "names": [
    "django.db.models.query.QuerySet",
    "django.db.models.utils.AltersData"
   ],
   "own": []
  }
 },
 "auth_hash": {
  "algorithm": "sha256",
  "by": "accounts.models.User",
  "message": [
   {
    "field": "password"
   },
   {
    "text": "|"
   },
   {
    "field": "email"
   },
   {
    "field": "token"
   }
  ],
  "salt": "accounts.hash"
 },
 "caches": {
  "default": {
   "class": "django.core.cache.backends.redis.RedisCache",
   "key_function": "django.core.cache.backends.base.default_key_func",
   "key_prefix": "shop",
   "names": [
    "django.core.cache.backends.redis.RedisCache",
    "django.core.cache.backends.base.BaseCache"
   ],
   "timeout": 300,
   "version": 1
  },
  "other": {
   "class": "django.core.cache.backends.filebased.FileBasedCache",
   "dir": "/var/cache/shop",
   "key_function": "django.core.cache.backends.base.default_key_func",
   "key_prefix": "",
   "names": [
    "django.core.cache.backends.filebased.FileBasedCache",
    "django.core.cache.backends.base.BaseCache"
   ],
   "timeout": null,
   "version": 1
  }
 },
 "databases": {
  "default": {
   "class": "django.db.backends.postgresql.base.DatabaseWrapper",
   "driver": {
    "implementation": "binary",
    "library": "libpq",
    "library_version": "180006",
    "module": "psycopg",
    "version": "3.3.9"
   },
   "engine": "django.db.backends.postgresql",
   "environment": {},
   "params": {
    "client_encoding": "UTF8",
    "dbname": "shop",
    "host": "127.0.0.1",
    "password": "example password",
    "prepare_threshold": null,
    "user": "shop"
   },
   "sets": {
    "atomic_requests": false,
    "autocommit": true,
    "timezone_name": "UTC"
   },
   "vendor": "postgresql"
  }
 },
 "djsession-profile": 1,
 "keys": {
  "derived": [
   {
    "algorithm": "sha256",
    "key_salt": "django.contrib.sessions.SessionStoresigner",
    "keys": [
     "c7d99c301e5b60d0ecb8752bdfa8e8e7d412ab004644aa518e0189a0a51b3d09",
     "643b5898841ee8acf9efc30cbc593a836ece015fb1bcff394da29cbf8ff21a14"
    ]
   },
   {
    "algorithm": "sha256",
    "key_salt": "django.contrib.sessions.backends.signed_cookiessigner",
    "keys": [
     "c113c296346d62971351cd5cea8f2d4191810be5595b3f412741eed4c6c5001b",
     "60d22119c0215b471701f6b3750fbcb74581ca2fe9e66520a6e95081c56bd9a5"
    ]
   },
   {
    "algorithm": "sha256",
    "key_salt": "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash",
    "keys": [
     "2987a19220d7138c313a0d28a2fd05faa215cc0d5e786a105cbce9fa50c1b4d2",
     "6deb1dbd01e0b9be6eb41d4c9222831c593c9f65b60fc646b1b624f1d01bcf3c"
    ]
   },
   {
    "algorithm": "sha256",
    "key_salt": "django.contrib.messagessignerdjango.http.cookies",
    "keys": [
     "45231b5f8000bbdf6ab28678c95bfe773dd6c98a0732df8c07b2d49f0ada9dcc",
     "456fe2f4cb08cc28c2a55574f031ff9981a653066d9d147b2484e99d0c989b60"
    ]
   },
   {
    "algorithm": "sha256",
    "key_salt": "accounts.hash",
    "keys": [
     "f640d65f22bf90eb50aad1641c8f19f576f07f63435409698b60f9161f79a836",
     "8218edd801f04ea718241a94897b14b7f6633d3230db88469fd986caf17a3cba"
    ]
   }
  ]
 },
 "made": "2026-11-29T22:58:13Z",
 "missing": [],
 "module": "shop.settings",
 "server": {
  "environment": {},
  "gunicorn_conf": false
 },
 "session": {
  "cache_key_prefix": "django.contrib.sessions.cached_db",
  "class": "django.contrib.sessions.backends.cached_db.SessionStore",
  "columns": {
   "expire_date": {
    "column": "expire_date",
    "kind": "DateTimeField"
   },
   "session_data": {
    "column": "session_data",
    "kind": "TextField"
   },
   "session_key": {
    "column": "session_key",
    "kind": "CharField"
   }
  },
  "cookies": [
   {
    "attributes": {
     "httponly": true,
     "max-age": 604800,
     "path": "/",
     "samesite": "Lax"
    },
    "by": "django.contrib.sessions.middleware.SessionMiddleware",
    "kind": "session",
    "name": "sessionid",
    "scheme": "http"
   },
   {
    "attributes": {
     "httponly": true,
     "max-age": 604800,
     "path": "/",
     "samesite": "Lax"
    },
    "by": "django.contrib.sessions.middleware.SessionMiddleware",
    "kind": "session",
    "name": "sessionid",
    "scheme": "https"
   },
   {
    "attributes": {
     "max-age": 31449600,
     "path": "/",
     "samesite": "Lax"
    },
    "by": "accounts.middleware.Csrf",
    "kind": "csrf",
    "name": "csrftoken",
    "scheme": "http"
   },
   {
    "attributes": {
     "max-age": 31449600,
     "path": "/",
     "samesite": "Lax"
    },
    "by": "accounts.middleware.Csrf",
    "kind": "csrf",
    "name": "csrftoken",
    "scheme": "https"
   }
  ],
  "database": {
   "read": "default",
   "write": "default"
  },
  "engine": "django.contrib.sessions.backends.cached_db",
  "key_salt": "django.contrib.sessions.SessionStore",
  "model": "django.contrib.sessions.models.Session",
  "name": "SessionStore",
  "names": [
   "django.contrib.sessions.backends.cached_db.SessionStore",
   "django.contrib.sessions.backends.db.SessionStore",
   "django.contrib.sessions.backends.base.SessionBase"
  ],
  "table": "django_session",
  "urls": {
   "LOGIN_REDIRECT_URL": "/accounts/profile/",
   "LOGIN_URL": "/in/"
  }
 },
 "settings": {
  "ALLOWED_HOSTS": [
   "shop.example"
  ],
  "APPEND_SLASH": true,
  "AUTHENTICATION_BACKENDS": [
   "accounts.backends.EmailBackend",
   "django.contrib.auth.backends.ModelBackend"
  ],
  "AUTH_USER_MODEL": "accounts.User",
  "CACHES": {
   "default": {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "KEY_PREFIX": "shop",
    "LOCATION": "redis://127.0.0.1:6379/1"
   },
   "other": {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
    "LOCATION": {
     "$path": "/var/cache/shop"
    },
    "TIMEOUT": null
   }
  },
  "CACHE_MIDDLEWARE_ALIAS": "default",
  "CACHE_MIDDLEWARE_SECONDS": 600,
  "CSRF_COOKIE_AGE": 31449600,
  "CSRF_COOKIE_DOMAIN": null,
  "CSRF_COOKIE_HTTPONLY": false,
  "CSRF_COOKIE_NAME": "csrftoken",
  "CSRF_COOKIE_PATH": "/",
  "CSRF_COOKIE_SAMESITE": "Lax",
  "CSRF_COOKIE_SECURE": false,
  "CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure",
  "CSRF_HEADER_NAME": "HTTP_X_CSRFTOKEN",
  "CSRF_TRUSTED_ORIGINS": [],
  "CSRF_USE_SESSIONS": false,
  "DATABASES": {
   "default": {
    "ATOMIC_REQUESTS": false,
    "AUTOCOMMIT": true,
    "CONN_HEALTH_CHECKS": false,
    "CONN_MAX_AGE": 0,
    "ENGINE": "django.db.backends.postgresql",
    "HOST": "127.0.0.1",
    "NAME": "shop",
    "OPTIONS": {},
    "PASSWORD": "example password",
    "PORT": "",
    "TEST": {
     "CHARSET": null,
     "COLLATION": null,
     "MIGRATE": true,
     "MIRROR": null,
     "NAME": null
    },
    "TIME_ZONE": null,
    "USER": "shop"
   }
  },
  "DATABASE_ROUTERS": [],
  "DATA_UPLOAD_MAX_MEMORY_SIZE": 2621440,
  "DATA_UPLOAD_MAX_NUMBER_FIELDS": 1000,
  "DATA_UPLOAD_MAX_NUMBER_FILES": 100,
  "DEBUG": false,
  "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
  "DEFAULT_CHARSET": "utf-8",
  "FORCE_SCRIPT_NAME": null,
  "INSTALLED_APPS": [
   "django.contrib.auth",
   "django.contrib.contenttypes",
   "django.contrib.sessions",
   "django.contrib.messages",
   "accounts"
  ],
  "LOGIN_REDIRECT_URL": "/accounts/profile/",
  "LOGIN_URL": "/in/",
  "LOGOUT_REDIRECT_URL": null,
  "MESSAGE_STORAGE": "django.contrib.messages.storage.fallback.FallbackStorage",
  "MIDDLEWARE": [
   "django.contrib.sessions.middleware.SessionMiddleware",
   "accounts.middleware.Csrf",
   "django.contrib.auth.middleware.AuthenticationMiddleware",
   "django.contrib.messages.middleware.MessageMiddleware",
   "accounts.middleware.seen"
  ],
  "PASSWORD_HASHERS": [
   "django.contrib.auth.hashers.MD5PasswordHasher",
   "django.contrib.auth.hashers.PBKDF2PasswordHasher"
  ],
  "PASSWORD_RESET_TIMEOUT": 259200,
  "ROOT_URLCONF": "shop.urls",
  "SECURE_PROXY_SSL_HEADER": null,
  "SECURE_SSL_REDIRECT": false,
  "SESSION_CACHE_ALIAS": "default",
  "SESSION_COOKIE_AGE": 604800,
  "SESSION_COOKIE_DOMAIN": null,
  "SESSION_COOKIE_HTTPONLY": true,
  "SESSION_COOKIE_NAME": "sessionid",
  "SESSION_COOKIE_PATH": "/",
  "SESSION_COOKIE_SAMESITE": "Lax",
  "SESSION_COOKIE_SECURE": false,
  "SESSION_ENGINE": "django.contrib.sessions.backends.cached_db",
  "SESSION_EXPIRE_AT_BROWSER_CLOSE": false,
  "SESSION_FILE_PATH": null,
  "SESSION_SAVE_EVERY_REQUEST": false,
  "SESSION_SERIALIZER": "django.contrib.sessions.serializers.JSONSerializer",
  "SIGNED_COOKIE_LEGACY_SALT_FALLBACK": true,
  "SIGNING_BACKEND": "django.core.signing.TimestampSigner",
  "TIME_ZONE": "America/Chicago",
  "USE_TZ": true,
  "USE_X_FORWARDED_HOST": false,
  "USE_X_FORWARDED_PORT": false,
  "WSGI_APPLICATION": null
 },
 "users": {
  "class": "accounts.models.User",
  "database": {
   "read": "default",
   "write": "default"
  },
  "email_field": "email",
  "fields": {
   "deleted": {
    "attribute": "deleted",
    "class": "django.db.models.fields.BooleanField",
    "column": "deleted",
    "kind": "BooleanField",
    "null": false,
    "table": "accounts_user"
   },
   "email": {
    "attribute": "email",
    "class": "django.db.models.fields.EmailField",
    "column": "mail",
    "kind": "CharField",
    "max_length": 254,
    "null": false,
    "table": "accounts_user"
   },
   "id": {
    "attribute": "id",
    "class": "django.db.models.fields.BigAutoField",
    "column": "id",
    "kind": "BigAutoField",
    "null": false,
    "table": "accounts_user"
   },
   "is_admin": {
    "attribute": "is_admin",
    "class": "django.db.models.fields.BooleanField",
    "column": "is_admin",
    "kind": "BooleanField",
    "null": false,
    "table": "accounts_user"
   },
   "is_superuser": {
    "attribute": "is_superuser",
    "class": "django.db.models.fields.BooleanField",
    "column": "is_superuser",
    "kind": "BooleanField",
    "null": false,
    "table": "accounts_user"
   },
   "last_login": {
    "attribute": "last_login",
    "class": "django.db.models.fields.DateTimeField",
    "column": "last_login",
    "kind": "DateTimeField",
    "null": true,
    "table": "accounts_user"
   },
   "password": {
    "attribute": "password",
    "class": "django.db.models.fields.CharField",
    "column": "password",
    "kind": "CharField",
    "max_length": 128,
    "null": false,
    "table": "accounts_user"
   },
   "status": {
    "attribute": "status",
    "choices": [
     "new",
     "ok",
     "banned"
    ],
    "class": "django.db.models.fields.CharField",
    "column": "status",
    "kind": "CharField",
    "max_length": 10,
    "null": false,
    "table": "accounts_user"
   },
   "token": {
    "attribute": "token",
    "class": "django.db.models.fields.CharField",
    "column": "token",
    "kind": "CharField",
    "max_length": 32,
    "null": false,
    "table": "accounts_user"
   }
  },
  "flags": {
   "is_active": {
    "answers": [
     {
      "answer": true,
      "values": [
       "new"
      ]
     },
     {
      "answer": true,
      "values": [
       "ok"
      ]
     },
     {
      "answer": false,
      "values": [
       "banned"
      ]
     }
    ],
    "by": "accounts.models.User",
    "is": "code",
    "reads": [
     "status"
    ]
   },
   "is_staff": {
    "answers": [
     {
      "answer": false,
      "values": [
       false
      ]
     },
     {
      "answer": true,
      "values": [
       true
      ]
     }
    ],
    "by": "accounts.models.User",
    "is": "code",
    "reads": [
     "is_admin"
    ]
   },
   "is_superuser": {
    "column": "is_superuser",
    "is": "column",
    "kind": "BooleanField",
    "table": "accounts_user"
   }
  },
  "imported": {
   "middleware": true,
   "urls": true
  },
  "links": [],
  "manager": {
   "base": "django.db.models.manager.Manager",
   "default": "accounts.models.Users"
  },
  "model": "accounts.User",
  "permissions": {
   "groups": {
    "other": "group_id",
    "table": "accounts_user_groups",
    "user": "user_id"
   },
   "user_permissions": {
    "other": "permission_id",
    "table": "accounts_user_user_permissions",
    "user": "user_id"
   }
  },
  "pk": {
   "attribute": "id",
   "class": "django.db.models.fields.BigAutoField",
   "column": "id",
   "kind": "BigAutoField",
   "name": "id",
   "null": false,
   "table": "accounts_user"
  },
  "queries": {
   "asked_name": "Djsession-Probe@Example.COM",
   "asked_pk": 1987654321,
   "authenticate": {
    "accounts.backends.EmailBackend": [
     {
      "params": [
       "djsession-probe@example.com"
      ],
      "sql": "SELECT \"accounts_user\".\"id\", \"accounts_user\".\"password\", \"accounts_user\".\"last_login\", \"accounts_user\".\"is_superuser\", \"accounts_user\".\"mail\", \"accounts_user\".\"status\", \"accounts_user\".\"is_admin\", \"accounts_user\".\"deleted\", \"accounts_user\".\"token\" FROM \"accounts_user\" WHERE (NOT \"accounts_user\".\"deleted\" AND \"accounts_user\".\"mail\" = %s) ORDER BY \"accounts_user\".\"id\" ASC LIMIT 1",
      "tables": [
       {
        "alias": "accounts_user",
        "table": "accounts_user"
       }
      ],
      "where": {
       "and": [
        {
         "column": "deleted",
         "lookup": "exact",
         "table": "accounts_user",
         "value": false
        },
        {
         "asked": "name",
         "change": "lower",
         "column": "mail",
         "lookup": "exact",
         "table": "accounts_user"
        }
       ]
      }
     }
    ],
    "django.contrib.auth.backends.ModelBackend": [
     {
      "params": [
       "Djsession-Probe@Example.COM"
      ],
      "sql": "SELECT \"accounts_user\".\"id\", \"accounts_user\".\"password\", \"accounts_user\".\"last_login\", \"accounts_user\".\"is_superuser\", \"accounts_user\".\"mail\", \"accounts_user\".\"status\", \"accounts_user\".\"is_admin\", \"accounts_user\".\"deleted\", \"accounts_user\".\"token\" FROM \"accounts_user\" WHERE (NOT \"accounts_user\".\"deleted\" AND UPPER(\"accounts_user\".\"mail\"::text) = UPPER(%s)) LIMIT 21",
      "tables": [
       {
        "alias": "accounts_user",
        "table": "accounts_user"
       }
      ],
      "where": {
       "and": [
        {
         "column": "deleted",
         "lookup": "exact",
         "table": "accounts_user",
         "value": false
        },
        {
         "asked": "name",
         "column": "mail",
         "lookup": "iexact",
         "table": "accounts_user"
        }
       ]
      }
     }
    ]
   },
   "by_name": [
    {
     "params": [
      "Djsession-Probe@Example.COM"
     ],
     "sql": "SELECT \"accounts_user\".\"id\", \"accounts_user\".\"password\", \"accounts_user\".\"last_login\", \"accounts_user\".\"is_superuser\", \"accounts_user\".\"mail\", \"accounts_user\".\"status\", \"accounts_user\".\"is_admin\", \"accounts_user\".\"deleted\", \"accounts_user\".\"token\" FROM \"accounts_user\" WHERE (NOT \"accounts_user\".\"deleted\" AND UPPER(\"accounts_user\".\"mail\"::text) = UPPER(%s)) LIMIT 21",
     "tables": [
      {
       "alias": "accounts_user",
       "table": "accounts_user"
      }
     ],
     "where": {
      "and": [
       {
        "column": "deleted",
        "lookup": "exact",
        "table": "accounts_user",
        "value": false
       },
       {
        "asked": "name",
        "column": "mail",
        "lookup": "iexact",
        "table": "accounts_user"
       }
      ]
     }
    }
   ],
   "by_pk": [
    {
     "params": [
      1987654321
     ],
     "sql": "SELECT \"accounts_user\".\"id\", \"accounts_user\".\"password\", \"accounts_user\".\"last_login\", \"accounts_user\".\"is_superuser\", \"accounts_user\".\"mail\", \"accounts_user\".\"status\", \"accounts_user\".\"is_admin\", \"accounts_user\".\"deleted\", \"accounts_user\".\"token\" FROM \"accounts_user\" WHERE (NOT \"accounts_user\".\"deleted\" AND \"accounts_user\".\"id\" = %s) LIMIT 21",
     "tables": [
      {
       "alias": "accounts_user",
       "table": "accounts_user"
      }
     ],
     "where": {
      "and": [
       {
        "column": "deleted",
        "lookup": "exact",
        "table": "accounts_user",
        "value": false
       },
       {
        "asked": "pk",
        "column": "id",
        "lookup": "exact",
        "table": "accounts_user"
       }
      ]
     }
    }
   ],
   "get_user": {
    "accounts.backends.EmailBackend": [
     {
      "params": [
       1987654321
      ],
      "sql": "SELECT \"accounts_user\".\"id\", \"accounts_user\".\"password\", \"accounts_user\".\"last_login\", \"accounts_user\".\"is_superuser\", \"accounts_user\".\"mail\", \"accounts_user\".\"status\", \"accounts_user\".\"is_admin\", \"accounts_user\".\"deleted\", \"accounts_user\".\"token\" FROM \"accounts_user\" WHERE (NOT \"accounts_user\".\"deleted\" AND \"accounts_user\".\"id\" = %s) LIMIT 21",
      "tables": [
       {
        "alias": "accounts_user",
        "table": "accounts_user"
       }
      ],
      "where": {
       "and": [
        {
         "column": "deleted",
         "lookup": "exact",
         "table": "accounts_user",
         "value": false
        },
        {
         "asked": "pk",
         "column": "id",
         "lookup": "exact",
         "table": "accounts_user"
        }
       ]
      }
     }
    ],
    "django.contrib.auth.backends.ModelBackend": [
     {
      "params": [
       1987654321
      ],
      "sql": "SELECT \"accounts_user\".\"id\", \"accounts_user\".\"password\", \"accounts_user\".\"last_login\", \"accounts_user\".\"is_superuser\", \"accounts_user\".\"mail\", \"accounts_user\".\"status\", \"accounts_user\".\"is_admin\", \"accounts_user\".\"deleted\", \"accounts_user\".\"token\" FROM \"accounts_user\" WHERE (NOT \"accounts_user\".\"deleted\" AND \"accounts_user\".\"id\" = %s) LIMIT 21",
      "tables": [
       {
        "alias": "accounts_user",
        "table": "accounts_user"
       }
      ],
      "where": {
       "and": [
        {
         "column": "deleted",
         "lookup": "exact",
         "table": "accounts_user",
         "value": false
        },
        {
         "asked": "pk",
         "column": "id",
         "lookup": "exact",
         "table": "accounts_user"
        }
       ]
      }
     }
    ]
   },
   "refresh": [
    {
     "params": [
      1987654321
     ],
     "sql": "SELECT \"accounts_user\".\"id\", \"accounts_user\".\"password\", \"accounts_user\".\"last_login\", \"accounts_user\".\"is_superuser\", \"accounts_user\".\"mail\", \"accounts_user\".\"status\", \"accounts_user\".\"is_admin\", \"accounts_user\".\"deleted\", \"accounts_user\".\"token\" FROM \"accounts_user\" WHERE \"accounts_user\".\"id\" = %s LIMIT 21",
     "tables": [
      {
       "alias": "accounts_user",
       "table": "accounts_user"
      }
     ],
     "where": {
      "and": [
       {
        "asked": "pk",
        "column": "id",
        "lookup": "exact",
        "table": "accounts_user"
       }
      ]
     }
    }
   ]
  },
  "receivers": {
   "user_logged_in": [
    "django.contrib.auth.models.update_last_login"
   ],
   "user_logged_out": [],
   "user_login_failed": []
  },
  "table": "accounts_user",
  "username_field": "email"
 },
 "vectors": [
  {
   "input": {
    "data": {}
   },
   "kind": "session",
   "output": "e30:1xXnqX:oIC2ATIHv_jtKGTkaKH16xg3sRJqsZ0_x6C7Uifk9mQ"
  },
  {
   "input": {
    "data": {
     "big": 9007199254740993,
     "list": [
      1,
      "two",
      {
       "three": 3
      }
     ],
     "n": 7,
     "none": null,
     "probe": "d\u00e9j\u00e0 vu \u5bc6\u7801 <&>",
     "yes": true
    }
   },
   "kind": "session",
   "output": ".eJwdjEEOwiAUBa9C3sIVi49txU-MFxE3KNEaQhvK15imd5e4msVMZsVcphDhcPdCFPn1B6m3KC9DuB282CMZddqdoZHhrEYYH3BMZA3zfuhtT8xdk1NuoywpaXzjAleLRI00LhXuYjTqZ4JeUZ8ltrDbrtsPE-olEg:1xXnqX:01Wssxz-n6wudyvHz-RqNgF64Y5X9lXCmRzD4AYLn5c"
  },
  {
   "input": {
    "data": {
     "n": 1,
     "text": "djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession "
    }
   },
   "kind": "session",
   "output": ".eJyrVipJrShRslJKySpOLS7OzM9TGGWNskZZo6xR1ihrlDVUWUo6SnlKVoa1AMSJGgY:1xXnqX:nxfe5nF-bmRnPRdM1E2GBjM-rjg0Viby-E7NZj3fSik"
  },
  {
   "input": {
    "expiry": null,
    "what": "age"
   },
   "kind": "expiry",
   "output": "604800"
  },
  {
   "input": {
    "expiry": null,
    "what": "browser_close"
   },
   "kind": "expiry",
   "output": "false"
  },
  {
   "input": {
    "expiry": 0,
    "what": "age"
   },
   "kind": "expiry",
   "output": "604800"
  },
  {
   "input": {
    "expiry": 0,
    "what": "browser_close"
   },
   "kind": "expiry",
   "output": "true"
  },
  {
   "input": {
    "expiry": 90,
    "what": "age"
   },
   "kind": "expiry",
   "output": "90"
  },
  {
   "input": {
    "expiry": 90,
    "what": "browser_close"
   },
   "kind": "expiry",
   "output": "false"
  },
  {
   "input": {
    "expiry": -5,
    "what": "age"
   },
   "kind": "expiry",
   "output": "-5"
  },
  {
   "input": {
    "expiry": -5,
    "what": "browser_close"
   },
   "kind": "expiry",
   "output": "false"
  },
  {
   "input": {
    "key": "abcdefghijklmnopqrstuvwxyz012345"
   },
   "kind": "session_cache_key",
   "output": "django.contrib.sessions.cached_dbabcdefghijklmnopqrstuvwxyz012345"
  },
  {
   "input": {
    "alias": "default",
    "name": "djsession",
    "version": null
   },
   "kind": "cache_key",
   "output": "shop:1:djsession"
  },
  {
   "input": {
    "alias": "default",
    "name": "django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345",
    "version": null
   },
   "kind": "cache_key",
   "output": "shop:1:django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345"
  },
  {
   "input": {
    "alias": "default",
    "name": "djsession",
    "version": 3
   },
   "kind": "cache_key",
   "output": "shop:3:djsession"
  },
  {
   "input": {
    "alias": "other",
    "name": "djsession",
    "version": null
   },
   "kind": "cache_key",
   "output": ":1:djsession"
  },
  {
   "input": {
    "alias": "other",
    "name": "django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345",
    "version": null
   },
   "kind": "cache_key",
   "output": ":1:django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345"
  },
  {
   "input": {
    "alias": "other",
    "name": "djsession",
    "version": 3
   },
   "kind": "cache_key",
   "output": ":3:djsession"
  },
  {
   "input": {
    "alias": "other",
    "name": "djsession"
   },
   "kind": "cache_file",
   "output": "/var/cache/shop/a9dff9e9d2bdd362b0953baabeccca45.djcache"
  },
  {
   "input": {
    "alias": "default",
    "flags": null,
    "value": {
     "list": [
      1,
      "two",
      null,
      true
     ],
     "probe": 7
    }
   },
   "kind": "cache_value",
   "output": "80059524000000000000007d94288c0570726f6265944b078c046c697374945d94284b018c0374776f944e8865752e"
  },
  {
   "input": {
    "alias": "default",
    "flags": null,
    "value": {
     "n": 1,
     "text": "djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession "
    }
   },
   "kind": "cache_value",
   "output": "800595e8070000000000007d94288c04746578749458d0070000646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20646a73657373696f6e20948c016e944b01752e"
  },
  {
   "input": {
    "alias": "other",
    "flags": null,
    "value": {
     "list": [
      1,
      "two",
      null,
      true
     ],
     "probe": 7
    }
   },
   "kind": "cache_value",
   "output": "8005950a000000000000004741dac32bcc768ebc2e789c6b609daac20001b553347a580b8af29352a778b3f7b0e46416974c899da2e1cdd8c35c529e3fc5af23b5540f0032160ea7"
  },
  {
   "input": {
    "alias": "other",
    "flags": null,
    "value": {
     "n": 1,
     "text": "djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession djsession "
    }
   },
   "kind": "cache_value",
   "output": "8005950a000000000000004741dac32bcc7690612e789c6b609dfa829d010c6aa768f4b094a456944c89b800144ac92a4e2d2ececccf5318658db24659a3ac51d6286b94355459537a18f3a6783396ea01005ad81faa"
  },
  {
   "input": {
    "fields": {
     "deleted": true,
     "email": "oIE09VkKE4WPsAXlG5hJ1gJ3iGZnASvWIbK9p9KbIWvSAnZGi3Jg1Jh5GlXAsPW4EKkV90EIoPSfXZ8532112358ZXfSPoIE09VkKE4WPsAXlG5hJ1gJ3iGZnASvWIbK9p9KbIWvSAnZGi3Jg1Jh5GlXAsPW4EKkV90EIoPSfXZ8532112358ZXfSPoIE09VkKE4WP52",
     "id": 976667948,
     "is_admin": true,
     "is_superuser": true,
     "last_login": {
      "$datetime": "2004-01-03T03:04:05+00:00"
     },
     "password": "TkoHx4XioF2dPs0Wmv9jt7juZmyUsaM2kBixSxiBk2MasUymZuj7tj9vmW0sPd2FoiX4xHokTda50yDvuGttGuvDy05adTkoHx4XioF2dPs0Wmv9jt7juZmyUsaM2kBixSxiBk2MasUymZuj7tj9vmW0sPd2FoiX4xHokTda50yDvuGttGuvDy05adTkoHx4XioF2d49",
     "status": "Juy5chNsy9gnF4fMwaQt6Rt8PwdK4kCguWscIcsWugCk4KdwP8tR6tQawMf4Fng9ysNhc5yuJnkSfdYa876678aYdfSknJuy5chNsy9gnF4fMwaQt6Rt8PwdK4kCguWscIcsWugCk4KdwP8tR6tQawMf4Fng9ysNhc5yuJnkSfdYa876678aYdfSknJuy5chNsy9gn53",
     "token": "y3ZfQLuAZhMF4VNv7Sr1Uq1Ts7PxVIaM3lAQzQAl3MaIVxP7sT1qU1rS7vNV4FMhZAuLQfZ3yFIpNPjSTgUUgTSjPNpIFy3ZfQLuAZhMF4VNv7Sr1Uq1Ts7PxVIaM3lAQzQAl3MaIVxP7sT1qU1rS7vNV4FMhZAuLQfZ3yFIpNPjSTgUUgTSjPNpIFy3ZfQLuAZhMF56"
    }
   },
   "kind": "auth_hash",
   "output": "87119687088b2b177f82931ff4865f8c1c88a9627c53102258a76a15245ed17e"
  },
  {
   "input": {
    "fields": {
     "deleted": true,
     "email": "pHD2ZUlJD6VOt1WmF7iI3hI5jFYo1RwVHcJZqZJcHVwR1oYFj5Ih3Ii7FmW1tOV6DJlUZ2DHpORgWYa75433457aYWgROpHD2ZUlJD6VOt1WmF7iI3hI5jFYo1RwVHcJZqZJcHVwR1oYFj5Ih3Ii7FmW1tOV6DJlUZ2DHpORgWYa75433457aYWgROpHD2ZUlJD6VO89",
     "id": 298889285,
     "is_admin": true,
     "is_superuser": true,
     "last_login": {
      "$datetime": "2005-01-03T03:04:05+00:00"
     },
     "password": "SlpGy6WjpE4eOt2VnwZku9kvYnzTtbL4lAjyRyjAl4LbtTznYvk9ukZwnV2tOe4EpjW6yGplSeb72zCwvFuuFvwCz27beSlpGy6WjpE4eOt2VnwZku9kvYnzTtbL4lAjyRyjAl4LbtTznYvk9ukZwnV2tOe4EpjW6yGplSeb72zCwvFuuFvwCz27beSlpGy6WjpE4e86",
     "status": "Ivz7diMtzZhoE6gLxbPu8QuaOxeJ6lBhvVtdHdtVvhBl6JexOauQ8uPbxLg6EohZztMid7zvIolRgeXba9889abXegRloIvz7diMtzZhoE6gLxbPu8QuaOxeJ6lBhvVtdHdtVvhBl6JexOauQ8uPbxLg6EohZztMid7zvIolRgeXba9889abXegRloIvz7diMtzZho90",
     "token": "z5YgPKv1YiLE6UMw9Rs3Tr3St9OyUHbL5m1P0P1m5LbHUyO9tS3rT3sR9wMU6ELiY1vKPgY5zEHqMOkRShTThSRkOMqHEz5YgPKv1YiLE6UMw9Rs3Tr3St9OyUHbL5m1P0P1m5LbHUyO9tS3rT3sR9wMU6ELiY1vKPgY5zEHqMOkRShTThSRkOMqHEz5YgPKv1YiLE93"
    }
   },
   "kind": "auth_hash",
   "output": "d161392d2b67676a52adf943478451de58de3a78fb5f5b47fc8e1522c7fe73f7"
  },
  {
   "input": {
    "messages": [
     [
      20,
      "d\u00e9j\u00e0 vu",
      ""
     ],
     [
      40,
      "two",
      "x y"
     ]
    ]
   },
   "kind": "messages",
   "output": ".eJyLjlaKj88qzs-Lz00tLk5MT1XSMdAxMtBRSokpNTBItcwCUwYKZaVKsTrY1JoA1ZaU5yvpKFUoVCrFxgIALPoZVA:1xXnqX:yEB2ErGPYyT-FZJOWEU4UIQv04T1_1_6Kce0HLWBOE0"
  },
  {
   "input": {
    "secret": "abcdefghijklmnopqrstuvwxyzABCDEF"
   },
   "kind": "csrf_token",
   "output": "DVXq90yaZXgA3ebl6bHUrv6mSrNbSXKXDWZtd5Eh76qLfrpAmsZdLQsJgQdCkqes"
  },
  {
   "input": {
    "password": "d\u00e9j\u00e0 vu"
   },
   "kind": "password",
   "output": "md5$6AwDZ3eYgMqAoPcOnHrsfz$99b383b1192cd9a1252cf5a3a288a02f"
  },
  {
   "input": {
    "value": 421112422
   },
   "kind": "user_id",
   "output": "421112422"
  }
 ],
 "versions": {
  "apps": {},
  "django": "5.2.19",
  "implementation": "CPython",
  "packages": {
   "PyMySQL": "1.2.4",
   "argon2-cffi": "25.1.0",
   "asgiref": "3.11.1",
   "bcrypt": "5.0.0",
   "django-qsessions": "2.1.0",
   "django-redis": "6.0.0",
   "django-redis-sessions": "0.6.2",
   "django-user-sessions": "2.0.0",
   "gunicorn": "27.0.1",
   "msgpack": "1.1.2",
   "psycopg": "3.3.9",
   "pymemcache": "4.0.0",
   "redis": "7.4.1",
   "uvicorn": "0.54.0"
  },
  "python": "3.13.0",
  "system": "linux"
 }
}
-----END DJSESSION PROFILE-----
