package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// expectation is what testdata/convert.py reports about a session.
type expectation struct {
	Key          string
	Plain, Lossy *string
}

//go:embed testdata/convert.py
var convertPy string

// askConvertPy runs a command of testdata/convert.py in a real Django, on the database at
// path.
func askConvertPy(t *testing.T, version, path, serializer, command string, args django.Args) map[string]expectation {
	t.Helper()
	d := django.Start(t, django.Site{Version: version, Code: convertPy, Settings: django.Args{
		"SECRET_KEY":         "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it",
		"INSTALLED_APPS":     []string{"django.contrib.sessions"},
		"DATABASES":          django.Databases("sqlite3", "NAME="+path),
		"SESSION_SERIALIZER": "django.contrib.sessions.serializers." + serializer,
	}})
	var all []expectation
	d.Call(t, command, args, &all)
	found := map[string]expectation{}
	for _, e := range all {
		found[e.Key] = e
	}
	return found
}

// rate matches the line that differs between two runs.
var rate = regexp.MustCompile(`(?m)^\d+ sessions a second\n`)

// TestConvertDjango converts sessions of three Djangos: pickles and JSON, in both formats.
// A Django with JSONSerializer must then read equal values. Sessions that JSON cannot hold,
// that have expired or that do not verify stay unchanged.
func TestConvertDjango(t *testing.T) {
	if testing.Short() {
		t.Skip("seven runs of Django take their time")
	}
	const writers, each = 5, 500
	dir := t.TempDir()
	path := filepath.Join(dir, "db.sqlite3")
	want := map[string]expectation{}
	for _, w := range []struct{ django, prefix, serializer string }{
		{"2.2", "old22", "PickleSerializer"},
		{"2.2", "json22", "JSONSerializer"},
		{"3.2", "old32", "PickleSerializer"},
		{"4.2", "old42", "PickleSerializer"},
		{"4.2", "json42", "JSONSerializer"},
	} {
		for key, e := range askConvertPy(t, w.django, path, w.serializer, "write", django.Args{"prefix": w.prefix, "count": each}) {
			want[key] = e
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for reader, lossy := range map[string]bool{"4.2": false, "5.2": true} {
		t.Run(fmt.Sprintf("Django %s, lossy %t", reader, lossy), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "db.sqlite3")
			if err := os.WriteFile(path, before, 0o600); err != nil {
				t.Fatal(err)
			}
			sqlExec(t, "sqlite", path, "PRAGMA journal_mode = wal") // waits for the disk less often
			c := &cli{env: map[string]string{console.EnvSecret: demoSecret, envDSN: path}}
			was := rowsOf(t, c)
			reportPath := filepath.Join(t.TempDir(), "report")
			args := []string{"convert", "--django", reader, "--report", reportPath, "--batch", "100", "--lossy=" + fmt.Sprint(lossy)}
			dry := c.run(t, "", append(args, "--dry-run")...)
			if after := dump(t, c); after != dumpOf(was) {
				t.Fatal("a dry run has changed something")
			}
			wet := c.run(t, "", args...)
			dryCounts := strings.Replace(rate.ReplaceAllString(dry.stdout, ""), "would be converted ", "converted          ", 1)
			if got := strings.Join(strings.Fields(rate.ReplaceAllString(wet.stdout, "")), " "); got != strings.Join(strings.Fields(dryCounts), " ") {
				t.Errorf("got\n%s\nwant what the dry run said:\n%s", wet.stdout, dry.stdout)
			}
			if dry.status != 1 || wet.status != 1 {
				t.Errorf("got status %d and %d, want 1: there is something left\n%s", dry.status, wet.status, wet.stderr)
			}

			is := rowsOf(t, c)
			loaded := askConvertPy(t, reader, path, "JSONSerializer", "read", nil)
			checked, left, equal := 0, 0, 0
			for key, e := range want {
				text := e.Plain
				if lossy {
					text = e.Lossy
				}
				switch {
				case is[key][1] != was[key][1]:
					t.Errorf("%s: it ends at %s, want %s", key, is[key][1], was[key][1])
				case text == nil || *text == "expired" || *text == "corrupt":
					if left++; is[key] != was[key] {
						t.Errorf("%s: it has changed", key)
					}
				case loaded[key].Plain == nil || *loaded[key].Plain != *text:
					t.Errorf("%s: got %v, want %s", key, loaded[key].Plain, *text)
				default:
					if checked++; is[key] == was[key] {
						equal++
					}
				}
			}
			count := counted(t, wet.stdout)
			if got := count["converted"] + count["already right"]; got != checked || checked < writers*each/2 {
				t.Errorf("converted or right: got %d, want %d and at least half", got, checked)
			}
			if got := count["already right"]; got != equal || got < each/2 {
				t.Errorf("already right: got %d, want %d and at least %d", got, equal, each/2)
			}
			if got := count["not convertible"] + count["corrupt"] + count["expired"]; got != left || count["corrupt"] != writers*each/50 || count["expired"] != writers*each/50 {
				t.Errorf("left: got %d, want %d, of which one in 50 corrupt and one in 50 expired:\n%s", got, left, wet.stdout)
			}
			if count["seen"] != len(want) {
				t.Errorf("seen: got %d, want %d", count["seen"], len(want))
			}
			checkReport(t, reportPath, want, count["not convertible"])

			again := counted(t, c.run(t, "", args...).stdout)
			if again["converted"] != 0 || again["already right"] != checked {
				t.Errorf("a second time: got %v, want nothing to do", again)
			}
		})
	}
}

// checkReport checks that the report lists as many sessions as were left, and no key.
func checkReport(t *testing.T, path string, want map[string]expectation, left int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sessions := map[string]bool{}
	for line := range bytes.Lines(text) {
		var n struct{ Session, Path, Type, Result string }
		if err := json.Unmarshal(line, &n); err != nil || len(n.Session) != 12 || n.Path == "" || n.Type == "" {
			t.Fatalf("got %s: %v", line, err)
		}
		if n.Result == "left" {
			sessions[n.Session] = true
		}
	}
	if len(sessions) != left || left == 0 {
		t.Errorf("the report tells of %d sessions, want %d", len(sessions), left)
	}
	for key := range want {
		if bytes.Contains(text, []byte(key)) {
			t.Fatal("the report holds the key of a session")
		}
	}
	for _, secret := range []string{"A-1", "2027", "ModelBackend"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the report holds the value %s", secret)
		}
	}
}
