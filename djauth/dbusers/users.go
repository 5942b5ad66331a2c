// Package dbusers finds users where django.contrib.auth keeps them: in the table auth_user,
// or that of another AUTH_USER_MODEL, of SQLite, PostgreSQL, MySQL or MariaDB, through
// database/sql. It imports no driver. The tests use modernc.org/sqlite, pgx (its stdlib
// package) and go-sql-driver/mysql.
//
//	users := dbusers.New(site, db, dbstore.SQLite, nil)
//	users := dbusers.New(site, db, dbstore.PostgreSQL, &dbusers.Options{Model: "accounts.Member", ID: djauth.UUIDID})
//
// [Detect] reads most of the Options from the table itself.
//
// IDs are text, as in _auth_user_id. Passwords are encoded as in Django. Times are in UTC.
//
// # Compatibility
//
// Rows are Django's, with USE_TZ on or off ([djsession.Settings].TimeZone). The database
// compares names and text keys, as it does for Django: PostgreSQL and SQLite exactly, most
// collations of MySQL without regard to case. The Account holds them as stored. A UUID has
// the type uuid in PostgreSQL and, since Django 5.0, in MariaDB. Elsewhere it is 32 digits.
// No option is needed for that.
//
// A model may have its fields in several tables (multi-table inheritance), see
// Options.Parents. Permissions are those of ModelBackend.
//
// Options.Where is the filter of a default manager, such as one that hides deleted users.
// As in Django, it holds for ByID, ByIDs, ByName and Find: get_user and authenticate use the
// default manager. It does not hold for RecordLogin and SetPassword: save uses the base
// manager. If a model names its own Meta.base_manager_name, an UPDATE may reach a user here
// whom Django does not reach.
//
// The handle may have any options that send the names of users unchanged. The driver of
// MySQL needs its default, charset=utf8mb4. A PostgreSQL database that is not in UTF-8
// needs client_encoding=UTF8, which Django sets.
//
// Unlike Django, an id or a name that no row can have is [djauth.ErrNoUser] and never an
// error of the database: a number that is too large, a NUL in PostgreSQL, an emoji in
// MySQL's older character sets.
//
// # Statements
//
// Each method is one statement that commits by itself; ByIDs is one for each 500 ids. After
// an UPDATE that changed no row, a SELECT may find out why. The package retries a locked
// row and a deadlock for about five seconds, Django's own timeout for SQLite, or until the
// context is done. For MySQL's autocommit=0, for poolers of PostgreSQL and for the single
// writer of SQLite, see package dbstore.
//
// # Errors
//
// The errors are those of [djauth.Users]. An error of the database is
// [djsession.ErrUnavailable], with a hint if there is one (the table is missing, a column
// has another type). Use errors.As to match the driver's own error. It is not printed,
// because it may quote a name. A name that two rows have is ErrUnavailable too (in Django,
// MultipleObjectsReturned). With Options that cannot work, every method returns
// [djsession.ErrConfig].
//
// # Security
//
// SetPassword compares the stored password byte for byte with the one that the caller saw.
// RecordLogin and SetPassword set one column each. The package writes nothing else.
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

// None, as a name in [Options], says that the user model has no such column or table.
const None = userstable.None

// Options are for sites with a user model of their own. The zero value is for Django's own
// model. All names are quoted, so case matters.
type Options struct {
	// Model is AUTH_USER_MODEL; default "auth.User". It determines the default names of the
	// tables.
	Model string

	// ID is the kind of the primary key; default djauth.IntegerID.
	ID djauth.IDKind

	// Table is the model's Meta.db_table; default, for "auth.User", "auth_user". A dot
	// separates a schema (in MySQL, a database) from the name, here and below.
	Table string

	// GroupsTable and PermissionsTable are the tables of the fields groups and
	// user_permissions; default Table followed by "_groups" and "_user_permissions". Set
	// None for a model without PermissionsMixin.
	GroupsTable, PermissionsTable string

	// UserColumn is the column with the user in these two tables; default, for "auth.User",
	// "user_id".
	UserColumn string

	// Schema is the schema of all tables; default: where the connection looks for them.
	Schema string

	// Columns are the names of Table's columns.
	Columns Columns

	// Extra are further columns of Table or Parents, for Account.Extra.
	Extra []string

	// Parents are the tables of the models that the user model inherits from by multi-table
	// inheritance, the nearest first. By default [Detect] follows the foreign keys of primary
	// keys that end in "_ptr_id".
	Parents []Parent

	// Where is the filter of the model's default manager. All conditions must hold. Set it to
	// an empty list to say that the manager hides nobody.
	Where []djauth.Condition

	// Active, Staff and Superuser compute is_active, is_staff and is_superuser where the model
	// has code and no column. They are given the account with its Extra columns, and must be
	// safe for concurrent use.
	Active, Staff, Superuser func(a *djauth.Account) bool

	// ToColumn and FromColumn convert a primary key whose text in sessions is not that of the
	// column, such as a hashid or a prefixed id. ToColumn returns the text of the column, of
	// the kind ID, for the text in a session, and an error for what is no key of this model.
	// FromColumn is the way back. Account.ID is FromColumn's, and IDKind is djauth.TextID.
	ToColumn, FromColumn func(text string) (string, error)

	// NameAssumed says that Columns.Username may not be USERNAME_FIELD, which no setting
	// and no table contains. Account.Name is then the text of that column, for display, and
	// ByName, and so Authenticate, returns djsession.ErrConfig. [Detect] sets it for each
	// Model except auth.User, unless Columns.Username is set.
	NameAssumed bool

	// TimeZone is DATABASES[...]["TIME_ZONE"], the zone of wall clock times in SQLite or
	// MySQL for a site with USE_TZ=True; default UTC. For USE_TZ=False, set
	// djsession.Settings.TimeZone instead.
	TimeZone *time.Location
}

