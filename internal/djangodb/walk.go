package djangodb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/share"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// manyKeys is the number of keys in one statement of LoadMany. Older SQLites allow
// 999 parameters. An array is one parameter, with manyInArray keys.
const (
	manyKeys    = 500
	manyInArray = 20_000
)

// LoadMany is ManyLoader.LoadMany, with one statement for many keys. After rows of
// pageBytes it goes on with another one.
func (t *Table) LoadMany(ctx context.Context, keys []string, found func(string, *djsession.Record, error)) error {
	const doing = "load sessions"
	many := manyKeys
	if t.db.Numbered {
		many = manyInArray
	}
	for chunk := range slices.Chunk(keys, many) {
		asked := make(map[string]struct{}, len(chunk)) // MySQL finds keys in capitals too
		for _, key := range chunk {
			asked[key] = struct{}{}
		}
		for more := true; more; {
			q := t.query()
			q.add(t.sql.load)
			q.keys(chunk)
			var rows []row
			var bytes int
			err := t.db.Query(ctx, doing, func() { rows, more, bytes = rows[:0], false, 0 }, func(scan sqldb.Scan) error {
				w, err := t.read(scan)
				if err != nil {
					return err
				}
				if _, ok := asked[w.key]; !ok {
					return nil
				}
				rows = append(rows, w)
				if w.data != nil {
					bytes += len(*w.data)
				}
				if more = bytes > pageBytes; more {
					return sqldb.ErrEnough
				}
				return nil
			}, q.text(), q.args...)
			if err != nil {
				return err
			}
			for i := range rows {
				w := &rows[i]
				delete(asked, w.key)
				r, _, err := t.loaded(doing, w, false)
				found(w.key, r, err)
			}
			if more {
				chunk = slices.Collect(maps.Keys(asked))
				more = len(chunk) > 0
			}
		}
	}
	return nil
}

// A page of List ends after pageRows rows, or when they hold more than pageBytes. The first
// one is short, for a caller who wants few.
const (
	firstRows = 100
	pageRows  = 1000
	pageBytes = 4 << 20
)

// List is Lister.List, in the order of the keys. It reads pages, each of which begins
// after the last key, at most one ahead of the caller, and holds nothing open while he works.
func (t *Table) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	return t.ListPrefix(ctx, "", cursor)
}

// ListPrefix is List of the keys that begin with prefix.
func (t *Table) ListPrefix(ctx context.Context, prefix, cursor string) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		first := place{prefix: prefix, cursor: cursor, rows: firstRows}
		page, more, err := t.page(ctx, first)
		if err != nil {
			yield(djsession.Listed{}, err)
			return
		}
		for i := range page {
			if !yield(t.listed(&page[i]), nil) {
				return
			}
		}
		if !more {
			return
		}
		// The caller wants many.
		first.cursor = page[len(page)-1].key
		share.Pages(t.pages(ctx, first), t.listed)(yield)
	}
}

// pages reads the pages from a place on.
func (t *Table) pages(ctx context.Context, at place) iter.Seq2[[]row, error] {
	return func(yield func([]row, error) bool) {
		at.rows = pageRows
		for more := true; more; {
			var rows []row
			var err error
			rows, more, err = t.page(ctx, at)
			if !yield(rows, err) || err != nil {
				return
			}
			if more {
				at.cursor = rows[len(rows)-1].key
			}
		}
	}
}

// ListUser is UserLister.ListUser.
func (t *Table) ListUser(ctx context.Context, id string) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		if t.user == nil {
			yield(djsession.Listed{}, fmt.Errorf("list sessions: %w: the table has no column user_id", errors.ErrUnsupported))
			return
		}
		for more, cursor := true, ""; more; {
			var page []row
			var err error
			if page, more, err = t.page(ctx, place{cursor: cursor, user: t.user(id), rows: firstRows}); err != nil {
				yield(djsession.Listed{}, err)
				return
			}
			for i := range page {
				cursor = page[i].key
				l := t.listed(&page[i])
				if l.Record != nil {
					l.Record.Meta = page[i].meta()
				}
				if !yield(l, nil) {
					return
				}
			}
		}
	}
}

// meta returns what a table of users knows about the request that wrote w.
func (w *row) meta() (m djsession.Meta) {
	if w.agent != nil {
		m.UserAgent = *w.agent
	}
	if w.ip != nil {
		m.RemoteAddr, _ = netip.ParseAddr(*w.ip)
	}
	return m
}

// place is where a page is: after the cursor, among the keys with the prefix, or among the
// rows of a user.
type place struct {
	prefix, cursor string
	user           any
	rows           int // at most
}

// page reads the rows of a place. more reports whether there may be others.
func (t *Table) page(ctx context.Context, at place) (page []row, more bool, err error) {
	q := t.query()
	read := t.read
	if at.user != nil {
		q.add(t.sql.loadUser)
		q.b.WriteString(" WHERE user_id = " + q.arg(at.user) + " AND " + t.layout.Key + " > " + q.arg(at.cursor))
		read = t.readUser
	} else {
		q.add(t.sql.load)
	}
	switch key := t.layout.Key; {
	case at.user != nil:
	case at.cursor != "":
		q.b.WriteString(" WHERE " + key + " > " + q.arg(at.cursor))
	case at.prefix != "":
		q.b.WriteString(" WHERE " + key + " >= " + q.arg(at.prefix))
	}
	if at.prefix != "" {
		q.b.WriteString(" AND ")
		q.begins(at.prefix)
	}
	fmt.Fprintf(&q.b, " ORDER BY %s LIMIT %d", t.layout.Key, at.rows)
	bytes := 0
	err = t.db.Query(ctx, "list sessions", func() { page, more, bytes = nil, false, 0 }, func(scan sqldb.Scan) error {
		w, err := read(scan)
		if err != nil {
			return err
		}
		page = append(page, w)
		if w.data != nil {
			bytes += len(*w.data)
		}
		if more = len(page) == at.rows || bytes > pageBytes; more {
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
