package venv_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-djsession/go-djsession/internal/venv"
)

func TestPython(t *testing.T) {
	dir, active := t.TempDir(), t.TempDir()
	env := func(name string) string { return map[string]string{"VIRTUAL_ENV": active}[name] }
	put := func(place string) string {
		path := filepath.Join(place, "bin", "python")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := func(want string, env func(string) string) {
		t.Helper()
		if got := venv.Python(dir, env); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	want("python3", nil)
	want("python3", env)
	path := put(active)
	want(path, env)
	want("python3", nil)
	want(put(filepath.Join(dir, "venv")), env)
	want(put(filepath.Join(dir, ".venv")), env)
}
