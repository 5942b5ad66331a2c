// Package drivers tests dbstore with drivers and servers that djsite does not use. Each is
// in a folder of its own, because drivers register the same names, and all are in a module
// of their own, so that no program inherits them. DRIVERS.md says what passes.
package drivers

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
)

// Database is one with an empty table django_session.
type Database struct {
	// New makes the Store.
	New func(site *djsession.Site, db *sql.DB) djsession.Store
	// Open opens one more handle.
	Open func(t testing.TB) *sql.DB
	// Begin keeps everybody from the table, and End lets them again.
	Begin, End string
	// Skip are the cases of storetest that do not apply, with the reason.
	Skip map[string]string
	// TimeZone is that of the site; nil is UTC.
	TimeZone *time.Location
}

// Tables are the statements of sqlmigrate sessions 0001.
var Tables = map[dbstore.Dialect][]string{
	dbstore.SQLite: {
		`CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL)`,
		`CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date")`,
	},
	dbstore.MySQL: {
		"CREATE TABLE `django_session` (`session_key` varchar(40) NOT NULL PRIMARY KEY, `session_data` longtext NOT NULL, `expire_date` datetime(6) NOT NULL)",
		"CREATE INDEX `django_session_expire_date_a5c62663` ON `django_session` (`expire_date`)",
	},
}

// Exec runs statements. It fails the test if one fails.
func Exec(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// Run runs the cases of storetest.
func (d Database) Run(t *testing.T) {
	db, other, raw := d.Open(t), d.Open(t), d.Open(t)
	storetest.Run(t, storetest.Harness{
		Settings: djsession.Settings{TimeZone: d.TimeZone},
		Skip:     d.Skip,
		Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
			Exec(t, raw, "DELETE FROM django_session")
			return storetest.Engine{
				Store: d.New(site, db),
				Other: d.New(site, other),
				Stored: func(t testing.TB, key string) (string, bool) {
					var text string
					err := raw.QueryRow("SELECT session_data FROM django_session WHERE session_key = ?", key).Scan(&text)
					if err != nil && !errors.Is(err, sql.ErrNoRows) {
						t.Fatal(err)
					}
					return text, err == nil
				},
				Plant: func(t testing.TB, key, text string, expires time.Time) {
					zone := site.TimeZone()
					if zone == nil {
						zone = time.UTC
					}
					if _, err := raw.Exec("DELETE FROM django_session WHERE session_key = ?", key); err != nil {
						t.Fatal(err)
					}
					if _, err := raw.Exec("INSERT INTO django_session VALUES (?, ?, ?)", key, text, expires.In(zone).Format("2006-01-02 15:04:05.000000")); err != nil {
						t.Fatal(err)
					}
				},
				Break: func(t testing.TB) func() {
					Exec(t, raw, "ALTER TABLE django_session RENAME TO set_aside")
					return func() { Exec(t, raw, "ALTER TABLE set_aside RENAME TO django_session") }
				},
				Stall: func(t testing.TB) func() {
					c, err := raw.Conn(context.Background())
					if err == nil {
						_, err = c.ExecContext(context.Background(), d.Begin)
					}
					if err != nil {
						t.Fatal(err)
					}
					return func() {
						if _, err := c.ExecContext(context.Background(), d.End); err != nil {
							t.Error(err)
						}
						c.Close()
					}
				},
			}
		},
	})
}
