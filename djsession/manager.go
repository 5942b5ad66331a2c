package djsession

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/serializer"
)

// Manager loads and saves the sessions of requests: Django's SessionMiddleware. It is
// safe for concurrent use.
type Manager struct {
	site   *Site
	store  Store  // nil with a sealer
	sealer Sealer // nil with a store
	queue  queue
	saves  saves
	format serializer.Serializer // of the values that are set

	corrupt   atomic.Int64
	late      atomic.Int64
	twoLogged sync.Once
	endless   sync.Once // logged that the store knows no ends
}

// New returns a Manager of the sessions in store, for the [Site] of store.
func New(store Store) *Manager {
	m := &Manager{site: store.Site(), store: store}
	m.format = m.site.set.Serializer
	if own, ok := As[Serializing](store); ok {
		if format := own.Serializer(); format != nil {
			m.format = format
		}
	}
	return m
}

// Site returns the Site of the [Store] or [Sealer].
func (m *Manager) Site() *Site { return m.site }

// Store returns the Store that [New] was given. It is nil for a Manager made by
// [NewSealed].
func (m *Manager) Store() Store { return m.store }

// Load returns the session of the request with this context. The first call for a request
// reads the store; later calls do not. Load waits no longer than ctx lasts, also while
// another goroutine of the request loads or saves the session. With several Managers, Load
// returns the session of the innermost [Manager.Middleware]; [Manager.Load] returns that of
// one Manager.
//
// A cookie that leads to no session gives an empty one; [Session.Missing] returns the
// reason.
//
// Errors: [ErrUnavailable], which does not mean an anonymous visitor; [ErrCommitted] if
// the response has begun and the session was not read before; [ErrNoSession] if the
// request passed no Middleware.
func Load(ctx context.Context) (*Session, error) {
	x, ok := ctx.Value(contextKey{}).(*exchange)
	if !ok {
		return nil, notHere(ctx, ErrNoSession)
	}
	s, err := x.open(ctx)
	if err != nil {
		err = notHere(ctx, err)
	}
	return s, err
}

// Load is [Load] for the session of this Manager.
func (m *Manager) Load(ctx context.Context) (*Session, error) {
	x := m.find(ctx)
	if x == nil {
		return nil, ErrNoSession
	}
	return x.open(ctx)
}

func (x *exchange) open(ctx context.Context) (*Session, error) {
	if err := x.s.load(ctx); err != nil {
		return nil, err
	}
	return &x.s, nil
}

// find returns the exchange that this Manager's Middleware put into ctx, or nil.
func (m *Manager) find(ctx context.Context) *exchange {
	x, _ := ctx.Value(contextKey{}).(*exchange)
	for x != nil && x.s.m != m {
		x = x.outer
	}
	return x
}

// contextKey is the key under which Middleware keeps its *exchange.
type contextKey struct{}

// requestContext is context.WithValue(ctx, contextKey{}, x), as a part of x.
type requestContext struct {
	context.Context
	x *exchange
}

func (c *requestContext) Value(key any) any {
	if key == (contextKey{}) {
		return c.x
	}
	return c.Context.Value(key)
}

// String shows none of the values.
func (c *requestContext) String() string { return "context of a request with a session" }

// Open returns the session stored under key, for jobs, sockets and commands, which have
// no request. With key "" it returns a new session. Call [Session.Save] to store it.
//
// Errors: [ErrNotFound], [ErrExpired], [ErrCorrupt], [ErrUnavailable].
func (m *Manager) Open(ctx context.Context, key string) (*Session, error) {
	both := &struct { // one allocation
		Session
		state sessionState
	}{state: sessionState{m: m, key: key, had: key != ""}}
	s := &both.Session
	s.sessionState = &both.state
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	if key != "" && s.why != nil {
		return nil, s.why
	}
	return s, nil
}

// Exists is SessionBase.exists: it reports whether there is a session under key that has
// not expired. A session that does not decode exists too. As in Django, a sealed session
// never exists.
//
// Errors: [ErrUnavailable].
func (m *Manager) Exists(ctx context.Context, key string) (bool, error) {
	if m.sealer != nil || !m.site.ValidKey(key) {
		return false, nil
	}
	_, _, err := m.load(ctx, key)
	switch {
	case err == nil || errors.Is(err, ErrCorrupt):
		return true, nil
	case errors.Is(err, ErrNotFound):
		return false, nil
	}
	return false, err
}

// Delete is SessionBase.delete for a key: it ends the session, and a login in it.
//
// Errors: [ErrNotFound], [ErrUnavailable]; [errors.ErrUnsupported] for sealed sessions,
// which nobody can take back.
func (m *Manager) Delete(ctx context.Context, key string) error {
	if m.sealer != nil {
		return fmt.Errorf("delete session: %w: it is in a cookie, and stays good until it expires", errors.ErrUnsupported)
	}
	if !m.site.ValidKey(key) {
		return ErrNotFound
	}
	saving := m.saving(ctx)
	defer saving.end()
	ctx = saving
	return m.delete(ctx, key, Force)
}

// ClearExpired is SessionBase.clear_expired: it removes the expired sessions and returns
// their number. opts may be nil. There is nothing to remove if the server does that
// itself ([SelfExpiring]), nor for sealed sessions.
//
// Errors: [ErrUnavailable]; [errors.ErrUnsupported] if the store is neither a [Reaper]
// nor [SelfExpiring].
func (m *Manager) ClearExpired(ctx context.Context, opts *ReapOptions) (int64, error) {
	if m.sealer != nil {
		return 0, nil
	}
	if r, ok := As[Reaper](m.store); ok {
		start := m.starts()
		n, err := r.ClearExpired(ctx, opts)
		if opts == nil || !opts.DryRun {
			m.report(ctx, Event{Op: "clear", Err: err, Count: n}, start)
		}
		return n, err
	}
	if s, ok := As[SelfExpiring](m.store); ok && s.SelfExpiring() {
		return 0, nil
	}
	return 0, fmt.Errorf("clear expired sessions: %w: the store cannot remove them, and does not say that its server does", errors.ErrUnsupported)
}

