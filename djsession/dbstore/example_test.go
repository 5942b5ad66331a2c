package dbstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/signer"

	_ "modernc.org/sqlite"
)

// A session that Django wrote is read, from a copy of its SQLite database.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		panic(err)
	}

	site, err := djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it"),
	})
	if err != nil {
		panic(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	store := dbstore.New(site, db, dbstore.SQLite, nil)

	ctx := context.Background()
	r, _, err := store.Load(ctx, "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5")
	if err != nil {
		panic(err)
	}
	user, _ := r.Data.Get("_auth_user_id")
	fmt.Println("user", user, "until", r.Expires.Year())

	_, _, err = store.Load(ctx, "alien6m1n8b3v5c0x7z2l9k4j6h1g8f3")
	fmt.Println("signed with another SECRET_KEY:", errors.Is(err, djsession.ErrCorrupt))
	// Output:
	// user 1 until 2100
	// signed with another SECRET_KEY: true
}
