package django

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Project makes a project with a manage.py and these settings in a folder of the test. It
// returns the folder and the Python of that Django. It skips the test if that Django is not
// installed.
func Project(t testing.TB, version, settings string) (dir, python string) {
	t.Helper()
	python, dir = Python(t, version), t.TempDir()
	for name, text := range map[string]string{
		"manage.py": `import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`,
		"settings.py": settings,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, python
}

// Manage runs manage.py in the folder dir.
func Manage(t testing.TB, dir, python string, args ...string) {
	t.Helper()
	cmd := exec.Command(python, append([]string{"-B", "manage.py"}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("manage.py %s: %v\n%s", args[0], err, out)
	}
}
