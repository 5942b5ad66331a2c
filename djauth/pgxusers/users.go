// Package pgxusers finds users where django.contrib.auth keeps them, in the table
// auth_user of PostgreSQL or that of another AUTH_USER_MODEL, through a pgx pool. Its
// Options, statements and errors are those of package dbusers, which works on
// database/sql: see there.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	users := pgxusers.New(site, pool, nil)
//
// Each method is one statement, in one round trip once a connection has prepared it.
// The pool may send statements in any mode, but behind a pooler in transaction mode,
// such as PgBouncer, put default_query_exec_mode=cache_describe into the DSN. Otherwise
// errors say so, with the SQLSTATE.
//
// Use errors.As to match the errors of pgx (*pgconn.PgError). They are not printed,
// because they may quote a name.
package pgxusers

import (
	"context"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/internal/pgpool"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/internal/userstable"
)

// DB is the part of a *pgxpool.Pool that Users needs.
type DB = pgxstore.DB

// Options, Columns and Parent are those of dbusers. TimeZone has no use here.
type (
	Options = dbusers.Options
	Columns = dbusers.Columns
	Parent  = dbusers.Parent
)

// None, as a name in Options, says that the user model has no such column or table.
const None = dbusers.None

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

// New returns the Users of site in db, usually a *pgxpool.Pool. It does not touch db,
// which stays the caller's. opts may be nil.
func New(site *djsession.Site, db DB, opts *Options) *Users {
	return &Users{userstable.New(site, pgpool.Conn{Pool: db}, sqldb.PostgreSQL, of(opts))}
}

// Site returns the site that New was given.
func (u *Users) Site() *djsession.Site { return u.t.Site() }

// Err returns what is wrong with what New was given, a djsession.ErrConfig, or nil.
// djauth.New asks for it, and every method returns it.
func (u *Users) Err() error { return u.t.Err() }

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

// Find implements djauth.Finder: the get of a backend's own query, with the filter of the
// default manager.
func (u *Users) Find(ctx context.Context, l djauth.Lookup, name string) ([]*djauth.Account, error) {
	return u.t.Find(ctx, l, name)
}

// ReadsField implements djauth.FieldReader.
func (u *Users) ReadsField(name string) bool { return u.t.ReadsField(name) }

// Grants implements djauth.Granter: ModelBackend's permissions of the user and of
// its groups. An id that nobody has has no permissions.
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

// Detect is [dbusers.Detect]: it returns opts, which may be nil, completed by what the
// table of users itself shows. Its errors are the same.
func Detect(ctx context.Context, db DB, opts *Options) (*Options, error) {
	o, err := userstable.Detect(ctx, pgpool.Conn{Pool: db}, sqldb.PostgreSQL, of(opts))
	if err != nil {
		return nil, err
	}
	return from(o), nil
}

// of returns o as an Options of package userstable.
func of(o *Options) userstable.Options {
	if o == nil {
		return userstable.Options{}
	}
	t := userstable.Options{
		Model: o.Model, ID: o.ID, Table: o.Table, GroupsTable: o.GroupsTable, PermissionsTable: o.PermissionsTable,
		UserColumn: o.UserColumn, Schema: o.Schema, Columns: userstable.Columns(o.Columns), Extra: o.Extra, Where: o.Where,
		Active: o.Active, Staff: o.Staff, Superuser: o.Superuser, ToColumn: o.ToColumn, FromColumn: o.FromColumn,
		TimeZone: o.TimeZone, NameAssumed: o.NameAssumed,
	}
	if o.Parents != nil {
		t.Parents = make([]userstable.Parent, len(o.Parents))
	}
	for i, p := range o.Parents {
		t.Parents[i] = userstable.Parent(p)
	}
	return t
}

// from is the way back.
func from(t userstable.Options) *Options {
	o := &Options{
		Model: t.Model, ID: t.ID, Table: t.Table, GroupsTable: t.GroupsTable, PermissionsTable: t.PermissionsTable,
		UserColumn: t.UserColumn, Schema: t.Schema, Columns: Columns(t.Columns), Extra: t.Extra, Where: t.Where,
		Active: t.Active, Staff: t.Staff, Superuser: t.Superuser, ToColumn: t.ToColumn, FromColumn: t.FromColumn,
		TimeZone: t.TimeZone, NameAssumed: t.NameAssumed,
	}
	for _, p := range t.Parents {
		o.Parents = append(o.Parents, dbusers.Parent(p))
	}
	return o
}
