package django_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// others are the tests that look for the environments themselves, with the reason.
var others = map[string]string{
	"djsite/mysql_clients_test.go":   "asks the clients of MySQL, without a Django",
	"cmd/djsession/demo_test.go":     "it runs the program of the demo",
	"compat_test/sites/make_test.go": "it makes the .venv of published sites",
	"djsettings/manage_test.go":      "it makes a .venv of a project",
	"internal/venv/venv_test.go":     "it makes folders like those of environments",
}

// There is one harness: no other test starts a Django, and there is only one drive.py.
func TestOneHarness(t *testing.T) {
	const root = "../../.."
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		switch {
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.Name() == "drive.py" && name != "internal/testkit/django/drive.py":
			t.Errorf("%s: there is one drive.py", name)
		case !strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "internal/testkit/"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(text), ".venv") {
			return nil
		}
		found[name] = true
		if others[name] == "" {
			t.Errorf("%s starts a Django by itself: use package internal/testkit/django", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, why := range others {
		if !found[name] {
			t.Errorf("%s does not any more, so that its entry has to go (%s)", name, why)
		}
	}
}
