// Package django starts real Djangos for tests, of any version and with any settings, and
// has them do things:
//
//	d := django.Start(t, django.Site{Version: "5.2", Settings: django.Args{
//		"SESSION_ENGINE":    "django.contrib.sessions.backends.file",
//		"SESSION_FILE_PATH": dir,
//	}})
//	key := d.Create(t, django.Args{"n": 1})
//	...
//	if got := d.Text(t, "load", django.Args{"key": key}); got != `{"n": 2}` { ... }
//
// What they can do is the functions do_NAME of drive.py, and those of Site.Code. [Django.Exec]
// runs any piece of Python.
//
// The Djangos are those that compat_test/setup.sh installs. One that is not there skips the
// test, or fails it with DJSESSION_TEST_REQUIRE=1.
package django

import (
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// Args are the arguments of a command, or settings, by their names.
type Args map[string]any

// Site is what a Django is started with. Version is required.
type Site struct {
	// Version is the Django's: "1.8", "5.2".
	Version string
	// Settings are those that JSON can say. SECRET_KEY is "secret" by default, and
	// USE_TZ is True.
	Settings Args
	// Python is further text of the settings module, after Settings.
	Python string
	// Files are those of the project, by their paths: "urls.py". There is no other urls.py.
	Files map[string]string
	// Dir is a folder with a settings.py of its own, used in the place of all that.
	Dir string
	// Bare does not set Django up. Code may do so.
	Bare bool
	// Code is Python that is run once when the site is set up. Its functions do_NAME are
	// commands. It can use what drive.py has.
	Code string
	// Interpreter is a Python in the place of that of the Django.
	Interpreter string
	// Env is added to the environment.
	Env []string
}

// Databases is the setting DATABASES with one database, such as
// Databases("postgresql", "NAME=test", "HOST=127.0.0.1").
func Databases(engine string, options ...string) Args {
	d := Args{"ENGINE": "django.db.backends." + engine}
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		d[name] = value
	}
	return Args{"default": d}
}

//go:embed drive.py
var drive string

// venvs is the folder of the virtual environments.
func venvs() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../../compat_test/.venv")
}

// Interpreter is the Python of a Django, which need not be there.
func Interpreter(version string) string {
	return filepath.Join(venvs(), "django"+version, "bin", "python")
}

// Has reports whether there is such a Django.
func Has(version string) bool {
	_, err := os.Stat(Interpreter(version))
	return err == nil
}

// Python returns the Python of a Django, or skips the test.
func Python(t testing.TB, version string) string {
	t.Helper()
	if !Has(version) {
		testserver.Lacks(t, "there is no Django "+version+": run compat_test/setup.sh --all")
	}
	return Interpreter(version)
}

// write makes the project in a folder.
func (s Site) write(dir string) error {
	files := map[string]string{"drive.py": drive, "commands.py": s.Code}
	if s.Dir == "" {
		settings, err := s.module()
		if err != nil {
			return err
		}
		files["settings.py"], files["urls.py"] = settings, "urlpatterns = []\n"
	}
	for name, text := range s.Files {
		files[name] = text
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// module is the text of settings.py.
func (s Site) module() (string, error) {
	settings := Args{"SECRET_KEY": "secret", "USE_TZ": true, "ALLOWED_HOSTS": []string{"*"}, "ROOT_URLCONF": "urls"}
	for name, value := range s.Settings {
		settings[name] = value
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return "", err
	}
	quoted, err := json.Marshal(string(text)) // a literal of Python as well
	if err != nil {
		return "", err
	}
	return "# -*- coding: utf-8 -*-\nimport json\n\nglobals().update(json.loads(" + string(quoted) + "))\n" + s.Python, nil
}
