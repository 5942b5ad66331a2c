//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/go-djsession/go-djsession/internal/console"
)

// TestEvery: a real process removes what has expired, goes on, and ends with 0 at a signal.
func TestEvery(t *testing.T) {
	for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sent.String(), func(t *testing.T) {
			c := newCLI(t)
			fill(t, c, manyKeys(5)...)
			sqlExec(t, "sqlite", c.env[envDSN], "UPDATE django_session SET expire_date = '2020-01-01 00:00:00' WHERE session_key LIKE 'pick%'")
			cleared := func() int {
				return number(t, c.env[envDSN], "SELECT NOT EXISTS (SELECT 1 FROM django_session WHERE expire_date < '2021-01-01')")
			}
			if cleared() != 0 {
				t.Fatal("nothing has expired")
			}
			r := signalled(t, c, sent, cleared, "clearsessions", "--every", "1s", "--status", "127.0.0.1:0")
			if r.status != console.StatusOK || r.stdout != "" {
				t.Errorf("got status %d and %q", r.status, r.stdout)
			}
			for line := range strings.Lines(r.stderr) {
				if !strings.HasPrefix(line, `{"time":`) || !strings.Contains(line, `"djsession clearsessions: `) {
					t.Errorf("the log has the line %q", line)
				}
			}
		})
	}
}

// TestEveryUsage: what does not go together is refused.
func TestEveryUsage(t *testing.T) {
	for _, args := range []string{"--every 1h --dry-run", "--every 1h --json", "--every 1ms", "--every -1h", "--every soon", "--status localhost:0"} {
		r := newCLI(t).run(t, "", append([]string{"clearsessions"}, strings.Fields(args)...)...)
		if r.status != console.StatusUsage {
			t.Errorf("%s: got status %d and %q", args, r.status, r.stderr)
		}
	}
}
