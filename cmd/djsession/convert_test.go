package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/pyobject"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

// rowsOf returns the rows of the table: session_data and expire_date by session_key.
func rowsOf(t *testing.T, c *cli) map[string][2]string {
	t.Helper()
	rows := map[string][2]string{}
	for line := range strings.Lines(dump(t, c)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		rows[f[0]] = [2]string{f[1], f[2]}
	}
	return rows
}

// dumpOf returns the result of rowsOf as text.
func dumpOf(rows map[string][2]string) string {
	var lines []string
	for key, row := range rows {
		lines = append(lines, key+" "+row[0]+" "+row[1]+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// counted parses the summary.
func counted(t *testing.T, stdout string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for line := range strings.Lines(stdout) {
		if i := strings.LastIndexByte(strings.TrimSpace(line), ' '); i > 0 {
			n, err := strconv.Atoi(strings.TrimSpace(line)[i+1:])
			if err == nil {
				counts[strings.TrimSpace(line[:i])] = n
			}
		}
	}
	if len(counts) < 8 {
		t.Fatalf("got no summary:\n%s", stdout)
	}
	return counts
}

// pickled fills the database of c with one session a key, all pickles with a tuple.
func pickled(t *testing.T, c *cli, keys ...string) {
	t.Helper()
	site := siteWith(t, djsession.Settings{Serializer: pickle.Serializer{}})
	withStore(t, c, site, func(store djsession.Store) {
		for _, key := range keys {
			r := &djsession.Record{Expires: testNow.Add(time.Hour), Data: serializer.NewDict(serializer.Item{Key: "t", Value: serializer.Tuple{int64(1)}})}
			if _, err := store.Create(t.Context(), key, r); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func siteWith(t *testing.T, set djsession.Settings) *djsession.Site {
	t.Helper()
	set.Keys, set.Now = signer.SecretKey(demoSecret), func() time.Time { return testNow }
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func withStore(t *testing.T, c *cli, site *djsession.Site, do func(djsession.Store)) {
	t.Helper()
	db, err := sql.Open("sqlite", c.env[envDSN]+"?_pragma=synchronous(off)&_pragma=journal_mode(memory)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	do(dbstore.New(site, db, dbstore.SQLite, nil))
}

func manyKeys(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("pick%028d", i))
	}
	return keys
}

// TestConvertResume: an interrupted run continues, and each session is converted once.
func TestConvertResume(t *testing.T) {
	c := newCLI(t)
	keys := manyKeys(30)
	pickled(t, c, keys...)
	dir := t.TempDir()
	state, reported := filepath.Join(dir, "state"), filepath.Join(dir, "report")
	args := []string{"convert", "--batch", "5", "--resume", state, "--report", reported}

	// Interrupt it when it writes the state for the third time.
	ctx, cancel := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	a := newApp(strings.NewReader(""), &stdout, &stderr, c.env)
	looks := 0
	a.Now = func() time.Time {
		if fi, err := os.Stat(state); err == nil {
			if fi.Mode().Perm() != 0o600 {
				t.Errorf("the state has the mode %v, want 0600", fi.Mode())
			}
			if looks++; looks == 30 {
				cancel()
			}
		}
		return testNow
	}
	if got := a.main(ctx, args); got != console.StatusInterrupted || !strings.Contains(stderr.String(), "djsession: interrupted\n") {
		t.Fatalf("got status %d and %q, want it interrupted", got, stderr.String())
	}
	first := counted(t, stdout.String())
	if first["converted"] == 0 || first["converted"] >= len(keys) {
		t.Fatalf("got %v, want some converted", first)
	}
	if got := c.run(t, "", append(args, "--lossy")...); got.status != 2 || !strings.Contains(got.stderr, "a run with other flags") {
		t.Errorf("other flags: got status %d and %q", got.status, got.stderr)
	}
	second := c.run(t, "", args...)
	if got := counted(t, second.stdout); got["converted"] != len(keys) || got["seen"] != len(keys)+8 {
		t.Errorf("got %v, want %d converted in both runs together", got, len(keys))
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("got %v, want the report alone", entries)
	}
	text, err := os.ReadFile(reported)
	if err != nil || bytes.Count(text, []byte("\n")) != len(keys) {
		t.Errorf("got %d lines in the report, %v, want one a session", bytes.Count(text, []byte("\n")), err)
	}
	if err := os.WriteFile(state, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.run(t, "", args...); got.status != 1 || !strings.Contains(got.stderr, "is none that djsession convert wrote") {
		t.Errorf("another file: got status %d and %q", got.status, got.stderr)
	}
}

// TestConvertFiles: sessions in files of both formats are converted too, and keep their
// expiry.
func TestConvertFiles(t *testing.T) {
	dir := t.TempDir()
	now := time.Now().UTC().Truncate(time.Second)
	c := &cli{env: map[string]string{console.EnvSecret: demoSecret, envDSN: "files://" + dir}, now: func() time.Time { return now }}
	set := djsession.Settings{Keys: signer.SecretKey(demoSecret), Now: func() time.Time { return now }, Serializer: pickle.Serializer{}}
	moment := serializer.NewDateTime(now.Add(30 * 24 * time.Hour))
	for key, s := range map[string]struct {
		version djsession.DjangoVersion
		expiry  any
		expires time.Time
	}{
		"file0000": {djsession.DjangoVersion{Major: 4, Minor: 2}, nil, now.Add(5 * time.Hour)},
		"file1111": {djsession.DjangoVersion{Major: 2, Minor: 2}, nil, now.Add(6 * time.Hour)},
		"file2222": {djsession.DjangoVersion{Major: 2, Minor: 2}, moment, now.Add(30 * 24 * time.Hour)},
		"file3333": {djsession.DjangoVersion{Major: 3, Minor: 2}, moment, now.Add(30 * 24 * time.Hour)},
	} {
		set.Django = s.version
		site, err := djsession.NewSite(set)
		if err != nil {
			t.Fatal(err)
		}
		store, err := filestore.New(site, dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		d := serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "7"})
		if s.expiry != nil {
			d = d.With("_session_expiry", s.expiry)
		}
		if _, err := store.Create(t.Context(), key+"aaaaaaaa", &djsession.Record{Data: d, Expires: s.expires}); err != nil {
			t.Fatal(err)
		}
	}
	if got := counted(t, c.must(t, "", "convert", "--django", "5.2")); got["converted"] != 4 {
		t.Errorf("got %v, want 4 converted", got)
	}
	got := c.must(t, "", "list", "--django", "5.2", "--serializer", "json")
	for key, expires := range map[string]time.Time{"file0000": now.Add(5 * time.Hour), "file1111": now.Add(6 * time.Hour), "file2222": now.Add(30 * 24 * time.Hour), "file3333": now.Add(30 * 24 * time.Hour)} {
		if want := fmt.Sprintf("\n%s  7     %s UTC", key, expires.Format(time.DateTime)); !strings.Contains(got, want) {
			t.Errorf("got\n%s, want %s", got, want)
		}
	}
	if got := c.must(t, "", "show", "file3333", "--reveal"); !strings.Contains(got, `"`+now.Add(30*24*time.Hour).Format("2006-01-02T15:04:05+00:00")+`"`) {
		t.Errorf("show: got\n%s", got)
	}
	c.must(t, "", "set", "file3333", "n", "1")
	c.must(t, "", "delete", "file0000")
	if got := c.must(t, "", "list", "--json"); strings.Count(got, "\n") != 3 {
		t.Errorf("got\n%s, want 3 sessions", got)
	}
}

// TestClearFilesWrongKey: with another SECRET_KEY no file is removed.
func TestClearFilesWrongKey(t *testing.T) {
	dir := t.TempDir()
	store, err := filestore.New(testSite(t), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range manyKeys(11) {
		d := serializer.NewDict(serializer.Item{Key: "_session_expiry", Value: "2026-08-01T00:00:00+00:00"})
		if _, err := store.Create(t.Context(), key, &djsession.Record{Data: d}); err != nil {
			t.Fatal(err)
		}
		long := testNow.Add(-30 * 24 * time.Hour) // longer than SESSION_COOKIE_AGE
		if err := os.Chtimes(filepath.Join(dir, "sessionid"+key), long, long); err != nil {
			t.Fatal(err)
		}
	}
	c := &cli{env: map[string]string{console.EnvSecret: "another", envDSN: "files://" + dir}}
	if r := c.run(t, "", "clearsessions"); r.status != 1 || !strings.Contains(r.stderr, "no session decodes") {
		t.Errorf("got status %d, %q and %q, want it refused", r.status, r.stdout, r.stderr)
	}
	c.env[console.EnvSecret] = ""
	if r := c.run(t, "", "clearsessions"); r.status != 2 || !strings.Contains(r.stderr, "there is no SECRET_KEY") {
		t.Errorf("got status %d and %q, want it refused", r.status, r.stderr)
	}
	c.env[console.EnvSecret] = demoSecret
	if err := os.WriteFile(filepath.Join(dir, "sessionidcorrupt0"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := c.run(t, "", "clearsessions", "--dry-run"); r.stdout != "would remove 0 expired sessions\n" || !strings.Contains(r.stderr, "1 session does not decode, and end") {
		t.Errorf("got %q and %q, want a warning", r.stdout, r.stderr)
	}
}

// TestConvertBack: JSON becomes pickles as Django's PickleSerializer writes them, also in
// the format before Django 3.1. The way back returns the same JSON.
func TestConvertBack(t *testing.T) {
	for _, flags := range [][]string{
		{"--django", "4.2"},
		{"--django", "2.2"},
		{"--django", "1.11"},
		{"--to-format", "legacy"},
	} {
		c := newCLI(t)
		c.must(t, "", "convert") // only the corrupt sessions are left
		before := c.must(t, "", "show", "grace4w8", "--reveal")
		r := c.run(t, "", append([]string{"convert", "--to", "pickle"}, flags...)...)
		if flags[0] == "--django" && flags[1] != "4.2" || flags[0] == "--to-format" {
			// grace4w8 has an expiry in ISO format, which this Django does not read.
			if r.status != 1 || counted(t, r.stdout)["not convertible"] != 1 {
				t.Errorf("%v: got status %d and\n%s", flags, r.status, r.stdout)
			}
			c.must(t, "", "show", "ada7q2m5", "--django", "2.2", "--serializer", "pickle")
			continue
		}
		if n := counted(t, r.stdout); r.status != 0 || n["converted"] < 2 {
			t.Errorf("%v: got status %d and\n%s", flags, r.status, r.stdout)
		}
		c.must(t, "", "show", "grace4w8", "--serializer", "pickle")
		c.must(t, "", append([]string{"convert"}, flags...)...)
		if after := c.must(t, "", "show", "grace4w8", "--reveal", "--serializer", "json"); after != before {
			t.Errorf("got %s, want %s", after, before)
		}
	}
}

// TestSetKeepsPickle: a pickle stays a pickle after set.
func TestSetKeepsPickle(t *testing.T) {
	c := newCLI(t)
	key := manyKeys(1)[0]
	pickled(t, c, key)
	c.must(t, "", "set", key[:12], "cart", `{"n":[1,2.5,"x"]}`)
	if got := c.must(t, "", "show", key[:12], "--reveal", "--serializer", "pickle"); !strings.Contains(got, "tuple") || !strings.Contains(got, `{"n":[1,2.5,"x"]}`) {
		t.Errorf("got\n%s, want a pickle with both values", got)
	}
	if r := c.run(t, "", "show", key[:12], "--serializer", "json"); r.status != 1 {
		t.Errorf("got it as JSON:\n%s", r.stdout)
	}
}

// TestShowPickle: values that only a pickle can hold are readable, with their type.
func TestShowPickle(t *testing.T) {
	c := newCLI(t)
	key := manyKeys(1)[0]
	data := serializer.NewDict(
		serializer.Item{Key: "when", Value: serializer.NewDateTime(testNow)},
		serializer.Item{Key: "price", Value: serializer.Decimal("9.50")},
		serializer.Item{Key: "tags", Value: serializer.Set{"a"}},
		serializer.Item{Key: "cart", Value: &serializer.Object{How: pyobject.New, Class: serializer.Global{Module: "shop.models", Name: "Cart"}}},
		serializer.Item{Key: serializer.Tuple{int64(1), "x"}, Value: serializer.Bytes("\x00")},
	)
	withStore(t, c, siteWith(t, djsession.Settings{Serializer: pickle.Serializer{}}), func(store djsession.Store) {
		if _, err := store.Create(t.Context(), key, &djsession.Record{Data: data, Expires: testNow.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	})
	got := c.must(t, "", "show", key[:12], "--reveal")
	for _, want := range []string{
		"when                datetime            27  \"2026-07-01T12:00:00+00:00\"",
		"price               decimal              6  \"9.50\"",
		"tags                set                  5  [\"a\"]",
		"cart                shop.models.Cart    20  \"<shop.models.Cart>\"",
		`"[1,\"x\"]"`,
	} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("got\n%s, want %s", got, want)
		}
	}
	if got := c.must(t, "", "list", "--json"); !strings.Contains(got, `"key":"`+key[:8]) {
		t.Errorf("list: got\n%s", got)
	}
}
