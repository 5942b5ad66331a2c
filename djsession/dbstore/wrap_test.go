package dbstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
)

// probe is what a wrapped handle reports to and takes orders from.
type probe struct {
	mu         sync.Mutex
	statements []string
	args       []driver.NamedValue // of the first of them
	fail       []error             // the next statements fail with these, in order
	down       error               // all statements fail with this
	prepared   []string            // what was prepared on a connection
	closed     int                 // of them
}

func (p *probe) statement(query string, args []driver.NamedValue) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.statements = append(p.statements, query)
	if len(p.statements) == 1 {
		p.args = args
	}
	if p.down != nil {
		return p.down
	}
	if len(p.fail) > 0 {
		err := p.fail[0]
		p.fail = p.fail[1:]
		return err
	}
	return nil
}

// take returns the statements since the last take.
func (p *probe) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.statements
	p.statements = nil
	return s
}

// first returns the first statement since the last take.
func (p *probe) first() (query string, args []any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.args {
		args = append(args, a.Value)
	}
	return p.statements[0], args
}

func (p *probe) setDown(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = err
}

func (p *probe) failNext(errs ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = errs
}

var errUnplugged = errors.New("unplugged, said the driver, with canary and all")

// wrap returns a handle like sql.Open's, whose statements p sees.
func wrap(t testing.TB, driverName, dsn string, p *probe) *sql.DB {
	t.Helper()
	plain, err := sql.Open(driverName, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	db := sql.OpenDB(connector{plain.Driver(), dsn, p})
	t.Cleanup(func() { db.Close() })
	return db
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

// conn counts what goes through it. A statement that the driver wants prepared
// first (driver.ErrSkip) is counted once, when it is run.
type conn struct {
	driver.Conn
	p *probe
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	e, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	if err := c.p.statement(query, args); err != nil {
		return nil, err
	}
	res, err := e.ExecContext(ctx, query, args)
	if err == driver.ErrSkip {
		c.p.forget()
	}
	return res, err
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	q, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	if err := c.p.statement(query, args); err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, query, args)
	if err == driver.ErrSkip {
		c.p.forget()
	}
	return rows, err
}

// forget takes back the last statement.
func (p *probe) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.statements = p.statements[:len(p.statements)-1]
}

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	var s driver.Stmt
	var err error
	if p, ok := c.Conn.(driver.ConnPrepareContext); ok {
		s, err = p.PrepareContext(ctx, query)
	} else {
		s, err = c.Conn.Prepare(query)
	}
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.p.prepared = append(c.p.prepared, query)
	return stmt{s, c.p, query}, err
}

func (s stmt) Close() error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.closed++
	return s.Stmt.Close()
}

// kept returns how many statements are prepared now, and were ever.
func (p *probe) kept() (now, ever int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.prepared) - p.closed, len(p.prepared)
}

func (c conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.p.statement("BEGIN", nil); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c conn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c conn) IsValid() bool {
	if v, ok := c.Conn.(driver.Validator); ok {
		return v.IsValid()
	}
	return true
}

func (c conn) CheckNamedValue(nv *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(nv)
	}
	return driver.ErrSkip
}

type stmt struct {
	driver.Stmt
	p     *probe
	query string
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.p.statement(s.query, args); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.p.statement(s.query, args); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func (s stmt) CheckNamedValue(nv *driver.NamedValue) error {
	if n, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(nv)
	}
	return driver.ErrSkip
}
