package djauth

import (
	"context"
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// Account is a row of the user table: what AUTH_USER_MODEL has, as far as
// django.contrib.auth uses it. Fields that a site's model lacks are zero.
type Account struct {
	// ID is the primary key as text, as pk.value_to_string has it: digits, or a
	// UUID in lower case with dashes, or text as it is.
	ID string
	// Name is what the model's USERNAME_FIELD holds.
	Name string
	// Password is the encoded password.
	Password Encoded

	Active, Staff, Superuser   bool
	Email, FirstName, LastName string
	LastLogin, Joined          time.Time // UTC, with microseconds; zero is NULL

	// Backend is user.backend: the one of Options.Backends by which [Auth.Authenticate] found
	// the account, for [Auth.Login]. It is no column: Users leave it "".
	Backend string

	// Extra are the further columns that the store was asked for, by their names,
	// as the driver gives them; text as string.
	Extra map[string]any
}

// Flag reports whether a column of Extra holds true. A BooleanField is a bool in some drivers,
// and a number or its text in others.
func (a *Account) Flag(column string) bool {
	switch v := a.Extra[column].(type) {
	case bool:
		return v
	case int64:
		return v != 0
	case string:
		return v == "1"
	}
	return false
}

// ErrNoUser: there is no such account.
var ErrNoUser = errors.New("djauth: no such user")

// Users reads the accounts: it is the manager of AUTH_USER_MODEL. Packages djauth/dbusers
// and djauth/pgxusers are Users on the tables of Django.
//
// Implementations must be safe for concurrent use. If the accounts cannot be read, they
// return djsession.ErrUnavailable, never ErrNoUser. No error text may hold an id, name,
// password or a driver's text. They return inactive accounts like all others. Their results
// belong to the caller.
//
// Granter and ManyFinder are optional interfaces for reading. [As] finds them in the Users,
// or in the Users that their method Unwrap() Users returns. A wrapper that changes ids or
// what is read must have these interfaces itself, or no Unwrap.
//
// LoginRecorder and PasswordSetter are optional interfaces for writing. The Users given to
// [New] must have them themselves, because a write must not bypass a wrapper.
//
// Users that know from the start that no method will work have a method Err() error. New
// returns its error.
type Users interface {
	// Site returns the Site that the Users were made for.
	Site() *djsession.Site

	// IDKind is the kind of the model's primary key.
	IDKind() IDKind

	// ByID is get(pk=id), for an id as IDKind.Parse returns it.
	//
	// Errors: ErrNoUser, also for an id that no account can have.
	ByID(ctx context.Context, id string) (*Account, error)

	// ByName is get_by_natural_key: it compares as the site's database does, which
	// on MySQL mostly means without regard to case.
	//
	// Errors: ErrNoUser, also for a name that no account can have.
	ByName(ctx context.Context, name string) (*Account, error)
}

// As returns users as a T if they are one, else the first T that Unwrap leads to. Use it for
// the interfaces that read, [Granter] and [ManyFinder].
func As[T any](users Users) (T, bool) {
	for users != nil {
		if found, ok := users.(T); ok {
			return found, true
		}
		wrapper, ok := users.(interface{ Unwrap() Users })
		if !ok {
			break
		}
		users = wrapper.Unwrap()
	}
	var none T
	return none, false
}

// Granter is a Users that knows permissions, with one query.
type Granter interface {
	// Grants returns what the database grants to the account, which is nothing if there is no
	// such account. It does not look at Active and Superuser; Identity.HasPerm does.
	Grants(ctx context.Context, id string) (*Grants, error)
}

// Grants are the groups and permissions of an account.
type Grants struct {
	// Permissions are the account's own and those of its groups, as
	// "app_label.codename", sorted, each once.
	Permissions []string
	// Groups are the names of its groups, sorted.
	Groups []string
}

// LoginRecorder is a Users that keeps last_login.
type LoginRecorder interface {
	// RecordLogin sets last_login, that column alone. It does nothing where the
	// model has no such column. Errors: ErrNoUser.
	RecordLogin(ctx context.Context, id string, at time.Time) error
}

// PasswordSetter is a Users that stores passwords.
type PasswordSetter interface {
	// SetPassword replaces the encoded password if it still is seen; the zero
	// Encoded replaces whatever is there. Errors: ErrNoUser, djsession.ErrConflict.
	SetPassword(ctx context.Context, id string, encoded, seen Encoded) error
}

// ManyFinder is a Users that finds many accounts with one query, for Watch.
type ManyFinder interface {
	// ByIDs calls found for each of the ids that has an account, in any order.
	ByIDs(ctx context.Context, ids []string, found func(*Account)) error
}
