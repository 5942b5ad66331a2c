package dbusers

import (
	"context"
	"database/sql"

	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/internal/userstable"
)

// ErrNoTable means that the table of the Options or of their Model does not exist, or that
// the database user cannot see it.
var ErrNoTable = userstable.ErrNoTable

// Detect returns a copy of opts, which may be nil, completed with what the table of users
// shows: the name and kind of its primary key, and None for each column and permission
// table that the model lacks. Names in opts must exist. ID is always that of the table. No
// table shows which field is USERNAME_FIELD: see [Options].NameAssumed.
//
// Detect refuses a table without is_active until Columns.Active names the column, or None,
// or Active computes it. The error names the columns that look like it. With
// AbstractBaseUser everybody is active, but such a model may also compute is_active from a
// status. Detect also refuses the table of a model of the site's own with a column such as
// deleted_at or status until Columns.Active, Active or Where is set, because by that column
// a default manager may hide users from Django, or is_active may be computed.
//
// Errors: [ErrNoTable], [djsession.ErrUnavailable], and [djsession.ErrConfig] for a table
// without a column that is needed or named.
func Detect(ctx context.Context, db *sql.DB, d dbstore.Dialect, opts *Options) (*Options, error) {
	dialect := sqldb.Named(d.String())
	o, err := userstable.Detect(ctx, sqldb.NewSQL(db, dialect), dialect, opts.of())
	if err != nil {
		return nil, err
	}
	return from(o), nil
}
