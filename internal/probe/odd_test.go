package probe_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// oddFiles make a site that prints, fails and reaches out, as KIND says.
var oddFiles = map[string]string{
	"shop/settings.py": `# -*- coding: utf-8 -*-
import os
print('hello from settings')
os.write(1, b'bytes past sys.stdout\n')
from django.utils.functional import lazy, SimpleLazyObject
KIND = os.environ.get('KIND', '')
def fail():
    raise RuntimeError('canary')
SECRET_KEY = 'k'
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'odd']
MIDDLEWARE = MIDDLEWARE_CLASSES = ['django.contrib.sessions.middleware.SessionMiddleware', 'odd.middleware.Fails', 'odd.missing.Middleware']
ROOT_URLCONF = 'odd.urls'
DATABASES = {}
USE_TZ = True
AUTHENTICATION_BACKENDS = ['odd.backends.Connects', 'odd.backends.Writes', 'odd.backends.Exits', 'django.contrib.auth.backends.ModelBackend']
LOGIN_REDIRECT_URL = SimpleLazyObject(lambda: '/home/')
if KIND == 'lazy':
    LOGIN_URL = lazy(fail, str)()
if KIND == 'needed':
    SESSION_COOKIE_PATH = lazy(fail, str)()
`,
	"odd/__init__.py": "default_app_config = 'odd.apps.Odd'\n",
	"odd/apps.py": `import os
from django.apps import AppConfig


class Odd(AppConfig):
    name = 'odd'

    def ready(self):
        print('hello from ready')
        if os.environ.get('KIND') == 'ready':
            raise ValueError('canary')
        if os.environ.get('KIND') == 'exit':
            raise SystemExit(0)
`,
	"odd/models.py":     "import os\nif os.environ.get('KIND') == 'model':\n    raise NameError('canary')\n",
	"odd/middleware.py": "class Fails(object):\n    def __init__(self, get_response=None):\n        raise RuntimeError('canary')\n",
	"odd/urls.py":       "import os\nfrom django.contrib.auth import get_user_model\nif os.environ.get('KIND') == 'urls':\n    list(get_user_model()._default_manager.all())\nurlpatterns = []\n",
	"odd/backends.py": `import socket, os, sys


class Connects(object):
    def get_user(self, pk):
        try:
            socket.create_connection(('127.0.0.1', 1))
        except Exception:
            return None

    def authenticate(self, *args, **kwargs):
        raise KeyError('canary')


class Writes(object):
    def get_user(self, pk):
        with open('written', 'w') as f:
            f.write('x')

    def authenticate(self, *args, **kwargs):
        os.mkdir('written')


class Exits(object):
    def get_user(self, pk):
        sys.exit('canary')

    def authenticate(self, *args, **kwargs):
        os.system('touch written')
`,
}

// A site that prints, or part of which fails, makes a smaller profile that says what is
// missing. The site's code cannot write and cannot connect.
func TestOddSites(t *testing.T) {
	always := map[string]string{
		"ancestry.odd.missing.Middleware": "ImportError", "databases.default.params": "NotImplementedError",
		"users.queries.get_user.odd.backends.Connects": "it wants to connect", "users.queries.authenticate.odd.backends.Connects": "KeyError",
		"users.queries.get_user.odd.backends.Writes": "it wants to change files", "users.queries.authenticate.odd.backends.Writes": "it wants to change files",
		"users.queries.get_user.odd.backends.Exits": "SystemExit", "users.queries.authenticate.odd.backends.Exits": "it wants to run a program",
		"users.imported.middleware": "ImportError",
	}
	for _, version := range []string{"1.8", "3.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			python, dir := django.Python(t, version), site(t, oddFiles)
			for kind, want := range map[string]map[string]string{
				"": {}, "lazy": {"settings.LOGIN_URL": "RuntimeError"}, "ready": {"apps": "ValueError"}, "model": {"apps": "NameError"}, "exit": {"apps": "SystemExit"},
				"urls": {"users.imported.urls": "it needs the database"}, "needed": nil,
			} {
				stdout, stderr := run{python: python, args: []string{"-"}, env: []string{"DJANGO_SETTINGS_MODULE=shop.settings", "KIND=" + kind}}.output(t, dir)
				if strings.Contains(stdout, "canary") {
					t.Errorf("%s: the profile quotes an exception", kind)
				}
				set, err := djsettings.Read(strings.NewReader(stdout), nil)
				if kind == "needed" {
					if !errors.Is(err, djsettings.ErrSetting) || !strings.Contains(err.Error(), "SESSION_COOKIE_PATH") {
						t.Errorf("a setting that is needed: got %v", err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v\n%s", kind, err, last(stderr))
					continue
				}
				if set.Auth.LoginRedirectURL != "/home/" {
					t.Errorf("%s: a lazy setting: got %q", kind, set.Auth.LoginRedirectURL)
				}
				missing := map[string]string{}
				for _, m := range set.Profile.Missing {
					missing[m.Part] = m.Why
				}
				for _, list := range []map[string]string{always, want} {
					for part, why := range list {
						if kind == "model" && strings.HasPrefix(part, "users.") { // the model may be missing as a whole
							continue
						}
						if got := missing[part]; !strings.Contains(strings.Replace(got, "ModuleNotFound", "Import", 1), why) {
							t.Errorf("%s: %s is missing because %q, want %q", kind, part, got, why)
						}
					}
				}
				if kind == "" && len(missing) > len(always)+1 {
					t.Errorf("more is missing: %v", missing)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "written")); err == nil {
				t.Error("the site's code wrote")
			}
		})
	}
}