// Columns are the names of columns. The default of each is that of AbstractUser. Set
// None where the model has no such field; ID must be there.
type Columns struct {
	ID       string // the primary key; default "id"
	Username string // USERNAME_FIELD; default "username"; None: Account.Name is "", and ByName djsession.ErrConfig
	Password string // default "password"; None: SetPassword is errors.ErrUnsupported, and djauth.Options.AuthHash must say what the hash is made of

	Active    string // default "is_active"; None: everybody is active, unless Options.Active decides
	Staff     string // default "is_staff"; None: nobody is, unless Options.Staff decides
	Superuser string // default "is_superuser"; None: nobody is, unless Options.Superuser decides

	Email     string // default "email"
	FirstName string // default "first_name"
	LastName  string // default "last_name"
	LastLogin string // default "last_login"; None: RecordLogin does nothing
	Joined    string // default "date_joined"
}

// Parent is the table of a model that the user model inherits from.
type Parent struct {
	// Table is the parent's Meta.db_table.
	Table string
	// Key is its primary key; default "id".
	Key string
	// Link is the column that points to Key, in Table or in a Parent before this one; default
	// the primary key of the table before.
	Link string
	// Columns are its columns that are used. [Detect] lists them.
	Columns []string
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
	_ djauth.Finder         = (*Users)(nil)
	_ djauth.FieldReader    = (*Users)(nil)
)

// New returns the Users of site in db, whose database is d. New does not touch db, and the
// caller still owns it. opts may be nil.
func New(site *djsession.Site, db *sql.DB, d dbstore.Dialect, opts *Options) *Users {
	dialect := sqldb.Named(d.String())
	return &Users{userstable.New(site, sqldb.NewSQL(db, dialect), dialect, opts.of())}
}

// Site returns the site that New was given.
func (u *Users) Site() *djsession.Site { return u.t.Site() }

// Err returns the djsession.ErrConfig for the arguments of [New], or nil. djauth.New calls
// it, and every method returns it.
func (u *Users) Err() error { return u.t.Err() }

// IDKind implements djauth.Users: it returns the type of the model's pk.
func (u *Users) IDKind() djauth.IDKind { return u.t.IDKind() }

// ByID implements djauth.Users: get(pk=id), which ModelBackend.get_user does.
func (u *Users) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	return u.t.ByID(ctx, id)
}

// ByName implements djauth.Users: BaseUserManager.get_by_natural_key.
func (u *Users) ByName(ctx context.Context, name string) (*djauth.Account, error) {
	return u.t.ByName(ctx, name)
}

// Find implements djauth.Finder: the get of a backend's own query, with the filter of the
// default manager. The SQL is that of Django's lookups exact and iexact.
func (u *Users) Find(ctx context.Context, l djauth.Lookup, name string) ([]*djauth.Account, error) {
	return u.t.Find(ctx, l, name)
}

// ReadsField implements djauth.FieldReader.
func (u *Users) ReadsField(name string) bool { return u.t.ReadsField(name) }

// Grants implements djauth.Granter: ModelBackend's permissions of the user and of the
// user's groups. An unknown id has no permissions.
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

// ByIDs implements djauth.ManyFinder: filter(pk__in=ids). It calls found after it has read
// the rows of a statement and released the connection.
func (u *Users) ByIDs(ctx context.Context, ids []string, found func(*djauth.Account)) error {
	return u.t.ByIDs(ctx, ids, found)
}
