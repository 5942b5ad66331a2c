package djsite_test

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "djsite")
	if err == nil {
		// libpq finds the file of services only by the environment.
		err = os.Setenv("PGSERVICEFILE", filepath.Join(dir, "pg_service.conf"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := testserver.Run(m)
	for _, d := range append(cleanup, dir) {
		os.RemoveAll(d)
	}
	os.Exit(status)
}

// services is done once PGSERVICEFILE is written.
var services sync.Once

// project is a small Django site. makeProject replaces the words in braces in its settings.
type project struct {
	name     string
	from, to string // versions of Django; "" is any
	settings string
	opts     *djsettings.Options
	modules  map[string]string
	env      map[string]string // settings that differ where Go runs
}

const common = `# -*- coding: utf-8 -*-
import os
BASE_DIR = os.path.dirname(os.path.abspath(__file__))
SECRET_KEY = 'live-"secret"-\\-\'k\'-' + u'\xe9'
ALLOWED_HOSTS = ['*']
INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'django.contrib.sessions', 'django.contrib.messages']
MIDDLEWARE = MIDDLEWARE_CLASSES = ['django.contrib.sessions.middleware.SessionMiddleware', 'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware', 'django.contrib.messages.middleware.MessageMiddleware']
USE_TZ = True
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
`

const sqlite = `DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': os.path.join(BASE_DIR, 'db.sqlite3')}}
`

const (
	cache    = "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\n"
	cachedDB = "SESSION_ENGINE = 'django.contrib.sessions.backends.cached_db'\n"
)

var projects = []project{
	{name: "sqlite", settings: `DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3', 'OPTIONS': {'timeout': 7}}}
SESSION_COOKIE_NAME = 'sid'
SESSION_COOKIE_AGE = 3600
TIME_ZONE = 'Asia/Tehran'
USE_TZ = False
`},
	{name: "sqlite, a Path", from: "2.2", settings: `import pathlib
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': pathlib.Path(__file__).resolve().parent / 'db \'1\'.sqlite3'}}
`},
	{name: "pickles", to: "4.2", settings: sqlite + "SESSION_SERIALIZER = 'django.contrib.sessions.serializers.PickleSerializer'\n"},
	{name: "an engine of its own", settings: sqlite + "SESSION_ENGINE = 'own.engine'\nINSTALLED_APPS += ['own']\n",
		modules: map[string]string{"own/__init__.py": "", "own/engine.py": `from django.contrib.sessions.backends.db import SessionStore as Base
class OwnStore(Base):
    @classmethod
    def get_model_class(cls):
        from own.models import OwnSession
        return OwnSession
SessionStore = OwnStore
`, "own/models.py": `from django.contrib.sessions.base_session import AbstractBaseSession
class OwnSession(AbstractBaseSession):
    class Meta:
        db_table = 'own_table'
        app_label = 'own'
`},
		opts: &djsettings.Options{Engines: map[string]djsettings.CustomEngine{"own.engine": {Base: string(djsettings.EngineDB), StoreClass: "OwnStore", Table: "own_table"}}}},
	{name: "file", settings: "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\nSESSION_FILE_PATH = os.path.join(BASE_DIR, 'sessions')\n"},
	{name: "signed_cookies", settings: "SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'\nSESSION_COOKIE_HTTPONLY = False\n"},
	{name: "postgresql", settings: `DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': '{database}', 'USER': '{pg_user}', 'PASSWORD': '',
    'HOST': '127.0.0.1', 'PORT': '{pg_port}', 'OPTIONS': {'sslmode': 'disable', 'connect_timeout': 5}}}
`},
	{name: "postgresql, by a service", from: "4.2", settings: `DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': '{database}',
    'OPTIONS': {'service': 'site', 'options': '-c search_path=public'}}}
`},
	{name: "mysql", settings: `DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': '{database}', 'USER': '{my_user}', 'HOST': '127.0.0.1', 'PORT': {my_port},
    'OPTIONS': {'init_command': "SET sql_mode='STRICT_TRANS_TABLES'"}}}
USE_TZ = False
TIME_ZONE = 'America/New_York'
`},
	{name: "cached_db in files", settings: sqlite + cachedDB + `CACHES = {
    'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'},
    'sessions': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': os.path.join(BASE_DIR, 'cache'), 'KEY_PREFIX': 'p', 'VERSION': 3}}
SESSION_CACHE_ALIAS = 'sessions'
`},
	{name: "cache in a table", settings: sqlite + cache + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.db.DatabaseCache', 'LOCATION': 'site_cache', 'KEY_PREFIX': 'site'}}\n"},
	{name: "RedisCache", from: "4.2", settings: cache + `CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': ['redis://{redis}'],
    'OPTIONS': {'db': '5'}, 'KEY_FUNCTION': 'keys.make'}}
`, modules: map[string]string{"keys.py": "def make(key, prefix, version):\n    return 'own|%s|%s|%s' % (prefix, version, key)\n"},
		opts: &djsettings.Options{KeyFunctions: map[string]djsettings.KeyFunction{"keys.make": {Key: func(name, prefix string, version int) string {
			return fmt.Sprintf("own|%s|%d|%s", prefix, version, name)
		}}}}},
	{name: "django_redis", from: "2.2", settings: cache + `CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://{redis}/3', 'KEY_PREFIX': 'x', 'OPTIONS': {
    'CLIENT_CLASS': 'django_redis.client.DefaultClient', 'COMPRESSOR': 'django_redis.compressors.zlib.ZlibCompressor',
    'SERIALIZER': 'django_redis.serializers.json.JSONSerializer'}}}
`},
	{name: "django_redis, shards", from: "2.2", settings: cache + `CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache',
    'LOCATION': ['redis://{redis}/6', 'redis://{redis}/7', 'redis://{redis}/8'], 'OPTIONS': {'CLIENT_CLASS': 'django_redis.client.ShardClient'}}}
`, env: map[string]string{"DJSESSION_CACHE_DEFAULT_LOCATION": "redis://localhost:{redis_port}/6,redis://localhost:{redis_port}/7,redis://localhost:{redis_port}/8"}},
	{name: "django_redis, Sentinel and herd", from: "5.2", settings: cache + `CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://mymaster/10',
    'OPTIONS': {'CLIENT_CLASS': 'django_redis.client.HerdClient', 'SENTINELS': [('127.0.0.1', {sentinel_port})], 'COMPRESSOR': 'django_redis.compressors.lz4.Lz4Compressor'}}}
DJANGO_REDIS_CONNECTION_FACTORY = 'django_redis.pool.SentinelConnectionFactory'
`},
	{name: "redis_sessions", from: "2.2", settings: `SESSION_ENGINE = 'redis_sessions.session'
SESSION_REDIS = {'host': '127.0.0.1', 'port': {redis_port}, 'db': 4, 'prefix': 'session', 'socket_timeout': 5}
`},
	{name: "pymemcache", from: "3.2", settings: cache + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '{memcached}'}}\n"},
	{name: "pylibmc", from: "2.2", to: "3.2", settings: cache + `CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyLibMCCache', 'LOCATION': ['{memcached}', '{memcached2}'],
    'OPTIONS': {'behaviors': {'ketama': True}}}}
`},
	{name: "python-memcached", from: "2.2", to: "3.2", settings: cache + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.MemcachedCache', 'LOCATION': '{memcached};{memcached2}'}}\n"},
	{name: "user_sessions", from: "4.2", settings: sqlite + "SESSION_ENGINE = 'user_sessions.backends.db'\nINSTALLED_APPS += ['user_sessions']\nMIDDLEWARE[0] = 'user_sessions.middleware.SessionMiddleware'\n"},
	{name: "qsessions", from: "4.2", settings: sqlite + `SESSION_ENGINE = 'qsessions.backends.cached_db'
INSTALLED_APPS += ['qsessions']
CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://{redis}/9'}}
`},
}

var versions = []string{"1.11", "2.2", "3.2", "4.2", "5.2", "6.1"}

// TestLive opens a Site from what diffsettings prints of a project. It must share sessions
// with that project, in both directions.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	for _, version := range versions {
		for _, p := range projects {
			if p.from != "" && older(t, version, p.from) || p.to != "" && older(t, p.to, version) {
				continue
			}
			t.Run(version+"/"+p.name, func(t *testing.T) {
				t.Parallel()
				testProject(t, version, p)
			})
		}
	}
}

func older(t *testing.T, a, b string) bool {
	t.Helper()
	v, err := djsession.ParseDjangoVersion(a)
	if err != nil {
		t.Fatal(err)
	}
	w, err := djsession.ParseDjangoVersion(b)
	if err != nil {
		t.Fatal(err)
	}
	return v.Before(w.Major, w.Minor)
}

func testProject(t *testing.T, version string, p project) {
	dir := t.TempDir()
	env := makeProject(t, version, p, dir)
	theirs, key := startDjango(t, version, dir, `{"all": true}`)
	ask := func(key string) (held any) {
		theirs.Call(t, "ask", django.Args{"key": key}, &held)
		return held
	}

	opts := new(djsettings.Options)
	if p.opts != nil {
		*opts = *p.opts
	}
	opts.Dir = dir
	opts.Env = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	set, err := djsettings.ReadFile(filepath.Join(dir, "settings.txt"), opts)
	if err != nil {
		t.Fatal(err)
	}
	if set.Django.String() != version {
		t.Errorf("inferred version: got %s (%s), want %s", set.Django, set.DjangoFrom, version)
	}
	if text := fmt.Sprintf("%v %+v %#v", set, *set, set); strings.Contains(text, "live-") {
		t.Errorf("printed settings hold the secret: %s", text)
	}
	site, err := djsite.Open(t.Context(), set, nil)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer func() {
		if err := site.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()

	checkParts(t, site, set)

	var got any
	back := visit(t, site, key, func(s *djsession.Session) error {
		got, _ = s.Get("from_django")
		return s.Update(func(tx *djsession.Tx) error {
			n, err := djsession.Value(tx, "visits", 0)
			if err != nil {
				return err
			}
			if err := tx.Set("visits", n+1); err != nil {
				return err
			}
			return tx.Set("from_go", "größer")
		})
	})
	if got != "grüße" {
		t.Fatalf("session of Django: got %v", got)
	}
	if back == "" { // the cookie stays; the response sets no new one
		back = key
	}
	want := map[string]any{"visits": 42.0, "from_django": "grüße", "from_go": "größer"}
	if got := ask(back); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("session of Go as Django reads it: got %v, want %v", got, want)
	}
	// This session is made by Go.
	fresh := visit(t, site, "", func(s *djsession.Session) error {
		return s.SetAll(map[string]any{"visits": 1, "from_go": "neu"})
	})
	want = map[string]any{"visits": 1.0, "from_django": nil, "from_go": "neu"}
	if got := ask(fresh); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("new session of Go as Django reads it: got %v, want %v", got, want)
	}
}

