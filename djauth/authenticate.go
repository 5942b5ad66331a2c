package djauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/go-djsession/go-djsession/djsession"
)

// Passwords checks and makes encoded passwords; *hashers.Passwords is one.
type Passwords interface {
	// Check reports whether encoded is of password, and whether Make would make a
	// better one. With an error ok is false.
	Check(ctx context.Context, password, encoded string) (ok, upgrade bool, err error)
	// Make returns a new encoded password.
	Make(ctx context.Context, password string) (string, error)
	// Dummy takes as long as Make.
	Dummy(ctx context.Context, password string) error
}

// ErrCredentials: the user name or the password is wrong, or the account may not log in. It
// has one text for all of these, so that a page can show it. It also matches the reason:
// ErrNoUser or ErrInactive. If a backend that was not asked might say yes, it matches
// ErrUnknownBackend too.
//
// Its [djsession.ErrorStatus] is 403: a 401 needs a WWW-Authenticate header, and with that
// the browser itself asks for the password. Django's login page shows the form again, with
// the status 200.
var ErrCredentials error = &credentials{}

// credentials is an ErrCredentials and its reasons.
type credentials struct{ why []error }

func (*credentials) Error() string        { return "djauth: wrong user name or password" }
func (*credentials) StatusCode() int      { return http.StatusForbidden }
func (e *credentials) Unwrap() []error    { return e.why }
func (*credentials) Is(target error) bool { return target == ErrCredentials }

// Authenticate is django.contrib.auth.authenticate. It goes through the backends in their
// order, and returns the account with this name and password, for [Auth.Login].
// Account.Backend names the backend that vouched. Options.Lookup says how the name finds the
// account. An unknown name takes as long as a wrong password.
//
// It skips backends for remote users, which take no password. It cannot ask an unknown
// backend, which might refuse the login, and stops there. If that one stands first, it returns
// ErrUnknownBackend. If no backend before it says yes, the error matches ErrCredentials and
// ErrUnknownBackend and has the text of ErrCredentials, for the page; a line is logged once
// that names the backend. A site with a lockout, a second factor or an LDAP server has
// [PasswordRefusal]; then it returns ErrOnlyDjango.
//
// Errors: ErrCredentials; ErrUnknownBackend; ErrOnlyDjango; djsession.ErrUnavailable; the context's;
// errors.ErrUnsupported if New got no Passwords, or no backend of the site takes them;
// djsession.ErrConfig from Users that do not know USERNAME_FIELD. If a hash cannot be
// checked, it returns ErrCredentials and logs a line.
func (a *Auth) Authenticate(ctx context.Context, name, password string) (*Account, error) {
	if a.passwords == nil {
		return nil, fmt.Errorf("authenticate: %w: New was given no Passwords", errors.ErrUnsupported)
	}
	if a.opts.PasswordRefusal != "" {
		return nil, fmt.Errorf("authenticate: %w", onlyDjango(a.opts.PasswordRefusal))
	}
	if a.backends.only != nil {
		return nil, fmt.Errorf("authenticate: %w", a.backends.only)
	}
	if len(a.backends.answer) == 0 {
		if err := a.backends.unsure; err != nil {
			return nil, fmt.Errorf("authenticate: %w", err)
		}
		return nil, fmt.Errorf("authenticate: %w: no backend of the site takes passwords", errors.ErrUnsupported)
	}
	if a.opts.NormalizeName != nil {
		name = a.opts.NormalizeName(name)
	}
	account, upgrade, err := a.tryName(ctx, name, password)
	if err != nil {
		return nil, err
	}
	if upgrade {
		a.upgrade(ctx, account, password)
	}
	return account, nil
}

// upgrade is the setter of check_password. If it fails, the old hash will do until the next
// login.
func (a *Auth) upgrade(ctx context.Context, account *Account, password string) {
	text, err := a.passwords.Make(ctx, password)
	if err == nil {
		err = a.store(ctx, account.ID, text, account.Password)
	}
	if err != nil {
		a.log(ctx, slog.LevelWarn, "djauth: a password could not be upgraded", "user", account.ID, "error", err)
		return
	}
	account.Password = EncodedOf(text)
}

// SetPassword is User.set_password and save: it gives the account a new password, in
// *account too. That ends all sessions of the account; call UpdateSessionAuthHash to keep
// the one of this request. SetPassword finds out who that is before the change, since
// nothing can afterwards.
//
// Errors: ErrNoUser, djsession.ErrUnavailable, those of the Passwords, and
// errors.ErrUnsupported if New got no Passwords.
func (a *Auth) SetPassword(ctx context.Context, account *Account, password string) error {
	if a.passwords == nil {
		return fmt.Errorf("set password: %w: New was given no Passwords", errors.ErrUnsupported)
	}
	text, err := a.passwords.Make(ctx, password)
	if err != nil {
		return err
	}
	if a.find(ctx) != nil { // who the request is from can only be told by the old password
		if _, err := User(ctx); err != nil && !errors.Is(err, djsession.ErrNoSession) {
			return err
		}
	}
	if err := a.store(ctx, account.ID, text, Encoded{}); err != nil {
		return err
	}
	account.Password = EncodedOf(text)
	return nil
}

// store calls SetPassword of the Users.
func (a *Auth) store(ctx context.Context, id, text string, seen Encoded) error {
	a.forget(id)
	defer a.forget(id)
	return a.users.(PasswordSetter).SetPassword(ctx, id, EncodedOf(text), seen) // New has looked
}
