package djsettings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// database reads one entry of DATABASES.
func database(t *testing.T, entry string) *Database {
	t.Helper()
	set := read(t, "SECRET_KEY = 'x'\nDATABASES = {'default': "+entry+"}\n", &Options{Django: "5.2"})
	return set.Databases["default"]
}

func TestPostgresDSN(t *testing.T) {
	for _, tt := range []struct{ entry, want string }{
		{`{'NAME': 'n', 'USER': 'u', 'PASSWORD': 'p', 'HOST': 'h', 'PORT': 5433}`, `host='h' port='5433' user='u' password='p' dbname='n'`},
		{`{'NAME': 'n', 'USER': '', 'PASSWORD': '', 'HOST': '', 'PORT': ''}`, `dbname='n'`},
		{`{'NAME': 'n o', 'PASSWORD': "p'\\ q", 'HOST': '/run/pg'}`, `host='/run/pg' password='p\'\\ q' dbname='n o'`},
		{`{'NAME': '', 'OPTIONS': {'service': 's', 'passfile': PosixPath('/p')}}`, `service='s' passfile='/p'`},
		{`{'NAME': None}`, `dbname='postgres'`},
		{`{'NAME': 'n', 'OPTIONS': {'sslmode': 'verify-full', 'connect_timeout': 3, 'isolation_level': 3, 'pool': True, 'keepalives': 1}}`, `sslmode='verify-full' connect_timeout='3' dbname='n'`},
	} {
		db := database(t, strings.Replace(tt.entry, "{", "{'ENGINE': 'django.db.backends.postgresql', ", 1))
		if got := db.ConnString().Reveal(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.entry, got, tt.want)
		}
	}
}

func TestDatabaseKinds(t *testing.T) {
	for engine, want := range map[string]DatabaseKind{
		"django.db.backends.sqlite3": SQLite, "django.contrib.gis.db.backends.spatialite": SQLite,
		"django.db.backends.postgresql": PostgreSQL, "django.db.backends.postgresql_psycopg2": PostgreSQL, "django.contrib.gis.db.backends.postgis": PostgreSQL,
		"django_prometheus.db.backends.postgresql": PostgreSQL, "django.db.backends.mysql": MySQL, "django.db.backends.oracle": "", "": "",
	} {
		if got := database(t, "{'ENGINE': '"+engine+"'}").Kind; got != want {
			t.Errorf("%s: got %q, want %q", engine, got, want)
		}
	}
	for name, want := range map[string]string{
		"'db.sqlite3'": "/srv/db.sqlite3", "PosixPath('/a/db')": "/a/db", "':memory:'": "", "''": "",
		"'file:db?mode=ro', 'OPTIONS': {'uri': True}": "/srv/db", "'file:///a/db?x'": "/a/db", "'file:x?mode=memory&cache=shared'": "",
	} {
		db := database(t, "{'ENGINE': 'django.db.backends.sqlite3', 'NAME': "+name+"}")
		db.dir = "/srv"
		if got := db.Path(); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestRedisSessionsSettings(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       string // host:port db prefix socket sentinels
		warned     string
	}{
		{"nothing", "", "localhost:6379 0  ", ""},
		{"dict", "SESSION_REDIS = {'host': 'h', 'port': '7', 'db': 2, 'prefix': 'p'}", "h:7 2 p ", ""},
		{"a dict hides the flat", "SESSION_REDIS = {'db': 2}\nSESSION_REDIS_HOST = 'h'", "localhost:6379 2  ", ""},
		{"flat", "SESSION_REDIS_HOST = 'h'\nSESSION_REDIS_PREFIX = 'p'\nSESSION_REDIS_DB = 3", "h:6379 3 p ", "SESSION_REDIS_HOST"},
		{"socket", "SESSION_REDIS = {'unix_domain_socket_path': '/s'}", "localhost:6379 0  /s", ""},
		{"Sentinel", "SESSION_REDIS = {'host': None}\nSESSION_REDIS_SENTINEL_LIST = [('a', 1), ('b', '2')]\nSESSION_REDIS_SENTINEL_MASTER_ALIAS = 'm'", ":6379 0  a:1 b:2 m", ""},
		{"Sentinel that is not used", "SESSION_REDIS = {'db': 1}\nSESSION_REDIS_SENTINEL_LIST = [('a', 1)]", "localhost:6379 1  ", "SESSION_REDIS_SENTINEL_LIST"},
		{"POOL", "SESSION_REDIS = {'POOL': [{'host': 'a'}]}", "localhost:6379 0  ", "SESSION_REDIS"},
	} {
		set := read(t, "SECRET_KEY = 'x'\nSESSION_ENGINE = 'redis_sessions.session'\n"+tt.text+"\n", &Options{Django: "5.2"})
		r := set.Sessions.Redis
		got := fmt.Sprintf("%s:%d %d %s %s", r.Host, r.Port, r.DB, r.Prefix, strings.Join(append(append([]string{}, r.Sentinels...), r.Master, r.SocketPath), " "))
		if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(tt.want), " ") {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		if tt.warned != "" != slices.ContainsFunc(set.Warnings, func(w Warning) bool { return w.Setting == tt.warned }) {
			t.Errorf("%s: got warnings %v", tt.name, set.Warnings)
		}
	}
}

func TestCacheLocations(t *testing.T) {
	for _, tt := range []struct {
		entry string
		want  []string
	}{
		{"'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': 'a:1,b:2;c:3'", []string{"a:1", "b:2", "c:3"}},
		{"'BACKEND': 'django.core.cache.backends.memcached.MemcachedCache', 'LOCATION': ['a:1', ('b:2', 3)]", []string{"a:1", "b:2:3"}},
		{"'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://a;redis://b'", []string{"redis://a", "redis://b"}},
		{"'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://a;b,redis://c'", []string{"redis://a;b", "redis://c"}},
		{"'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': PosixPath('/a,b')", []string{"/a,b"}},
		{"'BACKEND': 'django.core.cache.backends.db.DatabaseCache', 'LOCATION': 'a_table'", []string{"a_table"}},
		{"'BACKEND': 'own.Cache', 'LOCATION': ''", nil},
	} {
		set := read(t, "SECRET_KEY = 'x'\nCACHES = {'default': {"+tt.entry+"}}\n", &Options{Django: "5.2"})
		var got []string
		for _, l := range set.Caches["default"].Locations {
			got = append(got, l.Reveal())
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.entry, got, tt.want)
		}
	}
}

func TestParams(t *testing.T) {
	d := pyliteral.Dict{{Key: "a", Value: int64(1)}, {Key: "n", Value: nil}, {Key: "t", Value: true}, {Key: "l", Value: pyliteral.List{}}, {Key: int64(3), Value: "x"}}
	p := Params{&paramsDict{&d}}
	if got := p.Names(); !slices.Equal(got, []string{"a", "n", "t", "l"}) {
		t.Errorf("names: got %v", got)
	}
	if p.Text("a") != "1" || p.Text("t") != "True" || p.Text("n") != "" || p.Text("l") != "" || p.Has("n") || !p.Has("l") || (Params{}).Has("a") || (Params{}).Text("a") != "" {
		t.Error("values are not as they should be")
	}
}
