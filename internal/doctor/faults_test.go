package doctor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/doctor"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// faults are the broken configurations, by project.
var faults = map[string][]broken{
	"db": {
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, []string{"another SECRET_KEY"}, nil},
		{"another SECRET_KEY, no cookie", func(t *testing.T, s *site) given {
			return given{settings: s.with("SECRET_KEY", "'another-secret'"), none: true}
		}, doctor.SecretKey, []string{"another SECRET_KEY"}, nil},
		{"SECRET_KEY is a fallback", change("SECRET_KEY", "'another-secret'", "SECRET_KEY_FALLBACKS", "['"+secret+"']"), doctor.FallbackKey, []string{"SECRET_KEY_FALLBACKS"}, nil},
		{"no SECRET_KEY", change("SECRET_KEY", "''"), doctor.NoSecretKey, []string{"SECRET_KEY"}, nil},
		{"no SessionMiddleware", change("MIDDLEWARE", "['django.contrib.auth.middleware.AuthenticationMiddleware']"), doctor.SessionMiddleware, []string{"SessionMiddleware"}, nil},
		{"PickleSerializer, which is gone", change("SESSION_SERIALIZER", "'django.contrib.sessions.serializers.PickleSerializer'"), doctor.SerializerRemoved, []string{"5.2"}, []string{doctor.Serializer}},
		{"a serializer of the site's own", change("SESSION_SERIALIZER", "'site.serializers.Own'"), doctor.SerializerUnknown, []string{"site.serializers.Own"}, nil},
		{"an engine of the site's own", change("SESSION_ENGINE", "'site.sessions'"), doctor.EngineUnknown, []string{"site.sessions"}, []string{doctor.OtherEngine}},
		{"another engine: a cache", change("SESSION_ENGINE", "'django.contrib.sessions.backends.cache'", "CACHES",
			"{'default': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': 'cache'}}"), doctor.OtherEngine, []string{"django_session"}, nil},
		{"another engine: files", change("SESSION_ENGINE", "'django.contrib.sessions.backends.file'", "SESSION_FILE_PATH", "'sessions'"), doctor.OtherEngine, []string{"django_session"}, nil},
		{"another engine: signed_cookies", change("SESSION_ENGINE", "'django.contrib.sessions.backends.signed_cookies'"), doctor.OtherEngine, []string{"session key"}, nil},
		{"the database of another alias", func(t *testing.T, s *site) given {
			db := "{'ENGINE': 'django.db.backends.sqlite3', 'NAME': '%s'}"
			return given{settings: s.with("DATABASES", fmt.Sprintf("{'default': "+db+", 'web': "+db+"}", s.copy(t, "DELETE FROM django_session"), "db.sqlite3"))}
		}, doctor.OtherDatabase, []string{`"web"`, `"default"`}, nil},
		{"an alias that there is not", func(t *testing.T, s *site) given {
			return given{opts: &djsettings.Options{SessionDatabase: "web"}}
		}, doctor.DatabaseAlias, []string{`"web"`}, nil},
		{"a database of another site", sqlite("DELETE FROM django_session"), doctor.EmptyStore, []string{"no sessions at all"}, nil},
		{"a database without the table", sqlite("DROP TABLE django_session"), doctor.SessionTable, []string{"django_session", "migrate"}, nil},
		{"a table of another name", sqlite("ALTER TABLE django_session RENAME TO web_session"), doctor.OtherTable, []string{"web_session"}, nil},
		{"NAME is relative, and there is no file", func(t *testing.T, s *site) given {
			return given{settings: s.with("DATABASES", "{'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}"), opts: &djsettings.Options{Dir: t.TempDir()}}
		}, doctor.SQLiteFile, []string{"There is no file", "relative"}, nil},
		{"the file is empty", func(t *testing.T, s *site) given {
			path := filepath.Join(testserver.Dir(t), "db.sqlite3")
			writeFile(t, path, "")
			return given{settings: s.name(path)}
		}, doctor.SQLiteFile, []string{"is empty"}, nil},
		{"the file is something else", func(t *testing.T, s *site) given {
			path := filepath.Join(testserver.Dir(t), "db.sqlite3")
			writeFile(t, path, strings.Repeat("no database ", 100))
			return given{settings: s.name(path)}
		}, doctor.SQLiteFile, []string{"not an SQLite database"}, nil},
		{"a database in memory", func(t *testing.T, s *site) given { return given{settings: s.name(":memory:")} }, doctor.DatabaseNotShared, []string{"in memory"}, nil},

		{"the cookie has another name", change("SESSION_COOKIE_NAME", "'sid'"), doctor.CookieName, []string{"sid", "sessionid"}, nil},
		{"two cookies", func(t *testing.T, s *site) given {
			return given{cookie: "Cookie: sessionid=" + strings.Repeat("0", 32) + "; " + strings.TrimPrefix(s.seen.Cookie, "Cookie: ")}
		}, doctor.TwoCookies, []string{"2 cookies", "sessionid"}, nil},
		{"another domain", func(t *testing.T, s *site) given {
			return given{settings: s.with("SESSION_COOKIE_DOMAIN", "'.example.com'"), cookie: s.seen.Set}
		}, doctor.CookieDomain, []string{".example.com"}, nil},
		{"a domain that no host is in", change("SESSION_COOKIE_DOMAIN", "'.example.com'", "ALLOWED_HOSTS", "['www.example.org']"), doctor.CookieDomain, []string{"ALLOWED_HOSTS"}, nil},
		{"another path", func(t *testing.T, s *site) given {
			return given{settings: s.with("SESSION_COOKIE_PATH", "'/app'"), cookie: s.seen.Set}
		}, doctor.CookiePath, []string{"/app"}, nil},
		{"another path, and no cookie", func(t *testing.T, s *site) given {
			return given{settings: s.with("SESSION_COOKIE_PATH", "'/app'"), cookie: "Cookie: theme=dark"}
		}, doctor.CookieAbsent, []string{"SESSION_COOKIE_PATH", "/app"}, nil},
		{"Secure", func(t *testing.T, s *site) given {
			return given{settings: s.with("SESSION_COOKIE_SECURE", "True"), cookie: s.seen.Set}
		}, doctor.CookieSecure, []string{"SESSION_COOKIE_SECURE"}, nil},
		{"SameSite=None", change("SESSION_COOKIE_SAMESITE", "'None'"), doctor.CookieSameSite, []string{"SESSION_COOKIE_SECURE"}, nil},
		{"a part of a cookie", func(t *testing.T, s *site) given { return given{cookie: s.seen.Key[:5]} }, doctor.CookieMalformed, []string{"8 to 40"}, nil},
		{"a signed cookie from before 2026", func(t *testing.T, s *site) given {
			value := s.run(t, "from django.core import signing\nresult = signing.TimestampSigner(key=b'django.http.cookies' + '"+secret+"'.encode(), salt='seen').sign('signed-value')")
			return given{settings: s.with("SIGNED_COOKIE_LEGACY_SALT_FALLBACK", "False"), cookie: "Cookie: sessionid=" + s.seen.Key + "; seen=" + value.(string)}
		}, doctor.CookieLegacySalt, []string{"seen", "SIGNED_COOKIE_LEGACY_SALT_FALLBACK"}, nil},
		{"a signed cookie from after 2026", func(t *testing.T, s *site) given {
			return given{opts: &djsettings.Options{Django: "4.2"}}
		}, doctor.CookieNewSalt, []string{"seen", "4.2"}, nil},

		{"expired", func(t *testing.T, s *site) given { return given{now: time.Now().Add(20 * 24 * time.Hour)} }, doctor.Expired, []string{"6 days ago"}, nil},
		{"logged out", func(t *testing.T, s *site) given {
			l := s.login(t, "grace")
			s.run(t, "from django.contrib.sessions.models import Session\nSession.objects.filter(pk='"+l.Key+"').delete()")
			return given{cookie: l.Cookie}
		}, doctor.SessionNotFound, []string{"django_session"}, nil},
		{"logged out, and another cache is down", func(t *testing.T, s *site) given {
			l := s.login(t, "grace")
			s.run(t, "from django.contrib.sessions.models import Session\nSession.objects.filter(pk='"+l.Key+"').delete()")
			return given{cookie: l.Cookie, settings: s.with("CACHES", "{'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '127.0.0.1:1'}}")}
		}, doctor.NotSearched, []string{"django_session", "the memcached at 127.0.0.1:1", "nobody listens"}, nil},
		{"truncated by its column", func(t *testing.T, s *site) given {
			l := s.login(t, "grace")
			s.run(t, "from django.contrib.sessions.models import Session\nr = Session.objects.get(pk='"+l.Key+"')\nr.session_data = r.session_data[:100]\nr.save()")
			return given{cookie: l.Cookie}
		}, doctor.Damaged, nil, nil},
		{"Django before 3.1", func(t *testing.T, s *site) given { return given{opts: &djsettings.Options{Django: "2.2"}} }, doctor.CookieNewSalt, nil, []string{doctor.Django}},
		{"Django before 3.1, bare", func(t *testing.T, s *site) given {
			return given{opts: &djsettings.Options{Django: "2.2"}, cookie: s.seen.Key}
		}, doctor.Django, []string{"2.2", "3.1"}, nil},
		{"USE_TZ", change("USE_TZ", "False"), doctor.TimeZone, []string{"3.5 hours", "Set USE_TZ to True"}, nil},
		{"a time zone that there is not", change("USE_TZ", "False", "TIME_ZONE", "'Mars/Olympus'"), doctor.TimeZoneUnknown, []string{"Mars/Olympus"}, nil},
		{"TIME_ZONE of the database", change("DATABASES", "{'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3', 'TIME_ZONE': 'Asia/Tokyo'}}"), doctor.TimeZone, []string{"9 hours", "DATABASES"}, nil},
		{"another age", change("SESSION_COOKIE_AGE", "3600"), doctor.CookieAge, []string{"14 days", "SESSION_COOKIE_AGE"}, nil},

		{"another AUTH_USER_MODEL", change("AUTH_USER_MODEL", "'accounts.Member'"), doctor.UserModel, []string{"auth_user", "accounts.Member"}, nil},
		{"another AUTH_USER_MODEL, no cookie", func(t *testing.T, s *site) given {
			return given{settings: s.with("AUTH_USER_MODEL", "'accounts.Member'"), none: true}
		}, doctor.UserTable, []string{"auth_user", "accounts.Member"}, nil},
		{"no database of users", func(t *testing.T, s *site) given {
			// Found with the cookie alone: the sessions are in another database.
			set := s.with("DATABASES", "{'default': {'ENGINE': 'django.db.backends.dummy'}, 'web': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}")
			return given{settings: set, opts: &djsettings.Options{SessionDatabase: "web"}}
		}, doctor.UserTable, []string{"no database with users"}, nil},
		{"no table of users", sqlite("DROP TABLE auth_user"), doctor.UserTable, []string{"auth.User"}, nil},
		{"an AUTH_USER_MODEL with another key", func(t *testing.T, s *site) given {
			l := s.login(t, "grace")
			s.run(t, "from django.contrib.sessions.backends.db import SessionStore\ns = SessionStore('"+l.Key+"')\ns['_auth_user_id'] = '6e8a0c1f-8f6d-4a53-9f0e-0d6c3a1b2c3d'\ns.save()")
			return given{cookie: l.Cookie}
		}, doctor.UserID, []string{"integer", "auth.User"}, nil},
		{"a backend of the site's own", change("AUTHENTICATION_BACKENDS", "['axes.backends.AxesBackend', 'django.contrib.auth.backends.ModelBackend']"),
			doctor.BackendUnknown, []string{"axes.backends.AxesBackend", "OwnBackends"}, nil},
		{"a backend that the user logged in by", func(t *testing.T, s *site) given {
			l := s.login(t, "grace")
			s.run(t, "from django.contrib.sessions.backends.db import SessionStore\ns = SessionStore('"+l.Key+"')\ns['_auth_user_backend'] = 'own.Backend'\ns.save()")
			return given{cookie: l.Cookie, settings: s.with("AUTHENTICATION_BACKENDS", "['own.Backend']")}
		}, doctor.BackendUnknown, []string{"own.Backend", "OwnBackends"}, nil},
		{"a middleware of the site's own", change("MIDDLEWARE", "['site.SessionMiddleware', 'django.contrib.auth.middleware.AuthenticationMiddleware']"),
			doctor.MiddlewareUnknown, []string{"site.SessionMiddleware"}, nil},
		{"two of them", change("MIDDLEWARE", "['site.SessionMiddleware', 'site.Tenants']"), doctor.MiddlewareUnknown, nil, nil},
		{"a table without is_active", sqlite("ALTER TABLE auth_user RENAME COLUMN is_active TO enabled"), doctor.UserTable, []string{"enabled", "Columns.Active", "UserTable"}, nil},
		{"a table without is_active, no cookie", func(t *testing.T, s *site) given {
			return given{settings: s.name(s.copy(t, "ALTER TABLE auth_user RENAME COLUMN is_active TO enabled")), none: true}
		}, doctor.UserTable, []string{"enabled", "Columns.Active"}, nil},
		{"an inactive user", user("linus", "u.is_active = False"), doctor.UserInactive, []string{"inactive"}, nil},
		{"a user who was deleted", func(t *testing.T, s *site) given {
			l := s.login(t, "barbara")
			s.run(t, "from django.contrib.auth.models import User\nUser.objects.get(username='barbara').delete()")
			return given{cookie: l.Cookie}
		}, doctor.UserDeleted, []string{"deleted"}, nil},
		{"a password that was changed", user("margaret", "u.set_password('new')"), doctor.AuthHash, []string{"password was changed", "SECRET_KEY is right"}, nil},
		{"a backend that is not allowed", change("AUTHENTICATION_BACKENDS", "['site.backends.Own']"), doctor.Backend, []string{"AUTHENTICATION_BACKENDS"}, []string{doctor.BackendUnknown}},
	},
	"local": {
		{"USE_TZ", change("USE_TZ", "True"), doctor.TimeZone, []string{"3.5 hours", "Set USE_TZ to False", "Asia/Tehran"}, nil},
		{"TIME_ZONE", change("TIME_ZONE", "'America/Sao_Paulo'"), doctor.TimeZone, []string{"America/Sao_Paulo"}, nil},
		{"USE_TZ, no cookie", func(t *testing.T, s *site) given { return given{settings: s.with("USE_TZ", "True"), none: true} }, doctor.TimeZone, []string{"USE_TZ"}, nil},
	},
	"sha1": {
		{"sessions of Django before 3.1", func(t *testing.T, s *site) given { return given{opts: &djsettings.Options{Django: "4.2"}} }, doctor.LegacyFormat, []string{"before 3.1", "4.2"}, []string{doctor.Django}},
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, []string{"before 3.1"}, nil},
	},
	"pickle": {
		{"JSONSerializer", change("SESSION_SERIALIZER", "'django.contrib.sessions.serializers.JSONSerializer'"), doctor.Serializer, []string{"is a pickle", "JSONSerializer"}, nil},
		{"JSON was written", func(t *testing.T, s *site) given {
			s.run(t, "from django.conf import settings\nsettings.SESSION_SERIALIZER = 'django.contrib.sessions.serializers.JSONSerializer'")
			l := s.login(t, "grace")
			s.run(t, "from django.conf import settings\nsettings.SESSION_SERIALIZER = 'django.contrib.sessions.serializers.PickleSerializer'")
			return given{cookie: l.Cookie}
		}, doctor.Serializer, []string{"is JSON", "PickleSerializer"}, nil},
	},
	"file": {
		{"no folder", change("SESSION_FILE_PATH", "'/nowhere/at/all'"), doctor.FileFolder, []string{"/nowhere/at/all"}, nil},
		{"a relative folder", change("SESSION_FILE_PATH", "'none'"), doctor.FileFolder, []string{"relative"}, nil},
		{"another folder", change("SESSION_FILE_PATH", "'cache'"), doctor.FileFolder, []string{"no sessions at all"}, nil},
		{"the folder for temporary files", change("SESSION_FILE_PATH", "None"), doctor.FileFolder, []string{"TMPDIR"}, nil},
		{"no folder but a file", change("SESSION_FILE_PATH", "'db.sqlite3'"), doctor.FileFolder, []string{"no folder"}, nil},
		{"another SESSION_COOKIE_NAME", func(t *testing.T, s *site) given {
			return given{settings: s.with("SESSION_COOKIE_NAME", "'sid'"), cookie: s.seen.Key}
		}, doctor.FileName, []string{"sessionid", "sid"}, nil},
		{"another user of the system", func(t *testing.T, s *site) given {
			l := s.login(t, "grace")
			if err := os.Chown(filepath.Join(s.dir, "sessions", "sessionid"+l.Key), 12345, 12345); err != nil {
				t.Skip("this user may not give files away")
			}
			return given{cookie: l.Cookie}
		}, doctor.FileOwner, []string{"12345"}, nil},
		{"a file that may not be read", func(t *testing.T, s *site) given {
			if os.Geteuid() == 0 {
				t.Skip("root may read everything")
			}
			l := s.login(t, "grace")
			if err := os.Chmod(filepath.Join(s.dir, "sessions", "sessionid"+l.Key), 0); err != nil {
				t.Fatal(err)
			}
			return given{cookie: l.Cookie}
		}, doctor.FilePermission, []string{"may not be read"}, nil},
		{"expired", func(t *testing.T, s *site) given { return given{now: time.Now().Add(20 * 24 * time.Hour)} }, doctor.Expired, []string{"SESSION_COOKIE_AGE"}, nil},
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, []string{"another SECRET_KEY"}, nil},
	},
	"signed": {
		{"over its age", func(t *testing.T, s *site) given { return given{now: time.Now().Add(20 * 24 * time.Hour)} }, doctor.Expired, []string{"20 days", "SESSION_COOKIE_AGE"}, nil},
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, []string{"another SECRET_KEY"}, nil},
		{"another engine", change("SESSION_ENGINE", "'django.contrib.sessions.backends.db'"), doctor.OtherEngine, []string{"signed_cookies"}, nil},
		{"a password that was changed", user("margaret", "u.set_password('new')"), doctor.AuthHash, []string{"password was changed"}, nil},
	},
	"locmem": {
		{"each process has its own", func(t *testing.T, s *site) given { return given{} }, doctor.CacheNotShared, []string{"LocMemCache"}, nil},
		{"a DummyCache", change("CACHES", "{'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}"), doctor.CacheNotShared, []string{"DummyCache"}, nil},
	},
	"cache": {
		{"another KEY_PREFIX", part("'KEY_PREFIX': 'site'", "'KEY_PREFIX': 'web'"), doctor.CachePrefix, []string{`"site"`, `"web"`}, nil},
		{"another VERSION", part("'KEY_PREFIX': 'site'", "'KEY_PREFIX': 'site', 'VERSION': 2"), doctor.CacheVersion, []string{"VERSION 1", "have 2"}, nil},
		{"another database of the Redis", part("/1'", "/9'"), doctor.CacheDatabase, []string{"database 1"}, nil},
		{"another engine", change("SESSION_ENGINE", "'django.contrib.sessions.backends.db'"), doctor.OtherEngine, []string{"the engine cache"}, nil},
		{"an alias that there is not", change("SESSION_CACHE_ALIAS", "'sessions'"), doctor.CacheAlias, []string{`"sessions"`}, nil},
		{"another alias", func(t *testing.T, s *site) given {
			return given{settings: strings.Replace(s.with("SESSION_CACHE_ALIAS", "'files'"), "CACHES = {", "CACHES = {'files': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': 'cache'}, ", 1)}
		}, doctor.CacheAlias, []string{`"default"`, "files"}, nil},
		{"nobody listens", func(t *testing.T, s *site) given {
			return given{settings: s.with("CACHES", "{'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://:mysql-password@127.0.0.1:1/1'}}")}
		}, doctor.CacheUnreachable, []string{"nobody listens", "127.0.0.1:1"}, nil},
		{"a wrong password", func(t *testing.T, s *site) given {
			return given{settings: s.with("CACHES", "{'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://:mysql-password@"+guarded(t)+"/1'}}")}
		}, doctor.CachePassword, []string{"password"}, nil},
		{"no password", func(t *testing.T, s *site) given {
			return given{settings: s.with("CACHES", "{'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://"+guarded(t)+"/1'}}")}
		}, doctor.CachePassword, []string{"password"}, nil},
		{"another SECRET_KEY, and one other session", func(t *testing.T, s *site) given { // whose password may have been changed too
			s.login(t, "grace")
			return given{settings: s.with("SECRET_KEY", "'another-secret'")}
		}, doctor.AuthUnclear, []string{"either the password was changed", "another SECRET_KEY"}, nil},
		{"another SECRET_KEY, others are there", func(t *testing.T, s *site) given {
			s.login(t, "grace")
			s.login(t, "grace")
			s.login(t, "grace")
			return given{settings: s.with("SECRET_KEY", "'another-secret'")}
		}, doctor.AuthSecret, []string{"another SECRET_KEY"}, nil},
		{"another SECRET_KEY, no cookie", func(t *testing.T, s *site) given {
			s.login(t, "grace")
			s.login(t, "grace")
			return given{settings: s.with("SECRET_KEY", "'another-secret'"), none: true}
		}, doctor.AuthSecret, []string{"none of the sessions"}, nil},
		{"a password that was changed", user("margaret", "u.set_password('new')"), doctor.AuthHash, []string{"password was changed", "SECRET_KEY is right"}, nil},
		{"an inactive user", user("linus", "u.is_active = False"), doctor.UserInactive, []string{"inactive"}, nil},
	},
	"cached_db": {
		{"copies under another KEY_PREFIX", part("'KEY_PREFIX': 'site'", "'KEY_PREFIX': 'web'"), doctor.CachePrefix, []string{`"site"`, `"web"`}, nil},
		{"copies under another VERSION", part("'VERSION': 3", "'VERSION': 4"), doctor.CacheVersion, []string{"VERSION 3"}, nil},
		{"another engine", change("SESSION_ENGINE", "'django.contrib.sessions.backends.cache'"), doctor.OtherEngine, []string{"the engine cached_db"}, nil},
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, []string{"another SECRET_KEY"}, nil},
		{"a cache that is not shared", change("CACHES", "{'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}"), doctor.CacheNotShared, []string{"LocMemCache"}, nil},
	},
	"function": {
		{"no KEY_FUNCTION", part(", 'KEY_FUNCTION': 'keys.make'", ""), doctor.KeyFunction, []string{"KEY_FUNCTION"}, nil},
		{"a KEY_FUNCTION without a twin", func(t *testing.T, s *site) given { return given{opts: &djsettings.Options{}} }, doctor.KeyFunction, []string{"keys.make", "Options.KeyFunctions"}, nil},
		{"another SECRET_KEY, nobody to compare with", change("SECRET_KEY", "'another-secret'"), doctor.AuthUnclear, []string{"another SECRET_KEY", "password was changed"}, nil},
	},
	"django_redis": {
		{"another serializer", part("json.JSONSerializer", "pickle.PickleSerializer"), doctor.CacheFormat, []string{"SERIALIZER"}, nil},
		{"another compressor", part("zlib.ZlibCompressor", "lz4.Lz4Compressor"), doctor.CacheFormat, []string{"COMPRESSOR"}, nil},
		{"a client that is not known", part("'OPTIONS': {", "'OPTIONS': {'CLIENT_CLASS': 'site.redis.Client', "), doctor.CacheSettings, []string{"site.redis.Client"}, nil},
	},
	"redis_sessions": {
		{"another prefix", part("'prefix': 'session'", "'prefix': 'web'"), doctor.RedisPrefix, []string{`"session"`, `"web"`}, nil},
		{"another database", part("'db': 5", "'db': 6"), doctor.RedisDatabase, []string{"database 5", "has 6"}, nil},
		{"nobody listens", func(t *testing.T, s *site) given {
			return given{settings: s.with("SESSION_REDIS", "{'host': '127.0.0.1', 'port': 1, 'prefix': 'session'}")}
		}, doctor.RedisUnreachable, []string{"nobody listens"}, nil},
		{"a wrong password", func(t *testing.T, s *site) given {
			host, port, _ := strings.Cut(guarded(t), ":")
			return given{settings: s.with("SESSION_REDIS", "{'host': '"+host+"', 'port': "+port+", 'password': 'mysql-password', 'prefix': 'session'}")}
		}, doctor.RedisPassword, []string{"password"}, nil},
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, []string{"another SECRET_KEY"}, nil},
		{"a Sentinel that is not there", func(t *testing.T, s *site) given {
			return given{settings: s.with("SESSION_REDIS", "{'host': None, 'prefix': 'session'}", "SESSION_REDIS_SENTINEL_LIST", "[('127.0.0.1', 1)]", "SESSION_REDIS_SENTINEL_MASTER_ALIAS", "'main'")}
		}, doctor.Unexplained, []string{"SESSION_REDIS"}, nil},
	},
	"memcached": {
		{"servers of other names", func(t *testing.T, s *site) given {
			// The spelling of a name counts: one of these two leads elsewhere for this key.
			return given{settings: strings.Replace(s.settings, "127.0.0.1:", "localhost:", 1), cookie: s.elsewhere(t)}
		}, doctor.CacheServers, []string{"LOCATION"}, nil},
		{"another KEY_PREFIX", part("'KEY_PREFIX': 'site'", "'KEY_PREFIX': 'web'"), doctor.CachePrefix, []string{`"site"`, `"web"`}, nil},
		{"nobody listens", change("CACHES", "{'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '127.0.0.1:1'}}"), doctor.CacheUnreachable, []string{"nobody listens"}, nil},
	},
	"pylibmc": {
		{"servers in another order", func(t *testing.T, s *site) given {
			all := testserver.Memcacheds(t, 2)
			text := strings.NewReplacer(all[0].Addr(), all[1].Addr(), all[1].Addr(), all[0].Addr()).Replace(s.settings)
			return given{settings: text}
		}, doctor.CacheServers, []string{"order"}, nil},
	},
	"cache table": {
		{"another KEY_PREFIX", part("'KEY_PREFIX': 'site'", "'KEY_PREFIX': 'web'"), doctor.CachePrefix, []string{`"site"`, `"web"`}, nil},
		{"a table that there is not", part("site_cache", "web_cache"), doctor.CacheTable, []string{"web_cache", "createcachetable"}, nil},
	},
	"cache files": {
		{"another VERSION", part("'VERSION': 2", "'VERSION': 1"), doctor.CacheVersion, []string{"VERSION 2", "have 1"}, nil},
		{"no folder", change("CACHES", "{'default': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': '/nowhere/at/all'}}"), doctor.CacheUnreachable, []string{"folder"}, nil},
	},
	"own": {
		{"another salt: a subclass", func(t *testing.T, s *site) given {
			return given{opts: &djsettings.Options{Engines: map[string]djsettings.CustomEngine{"own.engine": {Base: string(djsettings.EngineDB), Table: "own_table"}}}}
		}, doctor.Salt, []string{"subclass", "StoreClass"}, nil},
		{"a table of its own", func(t *testing.T, s *site) given {
			return given{opts: &djsettings.Options{Engines: map[string]djsettings.CustomEngine{"own.engine": {Base: string(djsettings.EngineDB), StoreClass: "OwnStore"}}}}
		}, doctor.OtherTable, []string{"own_table"}, nil},
		{"nothing is told of it", func(t *testing.T, s *site) given { return given{opts: &djsettings.Options{}} }, doctor.EngineUnknown, []string{"own.engine"}, []string{doctor.OtherEngine, doctor.Salt}},
	},
	"member": {
		{"nobody tells what its model does", func(t *testing.T, s *site) given { return given{opts: &djsettings.Options{}} }, doctor.Unexplained, []string{"own.Member", "djsession probe", "UserModels", "has_perm"}, nil},
		{"a db_table that is not named", func(t *testing.T, s *site) given { return given{parts: &djsite.Options{}} }, doctor.UserModel, []string{"members", "own.Member"}, nil},
		{"the users of auth.User", func(t *testing.T, s *site) given {
			return given{settings: s.with("AUTH_USER_MODEL", "'auth.User'"), parts: &djsite.Options{}}
		}, doctor.UserModel, []string{"members", "auth.User"}, nil},
	},
	"hash": {
		{"a hash of its own, of which nobody tells", func(t *testing.T, s *site) given { return given{parts: &djsite.Options{}} }, doctor.AuthHash, []string{"own.Hashed", "overrides get_session_auth_hash", "SECRET_KEY is right"}, nil},
		{"a hash of its own, told with another salt", func(t *testing.T, s *site) given {
			return given{parts: &djsite.Options{AuthHash: djauth.AuthHash{Salt: "other", Algorithm: "sha256", Fields: []string{"password"}}}}
		}, doctor.AuthHash, []string{"the model makes it otherwise", "SECRET_KEY is right"}, nil},
		{"a hash of its own, and nobody tells of the model", func(t *testing.T, s *site) given { return given{opts: &djsettings.Options{}} }, doctor.Unexplained, []string{"own.Hashed", "djsession probe"}, nil},
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, nil, nil},
	},
	"user_sessions": {
		{"another engine", change("SESSION_ENGINE", "'django.contrib.sessions.backends.db'"), doctor.OtherEngine, []string{"user_sessions_session"}, nil},
	},
	"qsessions": {
		{"another engine", change("SESSION_ENGINE", "'django.contrib.sessions.backends.cached_db'"), doctor.OtherEngine, []string{"qsessions_session"}, []string{doctor.CacheSettings}},
	},
	"db 2.2": {
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, []string{"before 3.1"}, nil},
		{"Django 5.2", func(t *testing.T, s *site) given { return given{opts: &djsettings.Options{Django: "5.2"}} }, doctor.LegacyFormat, []string{"5.2"}, []string{doctor.Django}},
	},
	"postgresql": {
		{"nobody listens", func(t *testing.T, s *site) given {
			return given{settings: s.with("DATABASES", "{'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'site', 'USER': 'web', 'PASSWORD': 'mysql-password', 'HOST': '127.0.0.1', 'PORT': '1', 'OPTIONS': {'sslmode': 'disable'}}}")}
		}, doctor.DatabaseUnreachable, []string{"nobody listens", "127.0.0.1:1"}, nil},
		{"no database of this name", part("'NAME': 'site'", "'NAME': 'web'"), doctor.DatabaseMissing, []string{"web"}, nil},
		{"another database", part("'NAME': 'site'", "'NAME': 'postgres'"), doctor.SessionTable, []string{"django_session"}, nil},
		{"another SECRET_KEY", change("SECRET_KEY", "'another-secret'"), doctor.SecretKey, []string{"another SECRET_KEY"}, nil},
		{"read-only", part("'sslmode': 'disable'", "'sslmode': 'disable', 'options': '-c default_transaction_read_only=on'"), doctor.DatabaseReadOnly, []string{"default_transaction_read_only", "primary"}, nil},
		{"another age", change("SESSION_COOKIE_AGE", "3600"), doctor.CookieAge, []string{"14 days"}, nil},
	},
	"mysql": {
		{"a wrong password", part("mysql-password", "another-secret"), doctor.DatabasePassword, []string{"password", "DJSESSION_DATABASE_PASSWORD"}, nil},
		{"query-only", part("'OPTIONS': {}", "'OPTIONS': {'init_command': 'SET SESSION tx_read_only = 1'}"), doctor.DatabaseReadOnly, []string{"tx_read_only"}, nil},
		{"another charset", part("'OPTIONS': {}", "'OPTIONS': {'charset': 'latin1'}"), doctor.MySQLCharset, []string{"latin1", "utf8mb4"}, nil},
		{"no database of this name", part("'NAME': 'site'", "'NAME': 'web'"), doctor.DatabaseMissing, []string{"web"}, nil},
		{"USE_TZ", change("USE_TZ", "False"), doctor.TimeZone, []string{"3.5 hours"}, nil},
	},
}

