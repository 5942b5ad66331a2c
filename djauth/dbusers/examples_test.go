package dbusers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/fixtures/demo"
)

// Detect says what kind of table the site has.
func ExampleDetect() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		panic(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path))
	if err != nil {
		panic(err)
	}
	defer db.Close()

	opts, err := dbusers.Detect(context.Background(), db, dbstore.SQLite, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(opts.Table, opts.ID, opts.Columns.Username)

	_, err = dbusers.Detect(context.Background(), db, dbstore.SQLite, &dbusers.Options{Model: "accounts.Member"})
	fmt.Println(errors.Is(err, dbusers.ErrNoTable), err)
	// Output:
	// auth_user integer username
	// true look at the user table: dbusers: no such table: accounts_member
}

func demoUsers(b *testing.B) *dbusers.Users {
	b.Helper()
	path := filepath.Join(b.TempDir(), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		b.Fatal(err)
	}
	return dbusers.New(newSite(b, nil), open(b, "sqlite", "file:"+filepath.ToSlash(path), nil), dbstore.SQLite, nil)
}

func BenchmarkByID(b *testing.B) {
	u, ctx := demoUsers(b), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.ByID(ctx, "1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGrants(b *testing.B) {
	u, ctx := demoUsers(b), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.Grants(ctx, "2"); err != nil {
			b.Fatal(err)
		}
	}
}
