package compat_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// The databases, as the matrix names them.
const (
	sqlite   = "SQLite"
	postgres = "PostgreSQL"
	mariadb  = "MariaDB"
)

var databases = []string{sqlite, postgres, mariadb}

var dialects = map[string]dbstore.Dialect{
	sqlite:   dbstore.SQLite,
	postgres: dbstore.PostgreSQL,
	mariadb:  dbstore.MySQL,
}

// expireText is expire_date as text: the instant in UTC on PostgreSQL, the wall clock
// that is stored elsewhere.
var expireText = map[string]string{
	sqlite:   "CAST(expire_date AS TEXT)",
	postgres: "CAST(expire_date AT TIME ZONE 'UTC' AS TEXT)",
	mariadb:  "CAST(expire_date AS CHAR)",
}

// database is an empty one, for both sides.
type database struct {
	django map[string]any // an entry of DATABASES
	db     *sql.DB
	pool   *pgxpool.Pool // on PostgreSQL
	// dsn is that of db, with the address of the server that is asked for and with options
	// of the driver.
	dsn    func(addr, options string) string
	server *testserver.Server // nil for SQLite
}

// drivers are those that dbstore is used with.
var drivers = map[string]string{sqlite: "sqlite", postgres: "pgx", mariadb: "mysql"}

var databaseNumber atomic.Int64

// openDatabase makes a database. Ours is a handle without any of the options that make a
// driver easier to use.
func openDatabase(t testing.TB, kind string) database {
	t.Helper()
	name := fmt.Sprintf("compat%d", databaseNumber.Add(1))
	settings := func(engine string, s *testserver.Server) map[string]any {
		return map[string]any{
			"ENGINE": "django.db.backends." + engine, "NAME": name, "HOST": s.Host, "PORT": strconv.Itoa(s.Port), "USER": s.User,
			"CONN_MAX_AGE": nil,
		}
	}
	var d database
	switch kind {
	case postgres:
		d.server = testserver.PostgreSQL(t)
		d.django = settings("postgresql", d.server)
		user := d.server.User
		d.dsn = func(addr, options string) string {
			return "postgres://" + user + "@" + addr + "/" + name + "?sslmode=disable" + options
		}
		execute(t, "pgx", "postgres://"+user+"@"+d.server.Addr()+"/postgres?sslmode=disable", "CREATE DATABASE "+name)
		pool, err := pgxpool.New(context.Background(), d.dsn(d.server.Addr(), ""))
		must(t, err)
		atEnd(pool.Close)
		d.pool = pool
	case mariadb:
		d.server = testserver.MariaDB(t)
		d.django = settings("mysql", d.server)
		user := d.server.User
		d.dsn = func(addr, options string) string { return user + "@tcp(" + addr + ")/" + name + "?" + options }
		execute(t, "mysql", user+"@tcp("+d.server.Addr()+")/", "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	default:
		path := filepath.Join(temporary(t), "db.sqlite3")
		d.django = map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": path}
		d.dsn = func(_, options string) string { return "file:" + filepath.ToSlash(path) + "?" + options }
	}
	d.db = d.open(t, defaultOptions[kind], kind)
	return d
}

// defaultOptions are those of the driver that every test has.
var defaultOptions = map[string]string{sqlite: "_pragma=busy_timeout(5000)"}

// open returns one more handle.
func (d database) open(t testing.TB, options, kind string) *sql.DB {
	t.Helper()
	return openSQL(t, drivers[kind], d.dsn(d.address(), options))
}

// address is that of the server, if there is one.
func (d database) address() string {
	if d.server == nil {
		return ""
	}
	return d.server.Addr()
}

// execute runs a statement on a handle of its own.
func execute(t testing.TB, driver, dsn, statement string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	must(t, err)
	defer db.Close()
	_, err = db.Exec(statement)
	must(t, err)
}

// openSQL is sql.Open. The handle lives until the end of the run.
func openSQL(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	must(t, err)
	db.SetMaxOpenConns(20) // fifty goroutines are not to use up the server
	atEnd(func() { db.Close() })
	return db
}

// temporary makes a folder that lives until the end of the run, where testserver.Dir makes its.
func temporary(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(testserver.Memory(), "djsession-compat-")
	must(t, err)
	atEnd(func() { os.RemoveAll(dir) })
	return dir
}
