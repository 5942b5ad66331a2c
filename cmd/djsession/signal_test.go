//go:build unix

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/console"
)

// endless is the body of a trigger: a query that comes to no end, so that a command is at
// work until it is interrupted.
const endless = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n)"

// TestSignals: a real process that gets a signal while it works has the status of a shell,
// says what it has done until then, which is what is in the database.
func TestSignals(t *testing.T) {
	keys := manyKeys(30)
	slow := keys[20] // the one that the command does not come past
	for _, tt := range []struct {
		name string
		args []string
		// prepare is run on the sessions.
		prepare string
		// file is where trigger is run, and done, which counts what the command has done.
		file, trigger string
		done          string
		// says matches that number in stdout, and json with --json.
		says, json string
	}{
		{
			"clearsessions", []string{"clearsessions", "--batch", "1"},
			"UPDATE django_session SET expire_date = '2020-01-01 00:00:00' WHERE session_key LIKE 'pick%'",
			"db.sqlite3",
			"CREATE TRIGGER slow BEFORE DELETE ON django_session WHEN OLD.session_key LIKE '" + slow + "%' BEGIN " + endless + "; END",
			"SELECT 31 - count(*) FROM django_session WHERE session_key LIKE 'pick%' OR session_key LIKE 'past%'",
			`^removed (\d+) expired sessions?, then stopped\n$`,
			`^{"count":(\d+),"dry_run":false,"complete":false}\n$`,
		},
		{
			"convert", []string{"convert", "--to", "pickle", "--django", "4.2"},
			"DELETE FROM django_session WHERE session_key NOT LIKE 'pick%'",
			"db.sqlite3",
			"CREATE TRIGGER slow BEFORE UPDATE ON django_session WHEN OLD.session_key LIKE '" + slow + "%' BEGIN " + endless + "; END",
			"SELECT count(*) FROM django_session WHERE session_data LIKE 'gA%'",
			`\nconverted +(\d+)\n`,
			`^{"seen":.*,"converted":(\d+),.*,"complete":false}\n$`,
		},
		{
			"migrate", []string{"migrate", "--from", "db.sqlite3", "--to", "to.sqlite3", "--journal", "journal", "--batch", "1", "--workers", "1"},
			"DELETE FROM django_session WHERE session_key NOT LIKE 'pick%'",
			"to.sqlite3",
			"CREATE TRIGGER slow BEFORE INSERT ON django_session WHEN NEW.session_key LIKE '" + slow + "%' BEGIN " + endless + "; END",
			"SELECT count(*) FROM django_session WHERE session_key LIKE 'pick%'",
			`\ncopied +(\d+)\n`,
			`^{"seen":.*,"copied":(\d+),.*,"complete":false}\n$`,
		},
	} {
		for sent, status := range map[syscall.Signal]int{syscall.SIGINT: console.StatusInterrupted, syscall.SIGTERM: console.StatusTerminated} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, sent), func(t *testing.T) {
				c := newCLI(t)
				fill(t, c, keys...)
				sqlExec(t, "sqlite", c.env[envDSN], tt.prepare)
				to, file := filepath.Join(filepath.Dir(c.env[envDSN]), "to.sqlite3"), filepath.Join(filepath.Dir(c.env[envDSN]), tt.file)
				if err := os.WriteFile(to, demo.Database, 0o600); err != nil {
					t.Fatal(err)
				}
				sqlExec(t, "sqlite", to, "DELETE FROM django_session")
				sqlExec(t, "sqlite", file, tt.trigger)
				done := func() int { return number(t, file, tt.done) }
				args, says := tt.args, tt.says
				if sent == syscall.SIGTERM {
					args, says = append(slices.Clone(args), "--json"), tt.json
				}
				r := signalled(t, c, sent, done, args...)
				word := map[int]string{console.StatusInterrupted: "interrupted", console.StatusTerminated: "terminated"}[status]
				if r.status != status || !strings.Contains(r.stderr, "djsession: "+word+"\nhint: what was done") {
					t.Errorf("got status %d and %q, want %d and %q", r.status, r.stderr, status, word)
				}
				// The signal may come between a write and its count.
				n, said := done(), regexp.MustCompile(says).FindStringSubmatch(r.stdout)
				if n == 0 || n >= len(keys) || said == nil || said[1] != fmt.Sprint(n) && said[1] != fmt.Sprint(n-1) {
					t.Errorf("got %q, want it to say that %d are done", r.stdout, n)
				}
			})
		}
	}
}

// signalled runs the command as a process, and sends it a signal as soon as done returns
// another number than 0.
func signalled(t *testing.T, c *cli, sent syscall.Signal, done func() int, args ...string) result {
	t.Helper()
	cmd := exec.Command("djsession", args...)
	cmd.Env = os.Environ()
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Dir = filepath.Dir(c.env[envDSN])
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its status is what the test looks at
		close(ended)
	}()
	for deadline := time.Now().Add(2 * time.Minute); done() == 0; time.Sleep(10 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("it ended by itself: %s%s", stdout.String(), stderr.String())
		default:
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			t.Fatal("nothing was done within two minutes")
		}
	}
	if err := cmd.Process.Signal(sent); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		_ = cmd.Process.Kill()
		t.Fatal("it did not end within two minutes after the signal")
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// number returns the result of a query for one number, or 0 while the database is locked.
func number(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil && !strings.Contains(err.Error(), "locked") {
		t.Fatal(err)
	}
	return n
}
