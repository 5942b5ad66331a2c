package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// siteSettings returns a file with the demo's settings, followed by more.
func siteSettings(t *testing.T, c *cli, more string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings.txt")
	text := fmt.Sprintf(`DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '%s'}}
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions']
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware', 'django.contrib.auth.middleware.AuthenticationMiddleware']
ROOT_URLCONF = 'site.urls'  ###
SECRET_KEY = '%s'
SETTINGS_MODULE = 'site.settings'  ###
%s
`, c.env[envDSN], demoSecret, more)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDoctor: each fault is a line, with a line that says what to change. The exit status
// says whether there is a fault. The tests of internal/doctor test the findings.
func TestDoctor(t *testing.T) {
	keys, values := secretsOfDemo(t)
	c := newCLI(t)
	for _, tt := range []struct {
		name, more string
		cookie     string
		args       []string
		status     int
		want       string // in stdout, or in stderr for status 2
	}{
		{"healthy", "", "", nil, 0, "compared: the settings, 5 stored sessions, the table of users\nnot compared: 2 stored sessions that these settings do not read, 1 stored session that expired, a login (there is no cookie)\nno fault found\n"},
		{"a login", "", "Cookie: theme=dark; sessionid=" + keys[0], nil, 0, "compared: the settings, 4 stored sessions, 1 cookie, the user\nnot compared: 2 stored sessions that these settings do not read, 1 stored session that expired\nno fault found\n"},
		{"another SECRET_KEY", "SECRET_KEY = 'hunter2'", "", nil, 1, "fault secret-key: "},
		{"another SECRET_KEY, with a login", "SECRET_KEY = 'hunter2'", keys[0], nil, 1, "fault secret-key: "},
		{"a login of another SECRET_KEY", "", demoKey(t, "alien"), nil, 1, "fault secret-key: "},
		{"an inactive user", "", demoKey(t, "linus"), nil, 1, "fault user-inactive: "},
		{"a password that was changed", "", demoKey(t, "stale"), nil, 1, "fault auth-hash: "},
		{"expired", "", demoKey(t, "past"), nil, 1, "fault expired: "},
		{"damaged", "", demoKey(t, "junk"), nil, 1, "fault damaged: "},
		{"another cookie", "SESSION_COOKIE_NAME = 'sid'", "Cookie: sessionid=" + keys[0], nil, 1, "fault cookie-name: "},
		{"a Redis that is not there", "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://:hunter2@127.0.0.1:1/0'}}",
			keys[0], nil, 1, "fault cache-unreachable: "},
		{"a PostgreSQL that is not there", "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'site', 'USER': 'web', 'PASSWORD': 'hunter2', 'HOST': '127.0.0.1', 'PORT': '1'}}",
			keys[0], nil, 1, "fault database-unreachable: "},
		{"a MySQL that is not there", "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'site', 'USER': 'web', 'PASSWORD': 'hunter2', 'HOST': '127.0.0.1', 'PORT': '1'}}",
			keys[0], nil, 1, "fault database-unreachable: "},
		{"an old Django", "", "", []string{"--django", "2.2"}, 1, "fault django: "},
		{"a cookie on the command line", "", "", []string{"--cookie", keys[0]}, 2, "takes nothing but -"},
		{"settings in two ways", "", "", []string{"--manage", "."}, 2, "in two ways"},
		{"an argument", "", "", []string{keys[0]}, 2, "too many"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"doctor", "--settings", siteSettings(t, c, tt.more)}, tt.args...)
			if tt.cookie != "" {
				args = append(args, "--cookie", "-")
			}
			r := c.run(t, tt.cookie+"\n", args...)
			if r.status != tt.status {
				t.Errorf("got status %d, want %d", r.status, tt.status)
			}
			out := r.stdout
			if tt.status == console.StatusUsage {
				out = r.stderr
			}
			if !strings.Contains(out, tt.want) {
				t.Errorf("got %q, want %q in it", out, tt.want)
			}
			if tt.status == console.StatusRefused && (strings.Count(r.stdout, "\n  change: ") != strings.Count("\n"+r.stdout, "\nfault ") || !strings.HasSuffix(r.stdout, " found\n")) {
				t.Errorf("not every fault says what to change:\n%s", r.stdout)
			}
			for _, secret := range append(append([]string{"hunter2"}, keys...), values...) {
				if strings.Contains(r.stdout+r.stderr, secret) {
					t.Errorf("%q is in the output:\n%s%s", secret, r.stdout, r.stderr)
				}
			}
		})
	}
}

