package cacheddbstore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
)

// A page is loading, and makes a copy anew, when its visitor clicks on "log out": the
// browser drops the page's request.
func TestLogoutWhileCancelled(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.rows.Create(t.Context(), key, record(1))
	must(t, err)
	theirs := newStore(t, w.rows, &cache{Store: w.cache.Store})

	ctx, cancel := context.WithCancel(t.Context())
	w.cache.before = func() { // the row is read, the copy is about to be made
		must(t, theirs.Delete(t.Context(), key, djsession.Force)) // a logout, which succeeds
	}
	w.cache.after = cancel // and the client is gone
	_, _, _ = w.store.Load(ctx, key)

	if _, _, err := theirs.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("after the logout Load says %v, want ErrNotFound", err)
	}
}

// The cache has made the copy, and its answer is lost.
func TestLogoutWhileAnswerLost(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.rows.Create(t.Context(), key, record(1))
	must(t, err)
	theirs := newStore(t, w.rows, &cache{Store: w.cache.Store})
	w.cache.before = func() { must(t, theirs.Delete(t.Context(), key, djsession.Force)) }
	w.cache.lose = true
	_, _, _ = w.store.Load(t.Context(), key)
	if _, _, err := theirs.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("after the logout Load says %v, want ErrNotFound", err)
	}
}

// An outdated copy, as one failure of the cache leaves it, is kept alive by a site with
// SESSION_SAVE_EVERY_REQUEST, for ever.
func TestOutdatedCopyTouched(t *testing.T) {
	clock := now
	w := newWorldAt(t, func() time.Time { return clock }, func(set *djsession.Settings) { set.SaveEveryRequest = true; set.CookieAge = time.Hour })
	_, err := w.store.Create(t.Context(), key, record(1))
	must(t, err)
	_, err = w.rows.Update(t.Context(), key, record(5), djsession.Force) // the copy could not be set
	must(t, err)
	m := djsession.New(w.store)
	var got int64
	h := m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		must(t, err)
		got, _ = djsession.Value[int64](s, "n", 0)
	}))
	for range 20 {
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		clock = clock.Add(30 * time.Minute)
	}
	if got != 5 {
		t.Errorf("after 20 requests in 10 hours, with an age of one hour, a page sees n = %d, want the row's 5", got)
	}
}

// And if the copy is of another login, every request is answered by 400.
func TestOutdatedLoginTouched(t *testing.T) {
	w := newWorldAt(t, func() time.Time { return now }, func(set *djsession.Settings) { set.SaveEveryRequest = true; set.CookieAge = time.Hour })
	login := func(id string) *djsession.Record {
		return &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: id}), Expires: now.Add(time.Hour)}
	}
	_, err := w.store.Create(t.Context(), key, login("1"))
	must(t, err)
	_, err = w.rows.Update(t.Context(), key, login("2"), djsession.Force)
	must(t, err)
	m := djsession.New(w.store)
	h := m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, err := djsession.Load(r.Context())
		must(t, err)
	}))
	code := 0
	for range 3 {
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		code = rec.Code
	}
	if code != 200 {
		t.Errorf("the third request is still answered by %d", code)
	}
}

// Manager.Delete, of a request whose client goes away between the two steps.
func TestManagerDeleteCancelled(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.store.Create(t.Context(), key, record(1))
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	w.cache.before = cancel
	err = djsession.New(w.store).Delete(ctx, key)
	if _, _, e := w.store.Load(t.Context(), key); !errors.Is(e, djsession.ErrNotFound) {
		t.Errorf("Delete says %v, and the session can still be loaded: %v", err, e)
	}
}

// The database has done the update, its answer is lost: the copy is outdated.
func TestUpdateAnswerLost(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.store.Create(t.Context(), key, record(1))
	must(t, err)
	s := newStore(t, losing{w.rows}, w.cache)
	_, v, err := s.LoadFresh(t.Context(), key)
	must(t, err)
	_, err = s.Update(t.Context(), key, record(2), v)
	if err == nil {
		t.Fatal("no error")
	}
	r, _, err := w.store.Load(t.Context(), key)
	if got := value(t, r, err); got != 2 {
		t.Errorf("got %d, the row holds 2", got)
	}
}

