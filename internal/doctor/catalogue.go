package doctor

import (
	"context"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// tablesWith returns the tables that have all of the columns: at most fifty, sorted by
// name.
func tablesWith(ctx context.Context, db *djsite.DB, columns ...string) ([]string, error) {
	list := "'" + strings.Join(columns, "','") + "'" // the names are constants
	var query string
	switch db.Settings.Kind {
	case djsettings.PostgreSQL:
		query = `SELECT c.table_name FROM information_schema.columns c WHERE c.table_schema = ANY(current_schemas(false)) AND c.column_name IN (` + list + `)
			GROUP BY c.table_name HAVING COUNT(DISTINCT c.column_name) = $1 ORDER BY 1 LIMIT 50`
	case djsettings.MySQL:
		query = `SELECT c.table_name FROM information_schema.columns c WHERE c.table_schema = DATABASE() AND c.column_name IN (` + list + `)
			GROUP BY c.table_name HAVING COUNT(DISTINCT c.column_name) = ? ORDER BY 1 LIMIT 50`
	default:
		query = `SELECT m.name FROM sqlite_master m WHERE m.type IN ('table', 'view')
			AND (SELECT COUNT(*) FROM pragma_table_info(m.name) i WHERE i.name IN (` + list + `)) = ? ORDER BY 1 LIMIT 50`
	}
	rows, err := db.SQL.QueryContext(ctx, query, len(columns))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// sessionTables returns the tables with the columns of a session table.
func sessionTables(ctx context.Context, db *djsite.DB) ([]string, error) {
	return tablesWith(ctx, db, "session_key", "session_data", "expire_date")
}

// userTables returns the tables that could be that of AUTH_USER_MODEL.
func userTables(ctx context.Context, db *djsite.DB) ([]string, error) {
	return tablesWith(ctx, db, "password", "last_login")
}

// quote quotes a table name. Dots separate it from a schema.
func quote(db *djsite.DB, table string) string {
	q := `"`
	if db.Settings.Kind == djsettings.MySQL {
		q = "`"
	}
	parts := strings.Split(table, ".")
	for i, p := range parts {
		parts[i] = q + strings.ReplaceAll(p, q, q+q) + q
	}
	return strings.Join(parts, ".")
}

// mark returns the placeholder of a statement's only argument.
func mark(db *djsite.DB) string {
	if db.Settings.Kind == djsettings.PostgreSQL {
		return "$1"
	}
	return "?"
}

// usersIn returns the users of AUTH_USER_MODEL, or those of table if it is not "". It
// detects the columns.
func (e *exam) usersIn(ctx context.Context, db *djsite.DB, table string) (djauth.Users, error) {
	opts := new(dbusers.Options)
	if table == "" {
		*opts = *e.as.UserTable
	}
	if table != "" { // is_active matters only once the table is certain
		opts.Table, opts.Columns.Active = table, dbusers.None
	}
	users, _, err := e.lab.UsersIn(ctx, db, opts)
	return users, err
}
