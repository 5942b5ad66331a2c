package djangodb

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djsession"
)

// Dialect is how one database differs from the others. There are three: SQLite,
// PostgreSQL and MySQL.
type Dialect struct {
	name      string
	quote     string // around a name
	numbered  bool   // placeholders are $1, $2; else ?
	text      bool   // moments are wall clocks, sent and read as text; else instants
	oneWriter bool   // a second writer is turned away instead of waiting in a queue

	data string // how the data are read, {data} being their column
	size string // their length in bytes
	date string // how the moment of expiry is read, {date} being its column
	// same is how key and data are compared byte for byte where = is not exact;
	// %[1]s is the column and %[2]s the placeholder.
	same string
	// reap removes some of what has expired: {now} is a placeholder, {rows} that
	// of the number of rows, {and} a further condition that comes between them.
	reap string
	// upsert makes an INSERT INTO {table} AS was, whose key is in use, an UPDATE;
	// empty if there is no such thing that can be trusted.
	upsert string
	cast   string // behind the placeholder of a moment

	// fault tells what an error of the database means.
	fault func(err error) fault
}

// String is the name of the database.
func (d *Dialect) String() string { return d.name }

// statements are the constant parts.
type statements struct {
	table, load, delete, reap, upsert string
}

func (d *Dialect) statements(table string, l *Layout) statements {
	in := strings.NewReplacer("{table}", table, "{key}", l.Key, "{data}", l.Data, "{date}", l.Date).Replace
	return statements{
		table: table,
		// What is over the limit is not read: its length is.
		load: in("SELECT {key}, CASE WHEN " + d.size + " <= %s THEN " + d.data + " END, " +
			d.size + ", " + d.date + " FROM {table}"),
		delete: in("DELETE FROM {table}"),
		reap:   in(d.reap),
		upsert: in(d.upsert),
	}
}

// quoteTable quotes the name of a table, which a dot may part from its schema.
func (d *Dialect) quoteTable(name string) (string, error) {
	parts := strings.Split(name, ".")
	if len(parts) > 2 {
		return "", fmt.Errorf("%w: the table has more than one dot in its name", djsession.ErrConfig)
	}
	for i, p := range parts {
		if !validName(p) {
			return "", fmt.Errorf("%w: %q is no name for a table", djsession.ErrConfig, name)
		}
		parts[i] = d.quoteName(p)
	}
	return strings.Join(parts, "."), nil
}

func (d *Dialect) quoteName(name string) string { return d.quote + name + d.quote }

// validName tells whether a name can be quoted on every database: no quotes, no
// control characters, and no longer than PostgreSQL keeps.
func validName(name string) bool {
	return name != "" && len(name) <= 63 && !strings.ContainsFunc(name, func(r rune) bool {
		return r < ' ' || r == 0x7f || strings.ContainsRune("\"`'\\[];%", r)
	})
}

// query is a statement in the making.
type query struct {
	t    *Table
	b    strings.Builder
	args []any
}

func (t *Table) query() *query { return &query{t: t} }

func (q *query) text() string { return q.b.String() }

// add appends sql, in which %s stands for the limit of the payload.
func (q *query) add(sql string) {
	before, after, found := strings.Cut(sql, "%s")
	q.b.WriteString(before)
	if found {
		q.b.WriteString(q.arg(int64(q.t.site.Limits().Payload)))
		q.b.WriteString(after)
	}
}

// arg returns a placeholder for v. A time is given the form of the dialect.
func (q *query) arg(v any) string {
	if m, ok := v.(time.Time); ok {
		v = q.t.moment(m)
	}
	q.args = append(q.args, v)
	if q.t.d.numbered {
		return "$" + strconv.Itoa(len(q.args))
	}
	return "?"
}

// moment returns a placeholder for m where it meets expire_date.
func (q *query) moment(m time.Time) string { return q.arg(m) + q.t.d.cast }

