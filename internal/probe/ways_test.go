package probe_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/vectors"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

var versions = []string{"1.8", "1.11", "2.2", "3.2", "4.2", "5.2", "6.1"}

// site writes the project of the tests, and returns its folder. It has no database that
// runs.
func site(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"manage.py":              "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n",
		"shop/__init__.py":       "",
		"shop/urls.py":           "urlpatterns = []\n",
		"shop/settings.py":       settings,
		"accounts/__init__.py":   "",
		"accounts/models.py":     models,
		"accounts/backends.py":   backends,
		"accounts/middleware.py": "from django.middleware.csrf import CsrfViewMiddleware\n\n\nclass Csrf(CsrfViewMiddleware):\n    pass\n",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The settings, models and backends run on every Django and Python.
const (
	settings = `# -*- coding: utf-8 -*-
import os, django, datetime
SECRET_KEY = 'probe key \u5bc6'
if django.VERSION >= (4, 1):
    SECRET_KEY_FALLBACKS = ['older']
ENGINE = os.environ.get('ENGINE', 'db')
SESSION_ENGINE = 'django.contrib.sessions.backends.' + ENGINE
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'django.contrib.messages', 'accounts']
MIDDLEWARE = MIDDLEWARE_CLASSES = ['django.contrib.sessions.middleware.SessionMiddleware', 'accounts.middleware.Csrf',
    'django.contrib.auth.middleware.AuthenticationMiddleware', 'django.contrib.messages.middleware.MessageMiddleware']
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql' + ('_psycopg2' if django.VERSION < (1, 9) else ''),
    'NAME': 'shop', 'USER': 'shop', 'PASSWORD': 'database password', 'HOST': '127.0.0.1', 'PORT': '1'}}
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': os.path.join(os.getcwd(), 'cache'), 'KEY_PREFIX': 'shop'}}
if django.VERSION >= (3, 2):
    CACHES['pymemcache'] = {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '127.0.0.1:1', 'VERSION': 3}
if django.VERSION >= (4, 0):
    CACHES['redis'] = {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://127.0.0.1:1/1'}
SESSION_FILE_PATH = os.getcwd()
SESSION_COOKIE_AGE = 7 * 86400
AUTH_USER_MODEL = 'accounts.User'
AUTHENTICATION_BACKENDS = ['accounts.backends.EmailBackend', 'django.contrib.auth.backends.ModelBackend']
PASSWORD_HASHERS = ['django.contrib.auth.hashers.PBKDF2PasswordHasher', 'django.contrib.auth.hashers.MD5PasswordHasher'][::-1]
ROOT_URLCONF = 'shop.urls'
USE_TZ = True
ALLOWED_HOSTS = ['shop.example']
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
`
	models = `from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.crypto import salted_hmac


class Users(BaseUserManager):
    def get_queryset(self):
        return super(Users, self).get_queryset().filter(deleted=False)

    def get_by_natural_key(self, name):
        return self.get(email__iexact=name)


class Person(models.Model):
    email = models.EmailField(unique=True, db_column='mail')


class User(Person, AbstractBaseUser, PermissionsMixin):
    status = models.CharField(max_length=10, choices=[('new', 'new'), ('banned', 'banned')])
    is_admin = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    USERNAME_FIELD = 'email'
    objects = Users()

    @property
    def is_active(self):
        return self.status != 'banned'

    @property
    def is_staff(self):
        return self.is_admin

    def get_session_auth_hash(self):
        return salted_hmac('accounts.hash', self.password + '|' + self.email).hexdigest()
`
	backends = `from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend


class EmailBackend(ModelBackend):
    def authenticate(self, request=None, username=None, password=None, **kwargs):
        user = get_user_model().objects.filter(email=username.lower()).first()
        if user is not None and user.check_password(password):
            return user
`
)

// run is one run of the probe.
type run struct {
	python string
	args   []string
	env    []string
	// late is how long the program waits before its standard input comes.
	late time.Duration
	// source is the program; default the probe.
	source string
}

func (r run) output(t testing.TB, dir string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.python, append([]string{"-B"}, r.args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), r.env...)
	source := r.source
	if source == "" {
		source = probe.Source(probe.Options{})
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(r.late)
		_, _ = in.Write([]byte(source))
		in.Close()
	}()
	_ = cmd.Wait() // exit codes lie
	return out.String(), errs.String()
}

