package djauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/go-djsession/go-djsession/djsession"
)

// The backends of django.contrib.auth. BaseBackend, of Django 3.0 and later, does
// nothing: it vouches for nobody and grants nothing.
const (
	ModelBackend               = "django.contrib.auth.backends.ModelBackend"
	AllowAllUsersModelBackend  = "django.contrib.auth.backends.AllowAllUsersModelBackend"
	RemoteUserBackend          = "django.contrib.auth.backends.RemoteUserBackend"
	AllowAllUsersRemoteBackend = "django.contrib.auth.backends.AllowAllUsersRemoteUserBackend"
	BaseBackend                = "django.contrib.auth.backends.BaseBackend"
)

// ErrUnknownBackend: AUTHENTICATION_BACKENDS has a backend that is not Django's own.
// Options.OwnBackends does not say what it does, or, for an error of HasPerm,
// Options.Permissions does not. It is an ErrBackend.
var ErrUnknownBackend = errors.New("djauth: unknown backend")

// unknownBackend is an ErrUnknownBackend that names the backend, one of Options.Backends.
type unknownBackend struct {
	name        string
	permissions bool // those are what is not known
}

// errOwnHasPerm: the user model decides about permissions.
var errOwnHasPerm = unknownBackend{permissions: true}

func (e unknownBackend) Error() string {
	if e == errOwnHasPerm {
		return fmt.Sprintf("%v: has_perm of the user model is the site's own code: say in Options.Permissions which permissions the users have", ErrUnknownBackend)
	}
	if e.permissions {
		return fmt.Sprintf("%v: %q is not Django's own, and may grant permissions or refuse them: say in Options.Permissions which permissions the users have", ErrUnknownBackend, e.name)
	}
	return fmt.Sprintf("%v: %q is not Django's own: say in Options.OwnBackends which of Django's backends it does as", ErrUnknownBackend, e.name)
}

func (e unknownBackend) Is(target error) bool {
	return target == ErrUnknownBackend || target == ErrBackend
}

// KnownBackend reports whether a dotted path names a backend of Django's own. For others see
// Options.OwnBackends.
func KnownBackend(path string) bool {
	switch path {
	case ModelBackend, AllowAllUsersModelBackend, RemoteUserBackend, AllowAllUsersRemoteBackend, BaseBackend:
		return true
	}
	return false
}

// backends says what the backends of a site do, as far as Auth knows.
type backends struct {
	like map[string]string // by the site's names: Django's own, or "" for an unknown one

	order  []vouching // in the order of Options.Backends
	answer []string   // those that take a name and a password, and that no unknown backend stands before
	unsure error      // names the unknown backend that stands before the others, or alone

	only error // names the backend beside which only Django can check a password

	grants    bool  // whether a backend grants the permissions of the tables, before any unknown one
	mayDiffer error // names the first backend that may grant others or refuse some
	mayList   error // names the first backend that may list others
}

// vouching is what a backend does with a name and a password: it is one of ModelBackend's kind,
// or what it does is not known.
type vouching struct {
	name    string
	unknown bool
}

// readBackends sorts Options.Backends.
func readBackends(o *Options) (b backends, err error) {
	b.like = make(map[string]string, len(o.Backends))
	for own, djangos := range o.OwnBackends {
		_, known := traitOf(djangos)
		switch {
		case !KnownBackend(djangos) && !known:
			return b, fmt.Errorf("%w: OwnBackends: %q is neither a backend of Django's own nor a well-known one", djsession.ErrConfig, djangos)
		case KnownBackend(own):
			return b, fmt.Errorf("%w: OwnBackends: %q is Django's own", djsession.ErrConfig, own)
		case !slices.Contains(o.Backends, own):
			return b, fmt.Errorf("%w: OwnBackends: %q is not in Backends", djsession.ErrConfig, own)
		}
	}
	for name := range o.OwnGrants {
		if KnownBackend(name) || !slices.Contains(o.Backends, name) {
			return b, fmt.Errorf("%w: OwnGrants: %q is Django's own, or not in Backends", djsession.ErrConfig, name)
		}
	}
	stop := false // a backend may refuse what those after it grant
	for _, name := range o.Backends {
		like, told := o.OwnBackends[name]
		as := name
		if told && !KnownBackend(like) {
			as, told = like, false
		}
		known, isKnown := traitOf(as)
		switch {
		case KnownBackend(name):
			like = name
			if known.grants = grantsTables; name == BaseBackend {
				known.grants = grantsNone
			}
		case told: // it logs users in as one of Django's, and may still grant other permissions
			known = trait{like: like}
		default:
			like = known.like
			if as != name { // as above
				known.grants = grantsUnknown
			}
			if why := PasswordRefusal(as); why != "" && b.only == nil {
				b.only = onlyDjango(fmt.Sprintf("AUTHENTICATION_BACKENDS has %q: %s", name, why))
			}
		}
		if tables, ok := o.OwnGrants[name]; ok {
			if known.grants = grantsNone; tables {
				known.grants = grantsTables
			}
		}
		b.like[name] = like
		switch known.grants {
		case grantsNone:
		case grantsTables:
			b.grants = b.grants || !stop
		default:
			stop = stop || known.grants == grantsUnknown
			if b.mayDiffer == nil {
				b.mayDiffer = unknownBackend{name, true}
			}
			if b.mayList == nil && known.grants != grantsMore {
				b.mayList = unknownBackend{name, true}
			}
		}
		switch {
		case like == "", isKnown && !told && known.vouches:
			b.order = append(b.order, vouching{name, true})
			if b.unsure == nil {
				b.unsure = unknownBackend{name: name}
			}
		case isKnown && !told: // it never vouches
		case like == ModelBackend, like == AllowAllUsersModelBackend:
			b.order = append(b.order, vouching{name: name})
			if b.unsure == nil {
				b.answer = append(b.answer, name)
			}
		}
	}
	return b, nil
}

