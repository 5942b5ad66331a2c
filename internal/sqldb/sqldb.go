// Package sqldb is what SQLite, PostgreSQL and MySQL do each in a way of its own,
// for every table of a site: sessions, caches and users.
//
// A [Dialect] writes names, placeholders and comparisons, and says what an error
// of the database means. A [Clock] gives moments to a database and reads them. A
// [DB] sends statements by a [Conn], sends them again when a lock, a deadlock or a
// closed connection was in the way, and returns errors of package djsession.
package sqldb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/fault"
)

// Scan copies the columns of a row, as sql.Rows.Scan does.
type Scan = func(dest ...any) error

// Conn carries statements to a database. Args are string, []byte, int64,
// time.Time, and what further columns of a site hold.
type Conn interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (rows int64, err error)
	// Query calls each for every row and stops when each returns an error.
	Query(ctx context.Context, each func(Scan) error, query string, args ...any) error
	// Open returns how many connections are open.
	Open() int
}

// DB sends the statements of one table.
type DB struct {
	*Dialect
	conn    Conn
	table   string
	explain func(doing string, f Fault) (hint string, err error)
	turn    chan struct{} // holds one writer, of a dialect that has one at a time
	bad     error         // why nothing can work
}

// New returns the DB that conn reaches. Error texts call the table by its name.
// explain returns what the error text of a fault says besides, or an error to
// return in its place. Without a Dialect every statement is ErrConfig.
func New(conn Conn, d *Dialect, table string, explain func(doing string, f Fault) (hint string, err error)) *DB {
	db := &DB{Dialect: d, conn: conn, table: table, explain: explain}
	if d == nil {
		db.Dialect, db.bad = SQLite, fmt.Errorf("%w: no Dialect", djsession.ErrConfig)
	}
	if db.oneWriter {
		db.turn = make(chan struct{}, 1)
	}
	return db
}

// Refuse makes err, unless it is nil, the error of every statement.
func (db *DB) Refuse(err error) {
	if db.bad == nil {
		db.bad = err
	}
}

// Refused returns the error of every statement, nil if they can be sent.
func (db *DB) Refused(doing string) error {
	if db.bad == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, db.bad)
}

// Exec runs a statement that writes, and returns how many rows it changed.
func (db *DB) Exec(ctx context.Context, doing, query string, args ...any) (n int64, err error) {
	err = db.run(ctx, doing, query, true, func() error {
		n, err = db.conn.Exec(ctx, query, args...)
		return err
	})
	return n, err
}

// Rows returns what read makes of each row. An error of read is that of a row
// with other columns than were expected.
func Rows[T any](ctx context.Context, db *DB, doing string, read func(Scan) (T, error), query string, args ...any) (all []T, err error) {
	err = db.Query(ctx, doing, func() { all = nil }, func(scan Scan) error {
		row, err := read(scan)
		all = append(all, row)
		return err
	}, query, args...)
	return all, err
}

// ErrEnough, returned by the each of [DB.Query], ends the reading without an error.
var ErrEnough = errors.New("sqldb: enough rows")

// scanError is a row with other columns than were expected.
type scanError struct{ error }

func (e *scanError) Unwrap() error { return e.error }

// Query calls each for every row, and begin before each try. Errors of each are
// as those of read in [Rows].
func (db *DB) Query(ctx context.Context, doing string, begin func(), each func(Scan) error, query string, args ...any) error {
	return db.run(ctx, doing, query, false, func() error {
		begin()
		err := db.conn.Query(ctx, func(scan Scan) error {
			err := each(scan)
			if err != nil && err != ErrEnough {
				err = &scanError{err}
			}
			return err
		}, query, args...)
		if err == ErrEnough {
			return nil
		}
		return err
	})
}

// retryFor is how long a statement is tried again, Django's own timeout for a
// locked SQLite. The pauses in between grow up to maxPause. There is no pause after a
// closed connection, but a limit: minClosed more than there are connections.
const (
	retryFor  = 5 * time.Second
	maxPause  = 20 * time.Millisecond
	minClosed = 2
)

