// Package djangodb is the engine django.contrib.sessions.backends.db without a
// driver: what dbstore on database/sql and pgxstore on pgx have in common. With
// another Layout it is the table of DatabaseCache.
//
// A Table knows the statements, the form of moments and the meaning of errors on
// each database (Dialect); a Conn carries the statements there.
//
// Every operation is one statement that commits by itself. Two need a second
// one, when the first has changed nothing and it has to be told why.
package djangodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Conn carries statements to a database. Args are string, []byte, int64,
// time.Time, and what the extra columns hold.
type Conn interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (rows int64, err error)
	// Query calls each for every row, with a function that copies the columns
	// of it as Rows.Scan does, and stops when each returns an error.
	Query(ctx context.Context, each func(scan func(dest ...any) error) error, query string, args ...any) error
}

// Options are those of dbstore and pgxstore.
type Options struct {
	// Table is the name of the table; a dot parts it from its schema.
	Table string
	// TimeZone is DATABASES[...]["TIME_ZONE"].
	TimeZone *time.Location
	// Insert and Update return the values of further columns.
	Insert, Update func(*djsession.Record) map[string]any
	// Touch returns those of them that a Touch sets too.
	Touch func() map[string]any
	// Data returns what is stored in the place of Record.Data.
	Data func(*djsession.Record) *serializer.Dict
}

// Layout is how a table of Django's keeps dicts.
type Layout struct {
	// Key, Data and Date are columns.
	Key, Data, Date string
	// Table is its usual name.
	Table string
	// Made says what to do when it is not there.
	Made string
	// Required says what to do when another column wants a value.
	Required string
	// Encode and Decode make the data of a dict, and a dict of the data.
	Encode func(*serializer.Dict) (string, error)
	Decode func(string) (*serializer.Dict, error)
}

// sessions is django_session.
func sessions(site *djsession.Site) *Layout {
	return &Layout{
		Key: "session_key", Data: "session_data", Date: "expire_date",
		Table:    "django_session",
		Made:     "run the site's migrations",
		Required: ": give it by Options.Insert",
		Encode:   site.Encode,
		Decode:   site.Decode,
	}
}

// Table is the table of a Site's sessions.
type Table struct {
	site   *djsession.Site
	conn   Conn
	d      *Dialect
	layout *Layout
	name   string // for messages
	sql    statements
	zone   *time.Location // of the moments that are kept as text

	insert, update, touch func(*djsession.Record) map[string]any
	data                  func(*djsession.Record) *serializer.Dict
	turn                  chan struct{} // holds one writer, of a dialect that has one at a time
	bad                   error         // why nothing can work
}

// New returns the Table of site that conn reaches.
func New(site *djsession.Site, conn Conn, d *Dialect, o Options) *Table {
	return NewLayout(site, conn, d, o, sessions(site))
}

// NewLayout is New for a table that is made otherwise than that of sessions.
func NewLayout(site *djsession.Site, conn Conn, d *Dialect, o Options, l *Layout) *Table {
	t := &Table{site: site, conn: conn, d: d, layout: l, name: o.Table, insert: o.Insert, update: o.Update, data: o.Data}
	if o.Touch != nil {
		t.touch = func(*djsession.Record) map[string]any { return o.Touch() }
	}
	if t.name == "" {
		t.name = l.Table
	}
	t.zone = site.TimeZone()
	if t.zone == nil {
		t.zone = o.TimeZone
	}
	if t.zone == nil {
		t.zone = time.UTC
	}
	quoted, err := d.quoteTable(t.name)
	t.sql, t.bad = d.statements(quoted, l), err
	if d.oneWriter {
		t.turn = make(chan struct{}, 1)
	}
	return t
}

// row is what is stored under a key. It is read in one form from all databases.
type row struct {
	key     string
	data    *string // nil if NULL or longer than the limit
	size    *int64
	text    *string    // expire_date, of a dialect that keeps text
	instant *time.Time // expire_date, of one that keeps instants
}

func (t *Table) dest(w *row) []any {
	if t.d.text {
		return []any{&w.key, &w.data, &w.size, &w.text}
	}
	return []any{&w.key, &w.data, &w.size, &w.instant}
}

// look reads the row of key; nil if there is none.
func (t *Table) look(ctx context.Context, doing, key string) (*row, error) {
	q := t.query()
	q.add(t.sql.load)
	q.where(key, nil)
	var found *row
	err := t.run(ctx, doing, false, func() error {
		found = nil
		return t.conn.Query(ctx, func(scan func(dest ...any) error) error {
			w := new(row)
			if err := scan(t.dest(w)...); err != nil {
				return &scanError{err}
			}
			found = w
			return nil
		}, q.text(), q.args...)
	})
	return found, err
}

// Load is Store.Load.
func (t *Table) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	const doing = "load session"
	w, err := t.look(ctx, doing, key)
	switch {
	case err != nil:
		return nil, djsession.Version{}, err
	case w == nil:
		return nil, djsession.Version{}, djsession.ErrNotFound
	}
	return t.loaded(doing, w)
}

