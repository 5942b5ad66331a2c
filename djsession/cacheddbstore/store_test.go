package cacheddbstore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const (
	prefix = "django.contrib.sessions.cached_db"
	key    = "abcdefghijklmnopqrstuvwxyz012345"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// cache is a djcache.Cache in memory, into whose work others can break.
type cache struct {
	*memstore.Store
	// before is called before what changes the cache does so, once.
	before func()
	// after is called when Add has added, once.
	after func()
	// lose has the answer of the next Add get lost.
	lose bool
}

func (c *cache) interrupt() {
	if f := c.before; f != nil {
		c.before = nil
		f()
	}
}

func (c *cache) Get(ctx context.Context, name string) (djcache.Item, error) {
	r, v, err := c.Load(ctx, name)
	if err != nil {
		return djcache.Item{Version: v}, err
	}
	return djcache.Item{Value: r.Data, Version: v}, nil // as most caches, it does not tell when it ends
}

func (c *cache) Add(ctx context.Context, name string, d *serializer.Dict, expires time.Time) (djsession.Version, error) {
	c.interrupt()
	v, err := c.Create(ctx, name, &djsession.Record{Data: d, Expires: expires})
	if f := c.after; f != nil {
		c.after = nil
		f()
	}
	if c.lose {
		c.lose = false
		return djsession.Version{}, djsession.Unavailable("add", errors.New("lost"))
	}
	return v, err
}

func (c *cache) Replace(ctx context.Context, name string, d *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	c.interrupt()
	return c.Update(ctx, name, &djsession.Record{Data: d, Expires: expires}, seen)
}

func (c *cache) Set(ctx context.Context, name string, d *serializer.Dict, expires time.Time) (djsession.Version, error) {
	c.interrupt()
	r := &djsession.Record{Data: d, Expires: expires}
	v, err := c.Update(ctx, name, r, djsession.Force)
	if errors.Is(err, djsession.ErrNotFound) {
		return c.Create(ctx, name, r)
	}
	return v, err
}

func (c *cache) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	c.interrupt()
	return seen, c.Store.Touch(ctx, name, expires, seen)
}

func (c *cache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	c.interrupt()
	return c.Store.Delete(ctx, name, seen)
}

func newStore(t testing.TB, rows djsession.Store, cache djcache.Cache) *cacheddbstore.Store {
	t.Helper()
	s, err := cacheddbstore.New(rows, cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Patient()
	return s
}

// world is a row store and a cache, as two processes see them.
type world struct {
	site  *djsession.Site
	rows  *memstore.Store
	cache *cache
	store *cacheddbstore.Store
	log   bytes.Buffer
}

func newWorld(t testing.TB, site *djsession.Site) *world {
	t.Helper()
	w := new(world)
	if site == nil {
		var err error
		site, err = djsession.NewSite(djsession.Settings{
			Keys:   signer.SecretKey("cacheddbstore-test"),
			Now:    func() time.Time { return now },
			Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.site, w.rows, w.cache = site, memstore.New(site), &cache{Store: memstore.New(site)}
	w.store = newStore(t, w.rows, w.cache)
	return w
}

func newWorldAt(t testing.TB, clock func() time.Time, change func(*djsession.Settings)) *world {
	set := djsession.Settings{Keys: signer.SecretKey("cacheddbstore-test"), Now: clock, Logger: slog.New(slog.DiscardHandler)}
	change(&set)
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, site)
}

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		HidesExpires: true,
		Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
			w := newWorld(t, site)
			return storetest.Engine{
				Store:  w.store,
				Stored: func(t testing.TB, key string) (string, bool) { return w.rows.Text(key) },
				Plant: func(t testing.TB, key, raw string, expires time.Time) {
					w.rows.Put(key, raw, expires)
					_ = w.cache.Delete(t.Context(), prefix+key, djsession.Force)
				},
				Break: func(t testing.TB) func() {
					w.rows.Fail(errors.New("unplugged"))
					w.cache.Fail(errors.New("unplugged"))
					return func() { w.rows.Fail(nil); w.cache.Fail(nil) }
				},
			}
		},
		Skip: map[string]string{"context/stalled": "nothing in memory takes time", "cycle/": "the copies are in no transaction of the rows"},
	})
}

func record(n int64) *djsession.Record {
	return &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: n}), Expires: now.Add(time.Hour)}
}

func value(t testing.TB, r *djsession.Record, err error) int64 {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	v, _ := r.Data.Get("n")
	n, _ := v.(int64)
	return n
}