// where appends the condition that key, and data unless it is nil, are stored.
func (q *query) where(key string, data *string) {
	l := q.t.layout
	q.b.WriteString(" WHERE " + l.Key + " = " + q.arg(key))
	same := q.t.d.same
	if same != "" {
		// As bytes, which no character set of a connection turns into others.
		fmt.Fprintf(&q.b, " AND "+same, l.Key, q.arg([]byte(key)))
	}
	switch {
	case data == nil:
	case same != "":
		fmt.Fprintf(&q.b, " AND "+same, l.Data, q.arg([]byte(*data)))
	default:
		q.b.WriteString(" AND " + l.Data + " = " + q.arg(*data))
	}
}

// begins appends the condition that the key begins with prefix, byte for byte.
// A range of the index would not do: under the collations of some languages a
// key is not between its prefix and what comes after that.
func (q *query) begins(prefix string) {
	head := fmt.Sprintf("substr(%s, 1, %d)", q.t.layout.Key, utf8.RuneCountInString(prefix))
	if same := q.t.d.same; same != "" {
		fmt.Fprintf(&q.b, same, head, q.arg([]byte(prefix)))
		return
	}
	q.b.WriteString(head + " = " + q.arg(prefix))
}

// insert appends an INSERT; as is what follows the name of the table.
func (q *query) insert(as, key, text string, r *djsession.Record, extra func(*djsession.Record) map[string]any) error {
	l := q.t.layout
	columns := l.Key + ", " + l.Data + ", " + l.Date
	values := q.arg(key) + ", " + q.arg(text) + ", " + q.moment(r.Expires)
	err := q.extra(r, extra, func(column string, v any) {
		columns += ", " + column
		values += ", " + q.arg(v)
	})
	q.b.WriteString("INSERT INTO " + q.t.sql.table + as + " (" + columns + ") VALUES (" + values + ")")
	return err
}

func (q *query) update(text string, r *djsession.Record, extra func(*djsession.Record) map[string]any) error {
	q.b.WriteString("UPDATE " + q.t.sql.table + " SET " + q.t.layout.Data + " = " + q.arg(text) + ", " + q.t.layout.Date + " = " + q.moment(r.Expires))
	return q.extra(r, extra, q.assign)
}

func (q *query) touch(expires time.Time, extra func(*djsession.Record) map[string]any) error {
	q.b.WriteString("UPDATE " + q.t.sql.table + " SET " + q.t.layout.Date + " = " + q.moment(expires))
	return q.extra(nil, extra, q.assign)
}

func (q *query) assign(column string, v any) { q.b.WriteString(", " + column + " = " + q.arg(v)) }

// extra calls add for each column that f returns, in the order of the names, so
// that a statement has one text whatever the order of the map.
func (q *query) extra(r *djsession.Record, f func(*djsession.Record) map[string]any, add func(column string, v any)) error {
	if f == nil {
		return nil
	}
	values := f(r)
	for _, column := range slices.Sorted(maps.Keys(values)) {
		if l := q.t.layout; !validName(column) || column == l.Key || column == l.Data || column == l.Date {
			return fmt.Errorf("%w: %q is no further column", djsession.ErrConfig, column)
		}
		add(q.t.d.quoteName(column), values[column])
	}
	return nil
}

// reap appends the statement that removes up to n rows that expired before now,
// of those whose key begins with prefix. The placeholders are numbered in the
// order of their use.
func (q *query) reap(now time.Time, prefix string, n int64) {
	before, after, _ := strings.Cut(q.t.sql.reap, "{and}")
	cutoff := q.moment(now)
	q.b.WriteString(strings.ReplaceAll(before, "{now}", cutoff))
	if prefix != "" {
		q.b.WriteString(" AND ")
		q.begins(prefix)
	}
	q.b.WriteString(strings.ReplaceAll(after, "{rows}", q.arg(n)))
}
