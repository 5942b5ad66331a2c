// Package ncruces_test tests dbstore with github.com/ncruces/go-sqlite3.
package ncruces_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/compat_test/drivers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"

	_ "github.com/ncruces/go-sqlite3/driver"
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
		{"local", "_timefmt=auto", time.FixedZone("+0330", 3*3600+1800)},
		{"immediate", "_txlock=immediate&_pragma=busy_timeout(100)", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dsn := "file:" + filepath.ToSlash(filepath.Join(testserver.Dir(t), "db.sqlite3")) + "?" + test.options
			d := drivers.Database{New: newStore, Begin: "BEGIN EXCLUSIVE", End: "ROLLBACK", TimeZone: test.zone}
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
