package djauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Judge does what the middleware of a site does to request.user: it ends logins, asks for a
// second factor, or puts another account in the place of the one that logged in. It runs
// after all of Django's own checks, for anonymous visitors too, and must not write. [Judges]
// makes one of several, and [AskDjango] asks
// the site itself.
//
// An error means that nobody can tell who the visitor is: [User] then returns
// djsession.ErrUnavailable. A Judge must be safe for concurrent use.
type Judge func(ctx context.Context, j Judgement) (Verdict, error)

// Judgement is what a [Judge] decides by. The maps and the account in it are copies or must
// not be changed.
type Judgement struct {
	// Session is what the session holds; see djsession.Value. It is empty if there is none.
	Session djsession.Reader
	// Account is who is logged in by Django's own rules; nil for nobody.
	Account *Account
	// Backend is the backend that vouched for Account.
	Backend string
	// Why says why Account is nil; see [Identity.Why].
	Why error
	// Time is the present time, of djsession.Settings.Now.
	Time time.Time

	// Method, Path, Query and Header are those of the request, or zero without one. Path is
	// request.path, unquoted and with the prefix that [http.StripPrefix] took away.
	Method, Path string
	Query        url.Values
	Header       http.Header
	// RemoteAddr is REMOTE_ADDR of the request, as Django's code sees it: see
	// djsession.Site.ClientAddr.
	RemoteAddr string
	// Watched is set when [Auth.Watch] looks again: the request is the one that began the
	// watch, and this is no visit.
	Watched bool

	auth    *Auth
	request *http.Request
	key     string // of the session, "" if there is none
	found   map[string]*Account
}

// Find returns the account with this primary key, a text or a number as sessions hold it.
//
// Errors: ErrNoUser; ErrUserID for what cannot be a key; djsession.ErrUnavailable.
func (j Judgement) Find(ctx context.Context, pk any) (*Account, error) {
	if j.auth == nil || j.auth.users == nil {
		return nil, fmt.Errorf("find an account: %w: there are no Users", errors.ErrUnsupported)
	}
	id, err := j.auth.users.IDKind().Parse(pk)
	if err != nil {
		return nil, ErrUserID
	}
	if found, ok := j.found[id]; ok {
		return found.clone(), nil
	}
	account, err := j.auth.account(ctx, id, new(lookup))
	if err != nil {
		return nil, err
	}
	j.found[id] = account
	return account.clone(), nil
}

// ErrRefused: the Judge refused the login.
var ErrRefused = errors.New("djauth: refused by the site's own rules")

// ErrSecondFactor: the visitor has to give a second factor first.
var ErrSecondFactor = errors.New("djauth: a second factor is missing")

type decision uint8

const (
	undecided decision = iota // of a Judge that forgot
	admitted
	refused
	acting
	answered
)

// Verdict is what a [Judge] decides. Make one with [Admit], [Refuse], [SecondFactor] or
// [ActAs]. The zero Verdict decides nothing; [User] returns djsession.ErrConfig for it.
type Verdict struct {
	decision decision
	why      error
	page     string // where to give the second factor
	as       string
	inactive bool // as may be an inactive account
	real     any
	level    string
	set      []serializer.Item
	answer   *answer // of a Django
}

// Admit leaves the visitor what Django's own checks made of him: logged in or anonymous.
func Admit() Verdict { return Verdict{decision: admitted} }

// Refuse makes the visitor anonymous. Identity.Why matches why, which is ErrRefused for nil.
// If why has a method StatusCode() int, [Auth.RequireLogin] answers with that status, and
// does not lead to the login page.
func Refuse(why error) Verdict {
	if why == nil {
		why = ErrRefused
	}
	return Verdict{decision: refused, why: why}
}

// SecondFactor makes the visitor anonymous, for ErrSecondFactor. [Auth.RequireLogin] leads to
// page, where he can give the second factor: a path that begins with a slash, or an http URL.
// With "" it answers 403.
func SecondFactor(page string) Verdict {
	return Verdict{decision: refused, why: ErrSecondFactor, page: page}
}

// Why returns what [Refuse] and [SecondFactor] refuse a visitor for; nil for other verdicts.
func (v Verdict) Why() error { return v.why }

// At is the page to which [Auth.RequireLogin] leads a visitor whom the verdict refuses, in
// place of Options.LoginURL. "" changes nothing.
func (v Verdict) At(page string) Verdict {
	if page != "" {
		v.page = page
	}
	return v
}

// ActAs puts the account with this ID in the place of the one that logged in, which
// [Identity.Real] then returns. The account must exist, and be one that the backend lets in.
// ActAs does nothing for an anonymous visitor.
func ActAs(id string) Verdict { return Verdict{decision: acting, as: id} }

// EvenInactive lets [ActAs] name an inactive account, as middleware does that reads the
// account itself.
func (v Verdict) EvenInactive() Verdict { v.inactive = true; return v }

// WithReal says who really logged in, where the session names another account because that
// one has been logged in for him. pk is as for [Judgement.Find].
func (v Verdict) WithReal(pk any) Verdict { v.real = pk; return v }

