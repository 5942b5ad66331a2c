package djsettings_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
)

// TestReadIsLinear checks that time and memory are proportional to the length of the
// settings, whatever their shape. If they were quadratic, such a shape would take minutes
// and gigabytes.
func TestReadIsLinear(t *testing.T) {
	const n, most = 100_000, 20 * time.Second
	const key = "SECRET_KEY = 'k'\n"
	each := func(format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	options := func(setting, head string) func() string {
		return func() string { return key + setting + " = {'default': {" + head + each("'o%d': 1, ") + "}}}\n" }
	}
	shapes := map[string]func() string{
		"entry of DATABASES":         func() string { return key + "DATABASES = {'default': {" + each("'k%d': 1, ") + "}}\n" },
		"PostgreSQL's OPTIONS":       options("DATABASES", "'ENGINE': 'django.db.backends.postgresql', 'OPTIONS': {"),
		"MySQL's OPTIONS":            options("DATABASES", "'ENGINE': 'django.db.backends.mysql', 'OPTIONS': {"),
		"SQLite's OPTIONS":           options("DATABASES", "'ENGINE': 'django.db.backends.sqlite3', 'OPTIONS': {"),
		"an unknown engine":          options("DATABASES", "'ENGINE': 'a.b', 'OPTIONS': {"),
		"Redis' OPTIONS":             options("CACHES", "'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://h', 'OPTIONS': {"),
		"django-redis' OPTIONS":      options("CACHES", "'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://h', 'OPTIONS': {"),
		"memcached's OPTIONS":        options("CACHES", "'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': 'h:1', 'OPTIONS': {"),
		"entry of CACHES":            func() string { return key + "CACHES = {'default': {" + each("'k%d': 1, ") + "}}\n" },
		"LOCATION":                   func() string { return key + "CACHES = {'default': {'LOCATION': [" + each("'redis://h%d', ") + "]}}\n" },
		"databases":                  func() string { return key + "DATABASES = {" + each("'d%d': {'ENGINE': 'x.sqlite3'}, ") + "}\n" },
		"caches":                     func() string { return key + "CACHES = {" + each("'d%d': {'BACKEND': 'x'}, ") + "}\n" },
		"one name again and again":   func() string { return key + strings.Repeat("DATABASES = {'default': {}}\n", n) },
		"MESSAGE_TAGS":               func() string { return key + "MESSAGE_TAGS = {" + each("%d: 'x', ") + "}\n" },
		"MESSAGE_TAGS that are none": func() string { return key + "MESSAGE_TAGS = {" + each("'x%d': 'x', ") + "}\n" },
		"INSTALLED_APPS":             func() string { return key + "INSTALLED_APPS = [" + each("'app%d', ") + "]\n" },
		"MIDDLEWARE":                 func() string { return key + "MIDDLEWARE = [" + each("'app%d', ") + "]\n" },
		"MIDDLEWARE of numbers":      func() string { return key + "MIDDLEWARE = [" + each("%d, ") + "]\n" },
		"AUTHENTICATION_BACKENDS":    func() string { return key + "AUTHENTICATION_BACKENDS = [" + each("'app%d', ") + "]\n" },
		"PASSWORD_HASHERS":           func() string { return key + "PASSWORD_HASHERS = [" + each("'app%d', ") + "]\n" },
		"SECRET_KEY_FALLBACKS":       func() string { return key + "SECRET_KEY_FALLBACKS = [" + each("'key%d', ") + "]\n" },
		"fallbacks that are none":    func() string { return key + "SECRET_KEY_FALLBACKS = [" + each("%d.5j, ") + "]\n" },
		"DATABASE_ROUTERS":           func() string { return key + "DATABASE_ROUTERS = [" + each("'r%d', ") + "]\n" },
		"SESSION_REDIS": func() string {
			return "SESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS = {" + each("'k%d': 1, ") + "}\n"
		},
		"sentinels": func() string {
			return "SESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS_SENTINEL_LIST = [" + each("('h%d', 1), ") + "]\n"
		},
		"settings":             func() string { return key + each("A%d = 1\n") },
		"settings of --all":    func() string { return "SETTINGS_MODULE = 'x'\n" + each("### A%d = 1\n") },
		"unified":              func() string { return "+ SECRET_KEY = 'k'\n" + each("+ A%d = 1\n") },
		"unified, changed":     func() string { return strings.Repeat("- A = 1\n+ A = 2\n", n) },
		"a bad last line":      func() string { return key + each("A%d = 1\n") + "X = [" },
		"noise":                func() string { return each("line %d\n") + "SETTINGS_MODULE = 'x'\n" },
		"noise that is like":   func() string { return each("a%d = b\n") + key },
		"lines of one value":   func() string { return key + "A = <x\n" + each("line %d\n") },
		"colours":              func() string { return key + strings.Repeat("\x1b[0m", n) + "\nA = 1\n" },
		"colours that are not": func() string { return key + strings.Repeat("\x1b[", n) + "\nA = 1\n" },
		"Python 2":             func() string { return key + each("A%d = u'x\\xe9'\n") },
		"brackets":             func() string { return key + "A = " + strings.Repeat("(", 90) + strings.Repeat("1+", n) + "\n" },
		"a call":               func() string { return key + "A = " + strings.Repeat("set(", 80) + strings.Repeat("a=1,", n) + "\n" },
		"angles":               func() string { return key + "A = " + strings.Repeat("<a ", n) + "\n" },
		"quotes":               func() string { return key + "A = <" + strings.Repeat("x'", n) + "\n" },
		"quotes of two kinds":  func() string { return key + "A = " + strings.Repeat("\"'", n) + "x\n" },
		"backslashes":          func() string { return key + "A = '" + strings.Repeat("\\", n) + "\n" },
		"surrogates":           func() string { return key + "A = '" + strings.Repeat(`\ud800\udc00`, n) + "'\n" },
		"large ints":           func() string { return key + "A = [" + strings.Repeat(strings.Repeat("9", 4300)+",", n/1000) + "]\n" },
		"JSON": func() string {
			return `{"SECRET_KEY": "k", "DATABASES": {"default": {"ENGINE": "x.postgresql", "OPTIONS": {` + each(`"o%d": 1, `) + `"": 1}}}}`
		},
		"JSON on lines":  func() string { return "{\n" + each("\"A%d\": 1,\n") + `"SECRET_KEY": "k"}` },
		"JSON, not ours": func() string { return "{\n" + each("\"A%d\": 1,\n") + "\n]" },
		"UTF-16":         func() string { return "\xff\xfe" + strings.Repeat("A\x00\n\x00", n) },
		"not UTF-8":      func() string { return strings.Repeat("\n", 10*n) + "\xff" },
	}
	for name, text := range shapes {
		t.Run(name, func(t *testing.T) {
			text := text()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			set, err := djsettings.Read(strings.NewReader(text), nil)
			if set != nil {
				fmt.Fprintf(io.Discard, "%v%+v%s", set, set.Databases["default"], fmt.Sprint(set.Warnings))
			}
			if err != nil {
				_ = err.Error()
			}
			if d := time.Since(start); d > most {
				t.Errorf("%d bytes took %v", len(text), d)
			}
			runtime.ReadMemStats(&after)
			if got := int(after.TotalAlloc - before.TotalAlloc); got > 400*len(text)+1<<20 {
				t.Errorf("%d bytes took %d bytes of memory", len(text), got)
			}
		})
	}
}

// TestRepeatedKeys checks that the last of equal keys counts, as in Python.
func TestRepeatedKeys(t *testing.T) {
	set, err := djsettings.Read(strings.NewReader(`{"SECRET_KEY": "k", "DATABASES": {"default": {"ENGINE": "a.mysql", "NAME": "one", "NAME": "two"}}}`), nil)
	if err != nil || set.Databases["default"].Name != "two" {
		t.Errorf("got %v, %v, want the database two", set, err)
	}
}

// TestIntsOfTheMachine checks that a number too large for an int is refused, and does not
// become another number.
func TestIntsOfTheMachine(t *testing.T) {
	for _, port := range []string{"4294967296", "18446744073709551616", "9223372036854775808", "'18446744073709551616'", "1e400"} {
		text := "SECRET_KEY = 'k'\nSESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS = {'db': " + port + "}\n"
		set, err := djsettings.Read(strings.NewReader(text), nil)
		if err == nil && fmt.Sprint(set.Sessions.Redis.DB) != port {
			t.Errorf("db %s: got %d", port, set.Sessions.Redis.DB)
		}
	}
	text := "SECRET_KEY = 'k'\nMESSAGE_TAGS = {4294967306: 'x', 10: 'debug'}\n"
	set, err := djsettings.Read(strings.NewReader(text), nil)
	if err != nil || set.Messages.Tags[10] != "debug" {
		t.Errorf("MESSAGE_TAGS: got %v, %v", set, err)
	}
}
