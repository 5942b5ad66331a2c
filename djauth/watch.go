package djauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Watch returns a context for websockets, event streams and long jobs, which would otherwise
// go on after a logout. It ends when ctx does, the context of a request, and when the login
// of that request does: when the session is deleted, gets another key, expires or belongs to
// another user, when the password changes, when the account is deleted or deactivated, and
// when the Judge refuses it or names another account.
// context.Cause returns the reason, an ErrAnonymous. The caller must call stop.
//
// Every Options.WatchInterval an Auth looks at all logins that it watches. If the engine can
// (djsession.ManyLoader, [ManyFinder]), it sends one query for many sessions and one for many
// accounts, else one for each. PostgreSQL takes 20,000 in one, the other databases 500. A
// watch takes about 1 KB of memory, and with a Judge a copy of the request. If it cannot read
// them for Options.WatchGrace, the contexts end with djsession.ErrUnavailable.
//
// Watch follows the session under its present key: save the changes of the request first,
// and call Manager.Commit before taking over the connection. A session in a cookie can only
// expire.
//
// Errors: ErrAnonymous if nobody is logged in, and those of [User].
func (a *Auth) Watch(ctx context.Context) (watched context.Context, stop context.CancelFunc, err error) {
	id, err := User(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !id.IsAuthenticated() {
		return nil, nil, id.Why()
	}
	s, err := a.m.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	return a.watchSession(ctx, s, id)
}

// WatchSession is Watch for a session that was opened elsewhere; see Manager.Open and
// [Auth.Identify].
func (a *Auth) WatchSession(parent context.Context, s *djsession.Session) (ctx context.Context, stop context.CancelFunc, err error) {
	id, err := a.Identify(parent, s)
	if err != nil {
		return nil, nil, err
	}
	if !id.IsAuthenticated() {
		return nil, nil, id.Why()
	}
	return a.watchSession(parent, s, id)
}

func (a *Auth) watchSession(parent context.Context, s *djsession.Session, id *Identity) (ctx context.Context, stop context.CancelFunc, err error) {
	// There may be many watchers: they keep neither the session nor the header of the cookie.
	v := &watched{}
	var c claim
	if a.users != nil {
		var why error
		if c, why = a.claimOf(s.Get); why != nil {
			return nil, nil, anonymous{why}
		}
		v.id = strings.Clone(c.id)
	}
	if a.m.Store() != nil {
		v.key = strings.Clone(s.Key())
	} else { // there is nothing to look up
		expires, err := s.ExpiryDate()
		if err != nil {
			return nil, nil, err
		}
		v.sealed = &sealed{claim: c, data: s.Dict(), expires: expires}
	}
	if a.opts.Judge != nil {
		v.judged = &judged{who: strings.Clone(id.ID())}
		if c := a.find(parent); c != nil {
			v.judged.request = c.request.Clone(context.Background())
			v.judged.request.Body = http.NoBody
		}
	}
	ctx, cancel := context.WithCancelCause(parent)
	v.cancel = cancel
	a.watch.add(v)
	began := time.Now()
	a.watching(djsession.Event{Count: 1})
	end := func() {
		if !a.watch.remove(v) {
			return
		}
		e := djsession.Event{Took: time.Since(began), Count: -1}
		if why := context.Cause(ctx); errors.Is(why, ErrAnonymous) || errors.Is(why, djsession.ErrUnavailable) {
			e.Err = why
		}
		a.watching(e)
	}
	// Whoever forgets stop is helped by the end of the request.
	unhook := context.AfterFunc(ctx, end)
	return ctx, func() {
		unhook()
		end()
		cancel(context.Canceled)
	}, nil
}

// watching tells the Observer that a watch begins or ends.
func (a *Auth) watching(e djsession.Event) {
	if a.observer != nil {
		e.Op = "watch"
		a.observer(context.Background(), e)
	}
}

// watched is one login that is watched.
type watched struct {
	cancel context.CancelCauseFunc
	key    string  // of the session, unless it is sealed
	id     string  // of the account that is logged in
	sealed *sealed // nil for a session of a store
	judged *judged // nil without a Judge
}

// sealed is what a session said that nobody can change.
type sealed struct {
	claim   claim
	data    *serializer.Dict
	expires time.Time
}

// judged is what the Judge gets to see again.
type judged struct {
	who     string        // the account that it named
	request *http.Request // that began the watch, or nil
}

// watcher looks at all logins that are watched. Its goroutine lives while there are any.
type watcher struct {
	auth *Auth
	mu   sync.Mutex
	all  map[*watched]struct{}
	wake chan struct{} // closed to end the goroutine
}

func (w *watcher) add(v *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = make(map[*watched]struct{})
	}
	w.all[v] = struct{}{}
	if w.wake == nil {
		w.wake = make(chan struct{})
		go w.run(w.wake)
	}
}

// remove reports whether v was watched.
func (w *watcher) remove(v *watched) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.all[v]
	delete(w.all, v)
	if len(w.all) == 0 && w.wake != nil {
		close(w.wake)
		w.wake = nil
	}
	return ok
}

// snapshot lists who is watched now.
func (w *watcher) snapshot() []*watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]*watched, 0, len(w.all))
	for v := range w.all {
		all = append(all, v)
	}
	return all
}