// profile reads what the probe printed, and checks all of its examples.
func profile(t testing.TB, stdout, stderr string) *djsettings.Settings {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader(stdout), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, last(stderr))
	}
	r, err := vectors.Check(t.Context(), set, vectors.Options{
		CacheFormat: func(string) (serializer.Serializer, error) { return pickle.Serializer{}, nil },
		Sealer:      func(s *djsession.Site) (djsession.Sealer, error) { return cookiestore.New(s, nil) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil || len(r.Skipped) > 0 {
		t.Errorf("examples: %v, skipped %v", err, r.Skipped)
	}
	return set
}

func last(text string) string { return text[max(0, len(text)-2000):] }

// whole checks what a profile of the site says.
func whole(t testing.TB, set *djsettings.Settings, version string) {
	t.Helper()
	p := set.Profile
	for _, m := range p.Missing {
		t.Errorf("missing: %s", m)
	}
	if t.Failed() || p.Users == nil || p.Session == nil {
		t.Fatal("the profile is not whole")
	}
	active := p.Users.Flags["is_active"]
	for _, tt := range []struct{ name, got, want string }{
		{"Django", p.Versions.Django[:len(version)], version},
		{"kind of the cache", string(set.Caches["default"].Kind), string(djsettings.CacheFile)},
		{"password", p.Databases["default"].Params.Text("password"), "database password"},
		{"library", p.Databases["default"].Driver.Library, "libpq"},
		{"links", fmt.Sprint(p.Users.Links), "[{accounts_person id accounts_user person_ptr_id}]"},
		{"kind of the key", p.Users.PK.Kind, "AutoField"},
		{"table of the name", p.Users.Fields["email"].Table + "." + p.Users.Fields["email"].Column, "accounts_person.mail"},
		{"is_active", fmt.Sprint(active.Is, active.Reads, len(active.Answers)), "code[status] 2"},
		{"is_superuser", p.Users.Flags["is_superuser"].Is, djsettings.FlagColumn},
		{"filter", p.Users.Queries.ByPK[0].Where.And[0].Column, "deleted"},
		{"lookup", p.Users.Queries.ByName[0].Where.And[1].Table + " " + p.Users.Queries.ByName[0].Where.And[1].Lookup, "accounts_person iexact"},
		{"change", p.Users.Queries.Authenticate["accounts.backends.EmailBackend"][0].Where.And[1].Change, "lower"},
		{"hash", p.AuthHash.Salt + " " + p.AuthHash.Algorithm + " " + fmt.Sprint(p.AuthHash.Message), "accounts.hash sha1 [{password  } { | } {email  }]"},
		{"cookies", fmt.Sprint(len(p.Session.Cookies)), "6"},
		{"receivers", fmt.Sprint(len(p.Users.Receivers["user_logged_in"])), "1"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
	if !p.Ancestry["accounts.middleware.Csrf"].Is("django.middleware.csrf.CsrfViewMiddleware") {
		t.Error("the middleware lacks its ancestor")
	}
}

// Every way to run the probe works on every Django.
func TestWays(t *testing.T) {
	const command = "import sys\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(['shop', 'shell'])\n"
	module := "DJANGO_SETTINGS_MODULE=shop.settings"
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			python := django.Python(t, version)
			dir := site(t, nil)
			for name, r := range map[string]run{
				"shell":     {args: []string{"manage.py", "shell", "-v", "0"}},
				"late":      {args: []string{"manage.py", "shell", "-v", "0"}, late: 3 * time.Second},
				"command":   {args: []string{"-c", command}, env: []string{module, "PYTHONPATH=" + dir}},
				"python -":  {args: []string{"-"}, env: []string{module}},
				"LC_ALL=C":  {args: []string{"manage.py", "shell", "-v", "0"}, env: []string{"LC_ALL=C", "LANG=", "PYTHONIOENCODING="}},
				"file":      {args: []string{"-"}, env: []string{module, "ENGINE=file"}},
				"cookies":   {args: []string{"-"}, env: []string{module, "ENGINE=signed_cookies"}, source: probe.Source(probe.Options{Cookies: []string{"basket"}, SecretKey: true})},
				"cached_db": {args: []string{"-"}, env: []string{module, "ENGINE=cached_db"}},
			} {
				r.python = python
				stdout, stderr := r.output(t, dir)
				t.Run(name, func(t *testing.T) {
					set := profile(t, stdout, stderr)
					whole(t, set, version)
					if name == "cookies" {
						cookies := 0
						for _, v := range set.Profile.Vectors {
							if v.Kind == "signed_cookie" || v.Kind == "session_cookie" {
								cookies++
							}
						}
						if cookies != 4 {
							t.Errorf("got %d examples of cookies", cookies)
						}
					} else if strings.Contains(stdout, "probe key") {
						t.Error("SECRET_KEY stands in the profile")
					}
				})
			}
			for _, name := range []string{"cache", "accounts/__pycache__", "accounts/models.pyc"} {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					t.Errorf("there is a %s now", name)
				}
			}
		})
	}
}

// The probe runs on Pythons that no environment has, with the packages of one.
func TestPythons(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip("there is no home for other Pythons")
	}
	found := 0
	for python, version := range map[string]string{"3.6": "2.2", "3.7": "2.2", "3.8": "2.2", "3.11": "4.2", "3.14": "6.1"} {
		paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", python+".*", "bin", "python"))
		packages, _ := filepath.Glob(filepath.Join(filepath.Dir(django.Python(t, version)), "..", "lib", "python*", "site-packages"))
		if len(paths) == 0 || len(packages) == 0 {
			continue
		}
		found++
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			// Drivers are compiled for one Python: there is SQLite instead.
			dir := site(t, map[string]string{"shop/settings.py": settings + "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db'}}\nCACHES = {}\n"})
			r := run{python: paths[0], args: []string{"-"}, env: []string{"DJANGO_SETTINGS_MODULE=shop.settings", "PYTHONPATH=" + packages[0]}}
			set := profile(t, first(r.output(t, dir)), "")
			if !strings.HasPrefix(set.Profile.Versions.Python, python+".") || len(set.Profile.Missing) > 0 {
				t.Errorf("got Python %s, missing %v", set.Profile.Versions.Python, set.Profile.Missing)
			}
		})
	}
	if found == 0 {
		testserver.Lacks(t, "there is no other Python under ~/.pyenv/versions")
	}
}

func first(a, _ string) string { return a }