// TestDoctorComparesNothing: settings that nothing of Django's was compared with are not said to
// be right. One session is enough.
func TestDoctorComparesNothing(t *testing.T) {
	c := newCLI(t)
	empty := func(*testing.T) string { return "" }
	for _, tt := range []struct {
		name string
		more func(t *testing.T) string
		want string // "" if something was compared
	}{
		{"cookies alone", func(*testing.T) string { return "SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'" }, "stored sessions (the site keeps sessions in cookies)"},
		{"an empty folder", func(t *testing.T) string {
			return fmt.Sprintf("SESSION_ENGINE = 'django.contrib.sessions.backends.file'\nSESSION_FILE_PATH = '%s'", t.TempDir())
		}, "stored sessions (there are none)"},
		{"an empty cache", func(t *testing.T) string {
			return fmt.Sprintf("SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://%s/0'}}", testserver.Redis(t).Addr())
		}, "stored sessions (there are none)"},
		{"a cache that lists nothing", func(t *testing.T) string {
			return fmt.Sprintf("SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\nCACHES = {'default': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': '%s'}}", t.TempDir())
		}, "stored sessions (its files are named by hashes of the keys)"},
		{"a table with sessions", empty, ""},
		{"an expired session", func(t *testing.T) string {
			c.exec(t, "DELETE FROM django_session WHERE session_key NOT LIKE 'past%'")
			return ""
		}, "1 stored session that expired"},
		{"an empty table", func(t *testing.T) string { c.exec(t, "DELETE FROM django_session"); return "" }, "stored sessions (there are none)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := c.run(t, "", "doctor", "--settings", siteSettings(t, c, tt.more(t)))
			if tt.want == "" {
				if r.status != 0 || !strings.HasSuffix(r.stdout, "\nno fault found\n") {
					t.Errorf("got status %d and %q", r.status, r.stdout)
				}
				return
			}
			if r.status != console.StatusRefused || !strings.Contains(r.stdout, "\nnot compared: "+tt.want+", a login (there is no cookie)\nnothing that Django wrote could be compared") || strings.Contains(r.stdout, "no fault") {
				t.Errorf("got status %d and %q", r.status, r.stdout)
			}
		})
	}
}

// exec changes the demo's database.
func (c *cli) exec(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", c.env[envDSN])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// demoKey returns the whole key of the demo session that begins with a word.
func demoKey(t *testing.T, word string) string {
	t.Helper()
	keys, _ := secretsOfDemo(t)
	for _, key := range keys {
		if len(key) == 32 && strings.HasPrefix(key, word) {
			return key
		}
	}
	t.Fatalf("the demo has no session %s", word)
	return ""
}

// TestDoctorWantsSettings: without settings it says how to make them.
func TestDoctorWantsSettings(t *testing.T) {
	r := newCLI(t).run(t, "", "doctor")
	if r.status != console.StatusUsage || !strings.Contains(r.stderr, "hint: python manage.py diffsettings --all") {
		t.Errorf("got status %d and %q", r.status, r.stderr)
	}
}

// TestDoctorWantsACookie: an empty standard input is a mistake.
func TestDoctorWantsACookie(t *testing.T) {
	c := newCLI(t)
	r := c.run(t, "", "doctor", "--settings", siteSettings(t, c, ""), "--cookie", "-")
	if r.status != console.StatusUsage || !strings.Contains(r.stderr, "standard input is empty") {
		t.Errorf("got status %d and %q", r.status, r.stderr)
	}
}