// start prepares the session that a request names, without reading it.
func (m *Manager) start(s *Session, r *http.Request) {
	s.m, s.request = m, r
	key, n := "", 0
	if all := r.Header[m.site.set.KeyHeader]; m.site.set.KeyHeader != "" && m.sealer == nil && len(all) > 0 {
		s.byHeader = true
		if key = strings.Join(all, ","); key != "" {
			n = 1
		}
	} else {
		key, n = httpcookie.Find(r.Header, m.site.set.CookieName)
	}
	if n > 1 {
		m.twoLogged.Do(func() {
			m.site.log(r.Context(), slog.LevelWarn, "djsession: a request has several session cookies; the last counts, as in Django. Is one of them set for another domain or path?")
		})
	}
	s.had = n > 0
	// This is SessionBase._validate_session_key. A character has at most four bytes.
	if len(key) >= 4*8 || utf8.RuneCountInString(key) >= 8 {
		s.key = key
	}
}

// reportCorrupt logs err for the operator: many such sessions mean a wrong key.
func (m *Manager) reportCorrupt(ctx context.Context, err error) {
	const loud = 5
	level := slog.LevelDebug
	n := m.corrupt.Add(1)
	if n <= loud {
		level = slog.LevelError
	}
	m.site.log(ctx, level, "djsession: a session does not decode and is treated as empty; what is stored stays untouched. Are the keys, the salt and the serializer those of the Django site?",
		"error", err, "count", n)
}

// lateChange logs a change that came too late, for a developer who ignores the error.
func (m *Manager) lateChange() {
	if m.late.Add(1) == 1 {
		m.site.log(context.Background(), slog.LevelError, "djsession: a session was changed after the response had begun; the change is lost")
	}
}

// The following methods call those of the store, and the Observer.

func (m *Manager) load(ctx context.Context, key string) (*Record, Version, error) {
	if m.sealer != nil {
		r, err := m.sealer.Unseal(key)
		return r, Version{}, err
	}
	start := m.starts()
	r, v, err := m.store.Load(ctx, key)
	m.observe(ctx, "load", start, err)
	return r, v, err
}

// loadFresh loads a record that is changed and written back; seen is no longer stored. The
// record may have expired since this request read it. loadFresh must not pass by a
// decorator that changes keys or records. So it looks beneath one only if the store's own
// Load returns an outdated record, or says that the record has expired.
func (m *Manager) loadFresh(ctx context.Context, key string, seen Version) (*Record, Version, error) {
	start := m.starts()
	r, v, err := m.freshest(ctx, key, seen)
	m.observe(ctx, "load", start, err)
	return r, v, err
}

func (m *Manager) freshest(ctx context.Context, key string, seen Version) (r *Record, v Version, err error) {
	if f, ok := m.store.(FreshLoader); ok {
		r, v, err = f.LoadFresh(ctx, key)
	} else {
		r, v, err = m.store.Load(ctx, key)
		if err == nil && v.Equal(seen) {
			if f, ok := As[FreshLoader](m.store); ok {
				r, v, err = f.LoadFresh(ctx, key)
			}
		}
	}
	if errors.Is(err, ErrExpired) {
		if x, ok := As[ExpiredLoader](m.store); ok {
			return x.LoadExpired(ctx, key)
		}
	}
	return r, v, err
}

func (m *Manager) create(ctx context.Context, key string, r *Record) (Version, error) {
	start := m.starts()
	v, err := m.store.Create(ctx, key, r)
	m.observe(ctx, "create", start, err)
	return v, err
}

func (m *Manager) update(ctx context.Context, key string, r *Record, seen Version) (Version, error) {
	start := m.starts()
	v, err := m.store.Update(ctx, key, r, seen)
	m.observe(ctx, "update", start, err)
	return v, err
}

func (m *Manager) touch(ctx context.Context, key string, expires time.Time, seen Version) error {
	start := m.starts()
	err := m.store.Touch(ctx, key, expires, seen)
	m.observe(ctx, "touch", start, err)
	return err
}

func (m *Manager) cycle(ctx context.Context, c Cycler, old string, seen Version, key string, r *Record) (Version, error) {
	start := m.starts()
	v, err := c.Cycle(ctx, old, seen, key, r)
	m.observe(ctx, "cycle", start, err)
	return v, err
}

func (m *Manager) delete(ctx context.Context, key string, seen Version) error {
	start := m.starts()
	err := m.store.Delete(ctx, key, seen)
	m.observe(ctx, "delete", start, err)
	return err
}

// starts returns the moment at which an Event begins, if anybody observes it.
func (m *Manager) starts() (now time.Time) {
	if m.site.set.Observer != nil {
		now = time.Now()
	}
	return now
}

// observe reports an Event that ends now.
func (m *Manager) observe(ctx context.Context, op string, start time.Time, err error) {
	m.report(ctx, Event{Op: op, Err: err}, start)
}

func (m *Manager) report(ctx context.Context, e Event, start time.Time) {
	if tell := m.site.set.Observer; tell != nil {
		e.Took = time.Since(start)
		tell(ctx, e)
	}
}