// checkParts checks that the other parts of the site are open too.
func checkParts(t *testing.T, site *djsite.Site, set *djsettings.Settings) {
	t.Helper()
	if site.CSRF == nil || site.Messages == nil {
		t.Error("there is no CSRF or no messages")
	}
	db := set.Databases["default"]
	users := db != nil && db.Kind != ""
	if users != (site.Auth != nil) || users != (site.Users != nil) {
		t.Fatalf("users are looked up: %v, want %v", site.Auth != nil, users)
	}
	if !users {
		return
	}
	a, err := site.Auth.Authenticate(t.Context(), "ada", "lovelace")
	if err != nil || a.Name != "ada" {
		t.Errorf("the user logs in: %v", err)
	}
	if _, err := site.Auth.Authenticate(t.Context(), "ada", "byron"); !errors.Is(err, djauth.ErrCredentials) {
		t.Errorf("a wrong password: %v", err)
	}
}

// visit sends a request with a session cookie. With a session of Django's the user is ada.
// It returns the cookie that the response sets.
func visit(t *testing.T, site *djsite.Site, key string, do func(*djsession.Session) error) string {
	t.Helper()
	name := site.Settings.Sessions.CookieName
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	if key != "" {
		r.AddCookie(&http.Cookie{Name: name, Value: key})
	}
	w := httptest.NewRecorder()
	site.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if site.Auth != nil {
			if user, err := djauth.User(r.Context()); err != nil || user.IsAuthenticated() != (key != "") {
				t.Errorf("who is logged in: %v, %v", user, err)
			}
		}
		s, err := djsession.Load(r.Context())
		if err == nil {
			err = do(s)
		}
		if err != nil {
			t.Errorf("in the view: %v", err)
		}
	})).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("the answer has the status %d", w.Code)
	}
	for _, c := range w.Result().Cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// makeProject writes settings.py and manage.py with the addresses of servers. It returns
