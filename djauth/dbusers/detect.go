package dbusers

import (
	"context"
	"database/sql"

	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/internal/userstable"
)

// ErrNoTable: the table that the Options name, or that follows from their Model,
// is not there, or out of sight of the database user.
var ErrNoTable = userstable.ErrNoTable

// Detect returns opts, which may be nil, with what the table of users itself says
// filled in: the name and kind of its primary key, and None for the columns and
// the tables of permissions that the model lacks. What opts names has to be there;
// ID is always that of the table. Which field USERNAME_FIELD is, no table tells: see
// Options.NameAssumed.
//
// A table without is_active is refused, and the error names the columns that look
// like it, until Columns.Active says which it is, or None: AbstractBaseUser says that
// everybody is active, but such a model may as well compute is_active from a status.
// So is a table of a model of the site's own that has a column such as deleted_at, by
// which a default manager may hide users from Django, until Columns.Active is named.
//
// Errors: ErrNoTable, djsession.ErrUnavailable, and djsession.ErrConfig for a
// table that has no column that is needed or named.
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
