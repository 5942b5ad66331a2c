package movingstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

const key = "abcdefghijklmnopqrstuvwxyz012345"

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newSite(t testing.TB) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("movingstore-test"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func record(n int64) *djsession.Record {
	return &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: n}), Expires: now.Add(time.Hour)}
}

// In either phase it is a Store like any other.
func TestStore(t *testing.T) {
	for phase, name := range map[movingstore.Phase]string{movingstore.Copying: "copying", movingstore.Switched: "switched"} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, storetest.Harness{
				Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
					engines := []*memstore.Store{memstore.New(site), memstore.New(site)}
					truth := engines[phase]
					return storetest.Engine{
						Store:  newStore(t, engines[0], engines[1], &movingstore.Options{Phase: phase, Copied: movingstore.NothingCopied}),
						Stored: func(t testing.TB, key string) (string, bool) { return truth.Text(key) },
						Plant:  func(t testing.TB, key, raw string, expires time.Time) { truth.Put(key, raw, expires) },
						Break: func(t testing.TB) func() {
							for _, e := range engines {
								e.Fail(errors.New("unplugged"))
							}
							return func() { engines[0].Fail(nil); engines[1].Fail(nil) }
						},
					}
				},
				Skip: map[string]string{
					"cycle/":          "the two engines have no transaction in common",
					"context/stalled": "nothing in memory takes time",
					"list/":           "a site that moves is listed by its engines",
					"reap/":           "a site that moves is reaped by its engines",
				},
			})
		})
	}
}

func newStore(t testing.TB, old, next djsession.Store, opts *movingstore.Options) *movingstore.Store {
	t.Helper()
	s, err := movingstore.New(old, next, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// world is two engines and both phases over them.
type world struct {
	*testing.T
	old, next         *memstore.Store
	copying, switched *movingstore.Store
	copied            map[string]bool
}

func newWorld(t *testing.T) *world {
	site := newSite(t)
	w := &world{T: t, old: memstore.New(site), next: memstore.New(site), copied: map[string]bool{}}
	w.copying = newStore(t, w.old, w.next, nil)
	w.switched = newStore(t, w.old, w.next, &movingstore.Options{
		Phase:  movingstore.Switched,
		Copied: func(_ context.Context, key string) (bool, error) { return w.copied[key], nil },
	})
	return w
}

func (w *world) put(in *memstore.Store, n int64) {
	w.Helper()
	if _, err := in.Create(w.Context(), key, record(n)); err != nil {
		w.Fatal(err)
	}
}

// wants fails the test unless the engines hold these; 0 is none.
func (w *world) wants(old, next int64) {
	w.Helper()
	for i, want := range []int64{old, next} {
		in := []*memstore.Store{w.old, w.next}[i]
		var got int64
		r, _, err := in.Load(w.Context(), key)
		if err == nil {
			v, _ := r.Data.Get("n")
			got = v.(int64)
		} else if !errors.Is(err, djsession.ErrNotFound) {
			w.Fatal(err)
		}
		if got != want {
			w.Errorf("the %s engine holds %d, want %d", []string{"old", "new"}[i], got, want)
		}
	}
}

func TestCopying(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.put(w.next, 7) // a copy that is out of date
	if _, _, err := w.copying.Load(ctx, key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("Load = %v, want ErrNotFound: a copy is not the truth", err)
	}
	w.put(w.old, 1)
	_, v, err := w.copying.Load(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.copying.Update(ctx, key, record(2), v); err != nil {
		t.Fatal(err)
	}
	w.wants(2, 7)
	if err := w.copying.Delete(ctx, key, djsession.Force); err != nil {
		t.Fatal(err)
	}
	w.wants(0, 0)
}

func TestSwitched(t *testing.T) {
	t.Run("a miss moves the session", func(t *testing.T) {
		w := newWorld(t)
		w.put(w.old, 1)
		r, v, err := w.switched.Load(t.Context(), key)
		if err != nil || !r.Expires.Equal(now.Add(time.Hour)) {
			t.Fatalf("Load = %v, %v", r, err)
		}
		w.wants(0, 1)
		if _, err := w.switched.Update(t.Context(), key, record(2), v); err != nil {
			t.Fatal(err)
		}
		w.wants(0, 2)
	})
	t.Run("what is on both is not looked for on the old one", func(t *testing.T) {
		w := newWorld(t)
		w.put(w.old, 1)
		w.put(w.next, 2)
		if _, _, err := w.switched.Load(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		w.wants(1, 2)
		if err := w.switched.Delete(t.Context(), key, djsession.Force); err != nil {
			t.Fatal(err)
		}
		w.wants(0, 0)
	})
	t.Run("a copy that Django deleted does not come back", func(t *testing.T) {
		w := newWorld(t)
		w.put(w.old, 1)
		w.copied[key] = true
		if _, _, err := w.switched.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("Load = %v, want ErrNotFound", err)
		}
		w.wants(1, 0)
	})
	t.Run("expired on the old one", func(t *testing.T) {
		w := newWorld(t)
		r := record(1)
		r.Expires = now.Add(-time.Second)
		if _, err := w.old.Create(t.Context(), key, r); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.switched.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
			t.Errorf("Load = %v, want ErrNotFound", err)
		}
		w.wants(0, 0)
	})
	t.Run("an engine that is down is no anonymous visitor", func(t *testing.T) {
		w := newWorld(t)
		w.old.Fail(errors.New("unplugged"))
		if _, _, err := w.switched.Load(t.Context(), key); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("Load = %v, want ErrUnavailable", err)
		}
		w.put(w.next, 1)
		if err := w.switched.Delete(t.Context(), key, djsession.Force); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("Delete = %v, want ErrUnavailable", err)
		}
		w.old.Fail(nil)
		w.wants(0, 1)
	})
}

