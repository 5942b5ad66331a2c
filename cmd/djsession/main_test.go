package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// testNow is the clock of all tests. The demo's session past2k7j has expired then, the
// others have not.
var testNow = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

const demoSecret = "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it"

// suite stops the servers after the tests.
type suite struct{ m *testing.M }

func (s suite) Run() int { return testserver.Run(s.m) }

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){
		// djsession with a fixed clock.
		"djsession": func() {
			ctx, stop := console.Signals(context.Background())
			defer stop()
			a := newApp(os.Stdin, os.Stdout, os.Stderr, nil)
			a.Env, a.Terminal, a.Width, a.ErrWidth = os.Getenv, console.IsTerminal, console.Width(os.Stdout), console.Width(os.Stderr)
			os.Exit(a.main(ctx, os.Args[1:]))
		},
	})
}

// TestScripts runs the transcripts of testdata/script. Each starts in a folder with the
// demo's database, with the SECRET_KEY in the environment.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       os.Getenv("UPDATE") != "",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv(console.EnvSecret, demoSecret)
			env.Setenv(envDSN, "db.sqlite3")
			env.Setenv("NL", "\n")
			return os.WriteFile(filepath.Join(env.WorkDir, "db.sqlite3"), demo.Database, 0o600)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": expectStatus,
		},
	})
}

// expectStatus is "status N prog args...": the program must end with that status, and with
// a hint if it is not 0. stdout, stderr and cmp can check its output.
func expectStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N prog args...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s: got exit status %s, want %s\n%s", strings.Join(args[1:], " "), got, args[0], ts.ReadFile("stderr"))
	}
	explains := slices.Contains(args, "explain") // explains on stdout, with the next step
	if stderr := ts.ReadFile("stderr"); got != "0" && !explains && !strings.Contains(stderr, "\nhint: ") {
		ts.Fatalf("%s: no hint in:\n%s", strings.Join(args[1:], " "), stderr)
	}
}

// newApp returns an app with the clock of the tests and no terminal.
func newApp(stdin io.Reader, stdout, stderr io.Writer, env map[string]string) *app {
	return &app{console.Console{
		Stdin: stdin, Stdout: stdout, Stderr: stderr,
		Env:      func(name string) string { return env[name] },
		Now:      func() time.Time { return testNow },
		Terminal: func(any) bool { return false },
	}}
}

// result is the result of a run in this process.
type result struct {
	status         int
	stdout, stderr string
}

// cli runs djsession in this process, with the demo's database in a folder of its own.
// Further runs use the same folder.
type cli struct {
	env map[string]string
	now func() time.Time // nil means testNow
}

func newCLI(t *testing.T) *cli {
	t.Helper()
	path := filepath.Join(testserver.Dir(t), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	return &cli{env: map[string]string{console.EnvSecret: demoSecret, envDSN: path}}
}

func (c *cli) run(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := newApp(strings.NewReader(stdin), &stdout, &stderr, c.env)
	if c.now != nil {
		a.Now = c.now
	}
	status := a.main(t.Context(), args)
	return result{status, stdout.String(), stderr.String()}
}

// must is run for a command that has to succeed.
func (c *cli) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	r := c.run(t, stdin, args...)
	if r.status != 0 {
		t.Fatalf("djsession %s: got status %d\n%s", strings.Join(args, " "), r.status, r.stderr)
	}
	return r.stdout
}

// failingWriter is a pipe without a reader.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// TestOutputFails: a command that cannot print its output fails.
func TestOutputFails(t *testing.T) {
	c := newCLI(t)
	var stderr bytes.Buffer
	a := newApp(strings.NewReader(""), failingWriter{errors.New("disk full")}, &stderr, c.env)
	if got := a.main(t.Context(), []string{"list"}); got != 1 {
		t.Errorf("got status %d, want 1", got)
	}
	if !strings.Contains(stderr.String(), "disk full") {
		t.Errorf("got %q, want the reason", stderr.String())
	}
}