// copied returns what the copy holds; 0 if there is none.
func (w *world) copied(t testing.TB) int64 {
	t.Helper()
	r, _, err := w.cache.Load(t.Context(), prefix+key)
	if errors.Is(err, djsession.ErrNotFound) {
		return 0
	}
	return value(t, r, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Every change of the row is in the copy afterwards.
func TestCopies(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	v, err := w.store.Create(ctx, key, record(1))
	must(t, err)
	if got := w.copied(t); got != 1 {
		t.Errorf("after Create the copy holds %d, want 1", got)
	}
	v, err = w.store.Update(ctx, key, record(2), v)
	must(t, err)
	if got := w.copied(t); got != 2 {
		t.Errorf("after Update the copy holds %d, want 2", got)
	}
	must(t, w.store.Touch(ctx, key, now.Add(2*time.Hour), v))
	if r, _, err := w.cache.Load(ctx, prefix+key); err != nil || !r.Expires.Equal(now.Add(2*time.Hour)) {
		t.Errorf("after Touch the copy ends at %v, %v", r, err)
	}
	must(t, w.cache.Delete(ctx, prefix+key, djsession.Force))
	r, _, err := w.store.Load(ctx, key)
	if got := value(t, r, err); got != 2 {
		t.Errorf("Load = %d, want 2", got)
	}
	if r, _, err := w.cache.Load(ctx, prefix+key); err != nil || !r.Expires.Equal(now.Add(2*time.Hour)) {
		t.Errorf("the new copy ends at %v, %v, want when the row does", r, err)
	}
	must(t, w.store.Delete(ctx, key, djsession.Force))
	if got := w.copied(t); got != 0 {
		t.Error("after Delete there is a copy")
	}
}

// Whatever happens to the row while a copy of it is on its way, no outdated copy stays.
func TestInterleavings(t *testing.T) {
	theirs := func(t testing.TB, w *world) *cacheddbstore.Store {
		return newStore(t, w.rows, &cache{Store: w.cache.Store})
	}
	logout := func(t testing.TB, w *world) { must(t, theirs(t, w).Delete(t.Context(), key, djsession.Force)) }
	save := func(t testing.TB, w *world) {
		_, err := theirs(t, w).Update(t.Context(), key, record(9), djsession.Force)
		must(t, err)
	}
	load := func(t testing.TB, w *world) {
		_, _, err := w.store.Load(t.Context(), key)
		must(t, err)
	}
	update := func(t testing.TB, w *world) {
		_, v, err := w.store.LoadFresh(t.Context(), key)
		must(t, err)
		_, err = w.store.Update(t.Context(), key, record(2), v)
		must(t, err)
	}
	touch := func(t testing.TB, w *world) {
		_, v, err := w.store.LoadFresh(t.Context(), key)
		must(t, err)
		must(t, w.store.Touch(t.Context(), key, now.Add(3*time.Hour), v))
	}
	for _, test := range []struct {
		why        string
		ours, then func(t testing.TB, w *world)
		want       []int64 // what the copy may hold; 0 is none
	}{
		{"a logout while a copy is made anew", load, logout, []int64{0}},
		{"a save while a copy is made anew", load, save, []int64{0, 9}},
		{"a logout between a save and its copy", update, logout, []int64{0}},
		{"a save between a save and its copy", update, save, []int64{0, 9}},
		{"a logout between a touch and its copy", touch, logout, []int64{0}},
		{"a save between a touch and its copy", touch, save, []int64{0, 9}},
	} {
		t.Run(test.why, func(t *testing.T) {
			w := newWorld(t, nil)
			_, err := w.rows.Create(t.Context(), key, record(1))
			must(t, err)
			if test.ours != nil && !strings.Contains(test.why, "anew") {
				_, _, err := w.store.Load(t.Context(), key)
				must(t, err)
			}
			happened := false
			w.cache.before = func() { happened = true; test.then(t, w) }
			test.ours(t, w)
			if !happened {
				t.Fatal("nobody came between")
			}
			got := w.copied(t)
			for _, want := range test.want {
				if got == want {
					return
				}
			}
			t.Errorf("the copy holds %d, want one of %v", got, test.want)
		})
	}
}

// Who finds the row gone did not delete the session, even if it is he who deletes the
// copy: a key that is cycled during a logout must not take the login with it.
func TestDeletedOnce(t *testing.T) {
	for name, second := range map[string]func(s *cacheddbstore.Store, ctx context.Context, seen djsession.Version) error{
		"Delete": func(s *cacheddbstore.Store, ctx context.Context, _ djsession.Version) error {
			return s.Delete(ctx, key, djsession.Force)
		},
		"DeleteSeen": func(s *cacheddbstore.Store, ctx context.Context, seen djsession.Version) error {
			return s.Delete(ctx, key, seen)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			ctx := t.Context()
			_, err := w.store.Create(ctx, key, record(1))
			must(t, err)
			_, seen, err := w.store.LoadFresh(ctx, key)
			must(t, err)
			theirs := newStore(t, w.rows, &cache{Store: w.cache.Store})
			var late error
			w.cache.before = func() { late = second(theirs, ctx, seen) }
			if err := w.store.Delete(ctx, key, djsession.Force); err != nil {
				t.Errorf("who deleted the row gets %v, want nil", err)
			}
			if !errors.Is(late, djsession.ErrNotFound) {
				t.Errorf("who deleted only the copy gets %v, want ErrNotFound", late)
			}
			if got := w.copied(t); got != 0 {
				t.Error("the copy stays")
			}
		})
	}
}

// A copy that others left behind is not written back to the row.
func TestOutdatedCopy(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	_, err := w.store.Create(ctx, key, record(1))
	must(t, err)
	_, err = w.rows.Update(ctx, key, record(5), djsession.Force) // past the cache
	must(t, err)
	r, v, err := w.store.Load(ctx, key)
	if got := value(t, r, err); got != 1 {
		t.Fatalf("Load = %d, want the copy", got)
	}
	if _, err := w.store.Update(ctx, key, record(2), v); !errors.Is(err, djsession.ErrConflict) {
		t.Errorf("Update = %v, want ErrConflict", err)
	}
	if err := w.store.Touch(ctx, key, now, v); !errors.Is(err, djsession.ErrConflict) {
		t.Errorf("Touch = %v, want ErrConflict", err)
	}
	if err := w.store.Delete(ctx, key, v); !errors.Is(err, djsession.ErrConflict) {
		t.Errorf("DeleteSeen = %v, want ErrConflict", err)
	}

	// A Manager then does what it was told to the row.
	m := djsession.New(w.store)
	s, err := m.Open(ctx, key)
	must(t, err)
	must(t, s.Set("x", 1))
	must(t, s.Save(ctx))
	r, _, err = w.rows.Load(ctx, key)
	if got := value(t, r, err); got != 5 || !r.Data.Has("x") {
		t.Errorf("the row holds n = %d, x: %v, want 5 and x", got, r.Data.Has("x"))
	}

	// The row is gone, as after a logout that could not reach the cache.
	must(t, w.rows.Delete(ctx, key, djsession.Force))
	_, v, err = w.store.Load(ctx, key)
	must(t, err)
	if _, err := w.store.Update(ctx, key, record(2), v); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("Update = %v, want ErrNotFound", err)
	}
	if got := w.copied(t); got != 0 {
		t.Error("the copy of a row that is gone stays")
	}
}