// run calls try, which sends query, until it succeeds or fails by a fault that another
// try does not mend, and returns its error as one of djsession.
//
// SQLite does not queue: it turns away a writer while another one writes, and the
// one who comes back may be turned away for ever while others are served. So the
// users of one DB take turns: all writers, and readers that were turned away.
func (db *DB) run(ctx context.Context, doing, query string, write bool, try func() error) error {
	if db.bad != nil {
		return db.Refused(doing)
	}
	began, pause := time.Now(), time.Millisecond
	queue, queued := write, false
	closed, mostClosed := 0, 0
	for {
		if queue && !queued && db.turn != nil {
			select {
			case db.turn <- struct{}{}:
				defer func() { <-db.turn }()
				queued = true
			case <-ctx.Done():
				return djsession.Unavailable(doing, ctx.Err())
			}
		}
		err := try()
		if err == nil {
			return nil
		}
		f := db.meaning(err)
		late := time.Since(began) > retryFor || ctx.Err() != nil
		if f == FaultUnsent || f == FaultLost && !write {
			if closed == 0 {
				mostClosed = db.conn.Open() + minClosed
			}
			if closed++; late || closed > mostClosed {
				return db.fail(ctx, doing, query, f, err)
			}
			continue
		}
		if f != FaultRetry || late {
			return db.fail(ctx, doing, query, f, err)
		}
		queue = true
		wait := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-ctx.Done():
			wait.Stop()
			return db.fail(ctx, doing, query, f, err)
		case <-wait.C:
		}
		pause = min(2*pause, maxPause)
	}
}

// meaning says what err means, which the database or the reading of a row returned.
func (db *DB) meaning(err error) Fault {
	if scan := (*scanError)(nil); errors.As(err, &scan) {
		return FaultColumn
	}
	f := db.fault(err)
	if f == FaultOther {
		f = lostFault(err)
	}
	return f
}

// fail turns an error of the database into one of djsession. Its text says why and gives
// the code of the server. The text of the cause, which may quote keys and values, is hidden.
func (db *DB) fail(ctx context.Context, doing, query string, f Fault, err error) error {
	if errors.Is(err, djsession.ErrConfig) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	hint, instead := db.explain(doing, f)
	over := fault.Ended(ctx)
	switch {
	case instead != nil:
		return instead
	case over != nil:
		// Drivers report the end of a context in words of their own.
		return djsession.Unavailable(doing+ended(over), errors.Join(over, err))
	}
	switch f {
	case FaultDenied:
		hint = db.denied(query, err)
	case FaultOther, FaultRetry, FaultReadOnly, FaultLost, FaultUnsent:
		if hint = Pooler(err); hint != "" {
			break
		}
		switch kind := fault.Of(err); {
		case f == FaultRetry:
			hint = ": other transactions kept the row or the database locked"
		case f == FaultReadOnly:
			hint = ": the database is read-only"
		case kind != fault.Unknown:
			hint = ": the database " + kind.String()
		case fault.Code(err) != "":
			hint = ": the database reports an error"
		}
		fallthrough
	default:
		if code := fault.Code(err); code != "" {
			hint += " (" + code + ")"
		}
	}
	return djsession.Unavailable(doing+hint, err)
}

// ended says in words why a context has ended.
func ended(why error) string {
	if errors.Is(why, context.DeadlineExceeded) {
		return ": no answer in time"
	}
	return ": nobody waits for the answer"
}

// denied says which right is missing.
func (db *DB) denied(query string, err error) string {
	code := fault.Code(err)
	if fault.Number(err) == 1044 || errtext.Says(err, "failed to connect to") { // pgx says so
		return fmt.Sprintf(": the database user may not use this database (%s)", code)
	}
	command, _, _ := strings.Cut(query, " ")
	also := ""
	switch {
	case strings.Contains(query, " ON CONFLICT "):
		also = ", which needs the rights to UPDATE and SELECT too"
	case command == "UPDATE", command == "DELETE":
		also = ", which needs the right to SELECT too"
	}
	return fmt.Sprintf(": the database user may not do this %s to the table %s%s (%s)", command, db.table, also, code)
}
