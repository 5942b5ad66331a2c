package djauth

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// languageKey is LANGUAGE_SESSION_KEY, which a logout kept before Django 3.0.
const languageKey = "_language"

// Login is django.contrib.auth.login: it logs the account in to the session of the request
// with this context. backend is the one of Options.Backends that vouched for the account.
// With "" it is Account.Backend, which [Auth.Authenticate] sets. If that is "" too, it is the
// first that takes passwords, as ModelBackend does, and lets the account in. Well-known ones
// that vouch for no password, such as those of django-axes and django-rules, do not count.
// With an unknown backend the account is logged in for Django, and anonymous here until
// Options say what the backend does.
//
// Login flushes the session of another user. A session of nobody keeps its data and gets a
// new key, against session fixation. A session of the same user keeps its key. Login also
// rotates the CSRF token, and sets last_login by the [LoginRecorder] of the Users. A new key
// is there when the session is saved: call Session.Save before Session.Key.
//
// Unlike Django, which deletes a session whose hash does not fit and one of any other user,
// Login sets the session aside, as [Auth.Identify] does, if its hash does not fit the user
// that it names, and begins a new one.
//
// Login does not ask whether the account may log in: [Auth.Authenticate] does. If it returns
// an error, nobody has been logged in.
//
// Errors: djsession.ErrUnavailable; djsession.ErrCommitted; ErrBackend for a backend that
// the site does not have or that vouches for nobody, and for "" if none is known to take
// passwords, or an unknown one stands before those that do; ErrUserID for an account without a good ID; ErrNoUser for a deleted one;
// errors.ErrUnsupported for Users without LoginRecorder; those of Session.Set.
func (a *Auth) Login(ctx context.Context, account *Account, backend string) error {
	if a.users == nil {
		return fmt.Errorf("log in: %w", errWithoutUsers)
	}
	if backend = cmp.Or(backend, account.Backend); backend == "" {
		var err error
		if backend, err = a.vouching(account); err != nil {
			return fmt.Errorf("log in: %w", err)
		}
	}
	unknown := a.mayVouch(backend)
	if unknown != nil && !errors.Is(unknown, ErrUnknownBackend) {
		return unknown
	}
	if id, err := a.users.IDKind().Parse(account.ID); err != nil || id != account.ID {
		return ErrUserID
	}
	s, err := a.m.Load(ctx)
	if err != nil {
		return err
	}
	hash, err := a.hash.sum(account)
	if err != nil {
		return err
	}
	// What can fail elsewhere comes first, the login in one step last.
	users, ok := a.users.(LoginRecorder)
	if !ok {
		return fmt.Errorf("log in: %w: %T has no RecordLogin", errors.ErrUnsupported, a.users)
	}
	err = users.RecordLogin(ctx, account.ID, a.m.Site().Now())
	a.forget(account.ID)
	if err != nil {
		return err
	}
	if err := a.makeRoom(ctx, s, account, hash); err != nil {
		return err
	}
	if err := djcsrf.Rotate(ctx); err != nil {
		return fmt.Errorf("rotate the CSRF token: %w", err)
	}
	err = s.Update(func(tx *djsession.Tx) error {
		for _, item := range [...][2]string{
			{SessionKey, account.ID},
			{BackendSessionKey, backend},
			{HashSessionKey, hash},
		} {
			if err := tx.Set(item[0], item[1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if unknown != nil {
		a.reportBackend(ctx, unknown)
		a.remember(ctx, a.nobody(unknown))
		return nil
	}
	a.remember(ctx, &Identity{auth: a, account: account.clone(), backend: backend})
	return nil
}

// makeRoom makes sure that nobody else is logged in to the session.
func (a *Auth) makeRoom(ctx context.Context, s *djsession.Session, account *Account, hash string) error {
	was, ok := s.Get(SessionKey)
	if !ok {
		return s.CycleKey()
	}
	id, err := a.users.IDKind().Parse(was)
	if err == nil && id != account.ID {
		return a.replace(ctx, s, id)
	}
	old, _ := s.Get(HashSessionKey)
	text, _ := serializer.Text(old)
	switch {
	case err == nil && (a.opts.AuthHash.None || subtle.ConstantTimeCompare([]byte(text), []byte(hash)) == 1):
		return nil
	case err == nil && a.fits(account, text): // made with a fallback key
		return s.Flush(ctx)
	}
	s.SetAside(ErrHash)
	return s.CycleKey()
}

// replace ends the session of another user if its hash fits that user's password. If not, it
// may be of a user that this program does not know, and replace sets it aside.
func (a *Auth) replace(ctx context.Context, s *djsession.Session, id string) error {
	other, err := a.account(ctx, id, &lookup{fresh: true})
	if err != nil && !errors.Is(err, ErrNoUser) {
		return err
	}
	old, _ := s.Get(HashSessionKey)
	if text, _ := serializer.Text(old); err == nil && a.fits(other, text) {
		return s.Flush(ctx)
	}
	s.SetAside(ErrHash)
	return s.CycleKey()
}

// fits reports whether Django accepts the hash of a session for the account.
func (a *Auth) fits(account *Account, hash string) bool {
	ok, _ := a.hash.verify(account, hash)
	return ok
}

// Logout is django.contrib.auth.logout: it flushes the session of the request with this
// context, also a session whose hash does not fit. The CSRF token stays.
//
// Errors: djsession.ErrInterrupted if another request may have given the session a new key;
// djsession.ErrUnavailable and djsession.ErrCommitted. The user is then still logged in:
// answer with [djsession.ErrorStatus], and let the user try again.
func (a *Auth) Logout(ctx context.Context) error {
	s, err := a.m.Load(ctx)
	if err != nil {
		return err
	}
	language, had := s.Get(languageKey)
	if err := s.Flush(ctx); err != nil {
		return err
	}
	if had && language != nil && a.m.Site().Settings().Django.Before(3, 0) {
		if err := s.Set(languageKey, language); err != nil {
			return err
		}
	}
	a.remember(ctx, a.nobody(ErrNoUserID))
	return nil
}

// UpdateSessionAuthHash is update_session_auth_hash. Call it after this request changed the
// password of the account: if the account was logged in to this session, it stays so, under
// a new key. All its other sessions have ended. Call [User] before the change, or make the
// change by [Auth.SetPassword], which does.
//
// Errors: djsession.ErrUnavailable, djsession.ErrCommitted, and those of Session.Set.
func (a *Auth) UpdateSessionAuthHash(ctx context.Context, account *Account) error {
	s, err := a.m.Load(ctx)
	if err != nil {
		return err
	}
	if err := s.CycleKey(); err != nil {
		return err
	}
	if a.users == nil {
		return fmt.Errorf("update the session's hash: %w", errWithoutUsers)
	}
	c, why := a.claimOf(s.Get)
	if why != nil || c.id != account.ID {
		return nil
	}
	if a.find(ctx) != nil { // request.user == user: what the session says may be stale
		id, err := User(ctx)
		if err != nil {
			return err
		}
		if id.ID() != account.ID {
			return nil
		}
	}
	if !a.opts.AuthHash.None {
		hash, err := a.hash.sum(account)
		if err == nil {
			err = s.Set(HashSessionKey, hash)
		}
		if err != nil {
			return err
		}
	}
	a.remember(ctx, &Identity{auth: a, account: account.clone(), backend: c.backend})
	return nil
}