// loaded is what Load returns for w.
func (t *Table) loaded(doing string, w *row) (*djsession.Record, djsession.Version, error) {
	expires, alive, err := t.expiry(w)
	if err == nil && !alive {
		return nil, djsession.Version{}, djsession.ErrExpired
	}
	r, v, bad := t.record(doing, w, expires)
	if bad == nil && err != nil {
		return nil, v, djsession.Corrupt(doing+": read "+t.layout.Date, err)
	}
	return r, v, bad
}

// record decodes w.
func (t *Table) record(doing string, w *row, expires time.Time) (*djsession.Record, djsession.Version, error) {
	if w.size != nil && *w.size > int64(t.site.Limits().Payload) {
		return nil, djsession.Version{}, djsession.Corrupt(doing, djsession.ErrTooLarge)
	}
	if w.data == nil {
		return nil, djsession.Version{}, djsession.Corrupt(doing, errNull)
	}
	v := djsession.VersionOf(*w.data)
	d, err := t.layout.Decode(*w.data)
	if err != nil {
		return nil, v, fmt.Errorf("%s: %w", doing, err)
	}
	return &djsession.Record{Data: d, Expires: expires}, v, nil
}

// creating is what Create is doing, for error texts. Only there ErrKeyTaken has a meaning.
const creating = "create session"

// Create is Store.Create.
func (t *Table) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	text, err := t.encode(creating, r)
	if err != nil {
		return djsession.Version{}, err
	}
	q := t.query()
	if err := q.insert("", key, text, r, t.insert); err != nil {
		return djsession.Version{}, fmt.Errorf("%s: %w", creating, err)
	}
	if _, err := t.exec(ctx, creating, q); err != nil {
		return djsession.Version{}, err
	}
	return djsession.VersionOf(text), nil
}

// Update is Store.Update.
func (t *Table) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	const doing = "update session"
	text, err := t.encode(doing, r)
	if err != nil {
		return djsession.Version{}, err
	}
	q := t.query()
	if err := q.update(text, r, t.update); err != nil {
		return djsession.Version{}, fmt.Errorf("%s: %w", doing, err)
	}
	if err := t.change(ctx, doing, key, seen, q, text); err != nil {
		return djsession.Version{}, err
	}
	return djsession.VersionOf(text), nil
}

// Touch is Toucher.Touch.
func (t *Table) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	const doing = "touch session"
	q := t.query()
	if err := q.touch(expires, t.touch); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	token, _ := seen.Token()
	return t.change(ctx, doing, key, seen, q, token)
}

// Delete is Store.Delete.
func (t *Table) Delete(ctx context.Context, key string) error {
	const doing = "delete session"
	q := t.query()
	q.add(t.sql.delete)
	q.where(key, nil)
	n, err := t.exec(ctx, doing, q)
	if err == nil && n == 0 {
		err = djsession.ErrNotFound
	}
	return err
}

// DeleteSeen is CompareDeleter.DeleteSeen.
func (t *Table) DeleteSeen(ctx context.Context, key string, seen djsession.Version) error {
	if seen.IsForce() {
		return t.Delete(ctx, key)
	}
	const doing = "delete session"
	token, ok := seen.Token()
	if ok {
		q := t.query()
		q.add(t.sql.delete)
		q.where(key, &token)
		n, err := t.exec(ctx, doing, q)
		if err != nil || n > 0 {
			return err
		}
	}
	w, err := t.look(ctx, doing, key)
	if err == nil {
		err = djsession.ErrConflict
		if w == nil {
			err = djsession.ErrNotFound
		}
	}
	return err
}

// change runs q, an UPDATE that lacks its WHERE, on what seen saw, after which
// the row holds text.
func (t *Table) change(ctx context.Context, doing, key string, seen djsession.Version, q *query, text string) error {
	token, ok := seen.Token()
	switch {
	case ok:
		q.where(key, &token)
	case seen.IsForce():
		q.where(key, nil)
	}
	if ok || seen.IsForce() {
		n, err := t.exec(ctx, doing, q)
		if err != nil || n > 0 {
			return err
		}
	}
	// Nothing was changed. MySQL also says so of a row that was as we want it,
	// unless the caller's handle asks it to count found rows.
	w, err := t.look(ctx, doing, key)
	switch {
	case err != nil:
		return err
	case w == nil:
		return djsession.ErrNotFound
	case seen.IsForce():
		return nil // whoever wrote what is there now, wrote after us
	case ok && token == text && w.data != nil && *w.data == text:
		return nil
	}
	return djsession.ErrConflict
}

// encode returns the text of r, if it is one that Load would read.
func (t *Table) encode(doing string, r *djsession.Record) (string, error) {
	if t.bad != nil {
		return "", fmt.Errorf("%s: %w", doing, t.bad)
	}
	data := r.Data
	if t.data != nil {
		data = t.data(r)
	}
	text, err := t.layout.Encode(data)
	switch {
	case errors.Is(err, signer.ErrTooLarge), err == nil && len(text) > t.site.Limits().Payload:
		return "", fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	case err != nil:
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	return text, nil
}

func (t *Table) exec(ctx context.Context, doing string, q *query) (n int64, err error) {
	err = t.run(ctx, doing, true, func() error {
		n, err = t.conn.Exec(ctx, q.text(), q.args...)
		return err
	})
	return n, err
}
