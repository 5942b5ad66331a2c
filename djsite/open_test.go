package djsite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
)

// TestRedisURL compares with redis-py 7.
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
			err = s.complete(djsettings.Params{}, false, new(djsettings.Settings))
		}
		if !errors.Is(err, djsettings.ErrSetting) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}

func read(t *testing.T, text string, opts *djsettings.Options) *djsettings.Settings {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// database reads one entry of DATABASES.
func database(t *testing.T, text string, dir string) entry {
	t.Helper()
	set := read(t, "SECRET_KEY = 'x'\nDATABASES = {'default': "+text+"}\n", &djsettings.Options{Django: "5.2", Dir: dir})
	return entry{set.Databases["default"], set}
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
		db := database(t, strings.Replace(tt.entry, "{", "{'ENGINE': 'django.db.backends.mysql', ", 1), dir)
		cfg, err := db.mysqlConfig()
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := (want{cfg.User, cfg.Passwd, cfg.Net, cfg.Addr, cfg.DBName}); got != tt.want || (cfg.TLS != nil) != (cfg.Net == "tcp") || cfg.AllowFallbackToPlaintext != (cfg.Net == "tcp") {
			t.Errorf("%s: got %+v with TLS %v, want %+v and TLS where the server has it", tt.name, got, cfg.TLS != nil, tt.want)
		}
	}
	for entry, secure := range map[string][2]bool{ // whether there is TLS, and whether the name is verified
		`{'ssl_mode': 'REQUIRED'}`:                      {true, false},
		`{'ssl_mode': 'VERIFY_IDENTITY'}`:               {true, true},
		`{'ssl': {'check_hostname': True}}`:             {true, true},
		`{'ssl_mode': 'DISABLED', 'ssl': {'key': 'k'}}`: {false, false},
		`{'ssl': {}}`: {true, false},
	} {
		cfg, err := database(t, `{'ENGINE': 'django.db.backends.mysql', 'NAME': 'n', 'HOST': 'h', 'OPTIONS': `+entry+`}`, "").mysqlConfig()
		if err != nil || (cfg.TLS != nil) != secure[0] || cfg.TLS != nil && cfg.TLS.InsecureSkipVerify == secure[1] {
			t.Errorf("%s: got %+v, %v", entry, cfg, err)
		}
	}
	if _, err := database(t, `{'ENGINE': 'django.db.backends.mysql', 'NAME': 'n', 'OPTIONS': {'read_default_file': '/nonexistent'}}`, "").mysqlConfig(); !errors.Is(err, djsettings.ErrSetting) {
		t.Errorf("no my.cnf: got %v", err)
	}
}

