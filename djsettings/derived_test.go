package djsettings

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djcache"
)

// A class of another package is known by its whole path, never by its last word.
func TestDerivedDatabases(t *testing.T) {
	for engine, d := range databaseEngines {
		opts := &Options{Django: "5.2", Schema: "tenant1"}
		set := read(t, "SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': '"+engine+"'}, 'own': {'ENGINE': 'own."+engine+"'}}\n", opts)
		if db := set.Databases["default"]; db.Kind != d.kind || db.Err() != nil {
			t.Errorf("%s: got %q, %v", engine, db.Kind, db.Err())
		}
		if db := set.Databases["own"]; db.Kind != "" {
			t.Errorf("own.%s is taken for %s", engine, db.Kind)
		}
	}
	opts := &Options{Django: "5.2", Databases: map[string]string{"own.db": "django.db.backends.mysql"}}
	if db := read(t, "SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': 'own.db'}}\n", opts).Databases["default"]; db.Kind != MySQL {
		t.Errorf("Options.Databases: got %q", db.Kind)
	}
}

// The schema of a tenant is an option, and the search path is that of the backends.
func TestTenants(t *testing.T) {
	for _, tt := range []struct {
		name, schema, more string
		want               []string // nil is an error
	}{
		{"no option", "", "", nil},
		{"a tenant", "t1", "", []string{"t1", "public"}},
		{"the public one", "public", "", []string{"public"}},
		{"another public one", "t1", "PUBLIC_SCHEMA_NAME = 'shared'\nPG_EXTRA_SEARCH_PATHS = ['ext']", []string{"t1", "shared", "ext"}},
		{"a quote", `t"1`, "", nil},
		{"of the server", "pg_catalog", "", nil},
		{"extra that is no list", "t1", "PG_EXTRA_SEARCH_PATHS = 7", nil},
		{"over PostGIS", "t1", "ORIGINAL_BACKEND = 'django.contrib.gis.db.backends.postgis'", []string{"t1", "public"}},
		{"over the site's own", "t1", "ORIGINAL_BACKEND = 'own.backend'", nil},
	} {
		for _, engine := range []string{"django_tenants.postgresql_backend", "tenant_schemas.postgresql_backend"} {
			set := read(t, "SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': '"+engine+"', 'NAME': 'n'}}\n"+tt.more+"\n", &Options{Django: "5.2", Schema: tt.schema})
			db := set.Databases["default"]
			if tt.want == nil {
				if !errors.Is(db.Err(), ErrUnsupported) || !strings.Contains(db.Err().Error(), engine) {
					t.Errorf("%s, %s: got error %v", engine, tt.name, db.Err())
				}
				continue
			}
			if db.Err() != nil || !slices.Equal(db.SearchPath, tt.want) {
				t.Errorf("%s, %s: got %v, %v", engine, tt.name, db.SearchPath, db.Err())
			}
		}
	}
}

func TestDerivedCaches(t *testing.T) {
	for backend, kind := range derivedCaches {
		set := read(t, "SECRET_KEY = 'k'\nCACHES = {'default': {'BACKEND': '"+backend+"', 'LOCATION': 'h'}, 'own': {'BACKEND': 'own."+backend+"'}}\n", &Options{Django: "5.2"})
		if c := set.Caches["default"]; c.Kind != kind || c.Err() != nil {
			t.Errorf("%s: got %q, %v", backend, c.Kind, c.Err())
		}
		if c := set.Caches["own"]; c.Kind != "" {
			t.Errorf("own.%s is taken for %s", backend, c.Kind)
		}
	}
	for entry, says := range map[string]string{
		"{'BACKEND': 'django_pylibmc.memcached.PyLibMCCache', 'LOCATION': 'h', 'USERNAME': 'u'}":                                       "USERNAME",
		"{'BACKEND': 'django_bmemcached.memcached.BMemcached', 'LOCATION': 'h', 'OPTIONS': {'compression': <module 'bz2' from '/x'>}}": "compression",
		"{'BACKEND': 'django_valkey.cache.ValkeyCache', 'LOCATION': 'valkey://h', 'OPTIONS': {'BASE_CLIENT_CLASS': 'own.Client'}}":     "BASE_CLIENT_CLASS",
	} {
		c := read(t, "SECRET_KEY = 'k'\nCACHES = {'default': "+entry+"}\n", &Options{Django: "5.2"}).Caches["default"]
		if !errors.Is(c.Err(), ErrUnsupported) || !strings.Contains(c.Err().Error(), says) {
			t.Errorf("%s: got error %v", entry, c.Err())
		}
	}
	set := read(t, "SECRET_KEY = 'k'\nCOMPRESS_ZLIB_WBITS = 9\nCACHES = {'default': {'BACKEND': 'django_valkey.cache.ValkeyCache'}}\n", &Options{Django: "5.2"})
	if err := set.Caches["default"].Err(); err == nil || !strings.Contains(err.Error(), "COMPRESS_ZLIB_WBITS") {
		t.Errorf("a setting of a compressor: got error %v", err)
	}
}

