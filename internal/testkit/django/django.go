// Package django starts real Djangos for tests, of any version and with any settings, and
// runs commands in them:
//
//	d := django.Start(t, django.Site{Version: "5.2", Settings: django.Args{
//		"SESSION_ENGINE":    "django.contrib.sessions.backends.file",
//		"SESSION_FILE_PATH": dir,
//	}})
//	key := d.Create(t, django.Args{"n": 1})
//	...
//	if got := d.Text(t, "load", django.Args{"key": key}); got != `{"n": 2}` { ... }
//
// The commands are the functions do_NAME of drive.py and of [Site].Code. [Django.Exec] runs
// any Python code.
//
// compat_test/setup.sh installs the Djangos. A missing one skips the test, or fails it with
// DJSESSION_TEST_REQUIRE=1.
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

// Args are arguments of a command, or settings, by name.
type Args map[string]any

// Site describes a Django. Version is required.
type Site struct {
	// Version is the version of Django, such as "1.8" or "5.2".
	Version string
	// Settings are settings that JSON can hold. By default SECRET_KEY is "secret" and
	// USE_TZ is True.
	Settings Args
	// Python is code for the settings module, after Settings.
	Python string
	// Files are the files of the project, by path, such as "urls.py". The default urls.py
	// is empty.
	Files map[string]string
	// Dir is a folder with its own settings.py. It replaces Settings, Python and Files.
	Dir string
	// Bare leaves Django without setup. Code may set it up.
	Bare bool
	// Code is Python code that runs once after the setup. Its functions do_NAME are
	// commands. It can use the names of drive.py.
	Code string
	// Interpreter is the Python to use; default that of the Django.
	Interpreter string
	// Env is added to the environment.
	Env []string
}

// Databases returns the setting DATABASES with one database, for example
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

// venvs returns the folder of the virtual environments.
func venvs() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../../compat_test/.venv")
}

// Interpreter returns the path of a Django's Python. It may not exist.
func Interpreter(version string) string {
	return filepath.Join(venvs(), "django"+version, "bin", "python")
}

// Has reports whether this Django is installed.
func Has(version string) bool {
	_, err := os.Stat(Interpreter(version))
	return err == nil
}

// Python returns the path of a Django's Python. It skips the test if that Django is not
// installed.
func Python(t testing.TB, version string) string {
	t.Helper()
	if !Has(version) {
		testserver.Lacks(t, "there is no Django "+version+": run compat_test/setup.sh --all")
	}
	return Interpreter(version)
}

// write writes the project into a folder.
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

// module returns the text of settings.py.
func (s Site) module() (string, error) {
	settings := Args{"SECRET_KEY": "secret", "USE_TZ": true, "ALLOWED_HOSTS": []string{"*"}, "ROOT_URLCONF": "urls"}
	for name, value := range s.Settings {
		settings[name] = value
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return "", err
	}
	quoted, err := json.Marshal(string(text)) // also a Python literal
	if err != nil {
		return "", err
	}
	return "# -*- coding: utf-8 -*-\nimport json\n\nglobals().update(json.loads(" + string(quoted) + "))\n" + s.Python, nil
}
