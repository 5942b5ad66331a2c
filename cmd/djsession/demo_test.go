package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/demo"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// demoOutput is the output of the demo without Django.
const demoOutput = ` 1. A SQLite database that Django 5.2.19 wrote, copied to a temporary folder.
 2. Its sessions, and who is logged in by them:
    KEY       WHO
    ada7q2m5  ada
    alien6m1  nobody: the signature does not verify
    cart5e9r  nobody: no user in it
    grace4w8  grace
    junk9d4f  nobody: this is not a signed value
    linus1z6  nobody: linus is not active
    past2k7j  nobody: expired at 2026-01-01 00:00:00
    stale8p3  nobody: ada has another password since
 3. GET / with ada's cookie, through the middleware: "Hello ada, visit 4"
 4. GET / with ada's cookie, through the middleware: "Hello ada, visit 5"
 5. GET / with a key that somebody made up: "Hello stranger, visit 1", and the session gets another key.
 6. Read back from the database: visits = 5. 4 of the 5 values that Django had written are the same, byte for byte.
`

// TestDemo: without Python the demo skips one step and says so. It leaves no file behind.
func TestDemo(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("PATH", t.TempDir())
	c := &cli{}
	got := c.must(t, "", "demo")
	want := demoOutput + " 7. No python3 with Django 4.1 or newer was found (DJSESSION_PYTHON names one): the step in which Django reads this is left out.\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("got %d files left behind, %v; want none", len(left), err)
	}
}

// TestDemoDjango: a real Django reads what Go wrote, and Go reads what Django wrote.
func TestDemoDjango(t *testing.T) {
	python := filepath.Join("..", "..", "compat_test", ".venv", "django5.2", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		testserver.Lacks(t, "a Django 5.2, which compat_test/setup.sh installs")
	}
	c := &cli{env: map[string]string{demo.EnvPython: python}, now: time.Now} // Django uses the real clock
	got := c.must(t, "", "demo")
	rest, ok := strings.CutPrefix(got, demoOutput)
	want := regexp.MustCompile(`^ 7\. Django 5\.2\.\d+ reads what Go wrote: visits = 5, logged in is ada\.
 8\. Django counted one more, and Go reads visits = 6\.
$`)
	if !ok || !want.MatchString(rest) {
		t.Errorf("got\n%s\nwant it to end like\n%s", got, want)
	}
}

// TestDemoKeep: the other commands can use the copy.
func TestDemoKeep(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	got := (&cli{}).must(t, "", "demo", "--keep")
	dsn := regexp.MustCompile(`djsession list --dsn (\S+)\n`).FindStringSubmatch(got)
	secret := regexp.MustCompile(`export DJANGO_SECRET_KEY=(\S+)\n`).FindStringSubmatch(got)
	if dsn == nil || secret == nil {
		t.Fatalf("got\n%s\nwant commands to try", got)
	}
	c := &cli{env: map[string]string{console.EnvSecret: secret[1]}}
	if got := c.must(t, "", "show", "ada7q2m5", "--reveal", "--dsn", dsn[1]); !strings.Contains(got, "visits              int      1  5\n") {
		t.Errorf("got\n%s\nwant visits = 5", got)
	}
}
