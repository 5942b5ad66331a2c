package sqldb

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/fault"
)

// Fault is what an error of a database means.
type Fault int

const (
	FaultOther    Fault = iota
	FaultRetry          // another try may succeed: locked, deadlock, serialization
	FaultTaken          // the key, or another value that must be unique, is in use
	FaultTooLong        // the column is too short for the value
	FaultTooLarge       // the database takes no value or statement of that size
	FaultNoTable
	FaultColumn   // a column is missing or of another type
	FaultValue    // a text does not say a value of the column's type
	FaultForeign  // a value that the column's type or character set lacks
	FaultRequired // a column wants a value that was not given
	FaultDenied
	FaultReadOnly
	FaultLost   // the connection is closed, and the statement may have been carried out
	FaultUnsent // the connection is closed, and the statement was not carried out
)

// sqliteFault goes by the extended result code where the driver's error has a
// method Code (modernc.org/sqlite), and else by the words, which are those of
// the SQLite library itself and therefore the same under every driver.
func sqliteFault(err error) Fault {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		switch code := coded.Code(); code {
		case 1555, 2067: // CONSTRAINT_PRIMARYKEY, CONSTRAINT_UNIQUE
			return FaultTaken
		case 1299: // CONSTRAINT_NOTNULL
			return FaultRequired
		default:
			switch code & 0xff {
			case 5, 6: // BUSY, LOCKED
				return FaultRetry
			case 8: // READONLY
				return FaultReadOnly
			case 18: // TOOBIG
				return FaultTooLarge
			}
		}
	}
	text := err.Error()
	for _, w := range []struct {
		words string
		fault Fault
	}{
		{"UNIQUE constraint failed", FaultTaken},
		{"NOT NULL constraint failed", FaultRequired},
		{"is locked", FaultRetry}, // "database", "database table", "database schema"
		{"readonly database", FaultReadOnly},
		{"string or blob too big", FaultTooLarge},
		{"no such table", FaultNoTable},
		{"no such column", FaultColumn},
		{"has no column named", FaultColumn},
	} {
		if strings.Contains(text, w.words) {
			return w.fault
		}
	}
	return FaultOther
}

// postgresFault goes by the method SQLState, which the errors of pgx and lib/pq
// both have.
func postgresFault(err error) Fault {
	switch code := fault.State(err); code {
	case "23505": // unique_violation
		return FaultTaken
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return FaultRetry
	case "0A000":
		// feature_not_supported: a migration has changed the table, and the
		// driver's prepared statement does not fit it. The error makes it forget it.
		return FaultRetry
	case "22001": // string_data_right_truncation
		return FaultTooLong
	case "54000": // program_limit_exceeded
		return FaultTooLarge
	case "42P01", "3F000": // undefined_table, invalid_schema_name
		return FaultNoTable
	case "42703", "42804", "42883", "42846", "22007":
		// undefined_column, datatype_mismatch, undefined_function (no such
		// comparison), cannot_coerce, invalid_datetime_format
		return FaultColumn
	case "22P02": // invalid_text_representation
		return FaultValue
	case "22003", "22P05", "22021":
		// numeric_value_out_of_range, untranslatable_character,
		// character_not_in_repertoire
		return FaultForeign
	case "23502": // not_null_violation
		return FaultRequired
	case "42501": // insufficient_privilege
		return FaultDenied
	case "25006": // read_only_sql_transaction
		return FaultReadOnly
	default:
		return postgresLost(code, err)
	}
}

// mysqlFault goes by the error number.
func mysqlFault(err error) Fault {
	switch fault.Number(err) {
	case 1062: // ER_DUP_ENTRY
		return FaultTaken
	case 1205, 1213: // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK
		return FaultRetry
	case 1020: // ER_CHECKREAD: MariaDB's snapshot isolation
		return FaultRetry
	case 1406: // ER_DATA_TOO_LONG
		return FaultTooLong
	case 1153: // ER_NET_PACKET_TOO_LARGE
		return FaultTooLarge
	case 1049, 1146: // ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE
		return FaultNoTable
	case 1054, 1264, 1292, 1366: // ER_BAD_FIELD_ERROR, out of range, wrong value
		return FaultColumn
	case 1267, 1270, 1271, 3988:
		// ER_CANT_AGGREGATE_2COLLATIONS, 3 and more; ER_IMPOSSIBLE_STRING_CONVERSION
		return FaultForeign
	case 1048, 1364: // ER_BAD_NULL_ERROR, ER_NO_DEFAULT_FOR_FIELD
		return FaultRequired
	case 1044, 1142, 1143: // access denied to the database, table, column
		return FaultDenied
	case 1290, 1792, 1836: // read-only server or transaction
		return FaultReadOnly
	case 1053, 1927, 4031:
		// ER_SERVER_SHUTDOWN; ER_CONNECTION_KILLED of MariaDB; ER_CLIENT_INTERACTION_TIMEOUT
		return FaultLost
	}
	// The driver's own words, and those of the server with an unspecific number.
	if errtext.Says(err, "packet for query is too large") || errtext.Says(err, "max_allowed_packet") {
		return FaultTooLarge
	}
	return FaultOther
}

// Pooler returns what the text of an error says besides, when err is what PostgreSQL
// answers because a connection pooler, such as PgBouncer in transaction mode, has
// sent a statement to another connection than the one that prepared it; or what the
// pooler itself answers to a parameter that it does not know. Else it is "".
func Pooler(err error) string {
	code := fault.State(err)
	switch {
	case code == "08P01" && strings.Contains(err.Error(), "startup parameter"):
		return fmt.Sprintf(": the connection pooler takes no such parameter at the start (SQLSTATE %s): leave it out of the DSN, or name it in ignore_startup_parameters", code)
	case code == "42P05", code == "26000", code == "08P01" && fault.Of(err) == fault.Unknown:
		// duplicate_prepared_statement, invalid_sql_statement_name, protocol_violation
		return fmt.Sprintf(": a connection pooler does not keep prepared statements (SQLSTATE %s): "+
			"put default_query_exec_mode=cache_describe into the DSN of pgx, or let the pooler keep them (max_prepared_statements of PgBouncer 1.21)", code)
	}
	return ""
}
