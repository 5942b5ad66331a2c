// Package dbusers finds users where django.contrib.auth keeps them: in the table
// auth_user, or that of another AUTH_USER_MODEL, of SQLite, PostgreSQL, MySQL or
// MariaDB, reached by database/sql. It imports no driver; those that are tested
// are modernc.org/sqlite, pgx (its stdlib package) and go-sql-driver/mysql.
//
//	users := dbusers.New(site, db, dbstore.SQLite, nil)
//	users := dbusers.New(site, db, dbstore.PostgreSQL, &dbusers.Options{Model: "accounts.Member", ID: djauth.UUIDID})
//
// [Detect] finds out most of the Options by the table itself.
//
// Shapes: an id is text as in _auth_user_id; passwords are encoded as Django has
// them; moments are UTC.
//
// # Compatibility
//
// Rows are Django's, with USE_TZ on or off (Settings.TimeZone). The database
// compares names, and keys that are text, as it does for Django: PostgreSQL and
// SQLite exactly, most collations of MySQL without regard to case. The Account has
// them as they are stored. A UUID is uuid in PostgreSQL and, since Django 5.0, in
// MariaDB, and 32 digits elsewhere; nothing has to be said about it.
//
// A model whose fields are in two tables, as those of a model that inherits from
// auth.User are (multi-table inheritance), is not supported, nor are permissions
// that other backends than ModelBackend give.
//
// Nothing is asked of the options of the handle, but that names of users are sent
// as what they are: the driver of MySQL needs its default, charset=utf8mb4, and a
// PostgreSQL database that is not in UTF-8 client_encoding=UTF8, which Django sets.
//
// Unlike Django, an id or a name that no row can have is djauth.ErrNoUser and
// never an error of the database: a number that is too large, a NUL under
// PostgreSQL, an emoji under MySQL's older character sets.
//
// # Statements
//
// Each method is one statement that commits by itself; ByIDs one for each 500
// ids. An UPDATE that changed no row may be followed by a SELECT that tells why.
// What is locked, or was chosen to lose by a deadlock, is tried again for about
// five seconds, Django's own timeout for SQLite, if the context lasts. For MySQL's
// autocommit=0 and for poolers of PostgreSQL see dbstore.
//
// # Errors
//
// Those of djauth.Users. An error of the database is djsession.ErrUnavailable,
// with a hint where there is one (the table is missing, a column has another
// type); the driver's own is matched by errors.As, and not printed, because it may
// quote a name. So is a name that two rows have, MultipleObjectsReturned in Django.
// Options that cannot work are djsession.ErrConfig from every method.
//
// # Security
//
// SetPassword compares what was seen byte for byte. RecordLogin and SetPassword
// set one column each; nothing else is ever written.
package dbusers

import (
	"context"
	"database/sql"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/internal/userstable"
)

// None, as a name in Options, says that the user model has no such thing.
const None = userstable.None

// Options are for sites that have a user model of their own. The zero value is
// for those that do not. All names are quoted, and therefore case matters.
type Options struct {
	// Model is AUTH_USER_MODEL; default "auth.User". The names of the tables
	// follow from it.
	Model string

	// ID is the kind of the primary key; default djauth.IntegerID.
	ID djauth.IDKind

	// Table is the model's Meta.db_table; default, for "auth.User", "auth_user".
	// A dot parts it from a schema (of MySQL: a database), here and below.
	Table string

	// GroupsTable and PermissionsTable are the tables of the fields groups and
	// user_permissions; default Table followed by "_groups" and
	// "_user_permissions". None for a model without PermissionsMixin.
	GroupsTable, PermissionsTable string

	// UserColumn is the column of these two that holds the user; default, for
	// "auth.User", "user_id".
	UserColumn string

	// Schema is where the tables are, those of groups and permissions too;
	// default: where the connection looks for them.
	Schema string

	// Columns are the names of the columns of Table.
	Columns Columns

	// Extra are further columns of Table, for Account.Extra.
	Extra []string

	// NameAssumed says that Columns.Username is not known to be USERNAME_FIELD, which
	// no setting and no table tells. Account.Name is then what that column holds, for
	// display, and ByName, and so Authenticate, is djsession.ErrConfig. [Detect] sets it
	// for each Model but auth.User, unless Columns.Username is given.
	NameAssumed bool

	// TimeZone is DATABASES[...]["TIME_ZONE"], the zone of wall clocks that
	// SQLite or MySQL keep for a site with USE_TZ=True; default UTC. For
	// USE_TZ=False set Settings.TimeZone instead.
	TimeZone *time.Location
}