type losing struct{ djsession.Store }

func (l losing) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	_, err := l.Store.Update(ctx, key, r, seen)
	return djsession.Version{}, errors.Join(err, djsession.Unavailable("update", errors.New("lost")))
}

// A login while the cache is down: the answer is an error, and the visitor keeps what he had.
func TestCycleWhileCacheDown(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	_, err := w.store.Create(ctx, key, record(1))
	must(t, err)
	m := djsession.New(w.store)
	w.cache.Fail(errors.New("unplugged"))
	s, err := m.Open(ctx, key)
	must(t, err)
	must(t, s.CycleKey())
	saved := s.Save(ctx)
	w.cache.Fail(nil)
	n := 0
	for range w.rows.List(ctx, "") {
		n++
	}
	if n != 1 {
		t.Errorf("Save says %v, and %d sessions are left, want 1", saved, n)
	}
	if _, _, err := w.rows.Load(ctx, key); saved != nil && err != nil {
		t.Errorf("Save says %v, and the session is gone", saved)
	}
}

// A visitor logs out while the cache is down, tries it again, and once more when the cache
// is back, with the copy that it had. The process knows that there is no row.
func TestLogoutTriedAgain(t *testing.T) {
	w := newWorld(t, nil)
	login := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "1"}), Expires: now.Add(time.Hour)}
	seen, err := w.store.Create(t.Context(), key, login)
	must(t, err)
	logout := djsession.New(w.store).Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil {
			err = s.Flush(r.Context())
		}
		if err != nil {
			rw.WriteHeader(djsession.ErrorStatus(err))
		}
	}))
	try := func(want int, when string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
		rec := httptest.NewRecorder()
		logout.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("%s: status %d, want %d", when, rec.Code, want)
		}
		if cookie := rec.Header().Get("Set-Cookie"); want != http.StatusOK && cookie != "" {
			t.Errorf("%s: the session's cookie is set or deleted with status %d", when, rec.Code)
		}
	}
	w.cache.Fail(errors.New("the cache is down"))
	try(http.StatusServiceUnavailable, "the cache is down")
	try(http.StatusServiceUnavailable, "tried again")
	for _, op := range []struct {
		name string
		do   func() error
	}{
		{"Load", func() error { _, _, err := w.store.Load(t.Context(), key); return err }},
		{"Update", func() error { _, err := w.store.Update(t.Context(), key, login, djsession.Force); return err }},
		{"Touch", func() error { return w.store.Touch(t.Context(), key, now.Add(time.Hour), djsession.Force) }},
		{"Delete", func() error { return w.store.Delete(t.Context(), key, djsession.Force) }},
		{"Delete of what was seen", func() error { return w.store.Delete(t.Context(), key, seen) }},
	} {
		if err := op.do(); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("%s without a row says %v while the cache is down, want ErrUnavailable", op.name, err)
		}
	}
	w.cache.Fail(nil)
	try(http.StatusOK, "the cache is back")
	try(http.StatusOK, "and once more")
	if _, _, err := w.store.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("after the logout Load says %v, want ErrNotFound", err)
	}
}

// A logout has failed half way, and left a copy that this program cannot decode, but
// Django can. Whoever comes next sees no session only when the copy is gone.
func TestLogoutWithForeignCopy(t *testing.T) {
	w := newWorld(t, nil)
	w.cache.Put(prefix+key, "foreign to this program", now.Add(time.Hour))
	stuck := &stuckCache{Cache: w.cache, trouble: trouble{err: djsession.Unavailable("delete", errors.New("down"))}}
	store := newStore(t, w.rows, stuck)
	if _, _, err := store.Load(t.Context(), key); !errors.Is(err, djsession.ErrUnavailable) {
		t.Errorf("Load says %v while the copy cannot be dropped, want ErrUnavailable", err)
	}
	stuck.set(func(c *trouble) { c.err = nil })
	if _, _, err := store.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("Load says %v, want ErrNotFound", err)
	}
	if _, err := w.cache.Get(t.Context(), prefix+key); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("the copy is still there: %v", err)
	}
}