// TestOpenErrors checks the kind of the error, that it names the setting, and that it holds
// no secret.
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
		{"no databases", "", djsettings.ErrSetting, `DATABASES has no "default"`},
		{"no engine", db("'NAME': 'x'"), djsettings.ErrSetting, `DATABASES["default"] has no ENGINE`},
		{"other engine", db("'ENGINE': 'django.db.backends.oracle'"), djsettings.ErrUnsupported, "django.db.backends.oracle"},
		{"no SQLite", db("'ENGINE': 'django.db.backends.sqlite3', 'NAME': '/nonexistent/db'"), ErrUnavailable, "there is no file"},
		{"other file", db("'ENGINE': 'django.db.backends.sqlite3', 'NAME': '" + text + "'"), djsettings.ErrSetting, "not an SQLite database"},
		{"memory", db("'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'"), ErrNotShared, "in memory"},
		{"no PostgreSQL", db("'ENGINE': 'django.db.backends.postgresql', 'NAME': 'n', 'HOST': '127.0.0.1', 'PORT': 1, 'PASSWORD': 's3cr3t'"), ErrUnavailable, `DATABASES["default"]`},
		{"bad sslmode", db("'ENGINE': 'django.db.backends.postgresql', 'NAME': 'n', 'HOST': '127.0.0.1', 'PASSWORD': 's3cr3t', 'OPTIONS': {'sslmode': 's3cr3t'}"), djsettings.ErrSetting, `DATABASES["default"]`},
		{"no MySQL", db("'ENGINE': 'django.db.backends.mysql', 'NAME': 'n', 'HOST': '127.0.0.1', 'PORT': 1, 'PASSWORD': 's3cr3t'"), ErrUnavailable, `DATABASES["default"]`},
		{"an object", db("'ENGINE': 'django.db.backends.mysql', 'NAME': Env('s3cr3t')"), djsettings.ErrSetting, `DATABASES["default"]["NAME"]: djsettings: setting cannot be used: Env(...) is no literal`},
		{"no cache", "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nSESSION_CACHE_ALIAS = 'x'", djsettings.ErrSetting, `CACHES has no "x"`},
		{"LocMem by default", "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'", ErrNotShared, "LocMemCache"},
		{"dummy", cache("'BACKEND': 'django.core.cache.backends.dummy.DummyCache'"), ErrNotShared, "DummyCache"},
		{"own cache", cache("'BACKEND': 'own.Cache'"), djsettings.ErrUnsupported, "own.Cache"},
		{"own function", cache("'BACKEND': 'django.core.cache.backends.db.DatabaseCache', 'KEY_FUNCTION': <function make at 0x1>"), djsettings.ErrUnsupported, "KEY_FUNCTION make"},
		{"no folder", cache("'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': '/nonexistent/s3cr3t'"), ErrUnavailable, `CACHES["default"]`},
		{"no Redis", cache(redis + "{}"), ErrUnavailable, `CACHES["default"]`},
		{"own serializer", cache(redis + "{'SERIALIZER': 'own.Serializer'}"), djsettings.ErrUnsupported, "own.Serializer"},
		{"own compressor", cache(redis + "{'COMPRESSOR': 'own.Compressor'}"), djsettings.ErrUnsupported, "own.Compressor"},
		{"own client", cache(redis + "{'CLIENT_CLASS': 'own.Client'}"), djsettings.ErrUnsupported, "own.Client"},
		{"Django's own serializer", cache("'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://127.0.0.1:1', 'OPTIONS': {'serializer': <class 'own.S'>}"), djsettings.ErrUnsupported, "own.S"},
		{"no memcached", cache("'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '127.0.0.1:1'"), ErrUnavailable, `CACHES["default"]`},
		{"a password of memcached", cache("'BACKEND': 'django.core.cache.backends.memcached.PyLibMCCache', 'LOCATION': 'h', 'OPTIONS': {'username': 'u', 'password': 's3cr3t'}"), djsettings.ErrUnsupported, "user name"},
		{"another hash", cache("'BACKEND': 'django.core.cache.backends.memcached.PyLibMCCache', 'LOCATION': 'h', 'OPTIONS': {'behaviors': {'hash': 'crc'}}"), djsettings.ErrUnsupported, "behavior hash"},
		{"a hasher", cache("'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': 'h', 'OPTIONS': {'hasher': <class 'x'>}"), djsettings.ErrUnsupported, "hasher"},
		{"no files", "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\nSESSION_FILE_PATH = '/nonexistent/s3cr3t'", ErrUnavailable, "SESSION_FILE_PATH"},
		{"no session Redis", "SESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS = {'host': '127.0.0.1', 'port': 1, 'password': 's3cr3t'}", ErrUnavailable, "SESSION_REDIS"},
		{"zone", "USE_TZ = False\nTIME_ZONE = 's3cr3t/Nowhere'", djsettings.ErrSetting, "TIME_ZONE"},
	} {
		set := read(t, "SECRET_KEY = 'x'\n"+tt.text+"\n", &djsettings.Options{Django: "5.2"})
		site, err := Open(t.Context(), set, nil)
		if site != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v, %v, want %v", tt.name, site, err, tt.want)
		}
		if strings.Contains(fmt.Sprint(err), "s3cr3t") {
			t.Errorf("%s: the error holds a secret: %v", tt.name, err)
		}
	}
}

// TestMemcachedElsewhere: if the client chooses servers by their names, other names are an
// error.
func TestMemcachedElsewhere(t *testing.T) {
	env := func(name string) (string, bool) {
		return "127.0.0.1:1,127.0.0.1:2", name == "DJSESSION_CACHE_DEFAULT_LOCATION"
	}
	for class, want := range map[string]error{"PyMemcacheCache": djsettings.ErrSetting, "PyLibMCCache": ErrUnavailable, "MemcachedCache": ErrUnavailable} {
		set := read(t, "SECRET_KEY = 'x'\nSESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached."+class+"', 'LOCATION': ['a', 'b']}}\n",
			&djsettings.Options{Django: "3.2", Env: env})
		if _, err := Open(t.Context(), set, nil); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", class, err, want)
		}
	}
}

// TestOpenCustom: a site's own engine must be described, and a SECRET_KEY must exist.
func TestOpenCustom(t *testing.T) {
	const text = "SECRET_KEY = 'x'\nSESSION_ENGINE = 'site.engine'\n"
	if _, err := Open(t.Context(), read(t, text, &djsettings.Options{Django: "5.2"}), nil); !errors.Is(err, djsettings.ErrUnsupported) || !strings.Contains(err.Error(), "site.engine") {
		t.Errorf("engine: got %v", err)
	}
	if _, err := Open(t.Context(), read(t, "DEBUG = True\n", nil), nil); !errors.Is(err, djsettings.ErrNoSecret) {
		t.Errorf("no SECRET_KEY: got %v", err)
	}
}
