// Package djangodb is the engine django.contrib.sessions.backends.db without a
// driver: the common part of dbstore on database/sql and pgxstore on pgx. With
// another [Layout] it is the table of DatabaseCache.
//
// A [Table] makes the statements, and a [sqldb.DB] sends them to the database.
//
// Every operation is one statement that commits by itself. After one that changed
// nothing, a second one finds out why.
package djangodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Options are those of dbstore and pgxstore.
type Options struct {
	// Table is the name of the table; a dot separates its schema from it.
	Table string
	// TimeZone is DATABASES[...]["TIME_ZONE"].
	TimeZone *time.Location
	// Insert and Update return the values of further columns.
	Insert, Update func(*djsession.Record) map[string]any
	// Touch returns the further columns that a Touch sets.
	Touch func() map[string]any
	// Data returns the dict to store in place of Record.Data.
	Data func(*djsession.Record) *serializer.Dict
	// User returns the value of user_id for the text of a user id.
	User func(id string) any
}

// Layout is how a table of Django's keeps dicts.
type Layout struct {
	// Key, Data and Date are columns.
	Key, Data, Date string
	// Table is its usual name.
	Table string
	// Made says what to do when it does not exist.
	Made string
	// Ends says that a row whose moment is no date is corrupt, because Django compares
	// it in Python. Else it has no end, or has ended, as the database sorts it.
	Ends bool
	// Required says what to do when another column wants a value.
	Required string
	// Encode makes data from a dict, and Decode a dict from data.
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
	db     *sqldb.DB
	clock  sqldb.Clock
	layout *Layout
	name   string // for messages
	sql    statements

	insert, update, touch func(*djsession.Record) map[string]any
	data                  func(*djsession.Record) *serializer.Dict
	user                  func(id string) any // nil without such a column
}

// New returns the Table of site that conn reaches.
func New(site *djsession.Site, conn sqldb.Conn, d *sqldb.Dialect, o Options) *Table {
	return NewLayout(site, conn, d, o, sessions(site))
}

// NewLayout is New for a table with another layout than that of sessions.
func NewLayout(site *djsession.Site, conn sqldb.Conn, d *sqldb.Dialect, o Options, l *Layout) *Table {
	t := &Table{site: site, layout: l, name: cmp.Or(o.Table, l.Table), insert: o.Insert, update: o.Update, data: o.Data, user: o.User}
	if o.Touch != nil {
		t.touch = func(*djsession.Record) map[string]any { return o.Touch() }
	}
	t.db = sqldb.New(conn, d, t.name, t.explain)
	t.clock = t.db.Clock(site.TimeZone(), o.TimeZone)
	quoted, err := t.db.Table("", t.name)
	if err == nil && slices.ContainsFunc(strings.Split(t.name, "."), tooLong) {
		err = fmt.Errorf("%w: the name of the table is too long", djsession.ErrConfig)
	}
	t.db.Refuse(err)
	t.sql = newStatements(t.db.Dialect, quoted, l)
	t.prepare()
	return t
}

// Site is what New was given.
func (t *Table) Site() *djsession.Site { return t.site }

// row is a row of the table, in one form for all databases.
type row struct {
	key  string
	data *string // nil if NULL or longer than the limit
	size *int64
	date sqldb.Stamp

	agent, ip *string // of a table of users
}

// read reads a row of the load statement.
func (t *Table) read(scan sqldb.Scan) (w row, err error) {
	err = scan(&w.key, &w.data, &w.size, t.clock.Dest(&w.date))
	return w, err
}

// readUser reads a row of the loadUser statement.
func (t *Table) readUser(scan sqldb.Scan) (w row, err error) {
	err = scan(&w.key, &w.data, &w.size, t.clock.Dest(&w.date), &w.agent, &w.ip)
	return w, err
}

// look reads the row of key; nil if there is none. A collation may find another key.
func (t *Table) look(ctx context.Context, doing, key string) (found *row, err error) {
	err = t.db.Query(ctx, doing, func() { found = nil }, func(scan sqldb.Scan) error {
		w, err := t.read(scan)
		if err == nil && w.key == key {
			found = &w
		}
		return err
	}, t.sql.one, int64(t.site.Limits().Payload), key)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Load is Store.Load.
func (t *Table) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return t.load(ctx, key, false)
}

// LoadExpired is ExpiredLoader.LoadExpired.
func (t *Table) LoadExpired(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return t.load(ctx, key, true)
}

func (t *Table) load(ctx context.Context, key string, expired bool) (*djsession.Record, djsession.Version, error) {
	const doing = "load session"
	w, err := t.look(ctx, doing, key)
	switch {
	case err != nil:
		return nil, djsession.Version{}, err
	case w == nil:
		return nil, djsession.Version{}, djsession.ErrNotFound
	}
	return t.loaded(doing, w, expired)
}

// loaded is what Load returns for w, or LoadExpired if expired is true.
func (t *Table) loaded(doing string, w *row, expired bool) (*djsession.Record, djsession.Version, error) {
	expires, alive, err := t.expiry(w)
	if err == nil && !alive && !expired {
		return nil, djsession.Version{}, djsession.ErrExpired
	}
	r, v, bad := t.record(doing, w, expires)
	if bad == nil && err != nil {
		return nil, v, djsession.Corrupt(doing+": read "+t.layout.Date, err)
	}
	return r, v, bad
}

