package djangodb

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// ClearExpired is Reaper.ClearExpired: DELETE ... WHERE expire_date < now, a batch
// of rows at a time, so that no statement holds locks for long.
func (t *Table) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	return t.ClearPrefix(ctx, "", opts)
}

// ClearPrefix is ClearExpired for the keys that begin with prefix.
func (t *Table) ClearPrefix(ctx context.Context, prefix string, opts *djsession.ReapOptions) (int64, error) {
	const doing = "clear expired sessions"
	if opts == nil {
		opts = &djsession.ReapOptions{}
	}
	batch := int64(opts.Batch)
	if batch <= 0 {
		batch = 1000
	}
	now := t.site.Now()
	if opts.DryRun {
		n, err := t.countExpired(ctx, prefix)
		if err == nil && opts.Progress != nil {
			opts.Progress(n)
		}
		return n, err
	}
	for done := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return done, djsession.Unavailable(doing, err)
		}
		q := t.query()
		q.reap(now, prefix, batch)
		n, err := t.exec(ctx, doing, q)
		if err != nil {
			return done, err
		}
		done += n
		if n > 0 && opts.Progress != nil {
			opts.Progress(done)
		}
		if n < batch {
			return done, nil
		}
	}
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

// manyKeys is the number of keys in one statement of LoadMany. Older SQLites allow
// 999 parameters.
const manyKeys = 500

// LoadMany is ManyLoader.LoadMany, with one statement for manyKeys keys.
func (t *Table) LoadMany(ctx context.Context, keys []string, found func(string, *djsession.Record, error)) error {
	const doing = "load sessions"
	for chunk := range slices.Chunk(keys, manyKeys) {
		asked := make(map[string]bool, len(chunk)) // MySQL finds keys in capitals too
		q := t.query()
		q.add(t.sql.load)
		q.b.WriteString(" WHERE " + t.layout.Key + " IN (")
		for i, key := range chunk {
			if i > 0 {
				q.b.WriteString(", ")
			}
			q.b.WriteString(q.arg(key))
			asked[key] = true
		}
		q.b.WriteString(")")
		rows, err := sqldb.Rows(ctx, t.db, doing, t.read, q.text(), q.args...)
		if err != nil {
			return err
		}
		for i := range rows {
			if w := &rows[i]; asked[w.key] {
				r, _, err := t.loaded(doing, w, false)
				found(w.key, r, err)
			}
		}
	}
	return nil
}

// A page of List ends after pageRows rows, or when they hold more than pageBytes.
const (
	pageRows  = 100
	pageBytes = 4 << 20
)

// List is Lister.List, in the order of the keys. It reads pages, each of which begins
// after the last key, and holds nothing open while the caller works.
func (t *Table) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	return t.ListPrefix(ctx, "", cursor)
}

// ListPrefix is List of the keys that begin with prefix.
func (t *Table) ListPrefix(ctx context.Context, prefix, cursor string) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		for {
			page, more, err := t.page(ctx, prefix, cursor)
			if err != nil {
				yield(djsession.Listed{}, err)
				return
			}
			for i := range page {
				cursor = page[i].key
				if !yield(t.listed(&page[i]), nil) {
					return
				}
			}
			if !more {
				return
			}
		}
	}
}

// page reads the rows after cursor. more reports whether there may be others.
func (t *Table) page(ctx context.Context, prefix, cursor string) (page []row, more bool, err error) {
	q := t.query()
	q.add(t.sql.load)
	switch key := t.layout.Key; {
	case cursor != "":
		q.b.WriteString(" WHERE " + key + " > " + q.arg(cursor))
	case prefix != "":
		q.b.WriteString(" WHERE " + key + " >= " + q.arg(prefix))
	}
	if prefix != "" {
		q.b.WriteString(" AND ")
		q.begins(prefix)
	}
	fmt.Fprintf(&q.b, " ORDER BY %s LIMIT %d", t.layout.Key, pageRows)
	bytes := 0
	err = t.db.Query(ctx, "list sessions", func() { page, more, bytes = nil, false, 0 }, func(scan sqldb.Scan) error {
		w, err := t.read(scan)
		if err != nil {
			return err
		}
		page = append(page, w)
		if w.data != nil {
			bytes += len(*w.data)
		}
		if more = len(page) == pageRows || bytes > pageBytes; more {
			return sqldb.ErrEnough
		}
		return nil
	}, q.text(), q.args...)
	return page, more, err
}

func (t *Table) listed(w *row) djsession.Listed {
	l := djsession.NewListed(w.key, w.key)
	if w.size != nil {
		l.Size = int(*w.size)
	}
	expires, _, err := t.expiry(w)
	l.Record, l.Version, l.Err = t.record("list sessions", w, expires)
	if l.Err == nil && err != nil {
		l.Record, l.Err = nil, djsession.Corrupt("list sessions: read "+t.layout.Date, err)
	}
	return l
}
