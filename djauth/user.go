package djauth

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/waitlock"
	"github.com/go-djsession/go-djsession/serializer"
)

// Why nobody is logged in, as [Identity.Why] tells it. All are ErrAnonymous. If there
// is no session, that is the reason, as Session.Missing has it: djsession.ErrNoCookie,
// ErrNotFound, ErrExpired or ErrCorrupt. An account that is gone is ErrNoUser.
var (
	// ErrAnonymous: nobody is logged in.
	// Its djsession.ErrorStatus is 403.
	ErrAnonymous error = anonymous{}
	// ErrNoUserID: nobody logged in to this session.
	ErrNoUserID = errors.New("djauth: no user id in the session")
	// ErrUserID: what the session has for a user id cannot be one.
	ErrUserID = errors.New("djauth: malformed user id in the session")
	// ErrBackend: the backend that vouched for the login is not the site's, or is an
	// ErrUnknownBackend.
	ErrBackend = errors.New("djauth: the backend is not allowed")
	// ErrInactive: the account may not log in.
	ErrInactive = errors.New("djauth: inactive user")
	// ErrHash: the session is from before the password was changed, or its hash was
	// made with another SECRET_KEY.
	ErrHash = errors.New("djauth: the session's hash is not that of the password")
)

// anonymous is a reason that is ErrAnonymous.
type anonymous struct{ why error }

func (e anonymous) Error() string {
	if e.why == nil {
		return "djauth: anonymous"
	}
	return e.why.Error()
}
func (anonymous) StatusCode() int      { return http.StatusForbidden }
func (e anonymous) Unwrap() error      { return e.why }
func (anonymous) Is(target error) bool { return target == error(anonymous{}) }

// User is request.user: it returns who is logged in to the request with this context. The
// first call for a request reads the session, unless something has, and the account; later
// calls read nothing.
//
// Errors: djsession.ErrUnavailable, which does not mean an anonymous visitor;
// ErrNoMiddleware, and those of [djsession.Load].
func User(ctx context.Context) (*Identity, error) {
	c, ok := ctx.Value(contextKey{}).(*cell)
	if !ok {
		return nil, ErrNoMiddleware
	}
	if err := waitlock.Lock(ctx, &c.mu); err != nil {
		return nil, djsession.Unavailable("wait for another call of User", err)
	}
	defer c.mu.Unlock()
	if c.id != nil {
		return c.id, nil
	}
	s, err := c.auth.m.Load(ctx)
	if err != nil {
		return nil, err
	}
	id, err := c.auth.Identify(ctx, s)
	if err != nil {
		return nil, err
	}
	c.id = id
	return id, nil
}

// errNoUsers: New was given no Users, so that only the Judge knows who is logged in.
var errNoUsers = errors.New("djauth: no Users, and the Judge names nobody")

// Identify is django.contrib.auth.get_user: it returns who is logged in to a session.
// Handlers call [User]. A job or a socket that opened the session itself must save it
// afterwards, unless Options.ReadOnly is set.
//
// Unlike Django, which deletes a session whose hash does not fit, Identify sets it aside
// (Session.SetAside): this program may have the wrong key, or the user model may make its
// hash in another way. For Django the session stays as it was.
//
// Errors: djsession.ErrUnavailable.
func (a *Auth) Identify(ctx context.Context, s *djsession.Session) (*Identity, error) {
	if a.observer == nil {
		return a.recognize(ctx, s)
	}
	start := time.Now()
	id, err := a.recognize(ctx, s)
	e := djsession.Event{Op: "identify", Took: time.Since(start), Err: err}
	if err == nil {
		e.Err = id.Why()
	}
	a.observer(ctx, e)
	return id, err
}

// recognize is Identify, unobserved.
func (a *Auth) recognize(ctx context.Context, s *djsession.Session) (*Identity, error) {
	f, err := a.examine(ctx, s)
	if err != nil {
		return nil, err
	}
	id, set := a.identity(f), []serializer.Item(nil)
	if a.opts.Judge != nil {
		var r *http.Request
		if c := a.find(ctx); c != nil {
			r = c.request
		}
		if id, set, err = a.decide(ctx, f, a.judgement(f, s.Dict(), s.Key(), r)); err != nil {
			return nil, err
		}
	}
	switch {
	case id.answer != nil: // what Go made of the session does not count
		return id, nil
	case f.why == ErrHash:
		a.reportHash(ctx)
		s.SetAside(ErrHash)
		return id, nil
	case a.opts.ReadOnly:
		return id, nil
	case f.renew:
		hash, err := a.hash.sum(f.account)
		if err != nil {
			return nil, err
		}
		set = append(set, serializer.Item{Key: HashSessionKey, Value: hash})
	}
	a.reportBackend(ctx, f.why)
	for _, item := range set {
		if err := s.Renew(item.Key.(string), item.Value); err != nil && !errors.Is(err, djsession.ErrCommitted) {
			return nil, err
		}
	}
	return id, nil
}

// examine makes Django's own checks, and changes nothing.
func (a *Auth) examine(ctx context.Context, s *djsession.Session) (finding, error) {
	if a.users == nil {
		return finding{why: errNoUsers}, nil
	}
	c, why := a.claimOf(s.Get)
	if why != nil {
		if missing := s.Missing(); missing != nil && why == ErrNoUserID {
			why = missing
		}
		return finding{why: why}, nil
	}
	var l lookup
	var account *Account
	var renew bool
	for {
		var err error
		account, err = a.account(ctx, c.id, &l)
		if errors.Is(err, ErrNoUser) {
			return finding{why: ErrNoUser}, nil
		}
		if err != nil {
			return finding{}, err
		}
		renew, why = a.judge(c, account)
		if why != ErrHash || !l.remembered || l.fresh {
			break
		}
		// The session may know a password that is newer than the remembered one.
		l = lookup{fresh: true, hash: c.hash}
	}
	if why != nil {
		return finding{why: why}, nil
	}
	return finding{claim: c, account: account, renew: renew}, nil
}

// claim is what a session says about who is logged in to it.
type claim struct {
	id, backend string
	hash        string // "" for what is no text
}

// claimOf reads a session. The error is one of the reasons.
func (a *Auth) claimOf(get func(string) (any, bool)) (c claim, why error) {
	id, ok := get(SessionKey)
	if !ok || id == nil {
		return c, ErrNoUserID
	}
	backend, ok := get(BackendSessionKey)
	if !ok {
		return c, ErrBackend
	}
	if c.backend, ok = serializer.Text(backend); !ok {
		return c, ErrBackend
	}
	if why := a.mayVouch(c.backend); why != nil {
		return c, why
	}
	var err error
	if c.id, err = a.users.IDKind().Parse(id); err != nil {
		return c, ErrUserID
	}
	hash, _ := get(HashSessionKey)
	c.hash, _ = serializer.Text(hash)
	return c, nil
}

// judge compares a claim with the account that it is about. renew tells that Django makes
// the hash anew.
func (a *Auth) judge(c claim, account *Account) (renew bool, why error) {
	if !a.opts.CanAuthenticate(c.backend, account) {
		return false, ErrInactive
	}
	fits, renew := a.hash.verify(account, c.hash)
	if !fits {
		return false, ErrHash
	}
	a.good.Store(true)
	return renew, nil
}
