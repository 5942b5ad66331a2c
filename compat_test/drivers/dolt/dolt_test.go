// Package dolt_test tests dbstore beside a server of MySQL's protocol that runs already:
//
//	DJSESSION_TEST_MYSQL='root@tcp(127.0.0.1:3306)/test' go test -v ./dolt
package dolt_test

import (
	"database/sql"
	"os"
	"testing"

	"github.com/go-djsession/go-djsession/compat_test/drivers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"

	_ "github.com/go-sql-driver/mysql"
)

func newStore(site *djsession.Site, db *sql.DB) djsession.Store {
	return dbstore.New(site, db, dbstore.MySQL, nil)
}

func TestStore(t *testing.T) {
	dsn := os.Getenv("DJSESSION_TEST_MYSQL")
	if dsn == "" {
		t.Skip("DJSESSION_TEST_MYSQL names no server")
	}
	d := drivers.Database{New: newStore, Begin: "LOCK TABLES django_session WRITE", End: "UNLOCK TABLES"}
	d.Open = func(t testing.TB) *sql.DB {
		db, err := sql.Open("mysql", dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	drivers.Exec(t, d.Open(t), append([]string{"DROP TABLE IF EXISTS django_session"}, drivers.Tables[dbstore.MySQL]...)...)
	d.Run(t)
}
