package dbstore_test

import (
	"database/sql"
	"fmt"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/signer"
)

// A site with django-user-sessions. For django-qsessions there is QSessions.
func ExampleUserSessions() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	db, err := sql.Open("sqlite", "file:db.sqlite3?_pragma=busy_timeout(5000)")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	options := dbstore.UserSessions(site, dbstore.SQLite, dbstore.UserKeyAuto)
	store := dbstore.New(site, db, dbstore.SQLite, options)
	fmt.Printf("%T on %s\n", store, options.Table)
	// Output: *dbstore.Store on user_sessions_session
}
