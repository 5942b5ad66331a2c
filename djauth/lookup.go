package djauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// Lookup is one query by which a backend finds an account: a get_by_natural_key of the
// site's own, or the get of a backend that takes e-mail addresses. Like get, it finds
// nobody if several accounts match.
type Lookup struct {
	// Backend is the one of Options.Backends whose query this is; default: of every one that
	// takes passwords. It must be one that does, by itself or by Options.OwnBackends. One with
	// IfNone has the Backend of the Lookup before it.
	Backend string
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
	// not call l.Normalize, and does not look at l.Backend.
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
	in    Finder
	steps []step
}

// step is what backends do with a name.
type step struct {
	by      []string // the backends: one, or all if no Lookup names one
	lookups []Lookup // or none, for ByName
}

func newFinder(users Users, lookups []Lookup, b *backends) (*finder, error) {
	f := &finder{users: users}
	if len(lookups) == 0 {
		f.steps = []step{{by: b.answer}}
		return f, nil
	}
	var ok bool
	if f.in, ok = As[Finder](users); !ok {
		return nil, fmt.Errorf("%w: there is a Lookup, and %T is no Finder", errors.ErrUnsupported, users)
	}
	var all [][]Lookup // by IfNone
	named := false
	for i, l := range lookups {
		if l.Backend != "" {
			if err := b.takes(l.Backend); err != nil {
				return nil, err
			}
			named = true
		}
		l.Columns, l.Where = slices.Clone(l.Columns), slices.Clone(l.Where)
		if !l.IfNone || i == 0 {
			all = append(all, []Lookup{l})
			continue
		}
		last := &all[len(all)-1]
		if of := (*last)[0].Backend; l.Backend != "" && l.Backend != of {
			return nil, fmt.Errorf("%w: a Lookup with IfNone names %q, and the one before it %q", djsession.ErrConfig, l.Backend, of)
		}
		*last = append(*last, l)
	}
	if !named {
		for _, l := range all {
			f.steps = append(f.steps, step{b.answer, l})
		}
		return f, nil
	}
	for _, name := range b.answer {
		before := len(f.steps)
		for _, l := range all {
			if of := l[0].Backend; of == "" || of == name {
				f.steps = append(f.steps, step{[]string{name}, l})
			}
		}
		if len(f.steps) == before {
			f.steps = append(f.steps, step{by: []string{name}})
		}
	}
	return f, nil
}

// find returns the account that a step finds. The error is ErrNoUser if there is none, or
// more than one.
func (f *finder) find(ctx context.Context, s step, typed string) (*Account, error) {
	if len(s.lookups) == 0 {
		return f.users.ByName(ctx, typed)
	}
	for _, l := range s.lookups {
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

// checked is an account whose password was compared.
type checked struct {
	account     *Account
	ok, upgrade bool
}

// tryName returns the account that has this name and password, with the backend that vouches
// for it, and whether the password is to be hashed anew. Each step costs one check of a
// password, whether it finds somebody or not.
func (a *Auth) tryName(ctx context.Context, name, password string) (account *Account, upgrade bool, err error) {
	var why error = ErrNoUser
	seen := make(map[string]checked)
	for _, step := range a.finder.steps {
		account, err := a.finder.find(ctx, step, name)
		if err != nil && !errors.Is(err, ErrNoUser) {
			return nil, false, err
		}
		var c checked
		again := false
		if err == nil {
			c, again = seen[account.ID]
		}
		if err != nil || again {
			if err := a.passwords.Dummy(ctx, password); err != nil && ctx.Err() != nil {
				return nil, false, err
			}
		} else {
			c.account = account
			if c.ok, c.upgrade, err = a.checkPassword(ctx, account, password); err != nil {
				return nil, false, err
			}
			seen[account.ID] = c
			if why == ErrNoUser {
				why = nil
			}
		}
		if !c.ok {
			continue
		}
		for _, backend := range step.by {
			if a.opts.CanAuthenticate(backend, c.account) {
				c.account.Backend = backend
				return c.account, c.upgrade, nil
			}
		}
		why = ErrInactive
	}
	var reasons []error
	if why != nil {
		reasons = append(reasons, why)
	}
	if unasked := a.backends.unsure; unasked != nil {
		a.reportUnasked(ctx, unasked)
		reasons = append(reasons, unasked)
	}
	if reasons == nil {
		return nil, false, ErrCredentials
	}
	return nil, false, &credentials{reasons}
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
