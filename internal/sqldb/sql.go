package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"

	"github.com/go-djsession/go-djsession/djsession"
)

// SQL is a Conn that carries statements to a *sql.DB.
type SQL struct {
	db *sql.DB
	// checked are the connections of a MySQL that commit by themselves; nil for a
	// database on which every connection does.
	checked *checked
	kept    kept
}

var _ Conn = (*SQL)(nil)

// NewSQL returns the Conn of db, a database as d says. It looks at each connection
// to MySQL once, before its first statement: a server or its init_connect may have
// set autocommit=0. A write would be lost there, and a read would show the data of
// the first read for ever. Such a connection is refused by djsession.ErrConfig.
func NewSQL(db *sql.DB, d *Dialect) *SQL {
	c := &SQL{db: db}
	c.kept = newKept(c)
	if d == MySQL {
		c.checked = &checked{conns: map[any]bool{}}
	}
	return c
}

// session is a *sql.DB or one of its connections.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Exec implements Conn.
func (c *SQL) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	s, err := c.kept.statement(ctx, c.db, query)
	if err != nil {
		return 0, err
	}
	if s != nil {
		res, err := s.ExecContext(ctx, args...)
		runtime.KeepAlive(c) // which closes s
		if err != nil {
			return 0, err
		}
		return res.RowsAffected()
	}
	err = c.on(ctx, false, func(s session) error {
		res, err := s.ExecContext(ctx, query, args...)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	return n, err
}

// Query implements Conn.
func (c *SQL) Query(ctx context.Context, each func(Scan) error, query string, args ...any) error {
	var reading error // is not tried again: each was called
	read := func(scan Scan) error {
		reading = each(scan)
		return reading
	}
	all := func(rows *sql.Rows, err error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if read(rows.Scan) != nil {
				return nil
			}
		}
		reading = rows.Err()
		return nil
	}
	stmt, err := c.kept.statement(ctx, c.db, query)
	switch {
	case err != nil:
	case stmt != nil:
		err = all(stmt.QueryContext(ctx, args...))
		runtime.KeepAlive(c) // which closes stmt
	default:
		err = c.on(ctx, ctx.Done() != nil, func(s session) error {
			if conn, ok := s.(*sql.Conn); ok && ctx.Done() != nil {
				if done, err := raw(ctx, conn, read, query, args); done {
					return err
				}
			}
			return all(s.QueryContext(ctx, query, args...))
		})
	}
	if reading != nil {
		return reading
	}
	return err
}

// Open implements Conn.
func (c *SQL) Open() int { return c.db.Stats().OpenConnections }

// on calls f with the handle or, where connections are looked at or one is wanted, with one
// that is good.
func (c *SQL) on(ctx context.Context, one bool, f func(session) error) (err error) {
	if c.checked == nil && !one {
		return f(c.db)
	}
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if c.checked == nil {
		return f(conn)
	}
	if err := c.checked.check(ctx, c.db, conn); err != nil {
		if lostFault(err) == FaultLost { // before the statement
			err = errors.Join(driver.ErrBadConn, err)
		}
		return err
	}
	return f(conn)
}

// checked is a set of drivers' connections.
type checked struct {
	mu    sync.Mutex
	conns map[any]bool
}

// minChecked is how many connections are remembered at least. Those that were
// closed since are among them.
const minChecked = 64

// errAutocommit is what every method returns on a connection that does not commit.
var errAutocommit = fmt.Errorf("%w: a connection of the handle has autocommit=0, by the server's configuration or its init_connect, so that nothing would be saved: "+
	"add autocommit=1 to the DSN of go-sql-driver/mysql, or set it on every connection", djsession.ErrConfig)

// check asks a connection that is not known yet.
func (k *checked) check(ctx context.Context, db *sql.DB, conn *sql.Conn) error {
	var id any
	err := conn.Raw(func(c any) error {
		if reflect.ValueOf(c).Comparable() {
			id = c
		}
		return nil
	})
	if err != nil {
		return err
	}
	k.mu.Lock()
	known := id != nil && k.conns[id]
	k.mu.Unlock()
	if known {
		return nil
	}
	var on int
	if err := conn.QueryRowContext(ctx, "SELECT @@autocommit").Scan(&on); err != nil {
		return err
	}
	if on != 1 {
		return errAutocommit
	}
	if id != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.conns) >= max(minChecked, 2*db.Stats().OpenConnections) {
			clear(k.conns)
		}
		k.conns[id] = true
	}
	return nil
}
