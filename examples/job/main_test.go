package main

import (
	"bytes"
	"database/sql"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestJob: the job counts in the visitor's session until the visitor logs out.
func TestJob(t *testing.T) {
	settings, database := exampletest.Demo(t)
	run := func() (string, error) {
		cmd := exampletest.Command(t, settings)
		cmd.Stdin = strings.NewReader(exampletest.Ada + "\n")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		return out.String(), err
	}
	for _, want := range []string{"runs: 1\n", "runs: 2\n"} {
		if got, err := run(); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}

	db, err := sql.Open("sqlite", "file:"+database+"?mode=rw&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM django_session WHERE session_key = ?", exampletest.Ada); err != nil {
		t.Fatal(err)
	}
	if got, err := run(); err == nil || !strings.Contains(got, "The visitor has logged out.") {
		t.Errorf("after the logout: got %q, %v", got, err)
	}
}