// run looks at every interval, as long as there is a login to watch.
func (w *watcher) run(stop <-chan struct{}) {
	opts := w.auth.opts
	ticks := time.NewTicker(opts.WatchInterval)
	defer ticks.Stop()
	good := time.Now()
	for {
		select {
		case <-stop:
			return
		case <-ticks.C:
		}
		// A look may take as long as the grace; a hanging database is a broken one.
		ctx, cancel := context.WithTimeout(context.Background(), max(opts.WatchInterval, opts.WatchGrace))
		all, start := w.snapshot(), time.Now()
		err := w.look(ctx, all)
		if tell := w.auth.observer; tell != nil {
			tell(ctx, djsession.Event{Op: "look", Took: time.Since(start), Err: err, Count: int64(len(all))})
		}
		cancel()
		if err == nil {
			good = time.Now()
			continue
		}
		w.auth.log(context.Background(), slog.LevelWarn, "djauth: watched logins could not be looked after", "error", err)
		if time.Since(good) >= opts.WatchGrace {
			for _, v := range all {
				v.cancel(fmt.Errorf("watch the login: %w", err))
			}
		}
	}
}

// look ends the contexts whose login has ended.
func (w *watcher) look(ctx context.Context, all []*watched) error {
	a := w.auth
	byKey, ids := make(map[string][]*watched, len(all)), make(map[string]struct{}, len(all))
	now := a.m.Site().Now()
	for _, v := range all {
		switch {
		case v.sealed == nil:
			byKey[v.key] = append(byKey[v.key], v)
		case !v.sealed.expires.After(now):
			v.cancel(anonymous{djsession.ErrExpired})
			continue
		}
		if a.users != nil {
			ids[v.id] = struct{}{}
		}
	}
	claims, data, whys, err := a.claimsOf(ctx, byKey)
	if err != nil {
		return err
	}
	accounts, err := a.accountsOf(ctx, ids)
	if err != nil {
		return err
	}
	failed := error(nil)
	for _, v := range all {
		var c claim
		var d *serializer.Dict
		if v.sealed != nil {
			c, d = v.sealed.claim, v.sealed.data
		} else if why := whys[v.key]; why != nil {
			v.cancel(anonymous{why})
			continue
		} else {
			c, d = claims[v.key], data[v.key]
		}
		account, ok := accounts[v.id]
		switch {
		case a.users == nil:
		case c.id != v.id: // somebody else logged in under the same key
			v.cancel(anonymous{ErrUserID})
			continue
		case !ok:
			v.cancel(anonymous{ErrNoUser})
			continue
		default:
			if _, why := a.judge(c, account); why != nil {
				v.cancel(anonymous{why})
				continue
			}
		}
		if a.opts.Judge == nil || ctx.Err() != nil {
			continue
		}
		if err := a.lookAgain(ctx, v, d, finding{claim: c, account: account}); err != nil {
			failed = err // the others are judged all the same
		}
	}
	return failed
}

// lookAgain asks the Judge about a login that is good by Django's own checks, and whose
// session holds d.
func (a *Auth) lookAgain(ctx context.Context, v *watched, d *serializer.Dict, f finding) error {
	j := a.judgement(f, d, v.key, v.judged.request)
	j.Watched = true
	id, _, err := a.decide(ctx, f, j)
	switch {
	case err != nil:
		return err
	case !id.IsAuthenticated():
		v.cancel(id.Why())
	case id.ID() != v.judged.who: // somebody acts as another now
		v.cancel(anonymous{ErrUserID})
	}
	return nil
}

// claimsOf reads the sessions: what each says, or why it says nothing.
func (a *Auth) claimsOf(ctx context.Context, byKey map[string][]*watched) (claims map[string]claim, data map[string]*serializer.Dict, whys map[string]error, err error) {
	claims, data, whys = make(map[string]claim, len(byKey)), make(map[string]*serializer.Dict), make(map[string]error)
	if len(byKey) == 0 {
		return claims, data, whys, nil
	}
	keys := make([]string, 0, len(byKey))
	for key := range byKey {
		keys = append(keys, key)
		whys[key] = djsession.ErrNotFound
	}
	err = djsession.LoadMany(ctx, a.m.Store(), keys, func(key string, r *djsession.Record, err error) {
		if err == nil && a.users != nil {
			claims[key], err = a.claimOf(fieldsOf(r.Data))
		}
		if err == nil && a.opts.Judge != nil {
			data[key] = r.Data
		}
		whys[key] = err
	})
	return claims, data, whys, err
}

// fieldsOf is Session.Get of a dict.
func fieldsOf(d *serializer.Dict) func(string) (any, bool) {
	return func(name string) (any, bool) { return d.Get(name) }
}

// accountsOf reads the accounts that there are.
func (a *Auth) accountsOf(ctx context.Context, ids map[string]struct{}) (map[string]*Account, error) {
	accounts := make(map[string]*Account, len(ids))
	list := make([]string, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	if many, ok := As[ManyFinder](a.users); ok && len(list) > 0 {
		err := many.ByIDs(ctx, list, func(account *Account) { accounts[account.ID] = account })
		switch {
		case errors.Is(err, errors.ErrUnsupported):
		case err != nil:
			return nil, err
		case a.users.IDKind() != TextID:
			return accounts, nil
		default: // MySQL finds a text under another spelling, which the account then has
			list = slices.DeleteFunc(list, func(id string) bool { return accounts[id] != nil })
		}
	}
	for _, id := range list {
		account, err := a.account(ctx, id, &lookup{fresh: true}) // as the sessions are
		if err != nil && !errors.Is(err, ErrNoUser) {
			return nil, err
		}
		if err == nil {
			accounts[id] = account
		}
	}
	return accounts, nil
}
