package dbusers_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/signer"

	mysqldriver "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) {
	// The driver logs connections that the tests cut.
	_ = mysqldriver.SetLogger(log.New(io.Discard, "", 0))
	os.Exit(testserver.Run(m))
}

func newSite(t testing.TB, zone *time.Location) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("dbusers-test"), TimeZone: zone})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// database is a new, empty database.
type database struct {
	d           dbstore.Dialect
	driver, dsn string
	engine      string   // Django's name for it
	options     []string // NAME=VALUE of DATABASES
}

var databases atomic.Int32

func sqlite(t testing.TB) database {
	t.Helper()
	path := filepath.Join(testserver.Dir(t), "db.sqlite3")
	return database{dbstore.SQLite, "sqlite", "file:" + filepath.ToSlash(path), "sqlite3", []string{"NAME=" + path}}
}

func postgres(t testing.TB) database {
	t.Helper()
	s := testserver.PostgreSQL(t)
	dsn := func(name string) string {
		return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", s.User, s.Addr(), name)
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	mustExec(t, open(t, "pgx", dsn("postgres"), nil), "CREATE DATABASE "+name)
	return database{dbstore.PostgreSQL, "pgx", dsn(name), "postgresql", servedAt(s, name)}
}

func mysql(t testing.TB, charset string) database {
	t.Helper()
	s := testserver.MariaDB(t)
	dsn := func(name string) string { return fmt.Sprintf("%s@tcp(%s)/%s", s.User, s.Addr(), name) }
	name := fmt.Sprintf("test%d", databases.Add(1))
	mustExec(t, open(t, "mysql", dsn(""), nil), "CREATE DATABASE "+name+" CHARACTER SET "+charset)
	return database{dbstore.MySQL, "mysql", dsn(name), "mysql", servedAt(s, name)}
}

func servedAt(s *testserver.Server, name string) []string {
	host, port, _ := net.SplitHostPort(s.Addr())
	return []string{"NAME=" + name, "HOST=" + host, "PORT=" + port, "USER=" + s.User}
}

// open returns a handle. p, which may be nil, sees its statements.
func open(t testing.TB, driverName, dsn string, p *probe) *sql.DB {
	t.Helper()
	db, err := sql.Open(driverName, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if p == nil {
		return db
	}
	seen := sql.OpenDB(connector{db.Driver(), dsn, p})
	t.Cleanup(func() { seen.Close() })
	return seen
}

func (d database) open(t testing.TB, p *probe) *sql.DB {
	t.Helper()
	return open(t, d.driver, d.dsn, p)
}

func mustExec(t testing.TB, db *sql.DB, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// probe records the statements of a handle, and can make them fail.
type probe struct {
	mu   sync.Mutex
	sent []string
	args []driver.NamedValue // of the last statement
	fail []error             // the next statements fail with these, in order
	down error               // all statements fail with this
}

var errUnplugged = errors.New("unplugged, said the driver, with canary1@example.com and all")

func (p *probe) statement(query string, args []driver.NamedValue) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent, p.args = append(p.sent, query), args
	if len(p.fail) > 0 {
		err := p.fail[0]
		p.fail = p.fail[1:]
		return err
	}
	return p.down
}

// skipped takes back the last statement: the driver wants it prepared first.
func (p *probe) skipped() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = p.sent[:len(p.sent)-1]
}

// take returns the statements since the last take.
func (p *probe) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := p.sent
	p.sent = nil
	return sent
}

func (p *probe) set(down error, next ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.fail = down, next
}

type connector struct {
	driver driver.Driver
	dsn    string
	p      *probe
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if d, ok := c.driver.(driver.DriverContext); ok {
		inner, err := d.OpenConnector(c.dsn)
		if err != nil {
			return nil, err
		}
		real, err := inner.Connect(ctx)
		return conn{real, c.p}, err
	}
	real, err := c.driver.Open(c.dsn)
	return conn{real, c.p}, err
}

// conn counts the statements. It counts one that is prepared first when it is run.
type conn struct {
	driver.Conn
	p *probe
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.p.statement(query, args); err != nil {
		return nil, err
	}
	res, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	if err == driver.ErrSkip {
		c.p.skipped()
	}
	return res, err
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.p.statement(query, args); err != nil {
		return nil, err
	}
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	if err == driver.ErrSkip {
		c.p.skipped()
	}
	return rows, err
}

// PrepareContext prepares nothing before the statement is run: the probe may stop that, also
// where the database lacks the table.
func (c conn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return &stmt{c: c, query: query}, nil
}

type stmt struct {
	c     conn
	query string
	real  driver.Stmt // nil before the first run
}

func (s *stmt) run(ctx context.Context, args []driver.NamedValue) (err error) {
	if err := s.c.p.statement(s.query, args); err != nil {
		return err
	}
	if s.real == nil {
		s.real, err = s.c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, s.query)
	}
	return err
}

func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.run(ctx, args); err != nil {
		return nil, err
	}
	return s.real.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.run(ctx, args); err != nil {
		return nil, err
	}
	return s.real.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s *stmt) CheckNamedValue(nv *driver.NamedValue) error { return s.c.CheckNamedValue(nv) }

func (s *stmt) NumInput() int { return -1 }

func (s *stmt) Close() error {
	if s.real == nil {
		return nil
	}
	return s.real.Close()
}

// Exec and Query are for package sql of before Go 1.8.
func (s *stmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }
func (s *stmt) Query([]driver.Value) (driver.Rows, error)  { return nil, driver.ErrSkip }

func (c conn) CheckNamedValue(nv *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(nv)
	}
	return driver.ErrSkip
}
