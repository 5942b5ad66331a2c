package cacheddbstore_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
)

// patience is the timeout of the clients of frozen caches.
const patience = 250 * time.Millisecond

// servers are two servers of a cache. One of them can be frozen: its client gives up after
// its patience. Names that end in "1" are on server 1, all others on server 0.
type servers struct {
	djcache.Cache
	frozen [2]atomic.Bool
	calls  atomic.Int32
	now    [2]atomic.Int32 // calls that wait
	most   atomic.Int32    // at once
}

func (c *servers) Unwrap() djcache.Cache { return c.Cache }

func (c *servers) Server(name string) int {
	if strings.HasSuffix(name, "1") {
		return 1
	}
	return 0
}

// call waits as a call to the server of name does.
func (c *servers) call(ctx context.Context, name string) error {
	c.calls.Add(1)
	i := c.Server(name)
	if !c.frozen[i].Load() {
		return nil
	}
	if n := c.now[i].Add(1); n > c.most.Load() {
		c.most.Store(n)
	}
	defer c.now[i].Add(-1)
	select {
	case <-time.After(patience):
		return djsession.Unavailable("ask", errors.New("timeout"))
	case <-ctx.Done():
		return djsession.Unavailable("ask", ctx.Err())
	}
}

func (c *servers) Get(ctx context.Context, name string) (djcache.Item, error) {
	if err := c.call(ctx, name); err != nil {
		return djcache.Item{}, err
	}
	return c.Cache.Get(ctx, name)
}

func (c *servers) Add(ctx context.Context, name string, d *serializer.Dict, expires time.Time) (djsession.Version, error) {
	if err := c.call(ctx, name); err != nil {
		return djsession.Version{}, err
	}
	return c.Cache.Add(ctx, name, d, expires)
}

func (c *servers) Set(ctx context.Context, name string, d *serializer.Dict, expires time.Time) (djsession.Version, error) {
	if err := c.call(ctx, name); err != nil {
		return djsession.Version{}, err
	}
	return c.Cache.Set(ctx, name, d, expires)
}

func (c *servers) Replace(ctx context.Context, name string, d *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	if err := c.call(ctx, name); err != nil {
		return djsession.Version{}, err
	}
	return c.Cache.Replace(ctx, name, d, expires, seen)
}

func (c *servers) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	if err := c.call(ctx, name); err != nil {
		return djsession.Version{}, err
	}
	return c.Cache.Touch(ctx, name, expires, seen)
}

func (c *servers) Delete(ctx context.Context, name string, seen djsession.Version) error {
	if err := c.call(ctx, name); err != nil {
		return err
	}
	return c.Cache.Delete(ctx, name, seen)
}

// on returns a session key on a server.
func on(i int) string { return strings.Repeat("k", 31) + string(rune('0'+i)) }

type guarded struct {
	*cacheddbstore.Store
	cache *servers
	rows  *memstore.Store
}

func newGuarded(t *testing.T, change func(*djsession.Settings)) guarded {
	t.Helper()
	w := newWorldAt(t, func() time.Time { return now }, change)
	cache := &servers{Cache: locmem.New(w.site, nil)}
	s, err := cacheddbstore.New(w.rows, cache, nil)
	must(t, err)
	for i := range 2 {
		_, err := s.Create(t.Context(), on(i), record(1))
		must(t, err)
	}
	return guarded{s, cache, w.rows}
}

// took returns how long f takes.
func took(f func()) time.Duration {
	begun := time.Now()
	f()
	return time.Since(begun)
}

