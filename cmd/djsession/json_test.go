package main

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// object parses the one JSON object that a command prints, in ASCII.
func object(t *testing.T, stdout string) map[string]any {
	t.Helper()
	var got map[string]any
	d := json.NewDecoder(strings.NewReader(stdout))
	if err := d.Decode(&got); err != nil || strings.TrimSpace(stdout[d.InputOffset():]) != "" {
		t.Fatalf("got %q, want one JSON object (%v)", stdout, err)
	}
	if strings.ContainsFunc(stdout, func(r rune) bool { return r > '~' }) {
		t.Errorf("got %q, want ASCII", stdout)
	}
	return got
}

// TestDoctorJSON: it says what the text says, with the same status.
func TestDoctorJSON(t *testing.T) {
	c := newCLI(t)
	for _, more := range []string{"", "SECRET_KEY = 'hunter2'", "SESSION_COOKIE_AGE = 0", "SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'"} {
		args := []string{"doctor", "--settings", siteSettings(t, c, more)}
		plain := c.run(t, "", args...)
		r := c.run(t, "", append(args, "--json")...)
		if r.status != plain.status || r.stderr != plain.stderr {
			t.Errorf("%s: got status %d and %q, want %d and %q", more, r.status, r.stderr, plain.status, plain.stderr)
		}
		got := object(t, r.stdout)
		var text strings.Builder
		faults := 0.0
		for _, f := range got["findings"].([]any) {
			f := f.(map[string]any)
			if len(f) != 4 {
				t.Errorf("%s: got the finding %v", more, f)
			}
			if f["severity"] == "fault" {
				faults++
			}
			text.WriteString(f["severity"].(string) + " " + f["id"].(string) + ": " + f["text"].(string) + "\n  change: " + f["change"].(string) + "\n")
		}
		for _, list := range [][2]string{{"compared", "compared"}, {"not_compared", "not compared"}} {
			var all []string
			for _, one := range got[list[0]].([]any) {
				all = append(all, one.(string))
			}
			if all != nil {
				text.WriteString(list[1] + ": " + strings.Join(all, ", ") + "\n")
			}
		}
		if !strings.HasPrefix(plain.stdout, text.String()) {
			t.Errorf("%s: got %s, want the same as in\n%s", more, r.stdout, plain.stdout)
		}
		if got["faults"] != faults || got["ok"] != (r.status == 0) || got["ok"] != (faults == 0 && got["proved"] == true) {
			t.Errorf("%s: got ok %v, %v faults, proved %v, with status %d", more, got["ok"], got["faults"], got["proved"], r.status)
		}
	}
}

// TestClearsessionsJSON: with and without --dry-run, and where a cache does it.
func TestClearsessionsJSON(t *testing.T) {
	c := newCLI(t)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--dry-run"}, `{"count":1,"dry_run":true,"complete":true}`},
		{nil, `{"count":1,"dry_run":false,"complete":true}`},
		{nil, `{"count":0,"dry_run":false,"complete":true}`},
		{[]string{"--dsn", "cache+redis://" + testserver.Redis(t).Addr() + "/0"}, `{"count":0,"dry_run":false,"complete":true}`},
		{[]string{"--dsn", "missing.sqlite3"}, ""},
	} {
		r := c.run(t, "", append([]string{"clearsessions", "--json"}, tt.args...)...)
		if tt.want == "" { // an error before there is a result
			if r.status == 0 || r.stdout != "" {
				t.Errorf("%v: got status %d and %q", tt.args, r.status, r.stdout)
			}
			continue
		}
		if r.stdout != tt.want+"\n" || r.status != 0 {
			t.Errorf("%v: got status %d and %s, want %s", tt.args, r.status, r.stdout, tt.want)
		}
	}
}

// TestCountsJSON: convert and migrate print the numbers of their tables.
func TestCountsJSON(t *testing.T) {
	for _, args := range [][]string{
		{"convert", "--to", "pickle", "--django", "4.2"},
		{"convert", "--to", "pickle", "--django", "4.2", "--dry-run"},
		{"migrate", "--journal", "journal"},
		{"migrate", "--journal", "journal", "--dry-run"},
	} {
		var numbers [2][]float64
		for i, more := range [][]string{nil, {"--json"}} {
			c := newCLI(t)
			all := append(slices.Clone(args), more...)
			if args[0] == "migrate" {
				next := newCLI(t)
				sqlExec(t, "sqlite", next.env[envDSN], "DELETE FROM django_session")
				all = append(all, "--from", c.env[envDSN], "--to", next.env[envDSN])
				all[2] = filepath.Join(t.TempDir(), "journal")
			}
			r := c.run(t, "", all...)
			if i == 0 {
				for _, n := range counted(t, r.stdout) {
					numbers[i] = append(numbers[i], float64(n))
				}
			} else {
				got := object(t, r.stdout)
				if got["complete"] != true || got["dry_run"] != slices.Contains(args, "--dry-run") {
					t.Errorf("%v: got %s", args, r.stdout)
				}
				for _, v := range got {
					if n, ok := v.(float64); ok {
						numbers[i] = append(numbers[i], n)
					}
				}
			}
			numbers[i] = slices.DeleteFunc(numbers[i], func(n float64) bool { return n == 0 })
			slices.Sort(numbers[i])
		}
		if len(numbers[0]) == 0 || !reflect.DeepEqual(numbers[0], numbers[1]) {
			t.Errorf("%v: the table has %v, JSON %v", args, numbers[0], numbers[1])
		}
	}
}

// TestExplainJSON: it says what the text says, with the same status, and shows what the value
// holds with --reveal only.
func TestExplainJSON(t *testing.T) {
	c := newCLI(t)
	signed := strings.TrimSpace(c.must(t, `{"cart": "a secret thing"}`, "encode"))
	for _, value := range []string{signed, signed[:len(signed)-1] + "_", "'" + signed + "'", "b'" + signed + "'", "{}", "nothing of it", "eyJ2aXNpdHMiOjd9:1r31eq"} {
		for _, more := range [][]string{nil, {"--reveal"}} {
			args := append([]string{"explain"}, more...)
			plain := c.run(t, value, args...)
			r := c.run(t, value, append(args, "--json")...)
			if r.status != plain.status || r.stderr != plain.stderr {
				t.Errorf("%.9s: got status %d and %q, want %d and %q", value, r.status, r.stderr, plain.status, plain.stderr)
			}
			got := object(t, r.stdout)
			lines := ""
			for _, one := range got["text"].([]any) {
				lines += one.(string) + "\n"
			}
			rest, ok := strings.CutPrefix(plain.stdout, lines)
			next := ""
			for _, one := range got["next"].([]any) {
				next += "next: " + one.(string) + "\n"
			}
			if !ok || lines == "" || !strings.HasSuffix(rest, next) || got["ok"] != (r.status == 0) {
				t.Errorf("%.9s: got %s with status %d, want the same as in\n%s", value, r.stdout, r.status, plain.stdout)
			}
			session, shown := got["session"].(map[string]any)
			if shown != (strings.TrimSuffix(rest, next) != "") || shown && more == nil || strings.Contains(r.stdout, "a secret thing") != (session["cart"] != nil) {
				t.Errorf("%.9s %v: got the session %v", value, more, session)
			}
		}
	}
}
