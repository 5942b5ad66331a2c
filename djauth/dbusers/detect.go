package dbusers

import (
	"context"
	"database/sql"

	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/djangodb"
	"github.com/go-djsession/go-djsession/internal/userstable"
)

// ErrNoTable: the table that the Options name, or that follows from their Model,
// is not there, or out of sight of the database user.
var ErrNoTable = userstable.ErrNoTable

// Detect returns opts, which may be nil, with what the table of users itself says
// filled in: the name and kind of its primary key, and None for the columns and
// the tables of permissions that the model lacks. What opts names has to be there;
// ID is always that of the table. Where there is no column "username", the names
// are those of the column "email": which field USERNAME_FIELD is, no table tells.
//
// Errors: ErrNoTable, djsession.ErrUnavailable, and djsession.ErrConfig for a
// table that has no column that is needed or named.
func Detect(ctx context.Context, db *sql.DB, d dbstore.Dialect, opts *Options) (*Options, error) {
	o, err := userstable.Detect(ctx, djangodb.SQL{DB: db}, dialect(d), opts.of())
	if err != nil {
		return nil, err
	}
	return &Options{
		Model: o.Model, ID: o.ID, Table: o.Table, GroupsTable: o.GroupsTable, PermissionsTable: o.PermissionsTable,
		UserColumn: o.UserColumn, Schema: o.Schema, Columns: Columns(o.Columns), Extra: o.Extra, TimeZone: o.TimeZone,
	}, nil
}