// FromManage takes the profile. A manage.py that does not start is an error.
func TestManage(t *testing.T) {
	python, dir := django.Python(t, "6.1"), site(t, nil)
	set, err := djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Python: python})
	if err != nil {
		t.Fatal(err)
	}
	whole(t, set, "6.1")
	if set.Dir == "" || len(set.Warnings) > 0 {
		t.Errorf("folder %q, warnings %v", set.Dir, set.Warnings)
	}
	dir = site(t, oddFiles)
	t.Setenv("KIND", "ready")
	_, err = djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Python: python})
	if !errors.Is(err, djsettings.ErrManage) || !strings.Contains(err.Error(), "ValueError") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

// RunProbe runs the Python of the site's own environment, and returns text that Read takes.
// A password may be the name of a variable that is set elsewhere.
func TestRunProbe(t *testing.T) {
	python, dir := django.Python(t, "6.1"), site(t, nil)
	if err := os.Symlink(filepath.Dir(filepath.Dir(python)), filepath.Join(dir, "venv")); err != nil {
		t.Skip("links cannot be made here")
	}
	text, p, err := djsettings.RunProbe(t.Context(), dir, &djsettings.ProbeOptions{EnvPasswords: true, Cookies: []string{"basket"}})
	if err != nil || len(p.Missing) > 0 {
		t.Fatal(err, p)
	}
	if strings.Contains(text.Reveal(), "database password") {
		t.Error("the password stands in the profile")
	}
	const name = "DJSESSION_DATABASE_DEFAULT_PASSWORD"
	if _, err := djsettings.Read(strings.NewReader(text.Reveal()), nil); !errors.Is(err, djsettings.ErrProfile) || !strings.Contains(err.Error(), name) {
		t.Errorf("without the variable: got %v", err)
	}
	set, err := djsettings.Read(strings.NewReader(text.Reveal()), &djsettings.Options{Env: func(n string) (string, bool) { return "elsewhere", n == name }})
	if err != nil || set.Databases["default"].Password.Reveal() != "elsewhere" || set.Profile.Databases["default"].Params.Text("password") != "elsewhere" {
		t.Errorf("with the variable: got %v", err)
	}
}

// A site may have a command shell of its own. One that leaves the work to Django's gives a
// profile, with the arguments that it wants. Of all others the error names the other ways.
func TestOwnShell(t *testing.T) {
	const head = "import sys\nfrom django.core.management import call_command\nfrom django.core.management.base import BaseCommand\nfrom django.core.management.commands import shell\n"
	python := django.Python(t, "6.1")
	for _, tt := range []struct {
		name, code string
		args       []string
		good       bool
	}{
		{"it passes on", "class Command(shell.Command):\n    def handle(self, *args, **options):\n        return super().handle(*args, **options)\n", nil, true},
		{"it wants an argument", "class Command(shell.Command):\n    def add_arguments(self, parser):\n        super().add_arguments(parser)\n        parser.add_argument('--unsafe', action='store_true')\n" +
			"    def handle(self, *args, unsafe=False, **options):\n        if not unsafe:\n            self.stderr.write('canary: say --unsafe')\n            return\n        return super().handle(*args, **options)\n", nil, false},
		{"it gets the argument", "class Command(shell.Command):\n    def add_arguments(self, parser):\n        super().add_arguments(parser)\n        parser.add_argument('--unsafe', action='store_true')\n" +
			"    def handle(self, *args, unsafe=False, **options):\n        if not unsafe:\n            return\n        return super().handle(*args, **options)\n", []string{"--unsafe"}, true},
		{"it ends", "class Command(BaseCommand):\n    def handle(self, *args, **options):\n        sys.exit('canary')\n", nil, false},
		{"it knows no -v 0", "class Command(BaseCommand):\n    def create_parser(self, *args, **kwargs):\n        p = super().create_parser(*args, **kwargs)\n        p.error('canary')\n", nil, false},
		{"it reads lines itself", "class Command(BaseCommand):\n    def handle(self, *args, **options):\n        for line in sys.stdin:\n            print('> ' + line.strip()[:3])\n", nil, false},
		{"it calls Django's by name", "class Command(shell.Command):\n    def handle(self, *args, **options):\n        print('Welcome')\n        return super().handle(*args, **options)\n", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := site(t, map[string]string{"accounts/management/__init__.py": "", "accounts/management/commands/__init__.py": "", "accounts/management/commands/shell.py": head + tt.code})
			o := &djsettings.ProbeOptions{ManageOptions: djsettings.ManageOptions{Python: python, Args: tt.args}}
			_, p, err := djsettings.RunProbe(t.Context(), dir, o)
			switch {
			case tt.good && (err != nil || len(p.Missing) > 0):
				t.Errorf("got %v, %v", p, err)
			case tt.good:
			case !errors.Is(err, djsettings.ErrManage), !strings.Contains(err.Error(), "python -B - <probe.py"), strings.Contains(err.Error(), "canary"):
				t.Errorf("got %v, want the other ways", err)
			}
		})
	}
	// The way that the error names.
	dir := site(t, map[string]string{"accounts/management/__init__.py": "", "accounts/management/commands/__init__.py": "", "accounts/management/commands/shell.py": head + "class Command(BaseCommand):\n    pass\n"})
	stdout, stderr := run{python: python, args: []string{"-"}, env: []string{"DJANGO_SETTINGS_MODULE=shop.settings"}}.output(t, dir)
	whole(t, profile(t, stdout, stderr), "6.1")
}