// takes returns nil if a Lookup may name the backend: it takes passwords as ModelBackend does.
func (b *backends) takes(name string) error {
	if _, ok := b.like[name]; !ok {
		return fmt.Errorf("%w: a Lookup names %q, which is not in Backends", djsession.ErrConfig, name)
	}
	switch i := slices.IndexFunc(b.order, func(v vouching) bool { return v.name == name }); {
	case b.like[name] == "", i >= 0 && b.order[i].unknown:
		return fmt.Errorf("%w: a Lookup names a backend: %w", djsession.ErrConfig, unknownBackend{name: name})
	case i < 0:
		return fmt.Errorf("%w: a Lookup names %q, which takes no passwords", djsession.ErrConfig, name)
	}
	return nil
}

// canAuthenticate is the user_can_authenticate of Django's backends.
func (b *backends) canAuthenticate(backend string, a *Account) bool {
	switch b.like[backend] {
	case AllowAllUsersModelBackend, AllowAllUsersRemoteBackend:
		return true
	case ModelBackend, RemoteUserBackend:
		return a.Active
	}
	return false
}

// mayVouch returns nil if Auth can judge logins by this backend.
func (a *Auth) mayVouch(backend string) error {
	like, ok := a.backends.like[backend]
	switch {
	case !ok, like == BaseBackend:
		return ErrBackend
	case like == "" && !a.ownJudge:
		return unknownBackend{name: backend}
	}
	return nil
}

// vouching returns the backend for the login of an account that has none: the first that takes passwords and lets the account in. Backends that are
// known never to vouch for a password are passed, and unknown ones are not.
func (a *Auth) vouching(account *Account) (string, error) {
	first := ""
	for _, v := range a.backends.order {
		switch {
		case v.unknown && first == "":
			return "", fmt.Errorf("%w; Login has to be given the backend that vouched for the account", unknownBackend{name: v.name})
		case v.unknown:
			return first, nil
		case a.opts.CanAuthenticate(v.name, account):
			return v.name, nil
		case first == "":
			first = v.name
		}
	}
	if first == "" {
		return "", fmt.Errorf("%w: none is known to take passwords, so that Login has to be given the one that vouched for the account", ErrBackend)
	}
	return first, nil
}

// TablePermissions is an Options.Permissions for sites whose permissions are those of the
// tables, as ModelBackend has it: no other backend grants or refuses one.
func TablePermissions(_ context.Context, _ *Account, granted []string) ([]string, error) {
	return granted, nil
}

// reportPermissions logs once that permissions are not known, and returns the error.
func (a *Auth) reportPermissions(ctx context.Context, why error) error {
	if _, told := a.told.LoadOrStore("permissions", true); !told {
		a.log(ctx, slog.LevelWarn, "djauth: what a backend grants is not known, so that permissions are refused", "error", why)
	}
	return fmt.Errorf("ask for permissions: %w", why)
}

// reportBackend logs each unknown backend once.
func (a *Auth) reportBackend(ctx context.Context, why error) {
	if e, ok := errors.AsType[unknownBackend](why); ok {
		if _, told := a.told.LoadOrStore(e, true); !told {
			a.log(ctx, slog.LevelWarn, "djauth: a backend is not known, so that nobody is logged in by it", "error", e)
		}
	}
}

// reportUnasked logs each unknown backend once that was not asked when the others said no.
func (a *Auth) reportUnasked(ctx context.Context, why error) {
	type unasked struct{ why error }
	if _, told := a.told.LoadOrStore(unasked{why}, true); !told {
		a.log(ctx, slog.LevelWarn, "djauth: a password was refused, and a backend that is not known was not asked: once Options.OwnBackends says what it does as, Options.Lookup says by what it finds accounts", "error", why)
	}
}
