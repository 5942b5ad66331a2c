package bench

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// The servers of the rows. They do not wait for a disk: what is measured is the work.

// sessionTables are django_session as Django makes it, and the tables of scs.
var sessionTables = map[string][]string{
	"PostgreSQL": {
		"CREATE TABLE IF NOT EXISTS django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date timestamp with time zone NOT NULL)",
		"CREATE INDEX IF NOT EXISTS django_session_session_key_like ON django_session (session_key varchar_pattern_ops)",
		"CREATE INDEX IF NOT EXISTS django_session_expire_date ON django_session (expire_date)",
		"CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL)",
		"CREATE INDEX IF NOT EXISTS sessions_expiry_idx ON sessions (expiry)",
	},
	"MariaDB": {
		"CREATE TABLE IF NOT EXISTS django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data longtext NOT NULL, expire_date datetime(6) NOT NULL, KEY django_session_expire_date (expire_date))",
		"CREATE TABLE IF NOT EXISTS sessions (token CHAR(43) PRIMARY KEY, data BLOB NOT NULL, expiry TIMESTAMP(6) NOT NULL, KEY sessions_expiry_idx (expiry))",
	},
	"SQLite": {
		`CREATE TABLE IF NOT EXISTS "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL)`,
		`CREATE INDEX IF NOT EXISTS "django_session_expire_date" ON "django_session" ("expire_date")`,
		"CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)",
		"CREATE INDEX IF NOT EXISTS sessions_expiry_idx ON sessions(expiry)",
	},
}

var databases struct {
	sync.Mutex
	n int
}

// database is a new database with the tables of sessions.
type database struct {
	kind string
	db   *sql.DB       // MariaDB and SQLite
	pool *pgxpool.Pool // PostgreSQL
	pid  int           // of the server; 0 for SQLite
	host string
	port int
	name string // or the file of SQLite
}

// cpu is for Entry.Other; nil for SQLite, which runs in the process itself.
func (d *database) cpu() func() (time.Duration, error) {
	if d.pid == 0 {
		return nil
	}
	return func() (time.Duration, error) { return CPUOf(d.pid) }
}

func (d *database) exec(t testing.TB, query string) {
	t.Helper()
	var err error
	if d.pool != nil {
		_, err = d.pool.Exec(context.Background(), query)
	} else {
		_, err = d.db.Exec(query)
	}
	if err != nil {
		t.Fatalf("%s: %v", d.kind, err)
	}
}

// newDatabase makes a database of a kind for the test.
func newDatabase(t testing.TB, kind string) *database {
	t.Helper()
	databases.Lock()
	databases.n++
	d := &database{kind: kind, name: fmt.Sprintf("bench%d", databases.n)}
	databases.Unlock()
	ctx := context.Background()
	switch kind {
	case "PostgreSQL":
		s := testserver.PostgreSQLWith(t, "shared_buffers=256MB")
		d.host, d.port = s.Host, s.Port
		dsn := fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable&pool_max_conns=16", s.User, s.Addr())
		admin, err := pgxpool.New(ctx, dsn)
		must(t, err)
		_, err = admin.Exec(ctx, "CREATE DATABASE "+d.name)
		admin.Close()
		must(t, err)
		d.pool, err = pgxpool.New(ctx, fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable&pool_max_conns=16", s.User, s.Addr(), d.name))
		must(t, err)
		t.Cleanup(d.pool.Close)
	case "MariaDB":
		s := testserver.MariaDBWith(t, "--innodb-buffer-pool-size=512M", "--innodb-log-file-size=256M")
		d.host, d.port = s.Host, s.Port
		c := mysql.NewConfig()
		c.User, c.Net, c.Addr = s.User, "tcp", s.Addr()
		c.InterpolateParams, c.ParseTime = true, true
		c.Params = map[string]string{"autocommit": "1"}
		admin, err := sql.Open("mysql", c.FormatDSN())
		must(t, err)
		_, err = admin.Exec("CREATE DATABASE " + d.name + " CHARACTER SET utf8mb4")
		admin.Close()
		must(t, err)
		c.DBName = d.name
		d.db, err = sql.Open("mysql", c.FormatDSN())
		must(t, err)
		t.Cleanup(func() { d.db.Close() })
	case "SQLite":
		var err error
		d.name = filepath.Join(testserver.Dir(t), "db.sqlite3")
		d.db, err = sql.Open("sqlite", "file:"+d.name+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)")
		must(t, err)
		t.Cleanup(func() { d.db.Close() })
	}
	if d.db != nil {
		d.db.SetMaxIdleConns(16)
	}
	if d.port != 0 {
		var err error
		d.pid, err = PIDOf(d.port)
		must(t, err)
	}
	for _, q := range sessionTables[kind] {
		d.exec(t, q)
	}
	return d
}

// newRedis returns two clients of the private Redis, and its CPU time. ours has the options
// that redisstore recommends and djsite uses; plain has those of go-redis, which scs's page
// shows.
func newRedis(t testing.TB) (ours, plain *redis.Client, cpu func() (time.Duration, error)) {
	t.Helper()
	s := testserver.Redis(t)
	ours = redis.NewClient(redisstore.ClientOptions(&redis.Options{Addr: s.Addr()}))
	plain = redis.NewClient(&redis.Options{Addr: s.Addr()})
	t.Cleanup(func() { ours.Close(); plain.Close() })
	pid, err := PIDOf(s.Port)
	must(t, err)
	return ours, plain, func() (time.Duration, error) { return CPUOf(pid) }
}
