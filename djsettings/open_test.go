package djsettings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// TestRedisURL: what redis-py 7 makes of these.
func TestRedisURL(t *testing.T) {
	type want struct {
		network, addr, user, password string
		db                            int
		tls                           bool
	}
	for url, w := range map[string]want{
		"redis://h":                                {"tcp", "h:6379", "", "", -1, false},
		"redis://":                                 {"tcp", "localhost:6379", "", "", -1, false},
		"redis://:pw@h:1/2":                        {"tcp", "h:1", "", "pw", 2, false},
		"redis://u:p%40w@H/2":                      {"tcp", "h:6379", "u", "p@w", 2, false},
		"redis://:p<a>s%zz@w@h/0":                  {"tcp", "h:6379", "", "p<a>s%zz@w", 0, false},
		"redis://h/2?db=3":                         {"tcp", "h:6379", "", "", 3, false},
		"redis://h?password=q&username=v":          {"tcp", "h:6379", "v", "q", -1, false},
		"redis://u:p@h?password=q":                 {"tcp", "h:6379", "u", "p", -1, false},
		"redis://h/name":                           {"tcp", "h:6379", "", "", -1, false},
		"redis://[::1]:7/1":                        {"tcp", "[::1]:7", "", "", 1, false},
		"unix:///run/r.sock?db=1":                  {"unix", "/run/r.sock", "", "", 1, false},
		"unix://u:p@/run/r.sock":                   {"unix", "/run/r.sock", "u", "p", -1, false},
		"rediss://h/1?ssl_cert_reqs=none":          {"tcp", "h:6379", "", "", 1, true},
		"redis://h/1?socket_timeout=5&max_conns=1": {"tcp", "h:6379", "", "", 1, false},
	} {
		s, err := parseRedisURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := (want{s.network, s.addr, s.username, s.password, s.db, s.rediss}); got != w {
			t.Errorf("%s: got %+v, want %+v", url, got, w)
		}
	}
	for _, url := range []string{"", "h:6379", "http://h", "redis://h:s3cr3t", "unix://s3cr3t@h", "redis://h?db=s3cr3t", "rediss://h?ssl_ca_certs=/nonexistent/s3cr3t"} {
		s, err := parseRedisURL(url)
		if err == nil {
			_, err = s.secure(Params{}, false, "")
		}
		if !errors.Is(err, ErrSetting) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}

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
		if got := db.postgresDSN(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.entry, got, tt.want)
		}
	}
}

