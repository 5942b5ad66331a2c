package djauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// watch begins to watch the login of the session key.
func (w *world) watch(key string) context.Context {
	w.t.Helper()
	s, err := w.m.Open(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop, err := w.auth.WatchSession(w.t.Context(), s)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(stop)
	return ctx
}

// What ends a login ends the context, at the next look and with its reason.
func TestWatch(t *testing.T) {
	down := djsession.Unavailable("test", errors.New("down"))
	for _, test := range []struct {
		name string
		do   func(w *world, key string)
		why  error
		in   time.Duration // 0: it goes on
	}{
		{"nothing", func(*world, string) {}, nil, 0},
		{"something else in the session", func(w *world, key string) { w.replace(key, w.login(item("cart", 1))...) }, nil, 0},
		{"the session is deleted", func(w *world, key string) { w.store.Delete(t.Context(), key, djsession.Force) }, djsession.ErrNotFound, 5 * time.Second},
		{"the session expires", func(w *world, key string) {
			w.store.Touch(t.Context(), key, now.Add(-time.Second), djsession.Force)
		}, djsession.ErrExpired, 5 * time.Second},
		{"the password changes", func(w *world, _ string) {
			w.people.change("1", func(a *djauth.Account) { a.Password = djauth.EncodedOf("new") })
		}, djauth.ErrHash, 5 * time.Second},
		{"the account becomes inactive", func(w *world, _ string) {
			w.people.change("1", func(a *djauth.Account) { a.Active = false })
		}, djauth.ErrInactive, 5 * time.Second},
		{"the account is deleted", func(w *world, _ string) {
			w.people.mu.Lock()
			defer w.people.mu.Unlock()
			delete(w.people.byID, "1")
		}, djauth.ErrNoUser, 5 * time.Second},
		{"somebody logs out and keeps the key", func(w *world, key string) { w.replace(key, item("cart", 1)) }, djauth.ErrNoUserID, 5 * time.Second},
		{"somebody else logs in", func(w *world, key string) {
			w.replace(key, w.login(item(djauth.SessionKey, "2"), item(djauth.HashSessionKey, hash(t, secret, "old$toor")))...)
		}, djauth.ErrUserID, 5 * time.Second},
		{"the users are down", func(w *world, _ string) {
			w.people.mu.Lock()
			defer w.people.mu.Unlock()
			w.people.down = down
		}, djsession.ErrUnavailable, time.Minute},
		{"the sessions are down", func(w *world, _ string) { w.store.Fail(down) }, djsession.ErrUnavailable, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				key := w.put(w.login()...)
				ctx := w.watch(key)
				test.do(w, key)
				begin := time.Now()
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Minute):
				}
				took := time.Since(begin)
				switch {
				case test.in == 0:
					if ctx.Err() != nil {
						t.Errorf("ended after %v: %v", took, context.Cause(ctx))
					}
				case took > test.in+5*time.Second || took > 5*time.Second && took < test.in-5*time.Second:
					t.Errorf("ended after %v, want %v", took, test.in)
				case !errors.Is(context.Cause(ctx), test.why):
					t.Errorf("got the cause %v, want %v", context.Cause(ctx), test.why)
				}
			})
		})
	}
}

// replace writes another session under a key.
func (w *world) replace(key string, items ...serializer.Item) {
	w.t.Helper()
	r := &djsession.Record{Data: serializer.NewDict(items...), Expires: now.Add(time.Hour)}
	if _, err := w.store.Update(w.t.Context(), key, r, djsession.Force); err != nil {
		w.t.Fatal(err)
	}
}

// A thousand watchers cost one question about the accounts for a look, and nothing
// when the last of them is gone.
func TestWatchMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var stops []context.CancelFunc
		for range 1000 {
			s, err := w.m.Open(t.Context(), w.put(w.login()...))
			if err != nil {
				t.Fatal(err)
			}
			_, stop, err := w.auth.WatchSession(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			stops = append(stops, stop)
		}
		w.people.take()
		time.Sleep(16 * time.Second)
		if got := fmt.Sprint(w.people.take()); got != "[ids ids ids]" {
			t.Errorf("asked %s in three looks", got)
		}
		for _, stop := range stops {
			stop()
		}
		time.Sleep(time.Minute)
		if got := w.people.take(); len(got) > 0 {
			t.Errorf("asked %q for nobody", got)
		}
		// Somebody new is looked after again.
		key := w.put(w.login()...)
		ctx := w.watch(key)
		w.store.Delete(t.Context(), key, djsession.Force)
		<-ctx.Done()
	})
}

// Watch is for somebody; and it ends with the request.
func TestWatchRequest(t *testing.T) {
	w := newWorld(t)
	w.do(httptest.NewRequest("GET", "/", nil), "", func(_ http.ResponseWriter, r *http.Request) {
		if _, _, err := w.auth.Watch(r.Context()); !errors.Is(err, djauth.ErrAnonymous) {
			t.Errorf("nobody: %v", err)
		}
	})
	request, end := context.WithCancel(t.Context())
	var ctx context.Context
	w.do(httptest.NewRequest("GET", "/", nil).WithContext(request), w.put(w.login()...), func(_ http.ResponseWriter, r *http.Request) {
		var err error
		if ctx, _, err = w.auth.Watch(r.Context()); err != nil {
			t.Fatal(err)
		}
	})
	end()
	if <-ctx.Done(); !errors.Is(context.Cause(ctx), context.Canceled) {
		t.Errorf("got %v", context.Cause(ctx))
	}
}

// A watcher keeps little: not the session that it was opened with.
func TestWatchMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which the race detector and 32 bits change")
	}
	const watchers, most = 5000, 1024
	w := newWorld(t, func(o *djauth.Options) { o.WatchInterval = time.Hour })
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	stops := make([]context.CancelFunc, watchers)
	before := heap()
	for i := range stops {
		key := w.put(w.login(item("cart", strings.Repeat("x", 4000)))...)
		header := strings.Repeat("y", 1000) + key // the key is a part of a cookie's header
		s, err := w.m.Open(t.Context(), header[1000:])
		if err != nil {
			t.Fatal(err)
		}
		if _, stops[i], err = w.auth.WatchSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if err := w.store.Delete(t.Context(), key, djsession.Force); err != nil {
			t.Fatal(err)
		}
	}
	each := int64(heap()-before) / watchers
	t.Logf("%d bytes a watcher", each)
	if each > most {
		t.Errorf("a watcher takes %d bytes, want at most %d", each, most)
	}
	for _, stop := range stops {
		stop()
	}
}
