package sqldb

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// Dialect is how one database differs from the others. There are three: [SQLite],
// [PostgreSQL] and [MySQL].
type Dialect struct {
	name      string
	quote     string // around a name
	oneWriter bool   // a second writer is turned away instead of waiting in a queue
	wall      bool   // moments are wall clocks, sent and read as text; else instants

	// Numbered: placeholders are $1 and $2, which may stand in a statement more than
	// once; else ?.
	Numbered bool
	// Upserts: INSERT ... ON CONFLICT does what it says.
	Upserts bool
	// Collates: = also finds a text that differs from the one that is asked for.
	Collates bool
	// Stays: an UPDATE that changes nothing does not count the row, unless the
	// caller's handle asks for found rows.
	Stays bool
	// UUIDs have a type of their own; else they are 32 digits.
	UUIDs bool

	// Expressions, in which {} stands for a column or a placeholder.
	text   string // anything as text
	bytes  string // a text as it is stored, whatever character set the connection has
	size   string // the length of a text in bytes
	exact  string // a text that compares byte for byte with a [Dialect.ExactArg]
	moment string // the placeholder of a moment where it meets a column
	stamp  string // a moment for [Clock.Dest]; "" is anything as text

	// columns lists the columns of a table: their name, type, and whether they are
	// of the primary key. {table} and {schema} are placeholders, the latter of a
	// name that may be "".
	columns string
	// references lists what {column} points to: a table, and its column or NULL.
	references string
	fault      func(error) Fault
}

// SQLite keeps moments as text and compares them as text.
//
// A driver that sees the column type "datetime" hands out a time.Time, and each
// has a way of its own to write one; CAST makes a text of it for all of them.
// The length of a text is counted up to a zero byte, that of a blob is not.
var SQLite = &Dialect{
	name:      "SQLite",
	quote:     `"`,
	oneWriter: true,
	wall:      true,
	Upserts:   true,
	text:      "CAST({} AS TEXT)",
	bytes:     "{}",
	size:      "length(CAST({} AS BLOB))",
	exact:     "{}",
	moment:    "{}",
	// SQLite takes numbers for less than any text, and blobs for more.
	stamp:      "CASE typeof({}) WHEN 'text' THEN {} WHEN 'blob' THEN '" + blob + "' || CAST({} AS TEXT) WHEN 'null' THEN NULL ELSE '' END",
	columns:    "SELECT name, type, pk FROM pragma_table_info({table}, NULLIF({schema}, ''))",
	references: `SELECT "table", "to" FROM pragma_foreign_key_list({table}, NULLIF({schema}, '')) WHERE "from" = {column}`,
	fault:      sqliteFault,
}

// PostgreSQL keeps instants, whatever USE_TZ says, and compares text exactly.
//
// The length of a text that is stored out of line is known without reading it.
// Moments are cast, so that a column of type text is not compared as text.
var PostgreSQL = &Dialect{
	name:     "PostgreSQL",
	quote:    `"`,
	Numbered: true,
	Upserts:  true,
	UUIDs:    true,
	text:     "{}::text",
	bytes:    "{}",
	size:     "octet_length({})::bigint",
	exact:    "{}",
	moment:   "{}::timestamptz",
	// Drivers have no time.Time for these two.
	stamp: "CASE {} WHEN 'infinity' THEN '20000-01-01 00:00:00+00' WHEN '-infinity' THEN '4000-01-01 00:00:00+00 BC' ELSE {} END",
	columns: "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), CASE WHEN i.indrelid IS NULL THEN 0 ELSE 1 END" +
		" FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey)" +
		" WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = to_regclass(CASE WHEN {schema}::text = '' THEN ''" +
		" ELSE quote_ident({schema}::text) || '.' END || quote_ident({table}::text))::oid",
	references: "SELECT f.relname::text, b.attname::text FROM pg_constraint c" +
		" JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]" +
		" JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]" +
		" JOIN pg_class f ON f.oid = c.confrelid" +
		" WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND a.attname = {column}::text" +
		" AND c.conrelid = to_regclass(CASE WHEN {schema}::text = '' THEN ''" +
		" ELSE quote_ident({schema}::text) || '.' END || quote_ident({table}::text))::oid",
	fault: postgresFault,
}

