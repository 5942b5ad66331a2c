package djsite

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-djsession/go-djsession/djsettings"
)

// parameter is something about a connection that the configuration of a server, a database
// or a user decides, unless the client sets it.
type parameter struct {
	name string
	// python says what Django or its driver sets; "" is nothing.
	python string
	// value is what every connection here has; "" leaves it to the server, or follows
	// the settings, as why says.
	value string
	why   string
}

// parameters lists what Django sets, and what could change the meaning of a statement.
var parameters = map[djsettings.DatabaseKind][]parameter{
	djsettings.PostgreSQL: {
		{"client_encoding", "UTF8", "UTF8", "texts of Go are UTF-8; pgx sends it at the start"},
		{"TimeZone", "TIME_ZONE of the database, or UTC", "", "connectionZone sets it: a wall clock of Django means a moment in this zone"},
		{"DateStyle", "ISO, by psycopg2", "ISO", "moments that are sent as text are read in this form"},
		{"standard_conforming_strings", "", "on", "psycopg asks the server how to quote; pgx quotes only for on"},
		{"role", "assume_role", "", "openPostgreSQL sets it"},
		{"search_path", "OPTIONS, if they say so", "", "openPostgreSQL sets it: where the tables are"},
		{"default_transaction_isolation", "", "", "each operation is one statement; a serialization failure is tried again"},
		{"default_transaction_read_only", "", "", "Django cannot save either: errors and doctor say so"},
		{"statement_timeout", "", "", "it limits Django as well; errors say so"},
		{"lock_timeout", "", "", "as statement_timeout"},
		{"idle_in_transaction_session_timeout", "", "", "no connection here is ever in a transaction"},
		{"idle_session_timeout", "", "", "a connection that it closes is replaced"},
		{"bytea_output", "", "", "no column is a bytea"},
		{"IntervalStyle", "", "", "no column is an interval"},
		{"default_transaction_deferrable", "", "", "it matters only to a transaction that is serializable and read-only"},
		{"quote_all_identifiers", "", "", "it matters only to what the server prints of its own statements"},
		{"lc_messages", "", "", "errors are known by their codes; a write on a connection that is ended in another language is not tried again"},
		{"row_security", "", "", "policies hold for Django as well"},
	},
	djsettings.MySQL: {
		{"autocommit", "1", "1", "without it nothing that is written lasts"},
		{"sql_auto_is_null", "0", "0", "with it, a search for NULL finds the row that was inserted last"},
		{"sql_safe_updates", "", "0", "Django deletes what has expired without a LIMIT or a key"},
		{"sql_select_limit", "", "18446744073709551615", "a list would end early, and look whole"},
		{"character_set_client", "utf8 or utf8mb4", "utf8mb4", "SET NAMES: the driver quotes values for it"},
		{"transaction_isolation", "READ COMMITTED, since Django 2.0", "", "isolation_level of OPTIONS, or Django's default"},
		{"client_flag", "FOUND_ROWS", "", "no statement here depends on how rows are counted"},
		{"sql_mode", "OPTIONS, if they say so", "", "quotes are those that every mode takes; the driver follows NO_BACKSLASH_ESCAPES"},
		{"time_zone", "OPTIONS, if they say so", "", "moments are datetimes, sent as text, which no zone changes"},
		{"transaction_read_only", "", "", "Django cannot save either: errors and doctor say so"},
		{"max_statement_time", "", "", "it limits Django as well; errors say so"},
		{"lock_wait_timeout", "", "", "as max_statement_time"},
		{"innodb_lock_wait_timeout", "", "", "a statement that waited for a lock in vain is tried again"},
		{"collation_server", "", "", "keys are compared byte for byte"},
		{"lower_case_table_names", "", "", "tables are named as Django names them"},
		{"completion_type", "", "", "it matters only to COMMIT and ROLLBACK"},
		{"wait_timeout", "", "", "a connection that it closes is replaced"},
	},
	djsettings.SQLite: {
		{"busy_timeout", "timeout, 5 s", "", "openSQLite sets it"},
		{"foreign_keys", "ON, since Django 2.0", "", "openSQLite sets it, and init_command after it"},
		{"legacy_alter_table", "OFF", "", "it matters only to ALTER TABLE"},
		{"transaction_mode", "how BEGIN begins", "", "each operation is one statement"},
	},
}

// setPostgreSQL sets the parameters of a connection that have another value. It looks at
// what the server has reported, and so asks nothing of most servers. A statement reaches
// the server through a pooler too; a parameter at the start may not.
func setPostgreSQL(ctx context.Context, conn *pgx.Conn) error {
	for _, p := range parameters[djsettings.PostgreSQL] {
		got := conn.PgConn().ParameterStatus(p.name)
		if p.value == "" || strings.EqualFold(got, p.value) || strings.HasPrefix(got, p.value+",") { // DateStyle is "ISO, MDY"
			continue
		}
		if err := command(ctx, conn.PgConn(), "SET "+p.name+" = '"+p.value+"'"); err != nil {
			return err
		}
	}
	return nil
}

// command runs a statement by the simple protocol, which prepares nothing.
func command(ctx context.Context, conn *pgconn.PgConn, text string) error {
	return conn.Exec(ctx, text).Close()
}

// setMySQL returns the statement that sets the parameters of a connection.
//
// NAMES comes last: no other character set may be active, because the driver quotes values
// for this one.
func setMySQL() string {
	var all []string
	for _, p := range parameters[djsettings.MySQL] {
		if p.value != "" && p.name != "character_set_client" {
			all = append(all, p.name+" = "+p.value)
		}
	}
	return "SET " + strings.Join(all, ", ") + ", NAMES utf8mb4"
}
