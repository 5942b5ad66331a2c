package djangodb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// statements are the constant parts.
type statements struct {
	table, load, delete, upsert string
	loadUser                    string // load, with what a table of users has more
	// one loads the row of a key, and swap updates it if it still holds a text. Both are
	// whole: these two are most of what a site does.
	one, swap string
	// reaps are the statements that remove expired rows: the first that the table takes.
	reaps []string
}

func newStatements(d *sqldb.Dialect, table string, l *Layout) statements {
	// Of a value over the limit it reads only the length.
	load := "SELECT " + l.Key + ", CASE WHEN " + d.Size(l.Data) + " <= %s THEN " + d.Bytes(l.Data) + " END, " +
		d.Size(l.Data) + ", " + d.Moment(l.Date)
	ip := "ip"
	if d == sqldb.PostgreSQL {
		ip = "host(ip)"
	}
	s := statements{
		table:    table,
		load:     load + " FROM " + table,
		loadUser: load + ", user_agent, " + ip + " FROM " + table,
		delete:   "DELETE FROM " + table,
	}
	for _, reap := range reaps[d] {
		s.reaps = append(s.reaps, strings.NewReplacer("{table}", table, "{key}", l.Key, "{date}", l.Date).Replace(reap))
	}
	if d.Upserts {
		s.upsert = " ON CONFLICT (" + l.Key + ") DO UPDATE SET " + l.Data + " = excluded." + l.Data + ", " + l.Date + " = excluded." + l.Date
	}
	return s
}

// reaps remove some of the rows that have expired. {now} and {rows}, the number of
// rows, are placeholders; {and} is a further condition between them. The first of a
// database takes the rows by their place; views, and other servers that speak the
// protocol of PostgreSQL, have no places, and take the second.
var reaps = map[*sqldb.Dialect][]string{
	sqldb.SQLite: {
		"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {date} < {now}{and} LIMIT {rows})",
		"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {date} < {now}{and} LIMIT {rows})",
	},
	// The ARRAY makes PostgreSQL choose the rows once; a join might choose again. The
	// outer comparison keeps a row that was renewed after it was chosen, and SKIP LOCKED
	// leaves rows to another reaper that works on them.
	sqldb.PostgreSQL: {
		"DELETE FROM {table} WHERE {date} < {now} AND ctid = ANY(ARRAY" +
			"(SELECT ctid FROM {table} WHERE {date} < {now}{and} LIMIT {rows} FOR UPDATE SKIP LOCKED))",
		"DELETE FROM {table} WHERE {date} < {now} AND {key} = ANY(ARRAY" +
			"(SELECT {key} FROM {table} WHERE {date} < {now}{and} LIMIT {rows} FOR UPDATE SKIP LOCKED))",
	},
	// Without the order MySQL may begin each statement at the first row of the table. See
	// also [reaper.byRanges].
	sqldb.MySQL: {"DELETE FROM {table} WHERE {date} < {now}{and} ORDER BY {date} LIMIT {rows}"},
}

// tooLong reports whether a name is longer than PostgreSQL keeps.
func tooLong(name string) bool { return len(name) > 63 }

// query builds a statement.
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

// arg returns a placeholder for v. It sends a time in the form of the database.
func (q *query) arg(v any) string {
	if m, ok := v.(time.Time); ok {
		v = q.t.moment(m)
	}
	q.args = append(q.args, v)
	return q.t.db.Placeholder(len(q.args))
}

// moment returns a placeholder for m that can be compared with expire_date.
func (q *query) moment(m time.Time) string { return q.t.db.AsMoment(q.arg(m)) }

// where appends the condition that the row has key and, unless it is nil, data.
func (q *query) where(key string, data *string) {
	l := q.t.layout
	q.b.WriteString(" WHERE " + l.Key + " = " + q.arg(key))
	if q.t.db.Collates {
		q.b.WriteString(" AND " + q.exact(l.Key, key))
	}
	if data != nil {
		q.b.WriteString(" AND " + q.exact(l.Data, *data))
	}
}

