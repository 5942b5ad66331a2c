//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/internal/console"
)

// transcripts are the subcommands, and how each of them comes to wait for something.
var transcripts = map[string]struct {
	// waits are arguments with which the command waits until it is interrupted; nil if it
	// never waits. until is when it does: what it shows then, or the file that it has opened.
	waits []string
	until string
	// serves means that the command has done all that it should when it is interrupted.
	serves bool
	// json are the arguments before --json.
	json []string
}{
	"decode":        {waits: []string{"decode"}, until: "end it with Ctrl-D"},
	"encode":        {waits: []string{"encode"}, until: "end it with Ctrl-D"},
	"explain":       {waits: []string{"explain"}, until: "end it with Ctrl-D", json: []string{"explain", "eyJ2aXNpdHMiOjd9:1r31eq:T75S6HdnN8JQd-quCfoREJa9Qr-7hG6spzUx-3OymeQ"}},
	"list":          {waits: []string{"list"}, until: "db.sqlite3", json: []string{"list"}},
	"show":          {waits: []string{"show", "-"}, until: "end it with Ctrl-D", json: []string{"show", "ada7q2m5"}},
	"set":           {waits: []string{"set", "-", "a=1"}, until: "end it with Ctrl-D"},
	"unset":         {waits: []string{"unset", "-", "a"}, until: "end it with Ctrl-D"},
	"delete":        {waits: []string{"delete", "-"}, until: "end it with Ctrl-D"},
	"logout":        {waits: []string{"logout", "--user", "1"}, until: "db.sqlite3"},
	"census":        {waits: []string{"census"}, until: "db.sqlite3", json: []string{"census"}},
	"report":        {waits: []string{"report", "-o", "report.html"}, until: "db.sqlite3"},
	"clearsessions": {waits: []string{"clearsessions"}, until: "db.sqlite3", json: []string{"clearsessions"}},
	"convert":       {waits: []string{"convert", "--to", "pickle", "--django", "4.2"}, until: "db.sqlite3", json: []string{"convert", "--to", "pickle", "--django", "4.2"}},
	"migrate":       {waits: []string{"migrate", "--from", "db.sqlite3", "--to", "to.sqlite3", "--journal", "journal"}, until: "db.sqlite3", json: []string{"migrate", "--from", "db.sqlite3", "--to", "to.sqlite3", "--journal", "journal"}},
	"doctor":        {waits: []string{"doctor", "--settings", "site.json", "--cookie", "-"}, until: "end it with Ctrl-D", json: []string{"doctor", "--settings", "site.json"}},
	"prove":         {waits: []string{"prove", "--manage", ".", "--python", "./slow"}, until: "slow.started"},
	"probe":         {waits: []string{"probe", "--manage", ".", "-o", "profile", "--python", "./slow"}, until: "slow.started"},
	"keys":          {},
	"gate":          {waits: []string{"gate", "--settings", "site.json", "--rules", "rules", "--listen", "localhost:0"}, until: "gate: listening", serves: true},
	"demo":          {waits: []string{"demo"}, until: "slow.started"},
	"engines":       {},
	"version":       {},
}

// slow is a Python that runs for ever.
const slow = "#!/bin/sh\n>\"$(dirname \"$0\")/slow.started\"\nexec sleep 600\n"

