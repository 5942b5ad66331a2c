package djsettings

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/signer"
)

// printedByDjango has lines that several Django versions print.
const printedByDjango = `### ABSOLUTE_URL_OVERRIDES = {}
ALLOWED_HOSTS = ['example.com', '.example.org']
AUTHENTICATION_BACKENDS = ('site.Backend', 'django.contrib.auth.backends.ModelBackend')
AUTH_USER_MODEL = 'accounts.User'
BASE_DIR = PosixPath('/srv/site')  ###
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}, 'sessions': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://:s3cr3t@cache:6379/1,redis://cache2/1', 'KEY_PREFIX': 'p', 'VERSION': 2, 'KEY_FUNCTION': <function make_key at 0x7f1c>, 'OPTIONS': {'PASSWORD': 's3cr3t'}}}
CSRF_COOKIE_AGE = None
CSRF_TRUSTED_ORIGINS = ['https://*.example.com']
CSRF_USE_SESSIONS = True
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql_psycopg2', 'NAME': 'site', 'USER': 'django', 'PASSWORD': "s3cr3t'\\", 'HOST': '/var/run/postgresql', 'PORT': 5433, 'OPTIONS': {'sslmode': 'require', 'gremlins': 1}, 'ATOMIC_REQUESTS': True, 'TIME_ZONE': None}, 'lite': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': PosixPath('db.sqlite3')}}
### DEBUG = False
INSTALLED_APPS = ['django.contrib.auth.apps.AuthConfig', 'django.contrib.sessions', 'django.contrib.messages']
LOGIN_URL = <LazyUrl login>
MESSAGE_LEVEL = 10
MESSAGE_TAGS = {10: 'debug-x', 40: ''}
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware', 'django.contrib.auth.middleware.AuthenticationMiddleware']
MY_MODEL = <Thing with
  two lines>  ###
SECRET_KEY = 's3cr3t key'
SECRET_KEY_FALLBACKS = ['old s3cr3t']
SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')
SESSION_CACHE_ALIAS = 'sessions'
SESSION_COOKIE_AGE = 3600
SESSION_COOKIE_HTTPONLY = False
SESSION_COOKIE_SAMESITE = False
SESSION_ENGINE = 'django.contrib.sessions.backends.cached_db'
SETTINGS_MODULE = 'site.settings'  ###
TIMEDELTA = datetime.timedelta(days=14)  ###
TIME_ZONE = 'Asia/Tehran'
USE_TZ = False
`