// The cache answers late, or has deleted the copy and its answer is lost.
func TestLogoutWithLateCache(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(*trouble)
	}{
		{"answers lost", func(c *trouble) { c.lost = true }},
		{"no answer until the client is gone", func(c *trouble) { c.hang = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			stuck := &stuckCache{Cache: w.cache}
			store := newStore(t, w.rows, stuck)
			_, err := store.Create(t.Context(), key, record(1))
			must(t, err)
			stuck.set(tt.set)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			for _, when := range []string{"first", "second"} {
				if err := store.Delete(ctx, key, djsession.Force); !errors.Is(err, djsession.ErrUnavailable) {
					t.Errorf("the %s Delete says %v, want ErrUnavailable", when, err)
				}
			}
			if _, _, err := store.Load(ctx, key); stuck.now().hang && (err == nil || errors.Is(err, djsession.ErrNotFound)) {
				t.Errorf("Load says %v of a cache that does not answer", err)
			}
			stuck.set(func(c *trouble) { c.lost, c.hang = false, false })
			err = store.Delete(t.Context(), key, djsession.Force)
			for end := time.Now().Add(20 * time.Second); errors.Is(err, djsession.ErrUnavailable) && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond) // a probe from before has to end first
				err = store.Delete(t.Context(), key, djsession.Force)
			}
			if !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("with the cache back, Delete says %v, want ErrNotFound", err)
			}
			if _, _, err := store.Load(t.Context(), key); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("with the cache back, Load says %v, want ErrNotFound", err)
			}
		})
	}
}

// A write was acknowledged, while the cache neither took the new copy nor dropped the old
// one. The process that wrote it reads the row from then on. When the cache answers again,
// the old copy is dropped by whatever request comes, and nobody sees it any more.
func TestOldCopyIsDropped(t *testing.T) {
	const other = "543210zyxwvutsrqponmlkjihgfedcba"
	for _, tt := range []struct {
		name  string
		write func(s *cacheddbstore.Store, seen djsession.Version) error
		want  int64 // in the row, -1 for none
	}{
		{"save", func(s *cacheddbstore.Store, seen djsession.Version) error {
			_, err := s.Update(t.Context(), key, record(2), seen)
			return err
		}, 2},
		{"forced save", func(s *cacheddbstore.Store, _ djsession.Version) error {
			_, err := s.Update(t.Context(), key, record(2), djsession.Force)
			return err
		}, 2},
		{"logout", func(s *cacheddbstore.Store, _ djsession.Version) error {
			if err := s.Delete(t.Context(), key, djsession.Force); !errors.Is(err, djsession.ErrUnavailable) {
				return fmt.Errorf("Delete says %v, want ErrUnavailable", err)
			}
			return nil
		}, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			store := newStore(t, w.rows, w.cache)
			_, err := store.Create(t.Context(), other, record(7))
			must(t, err)
			_, err = store.Create(t.Context(), key, record(1))
			must(t, err)
			_, seen, err := store.LoadFresh(t.Context(), key)
			must(t, err)
			w.cache.Fail(errors.New("unplugged"))
			must(t, tt.write(store, seen))
			w.cache.Fail(nil)

			r, _, err := store.Load(t.Context(), key)
			switch {
			case tt.want < 0 && !errors.Is(err, djsession.ErrNotFound):
				t.Errorf("the process that deleted the row reads the copy: %v", err)
			case tt.want >= 0:
				if got := value(t, r, err); got != tt.want {
					t.Errorf("the process that wrote reads %d, want %d", got, tt.want)
				}
			}
			_, _, err = store.Load(t.Context(), other)
			must(t, err)
			if _, err := w.cache.Get(t.Context(), prefix+key); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("the cache is back, and others still find the old copy: %v", err)
			}
		})
	}
}

