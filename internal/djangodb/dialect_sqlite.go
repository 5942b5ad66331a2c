package djangodb

import (
	"errors"
	"strings"
)

// SQLite keeps moments as text and compares them as text.
//
// A driver that sees the column type "datetime" hands out a time.Time, and each
// has a way of its own to write one; CAST makes a text of it for all of them.
// The length of a text is counted up to a zero byte, that of a blob is not.
var SQLite = &Dialect{
	name:      "SQLite",
	quote:     `"`,
	text:      true,
	oneWriter: true,
	data:      "{data}",
	size:      "length(CAST({data} AS BLOB))",
	date:      "CAST({date} AS TEXT)",
	reap: "DELETE FROM {table} WHERE {key} IN " +
		"(SELECT {key} FROM {table} WHERE {date} < {now}{and} LIMIT {rows})",
	upsert: " ON CONFLICT ({key}) DO UPDATE SET {data} = excluded.{data}, {date} = excluded.{date}",
	fault:  sqliteFault,
}

// sqliteFault goes by the extended result code where the driver's error has a
// method Code (modernc.org/sqlite), and else by the words, which are those of
// the SQLite library itself and therefore the same under every driver.
func sqliteFault(err error) fault {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		switch code := coded.Code(); code {
		case 1555, 2067: // CONSTRAINT_PRIMARYKEY, CONSTRAINT_UNIQUE
			return faultTaken
		case 1299: // CONSTRAINT_NOTNULL
			return faultRequired
		default:
			switch code & 0xff {
			case 5, 6: // BUSY, LOCKED
				return faultRetry
			case 8: // READONLY
				return faultReadOnly
			case 18: // TOOBIG
				return faultTooLarge
			}
		}
	}
	text := err.Error()
	for _, w := range []struct {
		words string
		fault fault
	}{
		{"UNIQUE constraint failed", faultTaken},
		{"NOT NULL constraint failed", faultRequired},
		{"is locked", faultRetry}, // "database", "database table", "database schema"
		{"readonly database", faultReadOnly},
		{"string or blob too big", faultTooLarge},
		{"no such table", faultNoTable},
		{"no such column", faultColumn},
		{"has no column named", faultColumn},
	} {
		if strings.Contains(text, w.words) {
			return w.fault
		}
	}
	return faultOther
}
