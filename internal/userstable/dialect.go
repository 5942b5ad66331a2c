package userstable

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// Dialect is how one database differs from the others. There are three: SQLite,
// PostgreSQL and MySQL.
type Dialect struct {
	quotes   string // around a name
	numbered bool   // placeholders are $1, $2; else ?
	wall     bool   // moments are wall clocks, sent and read as text; else instants
	// columns lists the columns of a table: its name, type, and whether it is of
	// the primary key. {table} is a placeholder of the table, {schema} of its
	// schema, which may be "".
	columns string
	// text, in an expression, is how anything is read as text, %s being a column.
	text string
	// exact is how a text is compared byte for byte, %s being a column, with one
	// that is sent as bytes if binary is set, which no character set of a
	// connection turns into others.
	exact  string
	binary bool
	// stays: an UPDATE that changes nothing does not count the row.
	stays bool
	fault func(error) fault
}

// The three databases.
var (
	SQLite = &Dialect{
		quotes:  `"`,
		wall:    true,
		text:    "CAST(%s AS TEXT)",
		exact:   "%s",
		columns: "SELECT name, type, pk FROM pragma_table_info({table}, NULLIF({schema}, ''))",
		fault:   sqliteFault,
	}
	PostgreSQL = &Dialect{
		quotes:   `"`,
		numbered: true,
		text:     "%s::text",
		exact:    "%s",
		columns: "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), CASE WHEN i.indrelid IS NULL THEN 0 ELSE 1 END" +
			" FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey)" +
			" WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = to_regclass(CASE WHEN {schema}::text = '' THEN ''" +
			" ELSE quote_ident({schema}::text) || '.' END || quote_ident({table}::text))::oid",
		fault: postgresFault,
	}
	// MySQL is MySQL and MariaDB. Text is compared as its collation has it, and
	// dates are text so that the driver's options parseTime and loc do not matter.
	MySQL = &Dialect{
		quotes: "`",
		wall:   true,
		text:   "CAST(%s AS CHAR)",
		exact:  "CAST(%s AS BINARY)",
		binary: true,
		stays:  true,
		columns: "SELECT column_name, column_type, column_key = 'PRI' FROM information_schema.columns" +
			" WHERE table_name = {table} AND table_schema = COALESCE(NULLIF({schema}, ''), DATABASE())",
		fault: mysqlFault,
	}
)

// table quotes the name of a table, which a dot may part from its schema.
func (d *Dialect) table(schema, name string) (string, error) {
	schema, name, err := splitTable(schema, name)
	if err != nil {
		return "", err
	}
	quoted, err := d.quote(name)
	if err != nil || schema == "" {
		return quoted, err
	}
	in, err := d.quote(schema)
	return in + "." + quoted, err
}

// splitTable parts the name of a table from its own schema, if it has one.
func splitTable(schema, name string) (string, string, error) {
	before, after, dotted := strings.Cut(name, ".")
	switch {
	case strings.Contains(after, "."):
		return "", "", fmt.Errorf("%w: the table has more than one dot in its name", djsession.ErrConfig)
	case dotted:
		return before, after, nil
	}
	return schema, name, nil
}

// quote quotes a name. None can be quoted that has a quote in it.
func (d *Dialect) quote(name string) (string, error) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return r < ' ' || r == 0x7f || strings.ContainsRune("\"`'\\[];%?", r)
	}) {
		return "", fmt.Errorf("%w: %q is no name for a table or column", djsession.ErrConfig, name)
	}
	return d.quotes + name + d.quotes, nil
}

func (d *Dialect) asText(column string) string { return strings.Replace(d.text, "%s", column, 1) }

func (d *Dialect) exactly(column string) string { return strings.Replace(d.exact, "%s", column, 1) }

func (d *Dialect) moment(column string) string {
	if d.wall {
		return d.asText(column)
	}
	return column
}

