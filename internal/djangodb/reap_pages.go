package djangodb

import (
	"context"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// PostgreSQL leaves removed rows in their pages until a VACUUM. A statement that removes some
// of the expired rows passes those pages again, and the last one passes all of them. So rows
// are removed by ranges of pages, each page once, if there are more of them than pages.

// firstPages is the length of the first range.
const firstPages = 64

// byPages removes the rows that have expired from one range of pages after the other. It
// reports false, and has removed nothing, if the index on the dates is the better way.
func (r *reaper) byPages(ctx context.Context) (finished bool, err error) {
	pages := r.t.extent(ctx, r.doing)
	if pages == 0 || !r.atLeast(ctx, pages) {
		return false, nil
	}
	limit := int64(mostRows)
	if r.opts.Batch > 0 {
		limit = int64(r.opts.Batch)
	} else {
		r.batch = firstPages
	}
	for from := int64(0); from < pages; {
		to := from + r.batch
		q := r.t.query()
		q.reapPages(r.now, r.prefix, from, to, limit)
		n, err := r.remove(ctx, q)
		if err != nil {
			return false, err
		}
		if n < limit { // else there may be more
			from = to
		}
	}
	return true, nil
}

// extent returns how many pages the table has, 0 if its rows cannot be found by them: that of
// a server before PostgreSQL 14, one of parts, or one that is kept in another way.
func (t *Table) extent(ctx context.Context, doing string) int64 {
	q := t.query()
	q.b.WriteString("SELECT pg_relation_size(c.oid) / CAST(current_setting('block_size') AS int)" +
		" FROM pg_class c JOIN pg_am a ON a.oid = c.relam" +
		" WHERE c.oid = to_regclass(" + q.arg(t.sql.table) + ") AND c.relkind = 'r' AND NOT c.relhassubclass" +
		" AND a.amname = 'heap' AND CAST(current_setting('server_version_num') AS int) >= 140000")
	return t.number(ctx, doing, q)
}

// atLeast reports whether n rows have expired.
func (r *reaper) atLeast(ctx context.Context, n int64) bool {
	q := r.t.query()
	q.b.WriteString("SELECT COUNT(*) FROM (SELECT 1 FROM " + r.t.sql.table + " WHERE " + r.t.layout.Date + " < " + q.moment(r.now))
	if r.prefix != "" {
		q.b.WriteString(" AND ")
		q.begins(r.prefix)
	}
	q.b.WriteString(" LIMIT " + q.arg(n) + ") expired")
	return r.t.number(ctx, r.doing, q) >= n
}

// number returns what a query returns, 0 if the server cannot say: what it is asked for is
// the way to work, and the work itself reports faults.
func (t *Table) number(ctx context.Context, doing string, q *query) int64 {
	numbers, err := sqldb.Rows(ctx, t.db, doing, func(scan sqldb.Scan) (n int64, err error) {
		err = scan(&n)
		return n, err
	}, q.text(), q.args...)
	if err != nil || len(numbers) == 0 {
		return 0
	}
	return numbers[0]
}

// reapPages appends the statement that removes up to n expired rows from the pages from
// from, to before to. See [reaps] for its form.
func (q *query) reapPages(now time.Time, prefix string, from, to, n int64) {
	cutoff, table := q.moment(now), q.t.sql.table
	expired := q.t.layout.Date + " < " + cutoff
	q.b.WriteString("DELETE FROM " + table + " WHERE " + expired + " AND ctid = ANY(ARRAY(SELECT ctid FROM " + table + " WHERE " + expired)
	if prefix != "" {
		q.b.WriteString(" AND ")
		q.begins(prefix)
	}
	place := func(page int64) string { return "CAST(" + q.arg(fmt.Sprintf("(%d,0)", page)) + " AS tid)" }
	q.b.WriteString(" AND ctid >= " + place(from) + " AND ctid < " + place(to) + " LIMIT " + q.arg(n) + " FOR UPDATE SKIP LOCKED))")
}
