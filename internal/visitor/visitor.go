// Package visitor says in words who is logged in by a stored session, or why nobody is.
package visitor

import (
	"context"
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
)

// Visitor is the user that a session logs in.
type Visitor struct {
	Name string // "" is nobody
	Why  string // why it is nobody
}

// String returns the name, or "nobody" and the reason.
func (v Visitor) String() string {
	if v.Name != "" {
		return v.Name
	}
	return "nobody: " + v.Why
}

// Listed returns the Visitor of a listed session.
//
// Errors: djsession.ErrUnavailable.
func Listed(ctx context.Context, auth *djauth.Auth, l djsession.Listed) (Visitor, error) {
	switch now := auth.Manager().Site().Now(); {
	case l.Err != nil:
		why, _ := console.PayloadProblem(l.Err)
		return Visitor{Why: why}, nil
	case !l.Record.Expires.After(now):
		return Visitor{Why: "expired at " + l.Record.Expires.Format(time.DateTime)}, nil
	}
	s, err := auth.Manager().Open(ctx, l.Key())
	if errors.Is(err, djsession.ErrNotFound) {
		return Visitor{Why: "it has been deleted meanwhile"}, nil
	}
	if err != nil {
		return Visitor{}, err
	}
	return Of(ctx, auth, s)
}

// words are the reasons of djauth that name no user.
var words = []struct {
	err  error
	text string
}{
	{djauth.ErrUnknownBackend, "the site has a backend of its own"},
	{djauth.ErrBackend, "the site has no such backend"},
	{djauth.ErrNoUser, "the user is gone"},
	{djauth.ErrUserID, "its user id is none of this site"},
	{djauth.ErrSecondFactor, "a second factor is missing"},
	{djauth.ErrRefused, "the site's own rules refuse it"},
}

// Of returns the Visitor of a session.
//
// Errors: djsession.ErrUnavailable.
func Of(ctx context.Context, auth *djauth.Auth, s *djsession.Session) (Visitor, error) {
	key, _ := djsession.Value(s, djauth.SessionKey, "") // "" if it is not text; Identify says more
	id, err := auth.Identify(ctx, s)
	if err != nil {
		return Visitor{}, err
	}
	why := id.Why()
	if why == nil {
		return Visitor{Name: id.Name()}, nil
	}
	for _, w := range words {
		if errors.Is(why, w.err) {
			return Visitor{Why: w.text}, nil
		}
	}
	reason := ""
	switch {
	case errors.Is(why, djauth.ErrInactive):
		reason = " is not active"
	case errors.Is(why, djauth.ErrHash):
		reason = " has another password since"
	default:
		return Visitor{Why: "no user in it"}, nil
	}
	account, err := auth.Users().ByID(ctx, key)
	if errors.Is(err, djauth.ErrNoUser) {
		return Visitor{Why: "the user is gone"}, nil
	}
	if err != nil {
		return Visitor{}, err
	}
	return Visitor{Why: account.Name + reason}, nil
}
