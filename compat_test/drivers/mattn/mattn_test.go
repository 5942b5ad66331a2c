// Package mattn_test tests dbstore with github.com/mattn/go-sqlite3, which needs cgo.
package mattn_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/compat_test/drivers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"

	_ "github.com/mattn/go-sqlite3"
)

func newStore(site *djsession.Site, db *sql.DB) djsession.Store {
	return dbstore.New(site, db, dbstore.SQLite, nil)
}

func TestStore(t *testing.T) {
	for _, test := range []struct {
		name, options string
		zone          *time.Location
	}{
		{"plain", "", nil},
		{"local", "_busy_timeout=100&_loc=Asia%2FTehran", time.FixedZone("+0330", 3*3600+1800)},
		{"immediate", "_txlock=immediate&_busy_timeout=100", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dsn := "file:" + filepath.ToSlash(filepath.Join(testserver.Dir(t), "db.sqlite3")) + "?" + test.options
			var skip map[string]string
			if test.name == "plain" {
				skip = map[string]string{"context/stalled": "a call waits for the driver's busy timeout, 5 s, whatever its context: pass _busy_timeout=100, dbstore itself waits longer"}
			}
			d := drivers.Database{Skip: skip, New: newStore, Begin: "BEGIN EXCLUSIVE", End: "ROLLBACK", TimeZone: test.zone}
			d.Open = func(t testing.TB) *sql.DB {
				db, err := sql.Open("sqlite3", dsn)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				return db
			}
			drivers.Exec(t, d.Open(t), drivers.Tables[dbstore.SQLite]...)
			d.Run(t)
		})
	}
}
