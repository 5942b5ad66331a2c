package djsettings_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// TestManageErrors checks the errors for a manage.py that fails. They must not repeat its
// texts, which may quote values.
func TestManageErrors(t *testing.T) {
	for _, tt := range []struct{ name, script, says string }{
		{"no such module", "import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"},
		{"an error that quotes", "raise ValueError('s3cr3t')", "ended with ValueError"},
		{"an exit", "import sys; sys.stderr.write('s3cr3t'); sys.exit(3)", "ended with an error"},
	} {
		dir := filepath.Dir(manageOf(t, tt.script))
		stderr := new(strings.Builder)
		_, err := djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Stderr: stderr})
		if !errors.Is(err, djsettings.ErrManage) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v", tt.name, err)
		}
		if stderr.Len() == 0 {
			t.Errorf("%s: nothing came to Stderr", tt.name)
		}
	}
	if _, err := djsettings.FromManage(t.Context(), t.TempDir(), nil); !errors.Is(err, djsettings.ErrManage) || !strings.Contains(err.Error(), "no manage.py") {
		t.Errorf("no manage.py: got %v", err)
	}
	if _, err := djsettings.FromManage(t.Context(), filepath.Dir(manageOf(t, "")), &djsettings.ManageOptions{Python: "/nonexistent/python"}); !errors.Is(err, djsettings.ErrManage) || !strings.Contains(err.Error(), "is there such a Python") {
		t.Errorf("no Python: got %v", err)
	}
}

// manageOf writes a manage.py and returns its path.
func manageOf(t *testing.T, script string) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		testserver.Lacks(t, "python3")
	}
	path := filepath.Join(t.TempDir(), "manage.py")
	writeFile(t, path, script)
	return path
}

// TestManageArguments checks which commands run, in which folder, and with which Python. An
// old Django does not know --all.
func TestManageArguments(t *testing.T) {
	path := manageOf(t, `import os, sys
with open('log', 'a') as f:
    f.write(' '.join(sys.argv[1:]) + '\n')
if '--all' in sys.argv:
    sys.exit('manage.py diffsettings: error: unrecognized arguments: --all')
if sys.argv[1] == 'version':
    print('noise\n1.4.22')
else:
    print("SECRET_KEY = 'k'\nSESSION_COOKIE_NAME = %r  ###" % os.path.basename(os.getcwd()))
`)
	dir := filepath.Dir(path)
	set, err := djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Args: []string{"--settings=s"}})
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if got, want := string(log), "shell -v 0 --settings=s\ndiffsettings --all --settings=s\ndiffsettings --settings=s\nversion --settings=s\n"; err != nil || got != want {
		t.Errorf("commands: got %q, %v, want %q", got, err, want)
	}
	if set.Django.String() != "1.4" || set.Sessions.CookieName != filepath.Base(dir) || set.Dir != dir {
		t.Errorf("got %s, %s, %s", set.Django, set.Sessions.CookieName, set.Dir)
	}

	// The folder's virtual environment comes first.
	marker := filepath.Join(dir, "ran")
	own := filepath.Join(dir, ".venv", "bin", "python")
	writeFile(t, own, "#!/bin/sh\ntouch "+marker+"\necho \"SECRET_KEY = 'x'\"\n")
	if err := os.Chmod(own, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Options: djsettings.Options{Django: "5.2"}}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(marker); err != nil {
		t.Error("the Python of .venv was not taken")
	}
}

// TestManageEndless runs a manage.py that prints without end, and one that does not end.
func TestManageEndless(t *testing.T) {
	path := manageOf(t, "while True: print('x' * 1000)")
	if _, err := djsettings.FromManage(t.Context(), filepath.Dir(path), nil); !errors.Is(err, djsettings.ErrTooLarge) {
		t.Errorf("endless output: got %v", err)
	}
	path = manageOf(t, "import time; time.sleep(60)")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := djsettings.FromManage(ctx, filepath.Dir(path), nil); !errors.Is(err, djsettings.ErrManage) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no end: got %v", err)
	}
}

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
