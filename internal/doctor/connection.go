package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// readOnly are queries for what keeps a connection from writing. Each row begins with the
// name of it.
var readOnly = map[djsettings.DatabaseKind][]string{
	djsettings.PostgreSQL: {
		"SELECT 'pg_is_in_recovery' WHERE pg_is_in_recovery()",
		"SELECT 'default_transaction_read_only' WHERE current_setting('transaction_read_only') = 'on' AND NOT pg_is_in_recovery()",
	},
	djsettings.MySQL: {
		"SHOW VARIABLES WHERE variable_name IN ('tx_read_only', 'transaction_read_only', 'innodb_read_only') AND value = 'ON'",
		// It does not hold for some users.
		"SELECT 'read_only' FROM DUAL WHERE @@global.read_only AND NOT EXISTS (SELECT 1 FROM information_schema.user_privileges" +
			" WHERE privilege_type IN ('SUPER', 'READ_ONLY ADMIN', 'READ ONLY ADMIN', 'CONNECTION_ADMIN'))",
	},
	djsettings.SQLite: {"SELECT 'query_only' FROM pragma_query_only WHERE query_only = 1"},
}

// writable adds a fault if the connections of a database cannot write. Django could not
// save either.
func (e *exam) writable(ctx context.Context, db *djsite.DB) {
	var found []string
	for _, query := range readOnly[db.Settings.Kind] {
		name, err := first(ctx, db, query)
		if err != nil {
			return // the tables say more
		}
		if name != "" {
			found = append(found, name)
		}
	}
	if len(found) > 0 {
		e.fault(DatabaseReadOnly, fmt.Sprintf("DATABASES[%q] takes no writes: %s is on, so that no login and no logout can be saved.", db.Settings.Alias, strings.Join(found, ", ")),
			"Connect to the primary server, or take that setting from the server, the database, the user or OPTIONS.")
	}
}

// first returns the first column of the first row, "" if there is none.
func first(ctx context.Context, db *djsite.DB, query string) (name string, err error) {
	rows, err := db.SQL.QueryContext(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return "", rows.Err()
	}
	row := make([]any, max(len(columns), 1))
	row[0] = &name
	for i := range row[1:] {
		row[1+i] = new(any)
	}
	return name, rows.Scan(row...)
}