// the environment for Go.
func makeProject(t *testing.T, version string, p project, dir string) (env map[string]string) {
	t.Helper()
	words := map[string]string{}
	text := common + p.settings
	if strings.Contains(p.settings, "{redis") {
		s := testserver.Redis(t)
		words["{redis}"], words["{redis_port}"] = s.Addr(), strconv.Itoa(s.Port)
	}
	if strings.Contains(p.settings, "{sentinel_port}") {
		words["{sentinel_port}"] = strconv.Itoa(testserver.RedisSentinel(t).Port)
	}
	if strings.Contains(p.settings, "{memcached") {
		all := testserver.Memcacheds(t, 2)
		words["{memcached}"], words["{memcached2}"] = all[0].Addr(), all[1].Addr()
	}
	database := "site_" + strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, version+"_"+p.name)
	if strings.Contains(p.settings, "{database}") {
		words["{database}"] = database
		if strings.Contains(p.name, "mysql") {
			s := testserver.MariaDB(t)
			words["{my_user}"], words["{my_port}"] = s.User, strconv.Itoa(s.Port)
			execSQL(t, "mysql", fmt.Sprintf("%s@tcp(%s)/", s.User, s.Addr()), "CREATE DATABASE "+database+" CHARACTER SET utf8mb4")
		} else {
			s := testserver.PostgreSQL(t)
			words["{pg_user}"], words["{pg_port}"] = s.User, strconv.Itoa(s.Port)
			execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", s.User, s.Addr()), "CREATE DATABASE "+database)
			if strings.Contains(p.settings, "'service'") {
				services.Do(func() {
					writeFile(t, os.Getenv("PGSERVICEFILE"), fmt.Sprintf("[site]\nhost=127.0.0.1\nport=%d\nuser=%s\ndbname=postgres\nsslmode=disable\n", s.Port, s.User))
				})
			}
		}
	}
	env = maps.Clone(p.env)
	for word, value := range words {
		text = strings.ReplaceAll(text, word, value)
		for name := range env {
			env[name] = strings.ReplaceAll(env[name], word, value)
		}
	}
	writeFile(t, filepath.Join(dir, "settings.py"), text)
	writeFile(t, filepath.Join(dir, "manage.py"), `import os, sys
os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`)
	for name, module := range p.modules {
		writeFile(t, filepath.Join(dir, name), module)
	}
	for _, sub := range []string{"sessions", "cache"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return env
}

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func execSQL(t testing.TB, driver, dsn, statement string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

//go:embed testdata/driver.py
var driverPy string

// startDjango starts the project in dir. It returns the process and the key of a session
// that Django made. options are those of diffsettings.
func startDjango(t *testing.T, version, dir, options string) (d *django.Django, key string) {
	t.Helper()
	d = django.Start(t, django.Site{Version: version, Dir: dir, Code: driverPy})
	d.Call(t, "begin", django.Args{"options": json.RawMessage(options)}, &key)
	return d, key
}