// TestBreaker: the first request waits for a frozen server, the others do not, whatever they
// do. One probe at a time finds the server back. Another server is not affected.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGuarded(t, func(*djsession.Settings) {})
		ctx := t.Context()
		load := func(i int) {
			t.Helper()
			r, _, err := s.Load(ctx, on(i))
			if got := value(t, r, err); got != 1 {
				t.Errorf("Load = %d, want 1", got)
			}
		}
		s.cache.frozen[0].Store(true)
		if d := took(func() { load(0) }); d != patience {
			t.Errorf("the first request took %v, want %v", d, patience)
		}
		calls := s.cache.calls.Load()
		if d := took(func() {
			for range 1000 {
				load(0)
			}
			synctest.Wait()
		}); d != 0 {
			t.Errorf("a thousand loads took %v longer than those of the rows", d)
		}
		if n := s.cache.calls.Load() - calls; n != 1 {
			t.Errorf("a thousand loads sent %d commands, want one probe", n)
		}
		const most = 5 * time.Millisecond
		for name, do := range map[string]func() error{
			"Update": func() error { _, err := s.Update(ctx, on(0), record(1), djsession.Force); return err },
			"Touch":  func() error { return s.Touch(ctx, on(0), now.Add(time.Hour), djsession.Force) },
			"Create": func() error { _, err := s.Create(ctx, strings.Repeat("c", 32), record(1)); return err },
		} {
			if d := took(func() { must(t, do()) }); d > most {
				t.Errorf("%s took %v longer than the row, want at most %v", name, d, most)
			}
		}
		time.Sleep(time.Minute) // so that another probe is due
		load(0)                 // begins it; the doubts have it wait for a moment
		if d := took(func() { load(0); load(0) }); d > most {
			t.Errorf("while a probe runs, two loads took %v, want at most %v", d, most)
		}
		_, v, err := s.LoadFresh(ctx, on(0))
		must(t, err)
		for name, do := range map[string]func() error{
			"Delete of what was seen": func() error { return s.Delete(ctx, on(0), v) },
			"Load without a row": func() error {
				_, _, err := s.Load(ctx, strings.Repeat("n", 32))
				return err
			},
			"Delete": func() error { return s.Delete(ctx, strings.Repeat("c", 32), djsession.Force) },
		} {
			var err error
			if d := took(func() { err = do() }); d > most || !errors.Is(err, djsession.ErrUnavailable) {
				t.Errorf("%s took %v and says %v, want at most %v and ErrUnavailable", name, d, err, most)
			}
		}
		calls = s.cache.calls.Load()
		if d := took(func() { load(1) }); d != 0 || s.cache.calls.Load() == calls {
			t.Errorf("the other server: a load took %v and sent %d commands", d, s.cache.calls.Load()-calls)
		}
		if n := s.cache.most.Load(); n != 1 {
			t.Errorf("%d commands waited at once, want 1", n)
		}

		s.cache.frozen[0].Store(false)
		time.Sleep(time.Second)
		if err := s.Delete(ctx, on(0), djsession.Force); err != nil {
			t.Errorf("the server is back, and the first logout says %v", err)
		}
		if n := s.Down(); n != 0 {
			t.Errorf("%d servers are taken for down", n)
		}
	})
}

// TestBreakerHeedsContexts: the end of a client's patience is no failure of the cache, unless
// the cache let it pass.
func TestBreakerHeedsContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newGuarded(t, func(*djsession.Settings) {})
		s.cache.frozen[0].Store(true)
		for _, tt := range []struct {
			patience time.Duration
			down     int
		}{{10 * time.Millisecond, 0}, {100 * time.Millisecond, 1}} {
			ctx, cancel := context.WithTimeout(t.Context(), tt.patience)
			_, _, err := s.Load(ctx, on(0))
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || s.Down() != tt.down {
				t.Errorf("after %v: %v, and %d servers are taken for down, want %d", tt.patience, err, s.Down(), tt.down)
			}
		}
		if _, _, err := s.Load(t.Context(), on(0)); err != nil {
			t.Error(err)
		}
		s.cache.frozen[0].Store(false)
		time.Sleep(time.Minute)
	})
}

