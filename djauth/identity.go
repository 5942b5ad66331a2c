package djauth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/waitlock"
)

// Identity is request.user: an account that is logged in, or AnonymousUser. It shows what
// the request saw; the next request sees a changed account. It is safe for concurrent use.
type Identity struct {
	auth    *Auth
	account *Account // nil is anonymous
	backend string
	why     error
	page    string    // where to give the second factor that is missing
	real    *Identity // who logged in, if that is another; or nil
	level   string
	answer  *answer // if a Django has said so

	mu     sync.Mutex
	grants *Grants
}

// nobody returns an anonymous Identity (Django's AnonymousUser).
func (a *Auth) nobody(why error) *Identity { return &Identity{auth: a, why: anonymous{why}} }

// IsAuthenticated is User.is_authenticated.
func (id *Identity) IsAuthenticated() bool { return id.account != nil }

// Why returns the reason for an anonymous Identity: an ErrAnonymous that matches one of the
// errors beside it too. It returns nil for a logged-in user.
func (id *Identity) Why() error { return id.why }

// ID is the primary key as text, as in [Account]; "" if anonymous.
func (id *Identity) ID() string { return id.get().ID }

// Name is User.get_username; "" if anonymous.
func (id *Identity) Name() string { return id.get().Name }

// IsActive is User.is_active. It is true for every logged-in user, except with the
// AllowAllUsers backends.
func (id *Identity) IsActive() bool { return id.get().Active }

// IsStaff is User.is_staff: the user may log in to the admin site.
func (id *Identity) IsStaff() bool { return id.get().Staff }

// IsSuperuser is User.is_superuser.
func (id *Identity) IsSuperuser() bool { return id.get().Superuser }

// Backend is the backend that vouched for the login; "" if anonymous.
func (id *Identity) Backend() string { return id.backend }

// Real returns who really logged in: another account if somebody acts as this one, as with
// django-impersonate and django-hijack, else the Identity itself. It is anonymous if that
// account is gone. Pages for account holders alone, such as one to change the password,
// compare the two.
func (id *Identity) Real() *Identity {
	if id.real == nil {
		return id
	}
	return id.real
}

// Level says how well the login is vouched for, as the Judge has it: "verified" with a second
// factor of django-otp, "" otherwise and for an anonymous Identity.
func (id *Identity) Level() string { return id.level }

// Account returns a copy of the account; nil if anonymous.
func (id *Identity) Account() *Account {
	if id.account == nil {
		return nil
	}
	return id.account.clone()
}

func (a *Account) clone() *Account {
	c := *a
	c.Extra = maps.Clone(a.Extra)
	return &c
}

func (id *Identity) get() *Account {
	if id.account == nil {
		return &Account{}
	}
	return id.account
}

// HasPerm is User.has_perm. It reports whether the account has the permission
// "app_label.codename", itself or by a group. A superuser has all permissions. An inactive
// account and an anonymous visitor have none. One query reads all permissions, once for a
// request. They count if one of Options.Backends grants them, as ModelBackend does, or as
// Options.Permissions says.
//
// Errors: djsession.ErrUnavailable; ErrUnknownBackend if a backend that is not Django's own
// may decide otherwise, see Options.Permissions; the errors of that function;
// errors.ErrUnsupported for Users without [Granter].
func (id *Identity) HasPerm(ctx context.Context, perm string) (bool, error) {
	return id.HasPerms(ctx, perm)
}

// HasPerms is User.has_perms: it reports whether the account has all of them.
func (id *Identity) HasPerms(ctx context.Context, perms ...string) (bool, error) {
	if id.answer != nil {
		return id.answer.hasAll(ctx, perms...)
	}
	return id.has(ctx, func(have []string) bool {
		for _, p := range perms {
			if _, ok := slices.BinarySearch(have, p); !ok {
				return false
			}
		}
		return true
	})
}

