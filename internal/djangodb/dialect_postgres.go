package djangodb

import "errors"

// PostgreSQL keeps instants, whatever USE_TZ says, and compares text exactly.
//
// The length of a text that is stored out of line is known without reading it.
// The keys to remove are chosen once, hence the ARRAY: a join might choose
// again. The date is compared once more, for a row that was renewed after it was
// chosen, and rows that another reaper works on are left to it.
//
// Moments are cast, so that a column of type text is not compared as text.
var PostgreSQL = &Dialect{
	name:     "PostgreSQL",
	quote:    `"`,
	numbered: true,
	data:     "{data}",
	size:     "octet_length({data})::bigint",
	date:     "{date}",
	cast:     "::timestamptz",
	reap: "DELETE FROM {table} WHERE {date} < {now} AND {key} = ANY(ARRAY" +
		"(SELECT {key} FROM {table} WHERE {date} < {now}{and} LIMIT {rows} FOR UPDATE SKIP LOCKED))",
	upsert: " ON CONFLICT ({key}) DO UPDATE SET {data} = excluded.{data}, {date} = excluded.{date}",
	fault:  postgresFault,
}

// postgresFault goes by the method SQLState, which the errors of pgx and lib/pq
// both have.
func postgresFault(err error) fault {
	var state interface{ SQLState() string }
	if !errors.As(err, &state) {
		return faultOther
	}
	switch state.SQLState() {
	case "23505": // unique_violation
		return faultTaken
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return faultRetry
	case "0A000":
		// feature_not_supported: a migration has changed the table, and the
		// driver's prepared statement does not fit it. Told so, it forgets it.
		return faultRetry
	case "22001", "54000": // string_data_right_truncation, program_limit_exceeded
		return faultTooLarge
	case "42P01", "3F000": // undefined_table, invalid_schema_name
		return faultNoTable
	case "42703", "42804", "42883", "42846", "22P02", "22007":
		// undefined_column, datatype_mismatch, undefined_function (no such
		// comparison), cannot_coerce, invalid text or datetime
		return faultColumn
	case "23502": // not_null_violation
		return faultRequired
	case "42501": // insufficient_privilege
		return faultDenied
	case "25006": // read_only_sql_transaction
		return faultReadOnly
	}
	return faultOther
}
