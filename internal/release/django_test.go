package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNewDjango: compat_test/new-django finds every list of versions, once.
func TestNewDjango(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil && os.Getenv("DJSESSION_TEST_REQUIRE") == "" {
		t.Skip("git is not installed")
	}
	clone := filepath.Join(t.TempDir(), "clone")
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		if name != "git" || args[0] != "clone" {
			cmd.Dir = clone
		}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	run("git", "clone", "-q", "--shared", root, clone)
	run("compat_test/new-django", "--lists", "9.9")
	changed := run("git", "diff")
	if out := run("gofmt", "-l", "."); out != "" {
		t.Errorf("gofmt: %s", out)
	}
	for _, want := range []string{"+\t\tdjango9.9  |", "Django==9.9 ", "+for version in 1.8"} {
		if !strings.Contains(changed, want) {
			t.Errorf("the changes have no %q", want)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^\+.*"9\.9"`).FindAllString(changed, -1)); n < 20 {
		t.Errorf("got %d lists in Go and Python, want 20 or more", n)
	}
	run("compat_test/new-django", "--lists", "9.9")
	if again := run("git", "diff"); again != changed {
		t.Error("a second run changes something")
	}
}
