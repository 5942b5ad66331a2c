package dbcache_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"

	driver "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) {
	_ = driver.SetLogger(log.New(io.Discard, "", 0))
	os.Exit(testserver.Run(m))
}

// database is one that has a new, empty database for one test.
type database struct {
	d      dbcache.Dialect
	driver string
	dsn    string
	engine string   // as Django calls it
	python []string // DATABASES of Django
	date   string   // what reads expires, as testdata/vectors.py does
	table  []string // what createcachetable makes
	begin  string   // keeps everybody from the table
	end    string
}

func (d database) open(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// made is d with its table.
func (d database) made(t testing.TB) database {
	t.Helper()
	mustExec(t, d.open(t), d.table...)
	return d
}

func mustExec(t testing.TB, db *sql.DB, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func sqlite(t testing.TB) database {
	t.Helper()
	path := filepath.ToSlash(filepath.Join(testserver.Dir(t), "db.sqlite3"))
	return database{
		d: dbcache.SQLite, driver: "sqlite", dsn: "file:" + path + "?_pragma=busy_timeout(2000)",
		engine: "sqlite3", python: []string{"NAME=" + path}, date: "CAST(expires AS TEXT)",
		table: []string{
			`CREATE TABLE "django_cache" ("cache_key" varchar(255) NOT NULL PRIMARY KEY, "value" text NOT NULL, "expires" datetime NOT NULL)`,
			`CREATE INDEX "django_cache_expires" ON "django_cache" ("expires")`,
		},
		begin: "BEGIN EXCLUSIVE", end: "ROLLBACK",
	}
}

var databases atomic.Int32

func postgres(t testing.TB) database {
	t.Helper()
	s := testserver.PostgreSQL(t)
	d := database{
		d: dbcache.PostgreSQL, driver: "pgx", dsn: fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", s.User, s.Addr()),
		engine: "postgresql", date: "CAST(expires AT TIME ZONE 'UTC' AS TEXT)",
		table: []string{
			`CREATE TABLE "django_cache" ("cache_key" varchar(255) NOT NULL PRIMARY KEY, "value" text NOT NULL, "expires" timestamp with time zone NOT NULL)`,
			`CREATE INDEX "django_cache_expires" ON "django_cache" ("expires")`,
		},
		begin: "BEGIN; LOCK TABLE django_cache IN ACCESS EXCLUSIVE MODE", end: "ROLLBACK",
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	mustExec(t, d.open(t), "CREATE DATABASE "+name)
	d.dsn = fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", s.User, s.Addr(), name)
	d.python = python(t, s, name)
	return d
}

func mariadb(t testing.TB) database {
	t.Helper()
	s := testserver.MariaDB(t)
	d := database{
		d: dbcache.MySQL, driver: "mysql", dsn: fmt.Sprintf("%s@tcp(%s)/", s.User, s.Addr()),
		engine: "mysql", date: "CAST(expires AS CHAR)",
		table: []string{
			"CREATE TABLE `django_cache` (`cache_key` varchar(255) NOT NULL PRIMARY KEY, `value` longtext NOT NULL, `expires` datetime(6) NOT NULL)",
			"CREATE INDEX `django_cache_expires` ON `django_cache` (`expires`)",
		},
		begin: "LOCK TABLES django_cache WRITE", end: "UNLOCK TABLES",
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	mustExec(t, d.open(t), "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	d.dsn += name
	d.python = python(t, s, name)
	return d
}

func python(t testing.TB, s *testserver.Server, name string) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return []string{"NAME=" + name, "HOST=" + host, "PORT=" + port, "USER=" + s.User}
}

// each runs f on a new database of each kind; of SQLite only with -short.
func each(t *testing.T, f func(t *testing.T, d database)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { f(t, sqlite(t)) })
	if testing.Short() {
		return
	}
	t.Run("PostgreSQL", func(t *testing.T) { f(t, postgres(t)) })
	t.Run("MariaDB", func(t *testing.T) { f(t, mariadb(t)) })
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
