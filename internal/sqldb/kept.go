package sqldb

import (
	"context"
	"database/sql"
	"runtime"
	"sync/atomic"
)

// kept are statements that stay prepared on each connection of a handle to SQLite. To
// prepare the statement of a load takes twice as long there as to carry it out. Other
// databases answer in a round trip, which is all that counts, and their drivers keep what
// they want.
type kept map[string]*atomic.Pointer[sql.Stmt]

// Keep lets the DB prepare query once for each connection, where that saves time. Call it
// before the first statement.
func (db *DB) Keep(query string) {
	if c, ok := db.conn.(*SQL); ok && db.Dialect == SQLite {
		c.kept[query] = new(atomic.Pointer[sql.Stmt])
	}
}

// newKept returns kept without a statement. They are closed once c is garbage: a handle
// holds its statements, and somebody may make a Store for each request.
func newKept(c *SQL) kept {
	k := kept{}
	runtime.AddCleanup(c, kept.close, k)
	return k
}

func (k kept) close() {
	for _, at := range k {
		if s := at.Load(); s != nil {
			_ = s.Close()
		}
	}
}

// statement returns the statement of query, nil if it is not kept.
func (k kept) statement(ctx context.Context, db *sql.DB, query string) (*sql.Stmt, error) {
	at, ok := k[query]
	if !ok {
		return nil, nil
	}
	if s := at.Load(); s != nil {
		return s, nil
	}
	s, err := db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if !at.CompareAndSwap(nil, s) { // another goroutine was faster
		_ = s.Close()
	}
	return at.Load(), nil
}