// Without the cache everything works but a logout, which must not be taken for done.
func TestCacheDown(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	_, err := w.store.Create(ctx, key, record(1))
	must(t, err)
	w.cache.Fail(errors.New("unplugged"))
	r, v, err := w.store.Load(ctx, key)
	if got := value(t, r, err); got != 1 {
		t.Errorf("Load = %d, want 1", got)
	}
	v, err = w.store.Update(ctx, key, record(2), v)
	must(t, err)
	must(t, w.store.Touch(ctx, key, now.Add(time.Hour), v))
	if err := w.store.Delete(ctx, key, djsession.Force); !errors.Is(err, djsession.ErrUnavailable) {
		t.Errorf("Delete = %v, want ErrUnavailable", err)
	}
	if _, ok := w.rows.Text(key); ok {
		t.Error("the row is still there")
	}
	if text := w.log.String(); strings.Contains(text, key) || strings.Count(text, "level=ERROR") < 3 {
		t.Errorf("logged: %s", text)
	}
	w.cache.Fail(nil)
	if got := w.copied(t); got != 1 {
		t.Fatalf("the copy holds %d; the test wants one that stayed", got)
	}
	if err := w.store.Delete(ctx, key, djsession.Force); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("Delete of a copy = %v, want ErrNotFound", err)
	}
	if got := w.copied(t); got != 0 {
		t.Error("the copy stays")
	}
}

// A copy that does not decode hides no session.
func TestCorruptCopy(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	_, err := w.rows.Create(ctx, key, record(1))
	must(t, err)
	w.cache.Put(prefix+key, "no session", now.Add(time.Hour))
	r, v, err := w.store.Load(ctx, key)
	if got := value(t, r, err); got != 1 {
		t.Errorf("Load = %d, want 1", got)
	}
	_, err = w.store.Update(ctx, key, record(2), v)
	must(t, err)
	if got := w.copied(t); got != 2 {
		t.Errorf("the copy holds %d, want 2", got)
	}
}
