package djangodb

import (
	"strconv"
	"strings"
)

// MySQL is MySQL and MariaDB. They keep wall clocks, and most collations take a
// key in capitals or with a space behind it for the same key.
//
// So key and data are compared as bytes, beside the plain comparison that finds
// the row by the index; and data are read as the bytes of the column, whatever
// character set the connection has. Dates are text, so that the driver's
// options parseTime and loc do not matter. Rows to remove are taken in the order
// of the index on expire_date.
//
// There is no upsert: ON DUPLICATE KEY UPDATE would take another key that the
// collation takes for this one, and what it counts does not tell whether it has
// changed a row.
var MySQL = &Dialect{
	name:  "MySQL",
	quote: "`",
	text:  true,
	data:  "CAST({data} AS BINARY)",
	size:  "LENGTH({data})",
	date:  "CAST({date} AS CHAR)",
	same:  "CAST(%[1]s AS BINARY) = %[2]s",
	reap:  "DELETE FROM {table} WHERE {date} < {now}{and} ORDER BY {date} LIMIT {rows}",
	fault: mysqlFault,
}

// mysqlFault goes by the error number. go-sql-driver has it in a field, which
// cannot be reached without importing the driver; but its texts begin "Error
// 1062 (23000): ", and those of other drivers in much the same way.
func mysqlFault(err error) fault {
	for _, text := range texts(err) {
		switch errorNumber(text) {
		case 1062: // ER_DUP_ENTRY
			return faultTaken
		case 1205, 1213: // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK
			return faultRetry
		case 1020: // ER_CHECKREAD: MariaDB's snapshot isolation
			return faultRetry
		case 1153, 1406: // ER_NET_PACKET_TOO_LARGE, ER_DATA_TOO_LONG
			return faultTooLarge
		case 1049, 1146: // ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE
			return faultNoTable
		case 1054, 1264, 1292, 1366: // ER_BAD_FIELD_ERROR, out of range, wrong value
			return faultColumn
		case 1048, 1364: // ER_BAD_NULL_ERROR, ER_NO_DEFAULT_FOR_FIELD
			return faultRequired
		case 1044, 1142, 1143: // access denied to the database, table, column
			return faultDenied
		case 1290, 1792, 1836: // read-only server or transaction
			return faultReadOnly
		}
		// The driver's own words, and those of the server with an unspecific number.
		if strings.Contains(text, "packet for query is too large") || strings.Contains(text, "max_allowed_packet") {
			return faultTooLarge
		}
	}
	return faultOther
}

// errorNumber reads the number of a text like "Error 1062 (23000): ...".
func errorNumber(text string) int {
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

// texts returns the text of err and of all that it wraps.
func texts(err error) []string {
	all := []string{err.Error()}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			all = append(all, texts(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, texts(inner)...)
		}
	}
	return all
}