func TestMySQLConfig(t *testing.T) {
	dir := t.TempDir()
	cnf := filepath.Join(dir, "my.cnf")
	if err := os.WriteFile(cnf, []byte("[mysqld]\nuser=daemon\n[client]\nuser = \"fi le\"  # who\npassword='p#w'\nhost=filehost\nport=3310\ndatabase=filedb\n# no\n[site]\nhost=sitehost\ndefault-character-set=utf8\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	type want struct{ user, password, net, addr, name string }
	for _, tt := range []struct {
		name, entry string
		want        want
	}{
		{"plain", `{'NAME': 'n', 'USER': 'u', 'PASSWORD': 'p@/', 'HOST': 'h', 'PORT': '3307'}`, want{"u", "p@/", "tcp", "h:3307", "n"}},
		{"no port", `{'NAME': 'n', 'HOST': 'h'}`, want{"", "", "tcp", "h:3306", "n"}},
		{"this machine, by TCP", `{'NAME': 'n', 'HOST': 'localhost', 'PORT': 3307}`, want{"", "", "tcp", "localhost:3307", "n"}},
		{"a socket", `{'NAME': 'n', 'HOST': '/run/my.sock'}`, want{"", "", "unix", "/run/my.sock", "n"}},
		{"a socket in OPTIONS", `{'NAME': 'n', 'OPTIONS': {'unix_socket': '/run/my.sock'}}`, want{"", "", "unix", "/run/my.sock", "n"}},
		{"OPTIONS win", `{'NAME': 'n', 'USER': 'u', 'HOST': 'h', 'OPTIONS': {'db': 'm', 'user': 'v', 'passwd': 'q', 'host': 'i', 'port': 1}}`, want{"v", "q", "tcp", "i:1", "m"}},
		{"my.cnf", `{'OPTIONS': {'read_default_file': '` + cnf + `'}}`, want{"fi le", "p#w", "tcp", "filehost:3310", "filedb"}},
		{"my.cnf and a group", `{'NAME': 'n', 'USER': 'u', 'OPTIONS': {'read_default_file': PosixPath('` + cnf + `'), 'read_default_group': 'site'}}`, want{"u", "p#w", "tcp", "sitehost:3310", "n"}},
		{"my.cnf by a relative path", `{'NAME': 'n', 'OPTIONS': {'read_default_file': 'my.cnf'}}`, want{"fi le", "p#w", "tcp", "filehost:3310", "n"}},
	} {
		db := database(t, strings.Replace(tt.entry, "{", "{'ENGINE': 'django.db.backends.mysql', ", 1))
		db.dir = dir
		cfg, err := db.mysqlConfig()
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := (want{cfg.User, cfg.Passwd, cfg.Net, cfg.Addr, cfg.DBName}); got != tt.want || (cfg.TLS != nil) != (cfg.Net == "tcp") || cfg.AllowFallbackToPlaintext != (cfg.Net == "tcp") {
			t.Errorf("%s: got %+v with TLS %v, want %+v and TLS where the server has it", tt.name, got, cfg.TLS != nil, tt.want)
		}
	}
	for entry, secure := range map[string][2]bool{ // whether there is TLS, and whether the name counts
		`{'ssl_mode': 'REQUIRED'}`:                      {true, false},
		`{'ssl_mode': 'VERIFY_IDENTITY'}`:               {true, true},
		`{'ssl': {'check_hostname': True}}`:             {true, true},
		`{'ssl_mode': 'DISABLED', 'ssl': {'key': 'k'}}`: {false, false},
		`{'ssl': {}}`: {true, false},
	} {
		cfg, err := database(t, `{'ENGINE': 'django.db.backends.mysql', 'NAME': 'n', 'HOST': 'h', 'OPTIONS': `+entry+`}`).mysqlConfig()
		if err != nil || (cfg.TLS != nil) != secure[0] || cfg.TLS != nil && cfg.TLS.InsecureSkipVerify == secure[1] {
			t.Errorf("%s: got %+v, %v", entry, cfg, err)
		}
	}
	if _, err := database(t, `{'ENGINE': 'django.db.backends.mysql', 'NAME': 'n', 'OPTIONS': {'read_default_file': '/nonexistent'}}`).mysqlConfig(); !errors.Is(err, ErrSetting) {
		t.Errorf("no my.cnf: got %v", err)
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

// TestOpenErrors: which error, that it names the setting, and that it names no
// secret.
func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no database, but long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := func(entry string) string { return "DATABASES = {'default': {" + entry + "}}" }
	cache := func(entry string) string {
		return "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {" + entry + "}}"
	}
	redis := "'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://:s3cr3t@127.0.0.1:1/0', 'OPTIONS': "
	for _, tt := range []struct {
		name, text string
		want       error
		says       string
	}{
		{"no databases", "", ErrSetting, `DATABASES has no "default"`},
		{"no engine", db("'NAME': 'x'"), ErrSetting, `DATABASES["default"] has no ENGINE`},
		{"other engine", db("'ENGINE': 'django.db.backends.oracle'"), ErrUnsupported, "django.db.backends.oracle"},
		{"no SQLite", db("'ENGINE': 'django.db.backends.sqlite3', 'NAME': '/nonexistent/db'"), ErrUnavailable, "there is no file"},
		{"other file", db("'ENGINE': 'django.db.backends.sqlite3', 'NAME': '" + text + "'"), ErrSetting, "not an SQLite database"},
		{"memory", db("'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'"), ErrNotShared, "in memory"},
		{"no PostgreSQL", db("'ENGINE': 'django.db.backends.postgresql', 'NAME': 'n', 'HOST': '127.0.0.1', 'PORT': 1, 'PASSWORD': 's3cr3t'"), ErrUnavailable, `DATABASES["default"]`},
		{"bad sslmode", db("'ENGINE': 'django.db.backends.postgresql', 'NAME': 'n', 'HOST': '127.0.0.1', 'PASSWORD': 's3cr3t', 'OPTIONS': {'sslmode': 's3cr3t'}"), ErrSetting, `DATABASES["default"]`},
		{"no MySQL", db("'ENGINE': 'django.db.backends.mysql', 'NAME': 'n', 'HOST': '127.0.0.1', 'PORT': 1, 'PASSWORD': 's3cr3t'"), ErrUnavailable, `DATABASES["default"]`},
		{"an object", db("'ENGINE': 'django.db.backends.mysql', 'NAME': Env('s3cr3t')"), ErrSetting, `DATABASES["default"]["NAME"]: djsettings: setting cannot be used: Env(...) is no literal`},
		{"no cache", "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nSESSION_CACHE_ALIAS = 'x'", ErrSetting, `CACHES has no "x"`},
		{"LocMem by default", "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'", ErrNotShared, "LocMemCache"},
		{"dummy", cache("'BACKEND': 'django.core.cache.backends.dummy.DummyCache'"), ErrNotShared, "DummyCache"},
		{"own cache", cache("'BACKEND': 'own.Cache'"), ErrUnsupported, "own.Cache"},
		{"own function", cache("'BACKEND': 'django.core.cache.backends.db.DatabaseCache', 'KEY_FUNCTION': <function make at 0x1>"), ErrUnsupported, "KEY_FUNCTION make"},
		{"no folder", cache("'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': '/nonexistent/s3cr3t'"), ErrUnavailable, `CACHES["default"]`},
		{"no Redis", cache(redis + "{}"), ErrUnavailable, `CACHES["default"]`},
		{"own serializer", cache(redis + "{'SERIALIZER': 'own.Serializer'}"), ErrUnsupported, "own.Serializer"},
		{"own compressor", cache(redis + "{'COMPRESSOR': 'own.Compressor'}"), ErrUnsupported, "own.Compressor"},
		{"own client", cache(redis + "{'CLIENT_CLASS': 'own.Client'}"), ErrUnsupported, "own.Client"},
		{"Django's own serializer", cache("'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://127.0.0.1:1', 'OPTIONS': {'serializer': <class 'own.S'>}"), ErrUnsupported, "own.S"},
		{"no memcached", cache("'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '127.0.0.1:1'"), ErrUnavailable, `CACHES["default"]`},
		{"a password of memcached", cache("'BACKEND': 'django.core.cache.backends.memcached.PyLibMCCache', 'LOCATION': 'h', 'OPTIONS': {'username': 'u', 'password': 's3cr3t'}"), ErrUnsupported, "user name"},
		{"another hash", cache("'BACKEND': 'django.core.cache.backends.memcached.PyLibMCCache', 'LOCATION': 'h', 'OPTIONS': {'behaviors': {'hash': 'crc'}}"), ErrUnsupported, "behavior hash"},
		{"a hasher", cache("'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': 'h', 'OPTIONS': {'hasher': <class 'x'>}"), ErrUnsupported, "hasher"},
		{"no files", "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\nSESSION_FILE_PATH = '/nonexistent/s3cr3t'", ErrUnavailable, "SESSION_FILE_PATH"},
		{"no session Redis", "SESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS = {'host': '127.0.0.1', 'port': 1, 'password': 's3cr3t'}", ErrUnavailable, "SESSION_REDIS"},
		{"zone", "USE_TZ = False\nTIME_ZONE = 's3cr3t/Nowhere'", ErrSetting, "TIME_ZONE"},
		{"age", "SESSION_COOKIE_AGE = -1", ErrSetting, "SESSION_COOKIE_AGE"},
	} {
		set := read(t, "SECRET_KEY = 'x'\n"+tt.text+"\n", &Options{Django: "5.2"})
		site, err := Open(t.Context(), set, nil)
		if site != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, %v, want %v", tt.name, site, err, tt.want)
		}
		if strings.Contains(fmt.Sprint(err), "s3cr3t") {
			t.Errorf("%s: the error holds a secret: %v", tt.name, err)
		}
	}
}

// TestMemcachedElsewhere: servers that are chosen by their names cannot have others.
func TestMemcachedElsewhere(t *testing.T) {
	env := func(name string) (string, bool) {
		return "127.0.0.1:1,127.0.0.1:2", name == "DJSESSION_CACHE_DEFAULT_LOCATION"
	}
	for class, want := range map[string]error{"PyMemcacheCache": ErrSetting, "PyLibMCCache": ErrUnavailable, "MemcachedCache": ErrUnavailable} {
		set := read(t, "SECRET_KEY = 'x'\nSESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached."+class+"', 'LOCATION': ['a', 'b']}}\n",
			&Options{Django: "3.2", Env: env})
		if _, err := Open(t.Context(), set, nil); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", class, err, want)
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
