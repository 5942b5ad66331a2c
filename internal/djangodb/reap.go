package djangodb

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// A reaper begins with firstBatch rows, and then removes as many by one statement as take
// about the time that is asked for, up to mostRows.
const (
	firstBatch = 1000
	mostRows   = 50_000
	reapTime   = 50 * time.Millisecond
)

// nextBatch returns how many rows to remove after a statement that took so long for n.
// A statement that was fast by chance does not make the next one much longer.
func nextBatch(n int64, took, want time.Duration) int64 {
	ratio := float64(want) / float64(max(took, time.Microsecond))
	return max(10, min(mostRows, int64(float64(n)*min(2, ratio))))
}

// What ClearExpired is doing, for error texts. A table that has no places fails only at
// the first.
const (
	reaping      = "clear expired sessions"
	reapingByKey = reaping + " by their keys"
)

// errNoPlaces is the error of reaping for a view, say.
var errNoPlaces = errors.New("djangodb: the rows have no places")

// ClearExpired is Reaper.ClearExpired: DELETE ... WHERE expire_date < now, a batch
// of rows at a time, so that no statement holds locks for long.
func (t *Table) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	return t.ClearPrefix(ctx, "", opts)
}

// ClearPrefix is ClearExpired for the keys that begin with prefix.
func (t *Table) ClearPrefix(ctx context.Context, prefix string, opts *djsession.ReapOptions) (int64, error) {
	if opts == nil {
		opts = &djsession.ReapOptions{}
	}
	if opts.DryRun {
		n, err := t.countExpired(ctx, prefix)
		if err == nil && opts.Progress != nil {
			opts.Progress(n)
		}
		return n, err
	}
	r := &reaper{t: t, opts: opts, now: t.site.Now(), prefix: prefix, batch: int64(opts.Batch), doing: reaping}
	if r.batch <= 0 {
		r.batch = firstBatch
	}
	err := r.byDate(ctx)
	return r.done, err
}

// reaper is a run of ClearExpired.
type reaper struct {
	t      *Table
	opts   *djsession.ReapOptions
	now    time.Time
	prefix string
	batch  int64 // rows of the next statement
	doing  string
	done   int64
}

// remove runs a statement that removes up to batch rows. It sets the next batch.
func (r *reaper) remove(ctx context.Context, q *query) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, djsession.Unavailable(r.doing, err)
	}
	began := time.Now()
	n, err := r.t.exec(ctx, r.doing, q)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	r.done += n
	if n > 0 && r.opts.Progress != nil {
		r.opts.Progress(r.done)
	}
	if r.opts.Batch <= 0 {
		r.batch = nextBatch(r.batch, took, cmp.Or(max(r.opts.Time, 0), reapTime))
	}
	return n, nil
}

// byDate removes the rows that have expired, in the order in which the database finds them.
func (r *reaper) byDate(ctx context.Context) error {
	statement := 0
	for first := true; ; first = false {
		asked := r.batch
		q := r.t.query()
		q.reap(r.t.sql.reaps[statement], r.now, r.prefix, asked)
		n, err := r.remove(ctx, q)
		if errors.Is(err, errNoPlaces) {
			statement, r.doing = len(r.t.sql.reaps)-1, reapingByKey
			continue
		}
		if err != nil || n < asked {
			return err
		}
		if first && asked >= firstBatch && statement == 0 {
			if finished, err := r.byPlace(ctx); finished || err != nil {
				return err
			}
		}
	}
}

// byPlace removes many rows in the order in which the table has them, if there is one. It
// reports false if the rest is better removed by date.
func (r *reaper) byPlace(ctx context.Context) (finished bool, err error) {
	switch r.t.db.Dialect {
	case sqldb.MySQL:
		return r.byRanges(ctx)
	case sqldb.PostgreSQL:
		return r.byPages(ctx)
	}
	return false, nil
}

func (t *Table) countExpired(ctx context.Context, prefix string) (int64, error) {
	const doing = "count expired sessions"
	q := t.query()
	q.b.WriteString("SELECT COUNT(*) FROM " + t.sql.table + " WHERE " + t.layout.Date + " < " + q.moment(t.site.Now()))
	if prefix != "" {
		q.b.WriteString(" AND ")
		q.begins(prefix)
	}
	counts, err := sqldb.Rows(ctx, t.db, doing, func(scan sqldb.Scan) (n int64, err error) {
		err = scan(&n)
		return n, err
	}, q.text(), q.args...)
	if err != nil || len(counts) == 0 {
		return 0, err
	}
	return counts[0], nil
}