// arg is the placeholder of the nth argument.
func (d *Dialect) arg(n int) string {
	if d.numbered {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// id is the placeholder of an id, with a type of its own where the driver would
// else take it for that of the column, which may be too small.
func (d *Dialect) id(n int, kind djauth.IDKind) string {
	switch {
	case !d.numbered, kind == djauth.TextID:
		return d.arg(n)
	case kind == djauth.UUIDID:
		return d.arg(n) + "::uuid"
	}
	return d.arg(n) + "::bigint"
}

// idArg is what is sent for an id that IDKind.Parse returned. A UUID that has no
// type of its own is kept as 32 digits; MariaDB's type takes them too.
func (d *Dialect) idArg(kind djauth.IDKind, id string) (any, bool) {
	switch {
	case kind == djauth.IntegerID:
		n, err := strconv.ParseInt(id, 10, 64)
		return n, err == nil
	case kind == djauth.UUIDID && !d.numbered:
		return strings.ReplaceAll(id, "-", ""), true
	}
	return id, storable(id)
}

// exactArg is a text that is compared by exactly.
func (d *Dialect) exactArg(text string) any {
	if d.binary {
		return []byte(text)
	}
	return text
}

// fault is what an error of a database means to us.
type fault int

const (
	faultOther fault = iota
	faultRetry       // another try may succeed: locked, deadlock, serialization
	faultNoTable
	faultColumn // a column is missing or of another type
	faultTooLong
	faultForeign // a text that the column's character set or type lacks, so that no row has it
	faultDenied
	faultReadOnly
)

// sqliteFault goes by the result code where the driver's error has a method Code
// (modernc.org/sqlite), and else by the words, which are SQLite's own.
func sqliteFault(err error) fault {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		switch coded.Code() & 0xff {
		case 5, 6: // BUSY, LOCKED
			return faultRetry
		case 8: // READONLY
			return faultReadOnly
		}
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "is locked"):
		return faultRetry
	case strings.Contains(text, "readonly database"):
		return faultReadOnly
	case strings.Contains(text, "no such table"):
		return faultNoTable
	case strings.Contains(text, "no such column"):
		return faultColumn
	}
	return faultOther
}

// postgresFault goes by the method SQLState, which the errors of pgx and lib/pq
// both have.
func postgresFault(err error) fault {
	var state interface{ SQLState() string }
	if !errors.As(err, &state) {
		return faultOther
	}
	switch state.SQLState() {
	case "40001", "40P01", "0A000": // serialization, deadlock, a prepared statement that a migration made stale
		return faultRetry
	case "42P01", "3F000": // undefined_table, invalid_schema_name
		return faultNoTable
	case "42703", "42804", "42883", "42846": // undefined_column, other types
		return faultColumn
	case "22P02", "22003", // invalid text, out of range: for a column of numbers
		"22P05", "22021": // characters that the database does not have
		return faultForeign
	case "22001": // string_data_right_truncation
		return faultTooLong
	case "42501": // insufficient_privilege
		return faultDenied
	case "25006": // read_only_sql_transaction
		return faultReadOnly
	}
	return faultOther
}

// mysqlFault goes by the number that the texts of the drivers begin with, as in
// "Error 1146 (42S02): ". The error has it in a field, out of reach without the
// driver's package.
func mysqlFault(err error) fault {
	for err != nil {
		switch mysqlNumber(err.Error()) {
		case 1020, 1205, 1213: // ER_CHECKREAD, ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK
			return faultRetry
		case 1049, 1146: // ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE
			return faultNoTable
		case 1054: // ER_BAD_FIELD_ERROR
			return faultColumn
		case 1406: // ER_DATA_TOO_LONG
			return faultTooLong
		case 1267, 1270, 1271, 3988:
			// ER_CANT_AGGREGATE_2COLLATIONS, 3 and more; ER_IMPOSSIBLE_STRING_CONVERSION
			return faultForeign
		case 1044, 1142, 1143: // access denied to the database, table, column
			return faultDenied
		case 1290, 1792, 1836: // read-only server or transaction
			return faultReadOnly
		}
		err = errors.Unwrap(err)
	}
	return faultOther
}

func mysqlNumber(text string) int {
	if len(text) < 6 || !strings.EqualFold(text[:6], "error ") {
		return 0
	}
	digits := text[6:]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	n, _ := strconv.Atoi(digits)
	return n
}