// WithLevel says how well the login is vouched for: see [Identity.Level].
func (v Verdict) WithLevel(level string) Verdict { v.level = level; return v }

// WithSession says what the site's middleware would set in the session, such as the time of
// the last visit. [User] sets it, unless Options.ReadOnly is set. Watch does not.
func (v Verdict) WithSession(name string, value any) Verdict {
	v.set = append(v.set[:len(v.set):len(v.set)], serializer.Item{Key: name, Value: value})
	return v
}

// Judges returns a Judge that asks all of them, in the order of MIDDLEWARE. The first one
// that refuses decides. The account of an [ActAs] is the Account for those that follow.
func Judges(all ...Judge) Judge {
	return func(ctx context.Context, j Judgement) (Verdict, error) {
		sum := Admit()
		for _, judge := range all {
			v, err := judge(ctx, j)
			if err != nil || v.decision == undecided || v.decision == refused || v.decision == answered {
				return v, err
			}
			sum.set = append(sum.set, v.set...)
			if v.level != "" {
				sum.level = v.level
			}
			if v.real != nil && sum.real == nil {
				sum.real = v.real
			}
			if v.decision != acting || j.Account == nil {
				continue
			}
			account, why, err := j.other(ctx, v)
			if err != nil || why != nil {
				return Refuse(why), err
			}
			sum.decision, sum.as, sum.inactive = acting, v.as, v.inactive
			j.Account = account
		}
		return sum, nil
	}
}

// other reads the account of an ActAs: the account, or why it may not be acted as.
func (j Judgement) other(ctx context.Context, v Verdict) (account *Account, why, err error) {
	account, err = j.Find(ctx, v.as)
	switch {
	case errors.Is(err, ErrNoUser), errors.Is(err, ErrUserID):
		return nil, err, nil
	case err != nil:
		return nil, nil, err
	case !v.inactive && !j.auth.opts.CanAuthenticate(j.Backend, account):
		return nil, ErrInactive, nil
	}
	return account, nil, nil
}

// finding is what Django's own checks found about a session.
type finding struct {
	claim   claim
	account *Account // nil for nobody
	why     error    // then
	renew   bool     // Django makes the hash anew
}

// identity is who is logged in by Django's own checks alone.
func (a *Auth) identity(f finding) *Identity {
	if f.account == nil {
		return a.nobody(f.why)
	}
	return &Identity{auth: a, account: f.account, backend: f.claim.backend}
}

// judgement is what the Judge is asked about. r may be nil.
func (a *Auth) judgement(f finding, session *serializer.Dict, key string, r *http.Request) Judgement {
	j := Judgement{
		Session: djsession.ReaderOf(session), Backend: f.claim.backend, Why: f.why, Time: a.m.Site().Now(),
		auth: a, request: r, key: key, found: make(map[string]*Account, 1),
	}
	if f.account != nil {
		j.Account = f.account.clone()
		j.found[f.account.ID] = f.account
	} else {
		j.Backend = ""
	}
	if r != nil {
		j.Method, j.Header, j.Query = r.Method, r.Header, r.URL.Query()
		j.Path, j.RemoteAddr = a.sentPath(r), a.m.Site().ClientAddr(r)
		if path, err := url.PathUnescape(j.Path); err == nil {
			j.Path = path
		}
	}
	return j
}

// decide asks the Judge. It returns who is logged in, and what to set in the session.
func (a *Auth) decide(ctx context.Context, f finding, j Judgement) (*Identity, []serializer.Item, error) {
	v, err := a.opts.Judge(ctx, j)
	if err != nil {
		if !errors.Is(err, djsession.ErrUnavailable) {
			err = djsession.Unavailable("ask the Judge", err)
		}
		return nil, nil, err
	}
	id := a.identity(f)
	switch v.decision {
	case admitted:
	case refused:
		id = a.nobody(v.why)
		id.page = v.page
		return id, nil, nil
	case answered:
		return a.answerOf(v.answer), nil, nil
	case acting:
		if j.Account == nil {
			break
		}
		account, why, err := j.other(ctx, v)
		if err != nil {
			return nil, nil, err
		}
		if why != nil {
			return a.nobody(why), nil, nil
		}
		id = &Identity{auth: a, account: account, backend: f.claim.backend, real: id}
	default:
		return nil, nil, fmt.Errorf("%w: the Judge returned the zero Verdict", djsession.ErrConfig)
	}
	if id.account == nil {
		return id, v.set, nil
	}
	id.level = v.level
	if v.real != nil {
		if id.real, err = a.realOf(ctx, j, v.real, f.claim.backend); err != nil {
			return nil, nil, err
		}
	}
	return id, v.set, nil
}

// realOf reads who really logged in. An account that is gone is an anonymous Identity.
func (a *Auth) realOf(ctx context.Context, j Judgement, pk any, backend string) (*Identity, error) {
	account, err := j.Find(ctx, pk)
	switch {
	case errors.Is(err, ErrNoUser), errors.Is(err, ErrUserID):
		return a.nobody(err), nil
	case err != nil:
		return nil, err
	}
	return &Identity{auth: a, account: account, backend: backend}, nil
}
