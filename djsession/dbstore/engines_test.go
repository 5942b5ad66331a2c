package dbstore_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/signer"

	_ "modernc.org/sqlite"
)

// now is the time in all tests that do not say otherwise.
var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

var tehran = time.FixedZone("+0330", 3*3600+1800)

// What sqlmigrate sessions 0001 prints.
var sqliteTable = []string{
	`CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL)`,
	`CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date")`,
}

// database is one that has the table django_session, empty.
type database struct {
	d          dbstore.Dialect
	driver     string
	addr       string                   // of the server, if there is one
	dsn        func(addr string) string // to reach it at addr
	text       bool                     // expire_date is a wall clock
	begin, end string                   // keep everybody from the table, and let them again
	conns      int                      // how many connections a handle may have; 0: any number
}

// open returns another handle, whose statements p sees.
func (d database) open(t testing.TB, p *probe) *sql.DB {
	t.Helper()
	db := wrap(t, d.driver, d.dsn(d.addr), p)
	db.SetMaxOpenConns(d.conns)
	return db
}

// sqlite returns a database in a new file. The driver's own options follow "?".
func sqlite(t testing.TB, options string) database {
	t.Helper()
	dsn := "file:" + filepath.ToSlash(filepath.Join(testserver.Dir(t), "db.sqlite3")) + "?" + options
	d := database{d: dbstore.SQLite, driver: "sqlite", text: true, begin: "BEGIN EXCLUSIVE", end: "ROLLBACK"}
	d.dsn = func(string) string { return dsn }
	mustExec(t, d.open(t, new(probe)), sqliteTable...)
	return d
}

// holding runs begin on a connection of its own, and end when it is over.
func holding(t testing.TB, db *sql.DB, begin, end string) func() {
	t.Helper()
	c, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ExecContext(context.Background(), begin); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := c.ExecContext(context.Background(), end); err != nil {
			t.Error(err)
		}
		c.Close()
	}
}

func mustExec(t testing.TB, db *sql.DB, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func newSite(t testing.TB, change ...func(*djsession.Settings)) *djsession.Site {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey("dbstore-test"), Now: func() time.Time { return now }}
	for _, c := range change {
		c(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// opener returns what storetest opens engines by: all on d, one after another.
func (d database) opener(t *testing.T) func(t *testing.T, site *djsession.Site) storetest.Engine {
	t.Helper()
	p := new(probe)
	db, other, raw := d.open(t, p), d.open(t, p), d.open(t, new(probe))
	return func(t *testing.T, site *djsession.Site) storetest.Engine {
		mustExec(t, raw, "DELETE FROM django_session")
		return d.engine(site, p, db, other, raw)
	}
}

func (d database) engine(site *djsession.Site, p *probe, db, other, raw *sql.DB) storetest.Engine {
	return storetest.Engine{
		Store: dbstore.New(site, db, d.d, nil),
		Other: dbstore.New(site, other, d.d, nil),
		Stored: func(t testing.TB, key string) (string, bool) {
			var text string
			err := raw.QueryRow(d.bind("SELECT session_data FROM django_session WHERE session_key = ?"), key).Scan(&text)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				t.Fatal(err)
			}
			return text, err == nil
		},
		Plant: func(t testing.TB, key, text string, expires time.Time) {
			if _, err := raw.Exec(d.bind("DELETE FROM django_session WHERE session_key = ?"), key); err != nil {
				t.Fatal(err)
			}
			var at any = expires
			if d.text {
				zone := site.TimeZone()
				if zone == nil {
					zone = time.UTC
				}
				at = expires.In(zone).Format("2006-01-02 15:04:05.000000")
			}
			if _, err := raw.Exec(d.bind("INSERT INTO django_session VALUES (?, ?, ?)"), key, text, at); err != nil {
				t.Fatal(err)
			}
		},
		Break: func(t testing.TB) func() {
			p.setDown(errUnplugged)
			return func() { p.setDown(nil) }
		},
		Stall: func(t testing.TB) func() { return holding(t, raw, d.begin, d.end) },
	}
}

// bind writes the placeholders of the database.
func (d database) bind(query string) string {
	if d.d != dbstore.PostgreSQL {
		return query
	}
	var out []byte
	n := byte('0')
	for i := range len(query) {
		if query[i] == '?' {
			n++
			out = append(out, '$', n)
			continue
		}
		out = append(out, query[i])
	}
	return string(out)
}