// expiry is when w ends; zero is never. alive reports whether that is later than now.
func (t *Table) expiry(w *row) (expires time.Time, alive bool, err error) {
	expires, alive, err = t.clock.Expiry(w.date, t.site.Now())
	if err == nil && expires.IsZero() && t.layout.Ends {
		return expires, false, errNoEnd
	}
	return expires, alive, err
}

var errNoEnd = errors.New("djangodb: not a date")

var errNull = errors.New("djangodb: NULL")

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

// creating and cycling are what Create and Cycle are doing, for error texts. Only there
// ErrKeyTaken has a meaning.
const (
	creating = "create session"
	cycling  = "cycle session key"
)

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
	if old, ok := seen.Token(); ok && t.sql.swap != "" {
		args := append(make([]any, 0, 5), text, t.moment(r.Expires), key)
		if t.db.Collates {
			args = append(args, t.db.ExactArg(key))
		}
		n, err := t.db.Exec(ctx, doing, t.sql.swap, append(args, t.db.ExactArg(old))...)
		if err == nil && n == 0 {
			err = t.unchanged(ctx, doing, key, seen, text)
		}
		if err != nil {
			return djsession.Version{}, err
		}
		return djsession.VersionOf(text), nil
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

// Touch is Store.Touch.
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
func (t *Table) Delete(ctx context.Context, key string, seen djsession.Version) error {
	const doing = "delete session"
	token, ok := seen.Token()
	if ok || seen.IsForce() {
		q := t.query()
		q.add(t.sql.delete)
		if ok {
			q.where(key, &token)
		} else {
			q.where(key, nil)
		}
		n, err := t.exec(ctx, doing, q)
		if err != nil || n > 0 {
			return err
		}
	}
	return t.missed(ctx, doing, key, seen)
}

// missed is why nothing was done to what seen saw under key: ErrNotFound or ErrConflict.
func (t *Table) missed(ctx context.Context, doing, key string, seen djsession.Version) error {
	if seen.IsForce() {
		return djsession.ErrNotFound
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

// Cycle is Cycler.Cycle: one UPDATE, which gives the row another key. It sets what
// Create sets, so that the row is as a new one.
func (t *Table) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	text, err := t.encode(cycling, r)
	if err != nil {
		return djsession.Version{}, err
	}
	token, ok := seen.Token()
	if ok || seen.IsForce() {
		q := t.query()
		if err := q.cycle(key, text, r, t.insert); err != nil {
			return djsession.Version{}, fmt.Errorf("%s: %w", cycling, err)
		}
		if ok {
			q.where(old, &token)
		} else {
			q.where(old, nil)
		}
		n, err := t.exec(ctx, cycling, q)
		if err != nil {
			return djsession.Version{}, err
		}
		if n > 0 {
			return djsession.VersionOf(text), nil
		}
	}
	return djsession.Version{}, t.missed(ctx, cycling, old, seen)
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
	return t.unchanged(ctx, doing, key, seen, text)
}

// unchanged is what an UPDATE that changed nothing returns, after which the row should hold
// text. MySQL also reports that for a row that has the new values already, unless the
// caller's handle asks it to count found rows.
func (t *Table) unchanged(ctx context.Context, doing, key string, seen djsession.Version, text string) error {
	token, ok := seen.Token()
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

// encode returns the text of r. It refuses one that Load would not read.
func (t *Table) encode(doing string, r *djsession.Record) (string, error) {
	if err := t.db.Refused(doing); err != nil {
		return "", err
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

func (t *Table) exec(ctx context.Context, doing string, q *query) (int64, error) {
	return t.db.Exec(ctx, doing, q.text(), q.args...)
}

// firstMoment is the first one that every database holds, less a day for the time zones.
var firstMoment = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)

// moment returns the argument for m. A moment before firstMoment is moved to it, so that a
// past moment stays past.
func (t *Table) moment(m time.Time) any {
	if m.Before(firstMoment) {
		m = firstMoment
	}
	return t.clock.Arg(t.clock.Django(m))
}

// explain tells the DB what its faults mean here. No hint may quote the cause.
func (t *Table) explain(doing string, f sqldb.Fault) (hint string, instead error) {
	l := t.layout
	switch f {
	case sqldb.FaultTaken:
		if doing == creating || doing == cycling {
			return "", djsession.ErrKeyTaken
		}
		return fmt.Sprintf(": a further column of the table %s is UNIQUE, and its value taken", t.name), nil
	case sqldb.FaultDenied: // there are rights by the column
		if doing == cycling {
			return "", fmt.Errorf("%s: %w: the database user may not change a key", doing, errors.ErrUnsupported)
		}
	case sqldb.FaultTooLong, sqldb.FaultTooLarge:
		return "", fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	case sqldb.FaultNoTable:
		return fmt.Sprintf(": there is no table %s: %s, or name the table and the database that it uses", t.name, l.Made), nil
	case sqldb.FaultColumn, sqldb.FaultValue:
		if doing == reaping && len(t.sql.reaps) > 1 {
			return "", errNoPlaces
		}
		return fmt.Sprintf(": the table %s has not the columns of %s: %s, %s, %s", t.name, l.Table, l.Key, l.Data, l.Date), nil
	case sqldb.FaultRequired:
		return fmt.Sprintf(": the table %s has a further column that wants a value%s", t.name, l.Required), nil
	}
	return "", nil
}