// interrupted is an engine whose Create lets somebody else go first.
type interrupted struct {
	djsession.Store
	before, after func()
}

func (i *interrupted) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	i.before()
	v, err := i.Store.Create(ctx, key, r)
	i.after()
	return v, err
}

// Who logs out while a session moves stays logged out.
func TestLogoutWhileMoving(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			w := newWorld(t)
			w.put(w.old, 1)
			logout := func() {
				if err := w.switched.Delete(t.Context(), key, djsession.Force); err != nil {
					t.Error(err)
				}
			}
			next := &interrupted{w.next, func() {}, func() {}}
			if when == "before" {
				next.before = logout
			} else {
				next.after = logout
			}
			s := newStore(t, w.old, next, &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.NothingCopied})
			if _, _, err := s.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("Load = %v, want ErrNotFound", err)
			}
			w.wants(0, 0)
		})
	}
}

// late is an engine whose Load comes after somebody else moved the session.
type late struct {
	djsession.Store
	first func()
}

func (l *late) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	l.first()
	return l.Store.Load(ctx, key)
}

func TestMovedMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.put(w.old, 1)
	old := &late{w.old, func() {
		if _, _, err := w.switched.Load(t.Context(), key); err != nil {
			t.Error(err)
		}
	}}
	s := newStore(t, old, w.next, &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.NothingCopied})
	if _, _, err := s.Load(t.Context(), key); err != nil {
		t.Errorf("Load = %v; the session is on the new engine", err)
	}
	w.wants(0, 1)
}

// Many who ask for one session at once all get it, and none loses it for another.
func TestManyMovers(t *testing.T) {
	for range 200 {
		w := newWorld(t)
		w.put(w.old, 1)
		var group sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			group.Go(func() {
				_, v, err := w.switched.Load(t.Context(), key)
				if err == nil && i == 0 {
					_, err = w.switched.Update(t.Context(), key, record(2), v)
				}
				errs[i] = err
			})
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(fmt.Errorf("load while others do: %w", err))
		}
		w.wants(0, 2)
	}
}
