package migrate_test

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/serializer"
)

// cookieAge is SESSION_COOKIE_AGE.
const cookieAge = 14 * 24 * time.Hour

// visitor is what has to become of a session.
type visitor struct {
	mu      sync.Mutex // one request at a time, as nothing else says which of two wins
	key     string
	n       int64
	expires time.Time
	slack   time.Duration // for what is not known about expires
	out     bool          // logged out
	steps   []step

	// late: written on the old engine after the last copy had begun.
	late bool
	// both: written on both engines in that time, so that the new one's is kept.
	both bool
}

// actor is a program of the site.
type actor interface {
	// do does something to a session and returns the n that it found; ok is false
	// if it found none.
	do(ctx context.Context, do, key string) (n int64, ok bool, err error)
	create(ctx context.Context) (key string, err error)
}

// world is the site that moves.
type world struct {
	t    testing.TB
	site *djsession.Site

	mu       sync.RWMutex // of visitors, as a list
	visitors []*visitor

	window atomic.Bool // from the beginning of the last copy until the switch is over
	missed atomic.Int64
	visits atomic.Int64
	outs   atomic.Int64
	stale  atomic.Int64 // visits of who is logged out
	faults atomic.Int64

	storyMu sync.Mutex
	story   []string
}

func (w *world) fault(format string, args ...any) {
	if w.faults.Add(1) <= 20 {
		w.t.Errorf(format, args...)
	}
}

// crowd is who sends requests to an actor until stop is closed.
type crowd struct {
	who    string
	actor  actor
	onNew  bool
	django bool
}

func (w *world) run(ctx context.Context, c crowd, seed uint64, stop <-chan struct{}) {
	rng := rand.New(rand.NewPCG(seed, 7))
	for {
		select {
		case <-stop:
			return
		case <-time.After(2 * time.Millisecond):
		}
		var err error
		if rng.IntN(20) == 0 {
			err = w.arrive(ctx, c)
		} else {
			err = w.visit(ctx, c, rng)
		}
		if err != nil {
			w.fault("%s: %v", c.who, err)
			return
		}
	}
}

// arrive is a new visitor.
func (w *world) arrive(ctx context.Context, c crowd) error {
	late := !c.onNew && w.window.Load()
	at := time.Now()
	key, err := c.actor.create(ctx)
	if err != nil {
		return err
	}
	v := &visitor{key: key, expires: at.Add(cookieAge), slack: time.Since(at), late: late}
	v.took(c, "arrive", at, 0, true, nil)
	w.mu.Lock()
	w.visitors = append(w.visitors, v)
	w.mu.Unlock()
	return nil
}

func (w *world) visit(ctx context.Context, c crowd, rng *rand.Rand) error {
	w.mu.RLock()
	v := w.visitors[rng.IntN(len(w.visitors))]
	w.mu.RUnlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	do := "write"
	switch rng.IntN(10) {
	case 0:
		do = "logout"
	case 1, 2:
		do = "read"
	}
	w.visits.Add(1)
	window := w.window.Load()
	at := time.Now()
	n, ok, err := c.actor.do(ctx, do, v.key)
	v.took(c, do, at, n, ok, err)
	switch {
	case err != nil:
		return err
	case v.out:
		if ok && !c.onNew {
			w.fault("%s found a session that is logged out", c.who)
		}
		w.stale.Add(1) // on the new engine the copy may still be there for a moment
		return nil
	case !ok:
		// Django knows one engine. What was written on the other one in the time of
		// the switch it cannot know.
		if c.django && (v.late || window) {
			w.missed.Add(1)
			return nil
		}
		w.fault("%s found no session, late %t, both %t, in the window %t", c.who, v.late, v.both, window)
		return nil
	case n != v.n && !v.late && !v.both && !window:
		w.fault("%s found n = %d, want %d", c.who, n, v.n)
	}
	switch do {
	case "logout":
		v.out = true
		w.outs.Add(1)
	case "write":
		v.n, v.expires, v.slack = n+1, at.Add(cookieAge), time.Since(at)
		switch {
		case c.onNew:
			v.both = v.both || window || v.late
		case window:
			v.late = true
			v.both = v.both || n+1 != v.n
		}
	}
	return nil
}

// goProgram is an actor with a Store.
type goProgram struct {
	store djsession.Store
	site  *djsession.Site
}

func (p goProgram) do(ctx context.Context, do, key string) (int64, bool, error) {
	for {
		r, v, err := p.store.Load(ctx, key)
		if errors.Is(err, djsession.ErrNotFound) {
			return 0, false, nil
		} else if err != nil {
			return 0, false, err
		}
		value, _ := r.Data.Get("n")
		n, _ := value.(int64)
		switch do {
		case "logout":
			err = p.store.Delete(ctx, key, djsession.Force)
		case "write":
			_, err = p.store.Update(ctx, key, &djsession.Record{Data: r.Data.With("n", n+1), Expires: p.site.Now().Add(cookieAge)}, v)
		}
		switch {
		case errors.Is(err, djsession.ErrConflict): // djsession migrate has written it
			continue
		case errors.Is(err, djsession.ErrNotFound) && do == "logout":
			// It has ended after it was found: a logout deletes from the old engine first,
			// and djsession migrate may see that and do the rest.
			return n, true, nil
		case errors.Is(err, djsession.ErrNotFound):
			return 0, false, nil
		}
		return n, err == nil, err
	}
}

func (p goProgram) create(ctx context.Context) (string, error) {
	key := newKey(rand.N[uint64])
	_, err := p.store.Create(ctx, key, &djsession.Record{Data: dataOf(1, 0), Expires: p.site.Now().Add(cookieAge)})
	return key, err
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

func newKey(below func(uint64) uint64) string {
	var key [32]byte
	for i := range key {
		key[i] = letters[below(uint64(len(letters)))]
	}
	return string(key[:])
}

// dataOf is the session of a user who is logged in.
func dataOf(user int, n int64) *serializer.Dict {
	return serializer.NewDict(
		serializer.Item{Key: "_auth_user_id", Value: fmt.Sprint(user)},
		serializer.Item{Key: "_auth_user_backend", Value: "django.contrib.auth.backends.ModelBackend"},
		serializer.Item{Key: "_auth_user_hash", Value: "77fdfc712690041e57f4b443980dfb3e7f5d88848aeb5b1f3a07bedc8f6e9d33"},
		serializer.Item{Key: "n", Value: n},
		serializer.Item{Key: "cart", Value: []any{map[string]any{"sku": fmt.Sprintf("A-%d", user%1000), "price": 12.5, "gift": user%2 == 0}}},
	)
}

// djangoSite is an actor with visited.py.
type djangoSite struct{ *django.Django }

//go:embed visited.py
var visited string

// startDjango starts it with these settings.
func startDjango(t testing.TB, settings django.Args) djangoSite {
	t.Helper()
	settings["INSTALLED_APPS"] = []string{"django.contrib.sessions"}
	return djangoSite{django.Start(t, django.Site{Version: "5.2", Settings: settings, Code: visited})}
}

func (d djangoSite) do(_ context.Context, do, key string) (int64, bool, error) {
	var n *int64
	if err := d.Try("visit", django.Args{"act": do, "key": key}, &n); err != nil || n == nil {
		return 0, false, err
	}
	return *n, true, nil
}

func (d djangoSite) create(context.Context) (key string, err error) {
	err = d.Try("arrive", nil, &key)
	return key, err
}
