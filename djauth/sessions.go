package djauth

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/secret"
	"github.com/go-djsession/go-djsession/internal/unverified"
	"github.com/go-djsession/go-djsession/signer"
)

// UserSession is a session in which a user is logged in, as [Auth.Sessions] found it. It
// prints when it ends, and never its key.
type UserSession struct {
	// Expires is when the session ends, in UTC; zero if the engine does not know it.
	Expires time.Time
	// Meta describes the request that wrote the session last. It is zero except with
	// user_sessions and qsessions.
	Meta djsession.Meta

	key secret.Text
}

// Key returns the session key. Who has it has the session: do not put it into a page.
func (s UserSession) Key() string { return s.key.Reveal() }

// String says when the session ends.
func (s UserSession) String() string {
	if s.Expires.IsZero() {
		return "session"
	}
	return "session until " + s.Expires.Format(time.RFC3339)
}

// Sessions returns the sessions in which a user is logged in, by the user id in them, and
// that have not expired. It does not look at the backend and the hash in them: a session
// whose hash no longer fits is one of them. userID is compared as [IDKind.Parse] reads it.
//
// The engines user_sessions and qsessions find them by the index on user_id
// (djsession.UserLister). For others Sessions reads all sessions of the site
// (djsession.Lister). A session whose key is cycled meanwhile may be missing.
//
// Errors: djsession.ErrCorrupt, beside the sessions that were found, if there are others that
// do not decode and may be the user's: see [Auth.EndSessions]. djsession.ErrUnavailable, also if
// the engine may not read some of them;
// ErrUserID for an id that no account can have; errors.ErrUnsupported for signed_cookies,
// for engines that cannot be listed, and if New was given no Users.
func (a *Auth) Sessions(ctx context.Context, userID string) ([]UserSession, error) {
	f, err := a.fleet("list the sessions of a user", userID)
	if err != nil {
		return nil, err
	}
	var all []UserSession
	known := map[string]bool{}
	unread, err := f.walk(ctx, func(l djsession.Listed) error {
		if f.live(l.Record) && !known[l.Key()] {
			known[l.Key()] = true
			all = append(all, UserSession{l.Record.Expires, l.Record.Meta, secret.New(l.Key())})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, unread
}

// EndSessions logs a user out everywhere: it deletes the sessions that [Auth.Sessions]
// finds, but those with a key in except, and returns their number. Pass the key of the
// session at hand to log out all others. Django has no such function.
//
// It also deletes, but does not count, what has expired and is still there. It deletes a
// session only if the user is logged in to what is stored at that moment.
//
// A key that is cycled, as a login does, may move a session to where EndSessions has
// looked before. So it looks at all sessions at least twice, and until it finds none. A
// session is then left only if its key was cycled in each of these walks. A login during
// EndSessions may or may not be ended, and a request of Django that cycles the key of a
// session that it read before may store it anew. To keep the user out, change the password
// or deactivate the account first.
//
// A row of junk logs nobody in, and does not matter here: what cannot be a signed session,
// and what names another user or nobody, whatever key signed it. But one that does not
// verify and names the user is the user's if this program lacks a key of the site. It is left
// as it is, and djsession.ErrCorrupt says that there are such sessions, or others of which it
// is not known whose they are. All sessions that decode have been ended then. If none of the
// site decodes, nothing is known of any.
//
// Errors: those of [Auth.Sessions]. djsession.ErrConflict if the user keeps logging in. After
// any error n sessions have been ended; call it again.
func (a *Auth) EndSessions(ctx context.Context, userID string, except ...string) (n int64, err error) {
	f, err := a.fleet("end the sessions of a user", userID)
	if err != nil {
		return 0, err
	}
	for walks := 1; ; walks++ {
		found := false
		unread, err := f.walk(ctx, func(l djsession.Listed) error {
			if slices.Contains(except, l.Key()) {
				return nil
			}
			found = true
			ended, err := f.end(ctx, l)
			if ended {
				n++
			}
			return err
		})
		switch {
		case err != nil:
			return n, err
		case !found && walks >= leastWalks:
			return n, unread
		case walks == mostWalks:
			return n, fmt.Errorf("%s: there are new ones each time: %w", f.doing, djsession.ErrConflict)
		}
	}
}

// How often EndSessions looks at all sessions, and how often it tries to delete one that
// others keep changing.
const leastWalks, mostWalks, mostTries = 2, 20, 20

// fleet is all sessions of a site, of which those of one user are looked for.
type fleet struct {
	site  *djsession.Site
	store djsession.Store
	kind  IDKind
	id    string
	doing string
}

func (a *Auth) fleet(doing, userID string) (*fleet, error) {
	f := &fleet{site: a.m.Site(), store: a.m.Store(), doing: doing}
	switch {
	case f.store == nil:
		return nil, fmt.Errorf("%s: %w: they are in cookies, which only the browsers know", doing, errors.ErrUnsupported)
	case a.users == nil:
		return nil, fmt.Errorf("%s: %w", doing, errWithoutUsers)
	}
	f.kind = a.users.IDKind()
	var err error
	if f.id, err = f.kind.Parse(userID); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, ErrUserID)
	}
	return f, nil
}

// walk calls see for each session of the user, expired or not, until it returns an error.
// unread is not nil if there were sessions that could not be read.
func (f *fleet) walk(ctx context.Context, see func(djsession.Listed) error) (unread, err error) {
	if by, ok := djsession.As[djsession.UserLister](f.store); ok {
		if unread, err = f.judge(by.ListUser(ctx, f.id), see); !errors.Is(err, errors.ErrUnsupported) {
			return unread, err
		}
	}
	all, ok := djsession.Walk(ctx, f.store)
	if !ok {
		return nil, fmt.Errorf("%s: %w: this engine cannot list its sessions", f.doing, errors.ErrUnsupported)
	}
	return f.judge(all, see)
}

func (f *fleet) judge(all iter.Seq2[djsession.Listed, error], see func(djsession.Listed) error) (unread, err error) {
	decoded, junk, corrupt, closed, cause := 0, 0, 0, 0, error(nil)
	for l, err := range all {
		if err != nil {
			return nil, err
		}
		switch {
		case l.Err == nil:
			decoded++
			if f.isUsers(l.Record) {
				if err := see(l); err != nil {
					return nil, err
				}
			}
		case errors.Is(l.Err, djsession.ErrCorrupt):
			if f.isJunk(l.Err) {
				junk++
			} else {
				corrupt++
			}
			if closed == 0 {
				cause = l.Err
			}
		default:
			closed++
			cause = l.Err
		}
	}
	if decoded == 0 {
		corrupt += junk
	}
	switch {
	case closed > 0:
		return djsession.Unavailable(fmt.Sprintf("%s: %d of the site could not be read", f.doing, closed), cause), nil
	case corrupt > 0:
		return djsession.Corrupt(fmt.Sprintf("%s: %d of the site left alone", f.doing, corrupt), cause), nil
	}
	return nil, nil
}

// isUsers reports whether the user is logged in to r.
func (f *fleet) isUsers(r *djsession.Record) bool {
	v, ok := r.Data.Get(SessionKey)
	if !ok || v == nil {
		return false
	}
	id, err := f.kind.Parse(v)
	return err == nil && id == f.id
}

// isJunk reports whether a session that does not verify is not the user's under any key.
func (f *fleet) isJunk(err error) bool {
	var text *unverified.Error
	if !errors.As(err, &text) {
		return false
	}
	set := f.site.Settings()
	d, err := text.Dict(set.Serializer, signer.Limits{MaxPayload: set.Limits.Payload, MaxDecompressed: set.Limits.Data.Size})
	if err != nil {
		return errors.Is(err, unverified.ErrNobody)
	}
	return !f.isUsers(&djsession.Record{Data: d})
}

// live reports whether r has not expired.
func (f *fleet) live(r *djsession.Record) bool {
	return r.Expires.IsZero() || r.Expires.After(f.site.Now())
}

// end deletes a session that walk found. ended reports whether that has ended a login.
func (f *fleet) end(ctx context.Context, l djsession.Listed) (ended bool, err error) {
	r, seen := l.Record, l.Version
	for range mostTries {
		err := f.store.Delete(ctx, l.Key(), seen)
		switch {
		case err == nil:
			return f.live(r), nil
		case errors.Is(err, djsession.ErrNotFound):
			return false, nil
		case !errors.Is(err, djsession.ErrConflict):
			return false, err
		}
		// It has changed, and may be another user's now.
		r, seen, err = f.load(ctx, l.Key())
		switch {
		case errors.Is(err, djsession.ErrNotFound), errors.Is(err, djsession.ErrCorrupt):
			return false, nil // the next walk looks at what is there then
		case err != nil:
			return false, err
		case !f.isUsers(r):
			return false, nil
		}
	}
	return false, fmt.Errorf("%s: one is changed all the time: %w", f.doing, djsession.ErrConflict)
}

// load reads what is stored, and not a copy of it.
func (f *fleet) load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	if fresh, ok := f.store.(djsession.FreshLoader); ok {
		return fresh.LoadFresh(ctx, key)
	}
	return f.store.Load(ctx, key)
}
