package main

import (
	"cmp"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
)

// TestEngines runs every command on every database: each DSN leads to the right engine, and
// each engine finds sessions by a prefix of their keys.
func TestEngines(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		testEngine(t, newCLI(t).env[envDSN], "django_session")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		s := testserver.PostgreSQL(t)
		dsn := fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", s.User, s.Addr())
		sqlExec(t, "pgx", dsn, `CREATE SCHEMA IF NOT EXISTS site`, `CREATE TABLE site.django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL)`)
		testEngine(t, dsn, "site.django_session")
		testEngine(t, fmt.Sprintf("host=%s port=%d user=%s dbname=postgres sslmode=disable", s.Host, s.Port, s.User), "site.django_session")
	})
	t.Run("MariaDB", func(t *testing.T) {
		s := testserver.MariaDB(t)
		native := fmt.Sprintf("%s@tcp(%s)/", s.User, s.Addr())
		sqlExec(t, "mysql", native, `CREATE DATABASE site CHARACTER SET utf8mb4`, `CREATE TABLE site.django_session (session_key varchar(40) PRIMARY KEY, session_data longtext NOT NULL, expire_date datetime(6) NOT NULL)`)
		testEngine(t, fmt.Sprintf("mysql://%s@%s/site", s.User, s.Addr()), "django_session")
		testEngine(t, native+"site", "site.django_session")
	})
}

func sqlExec(t *testing.T, driver, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func testEngine(t *testing.T, dsn, table string) {
	t.Helper()
	set, err := djsettings.FromDSN(dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := set.Databases["default"]
	driver, dialect := "sqlite", dbstore.SQLite
	switch at.Kind {
	case djsettings.PostgreSQL:
		driver, dialect = "pgx", dbstore.PostgreSQL
	case djsettings.MySQL:
		driver, dialect = "mysql", dbstore.MySQL
	}
	db, err := sql.Open(driver, cmp.Or(at.DSN.Reveal(), at.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	store := dbstore.New(testSite(t), db, dialect, &dbstore.Options{Table: table})
	const live, gone, other = "engine00live00000000000000000000", "engine11gone00000000000000000000", "engine00xxxx00000000000000000000"
	for key, expires := range map[string]time.Time{live: testNow.Add(time.Hour), gone: testNow.Add(-time.Hour), other: testNow.Add(time.Hour)} {
		r := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "7"}), Expires: expires}
		if _, err := store.Create(t.Context(), key, r); err != nil {
			t.Fatal(err)
		}
	}

	c := &cli{env: map[string]string{console.EnvSecret: demoSecret, envDSN: dsn}}
	run := func(args ...string) string { return c.must(t, "", append(args, "--table", table)...) }
	if got := run("list", "--user", "7"); strings.Count(got, "\nengine00  7     2026-07-01 13:00:00 UTC") != 2 {
		t.Errorf("list: got\n%s", got)
	}
	if got := run("list", "--user", "7", "--expired"); !strings.Contains(got, "\nengine11  7     2026-07-01 11:00:00 UTC") {
		t.Errorf("list --expired: got\n%s", got)
	}
	if got := run("show", "engine00l"); !strings.Contains(got, "\nexpires  2026-07-01 13:00:00 UTC\n") {
		t.Errorf("show: got\n%s", got)
	}
	if got := c.run(t, "", "show", "engine00", "--table", table); got.status != 1 || !strings.Contains(got.stderr, "several session keys begin with engine00") {
		t.Errorf("show what is ambiguous: got status %d and %q", got.status, got.stderr)
	}
	run("set", "engine00l", "cart", `{"n":[1]}`)
	if got := run("show", "engine00l", "--reveal"); !strings.Contains(got, `{"n":[1]}`) || !strings.Contains(got, "expires  2026-07-15 12:00:00 UTC") {
		t.Errorf("set: got\n%s", got)
	}
	run("convert", "--to", "pickle", "--django", "4.2")
	if got := run("show", "engine00l", "--reveal", "--serializer", "pickle"); !strings.Contains(got, `{"n":[1]}`) || !strings.Contains(got, "expires  2026-07-15 12:00:00 UTC") {
		t.Errorf("convert --to pickle: got\n%s", got)
	}
	if got := counted(t, run("convert")); got["converted"] < 2 || got["expired"] < 1 {
		t.Errorf("convert: got %v", got)
	}
	run("show", "engine00l", "--serializer", "json")
	run("unset", "engine00l", "cart")
	if got := run("show", "engine00l"); strings.Contains(got, "cart") {
		t.Errorf("unset: got\n%s", got)
	}
	run("delete", "engine00l")
	if got := c.run(t, live, "delete", "-", "--table", table); got.status != 1 {
		t.Errorf("delete what is not there: got status %d", got.status)
	}
	run("delete", "engine00x")
	if got := run("clearsessions", "--dry-run"); !strings.HasPrefix(got, "would remove ") || strings.HasPrefix(got, "would remove 0 ") {
		t.Errorf("clearsessions --dry-run: got %q", got)
	}
	run("clearsessions")
	if got := run("clearsessions"); got != "removed 0 expired sessions\n" {
		t.Errorf("clearsessions again: got %q", got)
	}
	if got := c.run(t, "", "list", "--table", "elsewhere"); got.status != 1 || !strings.Contains(got.stderr, "the table of the sessions is not there") {
		t.Errorf("no table: got status %d and %q", got.status, got.stderr)
	}
}

// TestOddPath: a file name is not a URL.
func TestOddPath(t *testing.T) {
	for _, name := range []string{"a b.sqlite3", "a%20b.sqlite3", "a?mode=memory", "a#b.sqlite3", "ü.sqlite3", "a&b=c"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
			t.Fatal(err)
		}
		c := &cli{env: map[string]string{console.EnvSecret: demoSecret}}
		if got := c.must(t, "", "list", "--dsn", path); !strings.Contains(got, "\nada7q2m5 ") {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}
