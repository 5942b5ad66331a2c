package djangodb

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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

	data string // how session_data is read
	size string // its length in bytes
	date string // how expire_date is read
	// same is how key and data are compared byte for byte where = is not exact;
	// %[1]s is the column and %[2]s the placeholder.
	same string
	// reap removes some of what has expired: %[1]s is the table, %[2]s now,
	// %[3]s the number of rows.
	reap string
	cast string // behind the placeholder of a moment

	// fault tells what an error of the database means.
	fault func(err error) fault
}

// String is the name of the database.
func (d *Dialect) String() string { return d.name }

// statements are the constant parts.
type statements struct {
	table, load, delete string
}

func (d *Dialect) statements(table string) statements {
	return statements{
		table: table,
		// What is over the limit is not read: its length is.
		load: "SELECT session_key, CASE WHEN " + d.size + " <= %s THEN " + d.data + " END, " +
			d.size + ", " + d.date + " FROM " + table,
		delete: "DELETE FROM " + table,
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
	q.b.WriteString(" WHERE session_key = " + q.arg(key))
	same := q.t.d.same
	if same != "" {
		// As bytes, which no character set of a connection turns into others.
		fmt.Fprintf(&q.b, " AND "+same, "session_key", q.arg([]byte(key)))
	}
	switch {
	case data == nil:
	case same != "":
		fmt.Fprintf(&q.b, " AND "+same, "session_data", q.arg([]byte(*data)))
	default:
		q.b.WriteString(" AND session_data = " + q.arg(*data))
	}
}

func (q *query) insert(key, text string, r *djsession.Record, extra func(*djsession.Record) map[string]any) error {
	columns := "session_key, session_data, expire_date"
	values := q.arg(key) + ", " + q.arg(text) + ", " + q.moment(r.Expires)
	err := q.extra(r, extra, func(column string, v any) {
		columns += ", " + column
		values += ", " + q.arg(v)
	})
	q.b.WriteString("INSERT INTO " + q.t.sql.table + " (" + columns + ") VALUES (" + values + ")")
	return err
}

func (q *query) update(text string, r *djsession.Record, extra func(*djsession.Record) map[string]any) error {
	q.b.WriteString("UPDATE " + q.t.sql.table + " SET session_data = " + q.arg(text) + ", expire_date = " + q.moment(r.Expires))
	return q.extra(r, extra, func(column string, v any) {
		q.b.WriteString(", " + column + " = " + q.arg(v))
	})
}

func (q *query) touch(expires time.Time) {
	q.b.WriteString("UPDATE " + q.t.sql.table + " SET expire_date = " + q.moment(expires))
}

// extra calls add for each column that f returns, in the order of the names, so
// that a statement has one text whatever the order of the map.
func (q *query) extra(r *djsession.Record, f func(*djsession.Record) map[string]any, add func(column string, v any)) error {
	if f == nil {
		return nil
	}
	values := f(r)
	for _, column := range slices.Sorted(maps.Keys(values)) {
		if !validName(column) || column == "session_key" || column == "session_data" || column == "expire_date" {
			return fmt.Errorf("%w: %q is no further column", djsession.ErrConfig, column)
		}
		add(q.t.d.quoteName(column), values[column])
	}
	return nil
}

// reap appends the statement that removes up to n rows that expired before now.
// The placeholders are numbered in the order of their use.
func (q *query) reap(now time.Time, n int64) {
	cutoff := q.moment(now)
	fmt.Fprintf(&q.b, q.t.d.reap, q.t.sql.table, cutoff, q.arg(n))
}
