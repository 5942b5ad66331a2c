package dbusers

import (
	"context"
	"database/sql"

	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/internal/userstable"
)

// ErrNoTable: the table that the Options name, or that follows from their Model,
// does not exist, or the database user cannot see it.
var ErrNoTable = userstable.ErrNoTable

// Detect returns opts, which may be nil, completed by what the table of users itself
// shows: the name and kind of its primary key, and None for the columns and the tables
// of permissions that the model lacks. Names in opts must exist; ID is always that of
// the table. No table shows which field USERNAME_FIELD is: see Options.NameAssumed.
//
// Detect refuses a table without is_active, and the error names the columns that look
// like it, until Columns.Active names the column, or None: with AbstractBaseUser
// everybody is active, but such a model may as well compute is_active from a status.
// It also refuses the table of a model of the site's own with a column such as
// deleted_at, by which a default manager may hide users from Django, until
// Columns.Active is set.
//
// Errors: [ErrNoTable], [djsession.ErrUnavailable], and [djsession.ErrConfig] for a
// table without a column that is needed or named.
func Detect(ctx context.Context, db *sql.DB, d dbstore.Dialect, opts *Options) (*Options, error) {
	dialect := sqldb.Named(d.String())
	o, err := userstable.Detect(ctx, sqldb.NewSQL(db, dialect), dialect, opts.of())
	if err != nil {
		return nil, err
	}
	return &Options{
		Model: o.Model, ID: o.ID, Table: o.Table, GroupsTable: o.GroupsTable, PermissionsTable: o.PermissionsTable,
		UserColumn: o.UserColumn, Schema: o.Schema, Columns: Columns(o.Columns), Extra: o.Extra, TimeZone: o.TimeZone,
		NameAssumed: o.NameAssumed,
	}, nil
}