// What is remembered while the cache is down has a bound, and is forgotten when the cache
// is back for long enough.
func TestDoubtsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		store := newStore(t, w.rows, w.cache)
		_, err := store.Create(t.Context(), key, record(1))
		must(t, err)
		w.cache.Fail(errors.New("unplugged"))
		for i := range cacheddbstore.MaxDoubts + 100 {
			_, err := store.Create(t.Context(), fmt.Sprintf("%032d", i), record(2))
			must(t, err)
		}
		if n := store.Doubts(); n != cacheddbstore.MaxDoubts {
			t.Errorf("%d keys are remembered, want %d", n, cacheddbstore.MaxDoubts)
		}
		w.cache.Fail(nil)
		time.Sleep(cacheddbstore.Latest)
		tries := 0
		for ; store.Doubts() > 0 && tries < cacheddbstore.MaxDoubts; tries++ {
			_, _, err := store.Load(t.Context(), key)
			must(t, err)
			time.Sleep(10 * time.Millisecond)
		}
		if n := store.Doubts(); n != 0 {
			t.Errorf("after %d requests %d keys are still remembered", tries, n)
		}
	})
}

// A session expires while a request has it, read from the copy: what the request changes is
// saved, as on the engine db and in Django.
func TestExpiresMeanwhile(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(s *djsession.Session) error
		rows   func(*memstore.Store) djsession.Store
	}{
		{"set", func(s *djsession.Session) error { return s.Set("n", 2) }, nil},
		{"touch", func(s *djsession.Session) error { return s.MarkModified() }, nil},
		{"cycle", func(s *djsession.Session) error { return s.CycleKey() }, nil},
		{"renew", func(s *djsession.Session) error { return s.Renew("n", 2) }, nil},
		{"set, decorated", func(s *djsession.Session) error { return s.Set("n", 2) }, func(m *memstore.Store) djsession.Store { return rowsAround{m} }},
	} {
		for _, kept := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, the copy lives on %v", tt.name, kept), func(t *testing.T) {
				clock := now
				w := newWorldAt(t, func() time.Time { return clock }, func(*djsession.Settings) {})
				rows := djsession.Store(w.rows)
				if tt.rows != nil {
					rows = tt.rows(w.rows)
				}
				store := newStore(t, rows, w.cache)
				_, err := store.Create(t.Context(), key, record(1))
				must(t, err)
				if kept { // its clock is another one
					_, err := w.cache.Set(t.Context(), prefix+key, record(1).Data, now.Add(24*time.Hour))
					must(t, err)
				}
				s, err := djsession.New(store).Open(t.Context(), key)
				must(t, err)
				must(t, tt.change(s))
				clock = clock.Add(2 * time.Hour)
				if err := s.Save(t.Context()); err != nil {
					t.Fatalf("Save says %v", err)
				}
				r, _, err := rows.Load(t.Context(), s.Key())
				if got := value(t, r, err); got == 0 {
					t.Errorf("the row holds %d", got)
				}
			})
		}
	}
}

// stuckCache is a cache whose Delete fails or answers late, and whose Get does with hang.
type stuckCache struct {
	djcache.Cache
	mu sync.Mutex
	trouble
}

type trouble struct {
	err        error // of Delete, which does nothing then
	lost, hang bool
}

func (c *stuckCache) set(f func(*trouble)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.trouble)
}

func (c *stuckCache) now() trouble {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trouble
}

func (c *stuckCache) Get(ctx context.Context, name string) (djcache.Item, error) {
	if c.now().hang {
		<-ctx.Done()
		return djcache.Item{}, djsession.Unavailable("get", ctx.Err())
	}
	return c.Cache.Get(ctx, name)
}

func (c *stuckCache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	switch now := c.now(); {
	case now.err != nil:
		return now.err
	case now.hang:
		<-ctx.Done()
		return djsession.Unavailable("delete", ctx.Err())
	case now.lost:
		_ = c.Cache.Delete(ctx, name, seen)
		return djsession.Unavailable("delete", errors.New("the answer is lost"))
	}
	return c.Cache.Delete(ctx, name, seen)
}
