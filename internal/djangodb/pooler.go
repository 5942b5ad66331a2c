package djangodb

import (
	"errors"
	"fmt"
	"strings"
)

// Pooler says what the text of an error says besides, when err is what PostgreSQL
// answers because a connection pooler, such as PgBouncer in transaction mode, has
// sent a statement to another connection than the one that prepared it; or what the
// pooler answers itself to a parameter that it does not know. Else it is "".
func Pooler(err error) string {
	var state interface{ SQLState() string }
	if !errors.As(err, &state) {
		return ""
	}
	code := state.SQLState()
	switch {
	case code == "08P01" && strings.Contains(err.Error(), "startup parameter"):
		return fmt.Sprintf(": the connection pooler takes no such parameter at the start (SQLSTATE %s): leave it out of the DSN, or name it in ignore_startup_parameters", code)
	case code == "42P05", code == "26000", code == "08P01":
		// duplicate_prepared_statement, invalid_sql_statement_name, protocol_violation
		return fmt.Sprintf(": a connection pooler does not keep prepared statements (SQLSTATE %s): "+
			"put default_query_exec_mode=cache_describe into the DSN of pgx, or let the pooler keep them (max_prepared_statements of PgBouncer 1.21)", code)
	}
	return ""
}
