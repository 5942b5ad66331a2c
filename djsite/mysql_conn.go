package djsite

import (
	"context"
	"database/sql/driver"
	"io"
	"net"
	"strings"
	"sync/atomic"

	"github.com/go-sql-driver/mysql"
)

// watching is a Connector whose connections cost nothing to watch. The driver hands each
// context that can end to a goroutine and takes it back, twice a statement, which takes as
// long as the statement. A context can close the socket by itself.
type watching struct{ driver.Connector }

// socket is the key of a context for the place of a connection's socket.
type socket struct{}

// watch returns the Connector of cfg. A dialer that the program has registered keeps the
// watching of the driver.
func watch(cfg *mysql.Config) (driver.Connector, error) {
	own := cfg.DialFunc != nil || !strings.HasPrefix(cfg.Net, "tcp") && cfg.Net != "unix"
	if !own {
		cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if at, ok := ctx.Value(socket{}).(*net.Conn); ok && err == nil {
				*at = conn
			}
			return conn, err
		}
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil || own {
		return connector, err
	}
	return watching{connector}, nil
}

// Connect implements [driver.Connector].
func (w watching) Connect(ctx context.Context) (driver.Conn, error) {
	var at net.Conn
	conn, err := w.Connector.Connect(context.WithValue(ctx, socket{}, &at))
	if err != nil {
		return nil, err
	}
	all, ok := conn.(mysqlConn)
	if !ok || at == nil {
		return conn, nil
	}
	return &watchedConn{mysqlConn: all, socket: at}, nil
}

// mysqlConn is all that a connection of the driver can do.
type mysqlConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// watchedConn closes its socket when the context of a statement ends.
type watchedConn struct {
	mysqlConn
	socket net.Conn
	ended  atomic.Bool
}

// begin returns the context for the driver, and the end of the watching, which reports
// whether ctx has not ended meanwhile.
func (c *watchedConn) begin(ctx context.Context) (context.Context, func() bool) {
	stop := context.AfterFunc(ctx, func() {
		c.ended.Store(true)
		c.socket.Close()
	})
	return context.WithoutCancel(ctx), stop
}

// ExecContext implements [driver.ExecerContext].
func (c *watchedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if ctx.Err() != nil || ctx.Done() == nil {
		return c.mysqlConn.ExecContext(ctx, query, args)
	}
	inner, stop := c.begin(ctx)
	res, err := c.mysqlConn.ExecContext(inner, query, args)
	if !stop() && err != nil {
		err = ctx.Err()
	}
	return res, err
}

// QueryContext implements [driver.QueryerContext].
func (c *watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if ctx.Err() != nil || ctx.Done() == nil {
		return c.mysqlConn.QueryContext(ctx, query, args)
	}
	inner, stop := c.begin(ctx)
	rows, err := c.mysqlConn.QueryContext(inner, query, args)
	if err != nil {
		if !stop() {
			err = ctx.Err()
		}
		return nil, err
	}
	all, ok := rows.(mysqlRows)
	if !ok {
		stop()
		return rows, nil
	}
	return &watchedRows{all, ctx, stop}, nil
}

// IsValid implements [driver.Validator].
func (c *watchedConn) IsValid() bool { return !c.ended.Load() && c.mysqlConn.IsValid() }

// ResetSession implements [driver.SessionResetter].
func (c *watchedConn) ResetSession(ctx context.Context) error {
	if c.ended.Load() {
		return driver.ErrBadConn
	}
	return c.mysqlConn.ResetSession(ctx)
}

// mysqlRows is all that rows of the driver can do.
type mysqlRows interface {
	driver.RowsNextResultSet
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// watchedRows are watched until they are closed.
type watchedRows struct {
	mysqlRows
	ctx  context.Context
	stop func() bool
}

// Next implements [driver.Rows].
func (r *watchedRows) Next(dest []driver.Value) error {
	err := r.mysqlRows.Next(dest)
	if err != nil && err != io.EOF && r.ctx.Err() != nil {
		err = r.ctx.Err()
	}
	return err
}

// Close implements [driver.Rows].
func (r *watchedRows) Close() error {
	err := r.mysqlRows.Close()
	r.stop()
	return err
}
