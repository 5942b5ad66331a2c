package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// fill adds sessions to the demo's database, with these keys and n = 0, 1, 2, ...
func fill(t *testing.T, c *cli, keys ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", c.env[envDSN]+"?_pragma=synchronous(off)&_pragma=journal_mode(memory)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	store := dbstore.New(testSite(t), db, dbstore.SQLite, nil)
	for i, key := range keys {
		r := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: int64(i)}), Expires: testNow.Add(time.Hour)}
		if _, err := store.Create(t.Context(), key, r); err != nil {
			t.Fatal(err)
		}
	}
}

func testSite(t *testing.T) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(demoSecret), Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// TestListUnderAWrongKey: where nothing decodes, list says so instead of listing it all.
func TestListUnderAWrongKey(t *testing.T) {
	c := newCLI(t)
	keys := make([]string, 1100)
	for i := range keys {
		keys[i] = fmt.Sprintf("many%028d", i)
	}
	fill(t, c, keys...)
	c.env["DJANGO_SECRET_KEY"] = "another"
	for _, flags := range [][]string{nil, {"--json"}, {"--user", "1"}, {"--limit", "2000"}} {
		r := c.run(t, "", append([]string{"list"}, flags...)...)
		if r.status != 1 || r.stdout != "" || !strings.HasPrefix(r.stderr, "djsession: none of the first 1000 sessions decodes\nhint: ") {
			t.Errorf("%v: got status %d, %d bytes and %q", flags, r.status, len(r.stdout), r.stderr)
		}
	}
	for want, flags := range map[int][]string{1108: {"--all"}, 5: {"--limit", "5"}} {
		r := c.run(t, "", append([]string{"list"}, flags...)...)
		if got := strings.Count(r.stdout, "does not decode"); r.status != 0 || got != want || !strings.Contains(r.stderr, "are the key") {
			t.Errorf("%v: got status %d, %d rows and %q, want %d", flags, r.status, got, r.stderr, want)
		}
	}
	// Two of those of the demo do not decode, and are listed with the others.
	c.env["DJANGO_SECRET_KEY"] = demoSecret
	if r := c.run(t, "", "list"); r.status != 0 || strings.Count(r.stdout, "\nmany") != len(keys) {
		t.Errorf("under the key of the site: status %d, %q", r.status, r.stderr)
	}
}

// TestAmbiguousPrefix: a prefix of two keys selects neither.
func TestAmbiguousPrefix(t *testing.T) {
	c := newCLI(t)
	fill(t, c, "same0000aaaaaaaaaaaaaaaaaaaaaaaa", "same0000bbbbbbbbbbbbbbbbbbbbbbbb", "short678")
	for _, cmd := range [][]string{{"show", "same0000"}, {"set", "same0000", "n", "9"}, {"unset", "same0000", "n"}, {"delete", "same0000"}} {
		r := c.run(t, "", cmd...)
		if r.status != 1 || !strings.Contains(r.stderr, "several session keys begin with same0000\nhint: ") {
			t.Errorf("%v: got status %d and %q, want a refusal", cmd, r.status, r.stderr)
		}
	}
	if got := c.must(t, "", "show", "same0000b", "--reveal"); !strings.Contains(got, "same0000bbbbbbbbbbbbbbbbbbbbbbbb") {
		t.Errorf("a longer prefix: got %q", got)
	}
	// list shows only half of a short key, and that half finds it.
	if got := c.must(t, "", "list"); !strings.Contains(got, "\nshor ") || strings.Contains(got, "short678") {
		t.Errorf("a short key: got %q", got)
	}
	c.must(t, "", "show", "shor")
}

// TestListMany: list prints rows as it reads them, and prints all of them.
func TestListMany(t *testing.T) {
	c := newCLI(t)
	var keys []string
	for i := range console.TableRows + 50 {
		keys = append(keys, fmt.Sprintf("many%028d", i))
	}
	fill(t, c, keys...)
	if got, want := strings.Count(c.must(t, "", "list"), "\nmany"), len(keys); got != want {
		t.Errorf("got %d rows, want %d", got, want)
	}
	if got, want := strings.Count(c.must(t, "", "list", "--json", "--limit", "1020"), "\n"), 1020; got != want {
		t.Errorf("got %d rows, want %d", got, want)
	}
}

// TestInterrupted: an interrupted command says so and has the status 130.
func TestInterrupted(t *testing.T) {
	c := newCLI(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"list"}, {"show", "ada7q2m5"}, {"clearsessions"}, {"decode", "--lines", "x"}} {
		var stdout, stderr bytes.Buffer
		a := newApp(strings.NewReader(""), &stdout, &stderr, c.env)
		if got := a.main(ctx, args); got != console.StatusInterrupted || !strings.Contains(stderr.String(), "djsession: interrupted\n") {
			t.Errorf("%v: got status %d and %q, want 130 and that it was interrupted", args, got, stderr.String())
		}
	}
}

