package dbusers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/signer"

	_ "modernc.org/sqlite"
)

// The users of a site, from a copy of its SQLite database.
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

	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	users := dbusers.New(site, db, dbstore.SQLite, nil)

	ctx := context.Background()
	ada, err := users.ByName(ctx, "ada")
	if err != nil {
		panic(err)
	}
	fmt.Println(ada.ID, ada.Superuser, ada.Password)

	_, err = users.ByID(ctx, "99")
	fmt.Println("gone:", errors.Is(err, djauth.ErrNoUser))
	// Output:
	// 1 true [redacted]
	// gone: true
}