// TestSaveTimeout: a cache that stands still delays a save, and a logout, until SaveTimeout at
// most. What is then left to do with the copy is done when the cache is back.
func TestSaveTimeout(t *testing.T) {
	const limit = 100 * time.Millisecond // shorter than the patience of the cache's client
	for name, do := range map[string]func(*djsession.Session) error{
		"save":     func(s *djsession.Session) error { return errors.Join(s.Set("x", 1), s.Save(context.Background())) },
		"touch":    func(s *djsession.Session) error { return errors.Join(s.MarkModified(), s.Save(context.Background())) },
		"new key":  func(s *djsession.Session) error { _ = s.CycleKey(); return s.Save(context.Background()) },
		"logout":   func(s *djsession.Session) error { return s.Flush(context.Background()) },
		"new save": func(s *djsession.Session) error { return s.Create(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newGuarded(t, func(set *djsession.Settings) { set.SaveTimeout = limit })
				m := djsession.New(s.Store)
				session, err := m.Open(t.Context(), on(0))
				must(t, err)
				s.cache.frozen[0].Store(true)
				s.cache.frozen[1].Store(true)
				var said error
				if d := took(func() { said = do(session) }); d > limit {
					t.Errorf("it took %v, want at most %v: %v", d, limit, said)
				}
				s.cache.frozen[0].Store(false)
				s.cache.frozen[1].Store(false)
				time.Sleep(time.Second)
				for range 3 { // other visitors come
					_, _, err := s.Load(t.Context(), on(1))
					must(t, err)
					time.Sleep(cacheddbstore.Latest)
				}
				theirs := newStore(t, s.rows, s.cache.Cache)
				r, _, err := theirs.Load(t.Context(), on(0))
				row, _, rowErr := s.rows.Load(t.Context(), on(0))
				if errors.Is(rowErr, djsession.ErrNotFound) {
					if !errors.Is(err, djsession.ErrNotFound) {
						t.Errorf("others find a copy of a session that is gone: %v", err)
					}
				} else if must(t, errors.Join(err, rowErr)); value(t, r, nil) != value(t, row, nil) || r.Data.Has("x") != row.Data.Has("x") {
					t.Error("others find another copy than the row")
				}
				if s.Doubts() != 0 {
					t.Errorf("%d copies are in doubt", s.Doubts())
				}
			})
		})
	}
}

// countingRows counts the operations.
type countingRows struct {
	djsession.Store
	n *int
}

func (c countingRows) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	*c.n++
	return c.Store.Load(ctx, key)
}

func (c countingRows) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	*c.n++
	return c.Store.Update(ctx, key, r, seen)
}

// TestRoundTrips counts the operations of a request that reads its session from the copy and
// changes it: the row is changed and the copy replaced. Only if this process does not know the
// row of the copy does it read it before. Only if it replaces another copy than it has read, or
// one without a stamp, as Django writes them, does it look at the row once more.
func TestRoundTrips(t *testing.T) {
	w := newWorld(t, nil)
	n := 0
	cache := &servers{Cache: locmem.New(w.site, nil)}
	s := newStore(t, countingRows{w.rows, &n}, cache)
	_, err := s.Create(t.Context(), key, record(1))
	must(t, err)
	save := func(s djsession.Store, why string, want int) {
		t.Helper()
		session, err := djsession.New(s).Open(t.Context(), key)
		must(t, err)
		must(t, session.Set("x", why))
		n = 0
		cache.calls.Store(0)
		must(t, session.Save(t.Context()))
		if got := n + int(cache.calls.Load()); got != want {
			t.Errorf("%s: %d operations, want %d", why, got, want)
		}
	}
	save(s, "the copy that this process made", 2)
	save(s, "once more", 2)
	save(newStore(t, countingRows{w.rows, &n}, cache), "a copy of another process", 3)
	save(s, "the other process's copy", 3)
	save(s, "and its own again", 2)

	row, _, err := w.rows.Load(t.Context(), key)
	must(t, err)
	_, err = cache.Cache.Set(t.Context(), prefix+key, row.Data, row.Expires)
	must(t, err)
	save(s, "a copy of Django's", 4)
	save(s, "its own after that", 2)

	// Somebody replaces the copy, by an equal one, after it was read.
	session, err := djsession.New(s).Open(t.Context(), key)
	must(t, err)
	item, err := cache.Cache.Get(t.Context(), prefix+key)
	must(t, err)
	_, err = cache.Cache.Set(djcache.Stamp(t.Context()), prefix+key, item.Value, row.Expires)
	must(t, err)
	must(t, session.Set("x", "a copy that was replaced"))
	n = 0
	cache.calls.Store(0)
	must(t, session.Save(t.Context()))
	if got := n + int(cache.calls.Load()); got != 4 {
		t.Errorf("a copy that was replaced: %d operations, want 4: the row, two tries of the copy, and the row", got)
	}
}