// HasModulePerms is User.has_module_perms: it reports whether the account has any permission
// of the app.
func (id *Identity) HasModulePerms(ctx context.Context, appLabel string) (bool, error) {
	if id.answer != nil {
		return id.answer.hasAll(ctx, appLabel+".*")
	}
	return id.has(ctx, func(have []string) bool {
		return slices.ContainsFunc(have, func(p string) bool { return strings.HasPrefix(p, appLabel+".") })
	})
}

// has reports whether the permissions of the account are enough.
func (id *Identity) has(ctx context.Context, enough func(have []string) bool) (bool, error) {
	a := id.get()
	if id.account == nil {
		return false, nil
	}
	if own := id.auth.opts.OwnHasPerm; !own && (!a.Active || a.Superuser) {
		return a.Active, nil
	}
	have, unsure, err := id.certain(ctx)
	if err != nil {
		return false, err
	}
	ok := enough(have)
	if !ok && unsure != nil {
		return false, id.auth.reportPermissions(ctx, unsure)
	}
	return ok, nil
}

// Permissions is User.get_all_permissions, sorted. Errors: as for HasPerm.
//
// Unlike Django, it returns what was granted to a superuser, and not all permissions that
// exist. With [AskDjango] it returns those.
func (id *Identity) Permissions(ctx context.Context) ([]string, error) {
	if id.answer != nil {
		return id.answer.everything(ctx)
	}
	if own := id.auth.opts.OwnHasPerm; id.account == nil || !own && !id.get().Active {
		return nil, nil
	}
	have, unsure, err := id.certain(ctx)
	if err != nil {
		return nil, err
	}
	if unsure != nil && id.auth.backends.mayList == nil { // it lists none, in Django too
		unsure = nil
	}
	if unsure != nil {
		return nil, id.auth.reportPermissions(ctx, unsure)
	}
	return slices.Clone(have), nil
}

// certain returns the permissions, sorted, that Django says an active account has. unsure is
// why it may have others. Django asks the backends in their order. The first that says yes,
// or raises PermissionDenied, decides.
func (id *Identity) certain(ctx context.Context) (have []string, unsure, err error) {
	decide, b := id.auth.opts.Permissions, &id.auth.backends
	if decide != nil {
		g, err := id.granted(ctx)
		if err != nil {
			return nil, nil, err
		}
		have, err = decide(ctx, id.Account(), slices.Clone(g.Permissions))
		if err != nil {
			return nil, nil, fmt.Errorf("ask for permissions: %w", err)
		}
		have = slices.Clone(have)
		slices.Sort(have)
		return have, nil, nil
	}
	if id.auth.opts.OwnHasPerm {
		return nil, nil, id.auth.reportPermissions(ctx, errOwnHasPerm)
	}
	if !b.grants {
		return nil, b.mayDiffer, nil
	}
	g, err := id.granted(ctx)
	if err != nil {
		return nil, nil, err
	}
	return g.Permissions, b.mayDiffer, nil
}

// Groups are the names of User.groups, sorted.
func (id *Identity) Groups(ctx context.Context) ([]string, error) {
	switch {
	case id.account == nil:
		return nil, nil
	case id.answer != nil && id.answer.ask == nil:
		return nil, errElsewhere
	case id.answer != nil:
		return slices.Clone(id.answer.groups), nil
	}
	g, err := id.granted(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(g.Groups), nil
}

// granted reads the grants once. After an error it reads them again.
func (id *Identity) granted(ctx context.Context) (*Grants, error) {
	if err := waitlock.Lock(ctx, &id.mu); err != nil {
		return nil, djsession.Unavailable("wait for another call that reads the permissions", err)
	}
	defer id.mu.Unlock()
	if id.grants != nil {
		return id.grants, nil
	}
	from, ok := As[Granter](id.auth.users)
	if !ok {
		return nil, fmt.Errorf("ask for permissions: %w: %T is no Granter", errors.ErrUnsupported, id.auth.users)
	}
	g, err := from.Grants(ctx, id.account.ID)
	if err != nil {
		return nil, err
	}
	id.grants = g
	return g, nil
}
