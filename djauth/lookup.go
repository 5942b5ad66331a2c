package djauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Lookup is one query by which a backend finds an account: a get_by_natural_key of the
// site's own, or the get of a backend that takes e-mail addresses. Like get, it finds
// nobody if several accounts match.
type Lookup struct {
	// Columns are columns of the user table. The name must be in one of them:
	// Q(username=name) | Q(email=name) is two columns. The default is the column of
	// USERNAME_FIELD.
	Columns []string
	// IfNone says that the query runs only if the one before it found nobody. Without it, the
	// query is that of another backend, which also runs if the password was wrong.
	IfNone bool
	// IgnoreCase is iexact instead of exact. As in Django, SQLite folds ASCII letters only,
	// and the collation decides in MySQL.
	IgnoreCase bool
	// Normalize changes the typed name before this query; [NormalizeEmail] is one.
	// Options.NormalizeName comes first.
	Normalize func(string) string
	// Where are further conditions of the query.
	Where []Condition
}

// Condition is a condition on a column, as in filter(column=value).
type Condition struct {
	// Column is a column of the user table.
	Column string
	// Is is what the column holds: nil for NULL, a bool, an int, an int64, a string, or a
	// []any of these, one of which it holds.
	Is any
	// Not is exclude(column=value): the column holds something else, or NULL.
	Not bool
}

// Finder is a Users that can find accounts by other columns than that of USERNAME_FIELD.
type Finder interface {
	// Find returns the accounts that match name by l: none, one, or two for several. It does
	// not call l.Normalize.
	//
	// Errors: djsession.ErrConfig for a Lookup that cannot work.
	Find(ctx context.Context, l Lookup, name string) ([]*Account, error)
}

// FieldReader is a Users that knows which fields its accounts have. [New] asks it about the
// fields of Options.AuthHash.
type FieldReader interface {
	// ReadsField reports whether accounts have the field, as AuthHash.Fields names it.
	ReadsField(name string) bool
}

// NormalizeEmail is BaseUserManager.normalize_email: the domain in lower case.
func NormalizeEmail(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return email
	}
	// Python makes two characters of this letter.
	return email[:at+1] + strings.ToLower(strings.ReplaceAll(email[at+1:], "\u0130", "i\u0307"))
}

// finder finds accounts by the names that users type.
type finder struct {
	users Users
	steps [][]Lookup // of the backends; or none, for ByName
	in    Finder
}

func newFinder(users Users, lookups []Lookup) (*finder, error) {
	f := &finder{users: users}
	if len(lookups) == 0 {
		return f, nil
	}
	var ok bool
	if f.in, ok = As[Finder](users); !ok {
		return nil, fmt.Errorf("%w: there is a Lookup, and %T is no Finder", errors.ErrUnsupported, users)
	}
	for i, l := range lookups {
		l.Columns, l.Where = slices.Clone(l.Columns), slices.Clone(l.Where)
		if !l.IfNone || i == 0 {
			f.steps = append(f.steps, nil)
		}
		last := len(f.steps) - 1
		f.steps[last] = append(f.steps[last], l)
	}
	return f, nil
}

// count is the number of backends that may look for a name.
func (f *finder) count() int { return max(1, len(f.steps)) }

// step returns the account that a backend finds. The error is ErrNoUser if there is none,
// or more than one.
func (f *finder) step(ctx context.Context, i int, typed string) (*Account, error) {
	if len(f.steps) == 0 {
		return f.users.ByName(ctx, typed)
	}
	for _, l := range f.steps[i] {
		name := typed
		if l.Normalize != nil {
			name = l.Normalize(name)
		}
		found, err := f.in.Find(ctx, l, name)
		switch {
		case err != nil:
			return nil, err
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			return nil, ErrNoUser
		}
	}
	return nil, ErrNoUser
}

// tryName returns the account that has this name and password, and whether the password is
// to be hashed anew. Each backend costs one check of a password, whether it finds somebody or
// not. may reports whether an account may log in.
func (a *Auth) tryName(ctx context.Context, name, password string, may func(*Account) bool) (account *Account, upgrade bool, err error) {
	var why error = ErrNoUser
	seen := make(map[string]bool)
	for i := range a.finder.count() {
		account, err := a.finder.step(ctx, i, name)
		if err != nil && !errors.Is(err, ErrNoUser) {
			return nil, false, err
		}
		if err != nil || seen[account.ID] {
			if err := a.passwords.Dummy(ctx, password); err != nil && ctx.Err() != nil {
				return nil, false, err
			}
			continue
		}
		seen[account.ID] = true
		ok, upgrade, err := a.checkPassword(ctx, account, password)
		switch {
		case err != nil:
			return nil, false, err
		case ok && may(account):
			return account, upgrade, nil
		case ok:
			why = ErrInactive
		case why == ErrNoUser:
			why = nil
		}
	}
	if why == nil {
		return nil, false, ErrCredentials
	}
	return nil, false, &credentials{why}
}

// checkPassword reports whether the password is that of the account. The error is that of
// ctx: a hash that cannot be checked fits nothing.
func (a *Auth) checkPassword(ctx context.Context, account *Account, password string) (ok, upgrade bool, err error) {
	ok, upgrade, err = a.passwords.Check(ctx, password, account.Password.Reveal())
	if err != nil {
		if ctx.Err() != nil {
			return false, false, err
		}
		a.log(ctx, slog.LevelWarn, "djauth: a password could not be checked", "user", account.ID, "error", err)
	}
	return ok, upgrade, nil
}