func read(t *testing.T, text string, opts *Options) *Settings {
	t.Helper()
	set, err := Read(strings.NewReader(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRead(t *testing.T) {
	set := read(t, printedByDjango, &Options{Django: "5.2", Dir: "/srv/site"})
	check := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", what, got, want)
		}
	}
	check("hosts", set.AllowedHosts, []string{"example.com", ".example.org"})
	check("zone", []any{set.UseTZ, set.TimeZone}, []any{false, "Asia/Tehran"})
	s := set.Sessions
	check("sessions", []any{s.Kind, s.CacheAlias, s.CookieAge, s.CookieHTTPOnly, s.CookieSameSite, s.CookieName, s.CookiePath, s.Enabled},
		[]any{EngineCachedDB, "sessions", time.Hour, false, "", "sessionid", "/", true})
	db := set.Databases["default"]
	check("database", []any{db.Kind, db.Name, db.User, db.Password.Reveal(), db.Host, db.Port, db.Options.Text("sslmode"), db.AtomicRequests, db.TimeZone},
		[]any{PostgreSQL, "site", "django", `s3cr3t'\`, "/var/run/postgresql", "5433", "require", true, ""})
	check("SQLite", set.Databases["lite"].Path(), "/srv/site/db.sqlite3")
	c := set.Caches["sessions"]
	check("cache", []any{c.Kind, c.Locations[0].Reveal(), len(c.Locations), c.KeyPrefix, c.Version, c.KeyFunction},
		[]any{CacheDjangoRedis, "redis://:s3cr3t@cache:6379/1", 2, "p", 2, "make_key"})
	check("auth", []any{set.Auth.UserModel, set.Auth.Backends, set.Auth.Installed, set.Auth.Enabled, set.Auth.LoginURL, len(set.Auth.PasswordHashers)},
		[]any{"accounts.User", []string{"site.Backend", "django.contrib.auth.backends.ModelBackend"}, true, true, "/accounts/login/", 5})
	check("CSRF", []any{set.CSRF.CookieAgeNone, set.CSRF.UseSessions, set.CSRF.TrustedOrigins, set.CSRF.HeaderName, set.CSRF.CookieSameSite, set.CSRF.Enabled},
		[]any{true, true, []string{"https://*.example.com"}, "HTTP_X_CSRFTOKEN", "Lax", false})
	check("messages", []any{set.Messages.Level, set.Messages.Tags, set.Messages.Installed, set.Messages.Enabled}, []any{10, map[int]string{10: "debug-x", 40: ""}, true, false})
	check("proxy", set.Proxy, ProxySettings{SSLHeader: "HTTP_X_FORWARDED_PROTO", SSLValue: "https"})

	// The second key is a fallback.
	signed, err := signer.New(signer.SecretKey("old s3cr3t"), signer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := signer.New(set.Keys, signer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, info, err := v.Unsign(signed.Sign("x")); err != nil || info.Key != 1 {
		t.Errorf("fallback: got %+v, %v", info, err)
	}
	var warned []string
	for _, w := range set.Warnings {
		warned = append(warned, w.Setting)
	}
	check("warnings", warned, []string{"LOGIN_URL", "DATABASES"})

	out, err := set.Session()
	if err != nil {
		t.Fatal(err)
	}
	if out.CookieHTTPOnly == nil || *out.CookieHTTPOnly || out.CookieSameSite != 1 || out.TimeZone.String() != "Asia/Tehran" || out.CookieAge != time.Hour {
		t.Errorf("djsession.Settings: got %+v", out)
	}
}

// TestForms reads the same site in every form.
func TestForms(t *testing.T) {
	forms := map[string]string{
		"hash":           "### DEBUG = False\nSECRET_KEY = 'k'\nSESSION_COOKIE_NAME = 'sid'\nX = 1  ###\n",
		"without --all":  "SECRET_KEY = 'k'\nSESSION_COOKIE_NAME = 'sid'\nX = 1  ###",
		"unified":        "  DEBUG = False\n- SECRET_KEY = ''\n+ SECRET_KEY = 'k'\n- SESSION_COOKIE_NAME = 'sessionid'\n+ SESSION_COOKIE_NAME = 'sid'\n+ X = 1\n",
		"coloured":       "\x1b[31;1m- SECRET_KEY = ''\x1b[0m\n\x1b[32;1m+ SECRET_KEY = 'k'\x1b[0m\n\x1b[32;1m+ SESSION_COOKIE_NAME = 'sid'\x1b[0m\n",
		"Windows":        "\xef\xbb\xbfSECRET_KEY = 'k'\r\nSESSION_COOKIE_NAME = 'sid'\r\nX = 1  ###\r\n",
		"UTF-16":         utf16LE("SECRET_KEY = 'k'\r\nSESSION_COOKIE_NAME = 'sid'\r\n"),
		"JSON":           `{"SECRET_KEY": "k", "SESSION_COOKIE_NAME": "sid", "N": 1e3, "BIG": 123456789012345678901234567890, "L": [null, true, {}]}`,
		"noise":          "Loading .env\nWARNING: x\nSECRET_KEY = 'k'\nSESSION_COOKIE_NAME = 'sid'\nSETTINGS_MODULE = 's'  ###\nbye\n",
		"Python 2":       "SECRET_KEY = 'k'\nSESSION_COOKIE_NAME = u'sid'\n",
		"several lines":  "A = [1,\n  2]  ###\nSECRET_KEY = 'k'\nSESSION_COOKIE_NAME = 'sid'\nZ = <Foo:\nSECRET = 2>  ###\n",
		"a settings.py?": "SECRET_KEY = 'k'\nSESSION_COOKIE_NAME = 'sid'\nLOGGING = get_logging()\n",
	}
	for name, text := range forms {
		set, err := Read(strings.NewReader(text), &Options{Django: "5.2"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if set.Sessions.CookieName != "sid" || set.Keys.IsZero() || set.Python2 != (name == "Python 2") {
			t.Errorf("%s: got %q, keys %v, Python 2 %v", name, set.Sessions.CookieName, !set.Keys.IsZero(), set.Python2)
		}
		noisy := slices.ContainsFunc(set.Warnings, func(w Warning) bool { return w.Setting == "line 1" })
		if noisy != (name == "noise") {
			t.Errorf("%s: got warnings %v", name, set.Warnings)
		}
	}
}

func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, c := range s {
		b = append(b, byte(c), byte(c>>8))
	}
	return string(b)
}

func TestFromMap(t *testing.T) {
	type name string
	set, err := FromMap(map[string]any{
		"SECRET_KEY": []byte("k"), "SESSION_COOKIE_AGE": 90 * time.Minute, "SESSION_COOKIE_NAME": name("sid"), "ALLOWED_HOSTS": []string{"h"},
		"DATABASES":       map[string]map[string]any{"default": {"ENGINE": "django.db.backends.mysql", "NAME": "n", "PORT": 3307, "PASSWORD": NewSecret("p")}},
		"CSRF_COOKIE_AGE": nil, "MESSAGE_LEVEL": uint8(30), "MESSAGE_TAGS": map[int]string{10: "x"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	db := set.Databases["default"]
	if set.Sessions.CookieAge != 90*time.Minute || set.Sessions.CookieName != "sid" || db.Kind != MySQL || db.Port != "3307" || db.Password.Reveal() != "p" ||
		!set.CSRF.CookieAgeNone || set.Messages.Level != 30 || set.Messages.Tags[10] != "x" || set.Keys.IsZero() {
		t.Errorf("got %+v %+v", set.Sessions, set.Messages)
	}
	if _, err := FromMap(map[string]any{"X": make(chan int)}, nil); !errors.Is(err, ErrSetting) || !strings.Contains(err.Error(), "X: ") {
		t.Errorf("a channel: got %v", err)
	}
}

// endless is a reader without an end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

// TestHostile checks that Read refuses other input quickly, and names the line.
func TestHostile(t *testing.T) {
	dir := t.TempDir()
	trap := filepath.Join(dir, "ran")
	for _, tt := range []struct {
		name, text string
		want       error
		where      string
	}{
		{"nothing", "", ErrFormat, "line 1: "},
		{"a settings.py", "\nimport os\nSECRET_KEY = os.environ['s3cr3t']\n", ErrFormat, "line 2: "},
		{"code", "DEBUG = True\nSECRET_KEY = open('" + trap + "', 'w').write('s3cr3t')\n", ErrSetting, "line 2: SECRET_KEY: "},
		{"code in a list", "DEBUG = True\nSECRET_KEY = 'x'\nSECRET_KEY_FALLBACKS = ['a', __import__('os').system('touch " + trap + "')]\n", ErrSetting, "line 3: SECRET_KEY_FALLBACKS: "},
		{"a secret without quotes", "DEBUG = True\nSECRET_KEY = s3cr3t\n", ErrSetting, "line 2: SECRET_KEY: "},
		{"half a secret without quotes", "DEBUG = True\nSECRET_KEY = s3cr3t(x-\n", ErrFormat, "line 2: SECRET_KEY: "},
		{"depth", "DEBUG = True\nX = " + strings.Repeat("[", 1<<20) + "\n", ErrFormat, "line 2: X: "},
		{"depth over lines", "DEBUG = True\nX = " + strings.Repeat("[\n", 1<<20), ErrFormat, "line 103: X: "},
		{"depth of JSON", "{\n\"X\": " + strings.Repeat("[", 1<<20), ErrFormat, "line 2: "},
		{"JSON", "{\"SECRET_KEY\": \"s3cr3t\",\n\"X\": s3cr3t}", ErrFormat, "line 2: "},
		{"JSON that ends", "{\"SECRET_KEY\":\n \"s3cr3t", ErrFormat, "line 2: "},
		{"two JSONs", "{\"SECRET_KEY\": \"s3cr3t\"}\n{}", ErrFormat, "line 2: "},
		{"a bracket", "DEBUG = True\nX = ['s3cr3t'\nSECRET_KEY = 'x'\n", ErrFormat, "line 2: X: "},
		{"a quote", "DEBUG = True\nSECRET_KEY = 's3cr3t\n", ErrFormat, "line 2: SECRET_KEY: "},
		{"a binary", "DEBUG = True\nX = '\x00'", ErrFormat, "line 2: "},
		{"digits", "X = " + strings.Repeat("9", 1<<20), ErrFormat, "line 1: X: "},
		{"one line of 17 MB", "X = '" + strings.Repeat("x", 17<<20) + "'", ErrTooLarge, ""},
		{"many lines", strings.Repeat("x\n", 1<<20), ErrFormat, "line 1: "},
		{"many settings", strings.Repeat("X = 1\n", 1<<17) + "SECRET_KEY = 7\n", ErrSetting, "line 131073: SECRET_KEY: "},
		{"a wrong type", "SECRET_KEY = 'x'\nSESSION_COOKIE_AGE = 's3cr3t'\n", ErrSetting, "line 2: SESSION_COOKIE_AGE: "},
		{"an endless age", "SECRET_KEY = 'x'\nSESSION_COOKIE_AGE = 99999999999999\n", ErrSetting, "line 2: SESSION_COOKIE_AGE: "},
		{"SameSite", "SECRET_KEY = 'x'\nSESSION_COOKIE_SAMESITE = 'Maybe'\n", ErrSetting, "line 2: SESSION_COOKIE_SAMESITE: "},
		{"DATABASES", "SECRET_KEY = 'x'\nDATABASES = environ.Env('s3cr3t')\n", ErrSetting, "line 2: DATABASES: djsettings: setting cannot be used: environ.Env(...) is no literal"},
	} {
		start := time.Now()
		set, err := Read(strings.NewReader(tt.text), &Options{Django: "5.2"})
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: took %v", tt.name, took)
		}
		if !errors.Is(err, tt.want) || set != nil || !strings.HasPrefix(err.Error(), tt.where) {
			t.Errorf("%s: got %v, %v, want %v at %q", tt.name, set, err, tt.want, tt.where)
		}
		if strings.Contains(fmt.Sprint(err), "s3cr3t") {
			t.Errorf("%s: the error holds a value: %v", tt.name, err)
		}
	}
	e := new(endless)
	if _, err := Read(io.LimitReader(e, 100<<20), nil); !errors.Is(err, ErrTooLarge) || e.read > 20<<20 {
		t.Errorf("100 MB: got %v after %d bytes", err, e.read)
	}
	sparse := filepath.Join(dir, "sparse")
	f, err := os.Create(sparse)
	if err == nil {
		err = f.Truncate(100 << 20)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(sparse, nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a file of 100 MB: got %v", err)
	}
	if _, err := os.Stat(trap); err == nil {
		t.Error("code was run")
	}
}

// TestOverride checks the variables of Options.Env.
func TestOverride(t *testing.T) {
	env := map[string]string{
		"DJSESSION_SECRET_KEY": "other", "DJSESSION_DATABASE_HOST": "db", "DJSESSION_DATABASE_PORT": "1", "DJSESSION_DATABASE_PASSWORD": "pw", "DJSESSION_DATABASE_USER": "",
		"DJSESSION_DATABASE_LITE_NAME": "/data/db", "DJSESSION_CACHE_SESSIONS_LOCATION": "redis://a/1,redis://b/1", "DJSESSION_SESSION_FILE_PATH": "/data/sessions",
		"DEBUG": "1", "DJSESSION_DATABASE_DEFAULT_NAME": "n",
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	set := read(t, printedByDjango, &Options{Django: "5.2", Env: lookup})
	db := set.Databases["default"]
	if got := []string{db.Host, db.Port, db.User, db.Password.Reveal(), db.Name, set.Databases["lite"].Name, set.Sessions.FilePath}; !slices.Equal(got, []string{"db", "1", "django", "pw", "n", "/data/db", "/data/sessions"}) {
		t.Errorf("got %q", got)
	}
	c := set.Caches["sessions"]
	if len(c.Reached) != 2 || c.Reached[1].Reveal() != "redis://b/1" || c.Locations[1].Reveal() != "redis://cache2/1" {
		t.Errorf("cache: got %v and %v", len(c.Reached), len(c.Locations))
	}
	mac := func(k signer.Keys) string {
		s, err := signer.New(k, signer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s.Sign("x")
	}
	if mac(set.Keys) != mac(signer.SecretKey("other")) {
		t.Error("the secret of the environment is not taken")
	}
	if s, _ := signer.New(set.Keys, signer.Options{}); s != nil {
		if _, _, err := s.Unsign(mac(signer.SecretKey("old s3cr3t"))); err == nil {
			t.Error("a fallback of another secret is still good")
		}
	}
	plain := read(t, printedByDjango, &Options{Django: "5.2"})
	if plain.Databases["default"].Host != "/var/run/postgresql" || plain.Caches["sessions"].Reached != nil {
		t.Error("the environment counts without Options.Env")
	}
	env = map[string]string{"DJSESSION_SESSION_REDIS_PORT": "s3cr3t"}
	if _, err := Read(strings.NewReader("SECRET_KEY = 'x'\nSESSION_ENGINE = 'redis_sessions.session'\n"), &Options{Env: lookup}); !errors.Is(err, ErrSetting) || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a port that is none: got %v", err)
	}
}

func TestCustom(t *testing.T) {
	const text = "SECRET_KEY = 'x'\nSESSION_ENGINE = 'site.engine'\nSESSION_SERIALIZER = 'site.Serializer'\n"
	set := read(t, text, &Options{Django: "5.2"})
	if !slices.ContainsFunc(set.Warnings, func(w Warning) bool { return w.Setting == "SESSION_ENGINE" && strings.Contains(w.Text, "site.engine") }) {
		t.Errorf("no warning about the engine: %v", set.Warnings)
	}
	if _, err := set.Session(); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "site.Serializer") {
		t.Errorf("serializer: got %v", err)
	}
	text2 := strings.Replace(text, "SESSION_SERIALIZER = 'site.Serializer'\n", "", 1)
	set = read(t, text2, &Options{Django: "5.2", Engines: map[string]CustomEngine{"site.engine": {Base: string(EngineSignedCookies), StoreClass: "Mine"}}})
	if set.Sessions.Kind != EngineSignedCookies || set.Sessions.StoreClass != "Mine" {
		t.Errorf("got %+v", set.Sessions)
	}
	derived, err := signer.SecretKey("x").Derive("salt", signer.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signer.DerivedKeys(derived...)
	if err != nil {
		t.Fatal(err)
	}
	if set := read(t, "DEBUG = True\n", &Options{Keys: keys}); set.Keys != keys {
		t.Error("Options.Keys are not taken")
	}
	if _, err := read(t, "DEBUG = True\n", nil).Session(); !errors.Is(err, ErrNoSecret) {
		t.Errorf("no SECRET_KEY: got %v", err)
	}
}

// TestByVersion checks the defaults of missing settings, which depend on the version.
func TestByVersion(t *testing.T) {
	for version, want := range map[string]string{
		"1.8":  "tz=false samesite= masked=true salt=false/true hash= hashers=9",
		"1.11": "tz=false samesite= masked=true salt=false/true hash= hashers=5",
		"2.1":  "tz=false samesite=Lax masked=true salt=false/true hash= hashers=4",
		"3.2":  "tz=false samesite=Lax masked=true salt=false/true hash=sha256 hashers=4",
		"4.0":  "tz=false samesite=Lax masked=true salt=false/true hash= hashers=5",
		"4.2":  "tz=false samesite=Lax masked=false salt=false/true hash= hashers=5",
		"5.2":  "tz=true samesite=Lax masked=false salt=true/true hash= hashers=5",
		"6.1":  "tz=true samesite=Lax masked=false salt=true/false hash= hashers=5",
	} {
		s := read(t, "SECRET_KEY = 'x'\n", &Options{Django: version})
		got := fmt.Sprintf("tz=%v samesite=%s masked=%v salt=%v/%v hash=%s hashers=%d", s.UseTZ, s.Sessions.CookieSameSite, s.CSRF.CookieMasked,
			s.Cookies.NewSalt, s.Cookies.LegacySaltFallback, s.Cookies.HashingAlgorithm, len(s.Auth.PasswordHashers))
		if got != want {
			t.Errorf("%s: got %s, want %s", version, got, want)
		}
	}
	s := read(t, "### DEBUG = False\nSECRET_KEY = 'x'\n", &Options{Django: "5.2"}) // --all, before 5.2.15
	if s.Cookies.NewSalt {
		t.Error("5.2 without the setting has the new salt")
	}
	s = read(t, "SECRET_KEY = 'x'\nDEFAULT_HASHING_ALGORITHM = 'sha1'\nMIDDLEWARE_CLASSES = ['a.SessionMiddleware']\n", &Options{Django: "3.2"})
	if set, err := s.Session(); err != nil || !set.LegacyHashing || s.Sessions.Enabled {
		t.Errorf("3.2: got %+v, %v", set, err)
	}
	s = read(t, "SECRET_KEY = 'x'\nMIDDLEWARE_CLASSES = ['a.SessionMiddleware']\n", &Options{Django: "1.8"})
	if !s.Sessions.Enabled {
		t.Error("1.8 has no sessions")
	}
}

// TestRedacted checks that no type with a secret prints it.
func TestRedacted(t *testing.T) {
	text := strings.Replace(printedByDjango, "cached_db'", "cache'", 1) + "SESSION_REDIS = {'password': 's3cr3t', 'url': 'redis://:s3cr3t@h'}\n"
	set := read(t, text, &Options{Django: "5.2"})
	set2 := read(t, strings.Replace(text, "django.contrib.sessions.backends.cache'", "redis_sessions.session'", 1), &Options{Django: "5.2"})
	wrapped := struct {
		unexported *Settings
		Exported   Settings
		redis      RedisSettings
	}{set, *set2, set2.Sessions.Redis}
	for name, v := range map[string]any{
		"settings": set, "value": *set, "redis": set2, "wrapped": wrapped, "sessions": set2.Sessions, "database": set.Databases["default"], "value of a database": *set.Databases["default"],
		"cache": set.Caches["sessions"], "value of a cache": *set.Caches["sessions"], "locations": set.Caches["sessions"].Locations, "options": set.Databases["default"].Options,
		"map": set.Databases, "warnings": set.Warnings,
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "s3cr3t") || strings.Contains(got, fmt.Sprintf("%x", "s3cr3t")) {
				t.Errorf("%s by %s: %s", name, verb, got)
			}
		}
		if got, err := jsonText(v); err == nil && strings.Contains(got, "s3cr3t") {
			t.Errorf("%s as JSON: %s", name, got)
		}
		if got := logged(v); strings.Contains(got, "s3cr3t") {
			t.Errorf("%s logged: %s", name, got)
		}
	}
	if got, want := set.String(), "Django 5.2, sessions in django.contrib.sessions.backends.cache, database default: PostgreSQL site at /var/run/postgresql:5433, database lite: SQLite db.sqlite3, cache default: LocMemCache, cache sessions: RedisCache redis://cache:6379/1 redis://cache2/1, 2 warnings"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