// Columns are the names of columns. Each is by default that of AbstractUser, and
// None where the model has no such field, but for ID and Password.
type Columns struct {
	ID       string // the primary key; default "id"
	Username string // USERNAME_FIELD; default "username"; None: Account.Name is "", and ByName djsession.ErrConfig
	Password string // default "password"

	Active    string // default "is_active"; None: everybody is active, or djauth.Options.CanAuthenticate knows
	Staff     string // default "is_staff"; None: nobody is
	Superuser string // default "is_superuser"; None: nobody is

	Email     string // default "email"
	FirstName string // default "first_name"
	LastName  string // default "last_name"
	LastLogin string // default "last_login"; None: RecordLogin does nothing
	Joined    string // default "date_joined"
}

// of is o as userstable has it.
func (o *Options) of() userstable.Options {
	if o == nil {
		return userstable.Options{}
	}
	return userstable.Options{
		Model: o.Model, ID: o.ID, Table: o.Table, GroupsTable: o.GroupsTable, PermissionsTable: o.PermissionsTable,
		UserColumn: o.UserColumn, Schema: o.Schema, Columns: userstable.Columns(o.Columns), Extra: o.Extra, TimeZone: o.TimeZone,
		NameAssumed: o.NameAssumed,
	}
}

// Users is a djauth.Users on the tables of django.contrib.auth. It is safe for
// concurrent use.
type Users struct{ t *userstable.Table }

var (
	_ djauth.Users          = (*Users)(nil)
	_ djauth.Granter        = (*Users)(nil)
	_ djauth.LoginRecorder  = (*Users)(nil)
	_ djauth.PasswordSetter = (*Users)(nil)
	_ djauth.ManyFinder     = (*Users)(nil)
)

// New returns the Users of site in db, which is a database as d says. It does not
// touch db, which stays the caller's. opts may be nil.
func New(site *djsession.Site, db *sql.DB, d dbstore.Dialect, opts *Options) *Users {
	dialect := sqldb.Named(d.String())
	return &Users{userstable.New(site, sqldb.NewSQL(db, dialect), dialect, opts.of())}
}

// Site returns the site that New was given.
func (u *Users) Site() *djsession.Site { return u.t.Site() }

// IDKind implements djauth.Users: the type of the model's pk.
func (u *Users) IDKind() djauth.IDKind { return u.t.IDKind() }

// ByID implements djauth.Users: get(pk=id), which ModelBackend.get_user does.
func (u *Users) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	return u.t.ByID(ctx, id)
}

// ByName implements djauth.Users: BaseUserManager.get_by_natural_key.
func (u *Users) ByName(ctx context.Context, name string) (*djauth.Account, error) {
	return u.t.ByName(ctx, name)
}

// Grants implements djauth.Granter: ModelBackend's permissions of the user and of
// its groups. An id that nobody has was given nothing.
func (u *Users) Grants(ctx context.Context, id string) (*djauth.Grants, error) {
	return u.t.Grants(ctx, id)
}

// RecordLogin implements djauth.LoginRecorder: update_last_login, to the microsecond.
func (u *Users) RecordLogin(ctx context.Context, id string, at time.Time) error {
	return u.t.RecordLogin(ctx, id, at)
}

// SetPassword implements djauth.PasswordSetter: save(update_fields=["password"]).
func (u *Users) SetPassword(ctx context.Context, id string, encoded, seen djauth.Encoded) error {
	return u.t.SetPassword(ctx, id, encoded, seen)
}

// ByIDs implements djauth.ManyFinder: filter(pk__in=ids). It calls found when the
// rows of a statement are read and its connection is free again.
func (u *Users) ByIDs(ctx context.Context, ids []string, found func(*djauth.Account)) error {
	return u.t.ByIDs(ctx, ids, found)
}