// A middleware is known by its whole path; a site's own is a question until an option
// answers it.
func TestMiddleware(t *testing.T) {
	enabled := func(s *Settings) []bool {
		return []bool{s.Sessions.Enabled, s.CSRF.Enabled, s.Auth.Enabled, s.Messages.Enabled}
	}
	owns := func(s *Settings) []string {
		return []string{s.Sessions.OwnMiddleware, s.CSRF.OwnMiddleware, s.Auth.OwnMiddleware, s.Messages.OwnMiddleware}
	}
	all := slices.Concat(sessionsOf[:1], csrfOf, authOf, messagesOf)
	own := []string{"app.mw.SessionMiddleware", "app.mw.MyCsrfViewMiddleware", "app.mw.AuthenticationMiddleware", "app.mw.MessageMiddleware"}
	none := []string{"", "", "", ""}
	for _, tt := range []struct {
		name       string
		middleware []string
		opts       Options
		enabled    bool
		own        []string
	}{
		{"Django's", all, Options{}, true, none},
		{"the site's own", own, Options{}, true, own},
		{"both", slices.Concat(own, all), Options{}, true, none},
		{"answered", own, Options{Middleware: map[string]string{own[0]: all[0], own[1]: all[1], own[2]: all[2], own[3]: all[3]}}, true, none},
		{"nothing", own, Options{Middleware: map[string]string{own[0]: "", own[1]: "", own[2]: "", own[3]: ""}}, false, none},
	} {
		tt.opts.Django = "5.2"
		set := read(t, "SECRET_KEY = 'k'\nMIDDLEWARE = ['"+strings.Join(tt.middleware, "', '")+"']\n", &tt.opts)
		if got := enabled(set); slices.Contains(got, !tt.enabled) {
			t.Errorf("%s: enabled %v", tt.name, got)
		}
		if got := owns(set); !slices.Equal(got, tt.own) {
			t.Errorf("%s: own %q", tt.name, got)
		}
	}
}

func TestAs(t *testing.T) {
	o := new(Options)
	for own, what := range map[string]string{
		"app.engine": "django.contrib.sessions.backends.cached_db,class=OwnStore,table=own_table", "app.Cache": "django_redis.cache.RedisCache",
		"app.db": "django.db.backends.postgresql", "app.Mw": "nothing", "app.Csrf": "django.middleware.csrf.CsrfViewMiddleware",
		"app.JSON": "json", "app.key": "{prefix}/{key}@{version}",
	} {
		if err := o.As(own, what); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, want := o.Engines["app.engine"], (CustomEngine{Base: string(EngineCachedDB), StoreClass: "OwnStore", Table: "own_table"}); got != want {
		t.Errorf("engine: got %+v", got)
	}
	set := read(t, "SECRET_KEY = 'k'\nSESSION_ENGINE = 'app.engine'\nSESSION_SERIALIZER = 'app.JSON'\nDATABASES = {'default': {'ENGINE': 'app.db'}}\n"+
		"CACHES = {'default': {'BACKEND': 'app.Cache', 'KEY_FUNCTION': 'app.key', 'KEY_PREFIX': 'p'}}\n", &Options{Django: "5.2", Engines: o.Engines,
		Backends: o.Backends, Databases: o.Databases, Serializers: o.Serializers, KeyFunctions: o.KeyFunctions})
	if set.Sessions.Kind != EngineCachedDB || set.Databases["default"].Kind != PostgreSQL || set.Caches["default"].Kind != CacheDjangoRedis {
		t.Errorf("got %q, %q, %q", set.Sessions.Kind, set.Databases["default"].Kind, set.Caches["default"].Kind)
	}
	if _, err := set.Session(); err != nil {
		t.Error(err)
	}
	var keys djcache.Keys
	keys, err := set.CacheKeys(set.Caches["default"])
	if err != nil || keys.Key("k{key}") != "p/k{key}@1" {
		t.Errorf("key function: got %q, %v", keys.Key("k{key}"), err)
	}
	for _, what := range []string{"", "own.Cache", "django.contrib.sessions.backends.db,colour=red"} {
		if err := o.As("app.x", what); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%q: got error %v", what, err)
		}
	}
}