// prepare fills in the statements that are whole.
func (t *Table) prepare() {
	q := t.query()
	q.add(t.sql.load)
	q.b.WriteString(" WHERE " + t.layout.Key + " = " + q.arg(""))
	t.sql.one = q.text()
	t.db.Keep(t.sql.one)
	if t.update == nil {
		q, none := t.query(), ""
		_ = q.update("", &djsession.Record{}, nil) // nothing of it can fail
		q.where("", &none)
		t.sql.swap = q.text()
		t.db.Keep(t.sql.swap)
	}
}

// keys appends the condition that the row has one of keys, or one that the database
// takes for it.
func (q *query) keys(keys []string) {
	q.b.WriteString(" WHERE " + q.t.layout.Key)
	if q.t.db.Numbered {
		q.b.WriteString(sqldb.InArray(q.arg(sqldb.Array(keys)), "text"))
		return
	}
	before := " IN ("
	for _, key := range keys {
		q.b.WriteString(before + q.arg(key))
		before = ", "
	}
	q.b.WriteString(")")
}

// exact returns the condition that a column holds text, byte for byte.
func (q *query) exact(column, text string) string {
	return q.t.db.Exact(column, q.arg(q.t.db.ExactArg(text)))
}

// begins appends the condition that the key begins with prefix, byte for byte.
// A range of the index would be wrong: under the collations of some languages a key
// does not lie between its prefix and the next text after that.
func (q *query) begins(prefix string) {
	q.b.WriteString(q.exact(fmt.Sprintf("substr(%s, 1, %d)", q.t.layout.Key, utf8.RuneCountInString(prefix)), prefix))
}

// insert appends an INSERT; as follows the name of the table.
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

func (q *query) cycle(key, text string, r *djsession.Record, extra func(*djsession.Record) map[string]any) error {
	l := q.t.layout
	q.b.WriteString("UPDATE " + q.t.sql.table + " SET " + l.Key + " = " + q.arg(key) + ", " + l.Data + " = " + q.arg(text) + ", " + l.Date + " = " + q.moment(r.Expires))
	return q.extra(r, extra, q.assign)
}

func (q *query) touch(expires time.Time, extra func(*djsession.Record) map[string]any) error {
	q.b.WriteString("UPDATE " + q.t.sql.table + " SET " + q.t.layout.Date + " = " + q.moment(expires))
	return q.extra(nil, extra, q.assign)
}

func (q *query) assign(column string, v any) { q.b.WriteString(", " + column + " = " + q.arg(v)) }

// extra calls add for each column that f returns, in the order of the names: a
// statement then has the same text each time.
func (q *query) extra(r *djsession.Record, f func(*djsession.Record) map[string]any, add func(column string, v any)) error {
	if f == nil {
		return nil
	}
	values := f(r)
	for _, column := range slices.Sorted(maps.Keys(values)) {
		quoted, err := q.t.db.Quote(column)
		if l := q.t.layout; err != nil || tooLong(column) || column == l.Key || column == l.Data || column == l.Date {
			return fmt.Errorf("%w: %q is no further column", djsession.ErrConfig, column)
		}
		add(quoted, values[column])
	}
	return nil
}

// reap appends the statement that removes up to n rows that expired before now and
// whose key begins with prefix. It numbers the placeholders in the order of use.
func (q *query) reap(sql string, now time.Time, prefix string, n int64) {
	before, after, _ := strings.Cut(sql, "{and}")
	cutoff := q.moment(now)
	q.b.WriteString(strings.ReplaceAll(before, "{now}", cutoff))
	if prefix != "" {
		q.b.WriteString(" AND ")
		q.begins(prefix)
	}
	q.b.WriteString(strings.ReplaceAll(after, "{rows}", q.arg(n)))
}