// change replaces some settings.
func change(changes ...string) func(*testing.T, *site) given {
	return func(t *testing.T, s *site) given { return given{settings: s.with(changes...)} }
}

// part replaces a part of the settings.
func part(old, new string) func(*testing.T, *site) given {
	return func(t *testing.T, s *site) given { return given{settings: s.replace(t, old, new)} }
}

// sqlite gives the doctor a changed copy of the database.
func sqlite(statements ...string) func(*testing.T, *site) given {
	return func(t *testing.T, s *site) given { return given{settings: s.name(s.copy(t, statements...))} }
}

// name returns the settings with another NAME.
func (s *site) name(path string) string {
	return s.with("DATABASES", "{'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '"+path+"'}}")
}

func (s *site) copy(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(testserver.Dir(t), "copy.sqlite3")
	copyFile(t, filepath.Join(s.dir, "db.sqlite3"), path)
	execSQL(t, "sqlite", path, statements...)
	return path
}

// user logs a user in, and then changes the account.
func user(name, do string) func(*testing.T, *site) given {
	return func(t *testing.T, s *site) given {
		l := s.login(t, name)
		s.run(t, "from django.contrib.auth.models import User\nu = User.objects.get(username='"+name+"')\n"+do+"\nu.save()")
		return given{cookie: l.Cookie}
	}
}

// guarded returns the address of a Redis that requires a password.
func guarded(t *testing.T) string {
	t.Helper()
	server := testserver.Redises(t, 2)[1]
	guard.Do(func() {
		client := redis.NewClient(&redis.Options{Addr: server.Addr()})
		defer client.Close()
		if err := client.ConfigSet(t.Context(), "requirepass", "guarded").Err(); err != nil {
			t.Error(err)
		}
	})
	return server.Addr()
}

var guard sync.Once

// elsewhere logs in until the names of the servers select another server for the session.
func (s *site) elsewhere(t *testing.T) string {
	t.Helper()
	all := testserver.Memcacheds(t, 2)
	names := []string{all[0].Addr(), all[1].Addr()}
	right, err := memcached.Rendezvous(names...)
	if err != nil {
		t.Fatal(err)
	}
	names[0] = strings.Replace(names[0], "127.0.0.1", "localhost", 1)
	wrong, err := memcached.Rendezvous(names...)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		l := s.login(t, "grace")
		key := "site:1:django.contrib.sessions.cache" + l.Key
		if right.Pick(key) != wrong.Pick(key) {
			return l.Cookie
		}
	}
	t.Fatal("the names make no difference")
	return ""
}
