package djangodb

import (
	"context"
	"strings"

	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// A table of InnoDB is kept in the order of its keys, which are random. To remove rows in the
// order of their dates touches a page for each row, and each statement first passes what
// those before it have removed and the server has not yet purged: the more is removed, the
// longer a row takes. So rows are removed by ranges of keys, as long as that pays.

// mostAlive is how many rows of a range stay for each that goes. Beyond that the index on the
// dates is faster. The keys of sessions are random, so that one range is like the others.
const mostAlive = 32

// byRanges removes the rows that have expired from one range of keys after the other. It
// reports false if the rest is better removed by date.
func (r *reaper) byRanges(ctx context.Context) (finished bool, err error) {
	t, from := r.t, ""
	for {
		asked := r.batch
		to, err := t.bound(ctx, r.doing, from, asked)
		if err != nil {
			return false, err
		}
		if !isPlain(to) { // a character set on the way may change it
			return false, nil
		}
		q := t.query()
		q.b.WriteString("DELETE FROM " + t.sql.table + " WHERE " + t.layout.Date + " < " + q.moment(r.now))
		if from != "" {
			q.b.WriteString(" AND " + t.layout.Key + " > " + q.arg(from))
		}
		if to != "" {
			q.b.WriteString(" AND " + t.layout.Key + " <= " + q.arg(to))
		}
		if r.prefix != "" {
			q.b.WriteString(" AND ")
			q.begins(r.prefix)
		}
		n, err := r.remove(ctx, q)
		switch {
		case err != nil:
			return false, err
		case to == "":
			return true, nil
		case n*mostAlive < asked:
			return false, nil
		}
		from = to
	}
}

// bound returns the key that stands n rows after from, "" if that is beyond the last one.
func (t *Table) bound(ctx context.Context, doing, from string, n int64) (string, error) {
	q := t.query()
	q.b.WriteString("SELECT " + t.db.Bytes(t.layout.Key) + " FROM " + t.sql.table)
	if from != "" {
		q.b.WriteString(" WHERE " + t.layout.Key + " > " + q.arg(from))
	}
	q.b.WriteString(" ORDER BY " + t.layout.Key + " LIMIT 1 OFFSET " + q.arg(n))
	keys, err := sqldb.Rows(ctx, t.db, doing, func(scan sqldb.Scan) (key string, err error) {
		err = scan(&key)
		return key, err
	}, q.text(), q.args...)
	if err != nil || len(keys) == 0 {
		return "", err
	}
	return keys[0], nil
}

// isPlain reports whether each character set of MySQL has the text.
func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