// MySQL is MySQL and MariaDB. They keep wall clocks, and most collations take a
// text in capitals or with a space behind it for the same text.
//
// So text that matters is compared as bytes, which no character set of a
// connection turns into others, and read as the bytes of the column. Dates are
// text, so that the driver's options parseTime and loc do not matter.
//
// There is no upsert: ON DUPLICATE KEY UPDATE would take another key that the
// collation takes for this one, and what it counts does not tell whether it has
// changed a row.
var MySQL = &Dialect{
	name:     "MySQL",
	quote:    "`",
	wall:     true,
	Collates: true,
	Stays:    true,
	text:     "CAST({} AS CHAR)",
	bytes:    "CAST({} AS BINARY)",
	size:     "LENGTH({})",
	exact:    "CAST({} AS BINARY)",
	moment:   "{}",
	columns: "SELECT column_name, column_type, column_key = 'PRI' FROM information_schema.columns" +
		" WHERE table_name = {table} AND table_schema = COALESCE(NULLIF({schema}, ''), DATABASE())",
	references: "SELECT referenced_table_name, referenced_column_name FROM information_schema.key_column_usage" +
		" WHERE table_name = {table} AND table_schema = COALESCE(NULLIF({schema}, ''), DATABASE())" +
		" AND column_name = {column} AND referenced_table_name IS NOT NULL",
	fault: mysqlFault,
}

// Named returns the Dialect with the String name, nil if there is none.
func Named(name string) *Dialect {
	for _, d := range []*Dialect{SQLite, PostgreSQL, MySQL} {
		if d.name == name {
			return d
		}
	}
	return nil
}

// String returns the name of the database, "" for nil.
func (d *Dialect) String() string {
	if d == nil {
		return ""
	}
	return d.name
}

// Table quotes the name of a table. A dot parts it from its schema, which else is
// schema, or none if that is "".
func (d *Dialect) Table(schema, name string) (string, error) {
	schema, name, err := SplitTable(schema, name)
	if err != nil {
		return "", err
	}
	quoted, err := d.Quote(name)
	if err != nil || schema == "" {
		return quoted, err
	}
	in, err := d.Quote(schema)
	return in + "." + quoted, err
}

// SplitTable parts the name of a table from its own schema, if it has one.
func SplitTable(schema, name string) (string, string, error) {
	before, after, dotted := strings.Cut(name, ".")
	switch {
	case strings.Contains(after, "."):
		return "", "", fmt.Errorf("%w: the table has more than one dot in its name", djsession.ErrConfig)
	case dotted && before == "":
		return "", "", fmt.Errorf("%w: %q is no name for a table", djsession.ErrConfig, name)
	case dotted:
		return before, after, nil
	}
	return schema, name, nil
}

// Quote quotes a name. It refuses quotes, placeholders and control characters.
func (d *Dialect) Quote(name string) (string, error) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return r < ' ' || r == 0x7f || strings.ContainsRune("\"`'\\[];%?", r)
	}) {
		return "", fmt.Errorf("%w: %q is no name for a table or column", djsession.ErrConfig, name)
	}
	return d.quote + name + d.quote, nil
}

// Placeholder returns the placeholder of the nth argument, the first being 1.
func (d *Dialect) Placeholder(n int) string {
	if d.Numbered {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// Text returns the expression that reads anything as text.
func (d *Dialect) Text(column string) string { return in(d.text, column) }

// Bytes returns the expression that reads a text as it is stored.
func (d *Dialect) Bytes(column string) string { return in(d.bytes, column) }

// Size returns the expression for the length of a text in bytes.
func (d *Dialect) Size(column string) string { return in(d.size, column) }

// Moment returns the expression that reads a moment: see [Clock.Dest].
func (d *Dialect) Moment(column string) string {
	return in(cmp.Or(d.stamp, d.text), column)
}

// AsMoment makes placeholder, that of a moment, one that is compared as a moment
// whatever the type of the column.
func (d *Dialect) AsMoment(placeholder string) string { return in(d.moment, placeholder) }

// Exact returns the condition that a text is, byte for byte, the [Dialect.ExactArg]
// of placeholder. No index serves it if the Dialect Collates.
func (d *Dialect) Exact(column, placeholder string) string {
	return in(d.exact, column) + " = " + placeholder
}

// ExactArg returns the argument for a text that Exact compares.
func (d *Dialect) ExactArg(text string) any {
	if d.Collates {
		return []byte(text)
	}
	return text
}

// Array returns an array of texts as PostgreSQL reads it. As one argument of type text it
// makes the same statement for any number of texts, and every driver can send it.
func Array(texts []string) string {
	var b strings.Builder
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	separator := `{"`
	for _, text := range texts {
		b.WriteString(separator)
		quote.WriteString(&b, text)
		separator = `","`
	}
	if len(texts) == 0 {
		return "{}"
	}
	b.WriteString(`"}`)
	return b.String()
}

// InArray returns the condition behind a column that the [Array] of placeholder, whose
// elements have a type, has its value. = ANY would compare each row with each element
// where PostgreSQL scans the table.
func InArray(placeholder, kind string) string {
	return " IN (SELECT unnest(" + placeholder + "::text::" + kind + "[]))"
}

// UUID returns the form of a UUID of 36 characters that a database keeps. A type
// of its own takes 32 digits too.
func (d *Dialect) UUID(text string) string {
	if d.UUIDs {
		return text
	}
	return strings.ReplaceAll(text, "-", "")
}

func in(expression, column string) string { return strings.ReplaceAll(expression, "{}", column) }
