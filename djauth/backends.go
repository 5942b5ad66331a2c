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

func (e unknownBackend) Error() string {
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

	vouch  []string // those that take a name and a password, in their order
	answer []string // those of vouch that no unknown backend stands before
	unsure error    // names the unknown backend that stands before some of vouch, or alone

	grants    bool  // whether one of Django's own grants the permissions of the tables, before any other
	mayDiffer error // names the first backend that is not Django's own
}

// readBackends sorts Options.Backends.
func readBackends(o *Options) (b backends, err error) {
	b.like = make(map[string]string, len(o.Backends))
	for own, djangos := range o.OwnBackends {
		switch {
		case !KnownBackend(djangos):
			return b, fmt.Errorf("%w: OwnBackends: %q is not a backend of Django's own", djsession.ErrConfig, djangos)
		case KnownBackend(own):
			return b, fmt.Errorf("%w: OwnBackends: %q is Django's own", djsession.ErrConfig, own)
		case !slices.Contains(o.Backends, own):
			return b, fmt.Errorf("%w: OwnBackends: %q is not in Backends", djsession.ErrConfig, own)
		}
	}
	var unknown error
	for _, name := range o.Backends {
		like := o.OwnBackends[name]
		if KnownBackend(name) {
			like = name
		}
		b.like[name] = like
		if like == "" && unknown == nil {
			unknown = unknownBackend{name: name}
			b.unsure = unknown
		}
		// A backend that logs users in as one of Django's may still grant other permissions.
		switch {
		case b.mayDiffer != nil:
		case !KnownBackend(name):
			b.mayDiffer = unknownBackend{name, true}
		case name != BaseBackend:
			b.grants = true
		}
		if like == ModelBackend || like == AllowAllUsersModelBackend {
			b.vouch = append(b.vouch, name)
			if unknown == nil {
				b.answer = append(b.answer, name)
			}
		}
	}
	return b, nil
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

// vouching returns the backend for a login whose caller names none: the first that takes
// passwords and lets the account in, or "".
func (a *Auth) vouching(account *Account) string {
	for _, name := range a.backends.vouch {
		if a.opts.CanAuthenticate(name, account) {
			return name
		}
	}
	if len(a.backends.vouch) > 0 {
		return a.backends.vouch[0]
	}
	return ""
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