// TestInterruptedRead: a read from a terminal can be interrupted.
func TestInterruptedRead(t *testing.T) {
	for _, args := range [][]string{{"decode"}, {"decode", "--lines"}, {"explain"}, {"show", "-"}, {"set", "ada7q2m5", "n"}, {"list", "--secret-stdin"}} {
		c := newCLI(t)
		silent, _ := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		stdin := readerFunc(func(p []byte) (int, error) {
			cancel() // while it waits
			return silent.Read(p)
		})
		var stderr bytes.Buffer
		a := newApp(stdin, io.Discard, &stderr, c.env)
		if got := a.main(ctx, args); got != console.StatusInterrupted || !strings.Contains(stderr.String(), "djsession: interrupted\n") {
			t.Errorf("%v: got status %d and %q, want 130 and that it was interrupted", args, got, stderr.String())
		}
		silent.Close()
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestOddNames: no name in a session can control a terminal.
func TestOddNames(t *testing.T) {
	c := newCLI(t)
	c.must(t, "", "set", "ada7q2m5", "\x1b[2J\u202e", `"\u001b[2J"`)
	c.must(t, "", "set", "ada7q2m5", "_auth_user_id", `"\u001b]0;x"`)
	for _, args := range [][]string{{"show", "ada7q2m5"}, {"show", "ada7q2m5", "--reveal"}, {"show", "ada7q2m5", "--json", "--reveal"}, {"list"}, {"list", "--json"}} {
		if got := c.must(t, "", args...); strings.ContainsAny(got, "\x1b\u202e") {
			t.Errorf("%v: got %q, want it escaped", args, got)
		}
	}
}

// TestWrongKeyChangesNothing: with another SECRET_KEY no command changes a row, except
// commands that need no key.
func TestWrongKeyChangesNothing(t *testing.T) {
	c := newCLI(t)
	before := dump(t, c)
	c.env[console.EnvSecret] = "another"
	for _, args := range [][]string{{"list"}, {"show", "ada7q2m5"}, {"set", "ada7q2m5", "n", "1"}, {"unset", "ada7q2m5", "theme"}} {
		c.run(t, "", args...)
	}
	if after := dump(t, c); after != before {
		t.Errorf("got %s, want it unchanged: %s", after, before)
	}
}

// TestSetKeepsTheRest: the other values stay as Django wrote them, byte for byte.
func TestSetKeepsTheRest(t *testing.T) {
	c := newCLI(t)
	before := c.must(t, "", "show", "grace4w8", "--reveal")
	c.must(t, "", "set", "grace4w8", "n", "1")
	c.must(t, "", "unset", "grace4w8", "n")
	if after := c.must(t, "", "show", "grace4w8", "--reveal"); after != before {
		t.Errorf("got %s, want %s", after, before)
	}
}

func dump(t *testing.T, c *cli) string {
	t.Helper()
	db, err := sql.Open("sqlite", c.env[envDSN])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT session_key, session_data, expire_date FROM django_session ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var key, data, date string
		if err := rows.Scan(&key, &data, &date); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, key, data, date)
	}
	if err := rows.Err(); err != nil || b.Len() == 0 {
		t.Fatalf("got %d bytes, %v", b.Len(), err)
	}
	return b.String()
}

// TestProgress: only a terminal gets a progress bar. Standard output always gets the
// result.
func TestProgress(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		c := newCLI(t)
		var stdout, stderr bytes.Buffer
		a := newApp(strings.NewReader(""), &stdout, &stderr, c.env)
		a.Terminal = func(any) bool { return terminal }
		if got := a.main(t.Context(), []string{"clearsessions"}); got != 0 || stdout.String() != "removed 1 expired session\n" {
			t.Errorf("on a terminal (%t): got status %d and %q", terminal, got, stdout.String())
		}
		if got := strings.Contains(stderr.String(), "removing expired sessions"); got != terminal {
			t.Errorf("on a terminal (%t): got a bar (%t): %q", terminal, got, stderr.String())
		}
		stderr.Reset()
		if got := a.main(t.Context(), []string{"convert"}); got != 0 || strings.Contains(stderr.String(), "converting sessions") != terminal {
			t.Errorf("convert on a terminal (%t): got status %d and %q", terminal, got, stderr.String())
		}
		if strings.Contains(stderr.String(), "\x1b[3") {
			t.Errorf("got colours: %q", stderr.String())
		}
	}
}

// TestShowNoDate: a row whose date is none has not expired, as for Django, which compares
// texts in SQLite.
func TestShowNoDate(t *testing.T) {
	c := newCLI(t)
	sqlExec(t, "sqlite", c.env[envDSN], "UPDATE django_session SET expire_date = 'soon' WHERE session_key LIKE 'ada7%'")
	if out := c.must(t, "", "show", "ada7q2m5"); !strings.Contains(out, "expires  unknown") {
		t.Errorf("got %q", out)
	}
}

// TestShowOddRows: rows that Django does not write are explained, not shown.
func TestShowOddRows(t *testing.T) {
	for _, tt := range []struct{ name, statement, want string }{
		{"cut off", "UPDATE django_session SET session_data = substr(session_data, 1, 240) WHERE session_key LIKE 'ada7%'", "a part of the signature went missing"},
		{"bytes of Python", "UPDATE django_session SET session_data = 'b''' || session_data || '''' WHERE session_key LIKE 'ada7%'", "It stands in b'...'"},
		{"empty", "UPDATE django_session SET session_data = '' WHERE session_key LIKE 'ada7%'", "There is no value: it is empty."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCLI(t)
			sqlExec(t, "sqlite", c.env[envDSN], tt.statement)
			r := c.run(t, "", "show", "ada7q2m5")
			if r.status != 1 || !strings.Contains(r.stdout, tt.want) || !strings.Contains(r.stderr, "does not decode\nhint: ") {
				t.Errorf("got status %d, %q and %q, want 1 and %q", r.status, r.stdout, r.stderr, tt.want)
			}
		})
	}
}