// slowSite is newCLI with settings, another empty database, and a Python that runs for ever.
func slowSite(t *testing.T) (c *cli, dir string) {
	c = newCLI(t)
	dir = filepath.Dir(c.env[envDSN])
	to := newCLI(t)
	sqlExec(t, "sqlite", to.env[envDSN], "DELETE FROM django_session")
	settings, err := json.Marshal(map[string]any{
		"SECRET_KEY":     demoSecret,
		"DATABASES":      map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": c.env[envDSN]}},
		"INSTALLED_APPS": []string{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"},
		"MIDDLEWARE":     []string{"django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"},
	})
	if err == nil {
		err = os.Rename(to.env[envDSN], filepath.Join(dir, "to.sqlite3"))
	}
	for name, text := range map[string]string{"site.json": string(settings), "slow": slow, "manage.py": "", "rules": "/ -> login\n"} {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	c.env["DJSESSION_PYTHON"] = filepath.Join(dir, "slow")
	return c, dir
}

// TestTranscripts: the help, an error and the JSON of every subcommand are the same on a terminal
// and in a pipe. On a narrow terminal they are broken between words.
func TestTranscripts(t *testing.T) {
	for _, name := range commandNames() {
		how, ok := transcripts[name]
		if !ok {
			t.Errorf("there is no transcript of %s", name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := slowSite(t)
			help := c.must(t, "", "help", name)
			if got := onTerminal(t, c, 200, nil, name, "--help"); got != help {
				t.Errorf("with 200 columns: got\n%s\nwant\n%s", got, help)
			}
			narrow := onTerminal(t, c, 40, []string{"NO_COLOR=1"}, "help", name)
			sameWords(t, narrow, help)
			fitsInto(t, narrow, 40)

			wrong := c.run(t, "", name, "--no-such-flag")
			if wrong.status != console.StatusUsage || wrong.stdout != "" || !strings.Contains(wrong.stderr, "\nhint: ") {
				t.Errorf("a flag that is not there: got %+v", wrong)
			}
			text, status := startOnTerminal(t, c, 24, nil, name, "--no-such-flag").wait(t)
			if sameWords(t, text, wrong.stderr); status != wrong.status {
				t.Errorf("on a terminal: got status %d, want %d", status, wrong.status)
			}
			fitsInto(t, text, 24)

			has := false
			for _, cmd := range new(app).commands() {
				has = has || cmd.Name() == name && cmd.Flags().Lookup("json") != nil
			}
			if has != (how.json != nil) {
				t.Errorf("got --json %v", has)
			}
			if has {
				pipe, piped := slowSite(t)
				cmd := startOnTerminal(t, c, 40, []string{"DISCARD=stderr"}, append(how.json, "--json")...)
				text, status := cmd.wait(t)
				r := pipe.in(t, piped, append(how.json, "--json")...)
				if r.status != status || !reflect.DeepEqual(objects(t, text), objects(t, r.stdout)) {
					t.Errorf("on a terminal: got status %d and %s, want %d and %s", status, text, r.status, r.stdout)
				}
			}
		})
	}
}

// in runs the command in this process, in the folder dir.
func (c *cli) in(t *testing.T, dir string, args ...string) result {
	t.Helper()
	here := make([]string, len(args))
	for i, arg := range args {
		if here[i] = arg; strings.HasSuffix(arg, ".sqlite3") || strings.HasSuffix(arg, ".json") || arg == "journal" {
			here[i] = filepath.Join(dir, arg)
		}
	}
	return c.run(t, "", here...)
}

// objects returns the JSON objects in a text.
func objects(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var one map[string]any
		if err := d.Decode(&one); err != nil {
			t.Fatalf("got %q: %v", text, err)
		}
		all = append(all, one)
	}
	return all
}

func sameWords(t *testing.T, got, want string) {
	t.Helper()
	if got, want := strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(want), " "); got != want {
		t.Errorf("got the words\n%s\nwant\n%s", got, want)
	}
}

// fitsInto: no line is wider, but for a word alone and for what is to be pasted. There are no
// colours.
func fitsInto(t *testing.T, text string, columns int) {
	t.Helper()
	if strings.Contains(text, "\x1b[") {
		t.Errorf("got colours: %q", text)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		pasted := strings.HasPrefix(line, "  ") && !strings.Contains(strings.TrimSpace(line), "  ")
		alone := !strings.Contains(strings.TrimSpace(line), " ")
		if n := utf8.RuneCountInString(line); n > columns && !pasted && !alone {
			t.Errorf("got a line of %d columns: %q", n, line)
		}
	}
}

// TestCtrlC: Ctrl-C on a terminal ends every subcommand that waits, with the status of a shell and
// a line that says so.
func TestCtrlC(t *testing.T) {
	for name, how := range transcripts {
		if how.waits == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, dir := slowSite(t)
			if how.until == "db.sqlite3" { // its queries come to no end
				sqlExec(t, "sqlite", c.env[envDSN], "ALTER TABLE django_session RENAME TO rows")
				sqlExec(t, "sqlite", c.env[envDSN], "CREATE VIEW django_session AS SELECT * FROM rows WHERE ("+endless+") > 0")
			}
			y := startOnTerminal(t, c, 80, nil, how.waits...)
			waits := func() bool {
				if _, err := os.Stat(filepath.Join(dir, how.until)); err == nil && how.until != "db.sqlite3" {
					return true
				}
				return strings.Contains(y.shown(), how.until) || how.until == "db.sqlite3" && opened(y.cmd.Process.Pid, c.env[envDSN])
			}
			for limit := time.Now().Add(time.Minute); !waits(); time.Sleep(20 * time.Millisecond) {
				select {
				case <-y.ended:
					t.Fatalf("it ended by itself: %s", y.shown())
				default:
				}
				if time.Now().After(limit) {
					_ = y.cmd.Process.Kill()
					t.Fatalf("it does not wait: %s", y.shown())
				}
			}
			if _, err := y.master.Write([]byte{3}); err != nil {
				t.Fatal(err)
			}
			text, status := y.wait(t)
			want := console.StatusInterrupted
			if how.serves {
				want = 0
			}
			if status != want || want != 0 && !strings.Contains(text, "djsession: interrupted\nhint: ") {
				t.Errorf("got status %d and %q, want %d", status, text, want)
			}
		})
	}
}

// opened reports whether the process has opened the file.
func opened(pid int, file string) bool {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == file {
			return true
		}
	}
	return false
}
