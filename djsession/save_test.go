package djsession_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// TestOperations counts the operations that requests cost.
func TestOperations(t *testing.T) {
	nop := func(*world, *djsession.Session) error { return nil }
	for _, tt := range []struct {
		name   string
		cookie bool
		view   func(*world, *djsession.Session) error // nil does not load
		full   string                                 // with FreshLoader and Cycler
		plain  string                                 // without
		every  bool
	}{
		{name: "anonymous, not read", full: "", plain: ""},
		{name: "anonymous, read", view: nop, full: "", plain: ""},
		{name: "not read", cookie: true, full: "", plain: ""},
		{name: "read", cookie: true, view: nop, full: "load", plain: "load"},
		{name: "write", cookie: true, full: "load update", plain: "load update",
			view: func(_ *world, s *djsession.Session) error { return s.Set("a", 1) }},
		{name: "create", full: "create", plain: "create",
			view: func(_ *world, s *djsession.Session) error { return s.Set("a", 1) }},
		{name: "cycle key", cookie: true, full: "load cycle", plain: "load create deleteseen",
			view: func(_ *world, s *djsession.Session) error { return s.CycleKey() }},
		{name: "flush", cookie: true, full: "load delete", plain: "load delete",
			view: func(_ *world, s *djsession.Session) error { return s.Flush(context.Background()) }},
		{name: "mark modified", cookie: true, full: "load touch", plain: "load touch",
			view: func(_ *world, s *djsession.Session) error { return s.MarkModified() }},
		{name: "save every request, not read", cookie: true, every: true, full: "load touch", plain: "load touch"},
		{name: "save every request, anonymous", every: true, full: "", plain: ""},
	} {
		for _, full := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/full=%v", tt.name, full), func(t *testing.T) {
				w := newWorld(t, func(s *djsession.Settings) { s.SaveEveryRequest = tt.every })
				want := tt.plain
				if full {
					w.m, want = djsession.New(fullSpy{w.store}), tt.full
				}
				key := ""
				if tt.cookie {
					key = w.put(item("n", int64(1)))
				}
				w.get(key, func(_ http.ResponseWriter, r *http.Request) {
					if tt.view != nil {
						must(t, tt.view(w, w.session(r)))
					}
				})
				if got := w.store.take(); got != want {
					t.Errorf("got operations %q, want %q", got, want)
				}
			})
		}
	}
}

// TestMerge changes one session from two requests at once.
func TestMerge(t *testing.T) {
	count := func(tx *djsession.Tx) error {
		n, err := djsession.Value(tx, "n", 0)
		if err != nil {
			return err
		}
		return tx.Set("n", n+1)
	}
	for _, tt := range []struct {
		name         string
		first, other func(*djsession.Session) error
		want         string
	}{
		{"two keys",
			func(s *djsession.Session) error { return s.Set("a", 1) },
			func(s *djsession.Session) error { return s.Set("b", 2) },
			`{"n":1,"b":2,"a":1}`},
		{"one key: the last write wins",
			func(s *djsession.Session) error { return s.Set("n", 2) },
			func(s *djsession.Session) error { return s.Set("n", 3) },
			`{"n":2}`},
		{"a counter by Update",
			func(s *djsession.Session) error { return s.Update(count) },
			func(s *djsession.Session) error { return s.Update(count) },
			`{"n":3}`},
		{"delete beside set",
			func(s *djsession.Session) error { return s.Delete("n") },
			func(s *djsession.Session) error { return s.Set("b", 2) },
			`{"b":2}`},
		{"clear, then set",
			func(s *djsession.Session) error { return errors.Join(s.Clear(), s.Set("a", 1)) },
			func(s *djsession.Session) error { return s.Set("b", 2) },
			`{"a":1}`},
		{"setdefault finds what the other set",
			func(s *djsession.Session) error { _, err := s.SetDefault("b", 1); return err },
			func(s *djsession.Session) error { return s.Set("b", 2) },
			`{"n":1,"b":2}`},
		{"expiry beside set",
			func(s *djsession.Session) error { return s.SetExpiry(djsession.Seconds(60)) },
			func(s *djsession.Session) error { return s.Set("b", 2) },
			`{"n":1,"b":2,"_session_expiry":60}`},
		{"only modified",
			func(s *djsession.Session) error { return s.MarkModified() },
			func(s *djsession.Session) error { return s.Set("b", 2) },
			`{"n":1,"b":2}`},
	} {
		for _, full := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/full=%v", tt.name, full), func(t *testing.T) {
				w := newWorld(t)
				if full {
					w.m = djsession.New(fullSpy{w.store})
				}
				key := w.put(item("n", int64(1)))
				w.get(key, func(_ http.ResponseWriter, r *http.Request) {
					s := w.session(r)
					other, err := w.m.Open(t.Context(), key)
					must(t, err)
					must(t, tt.other(other))
					must(t, other.Save(t.Context()))
					must(t, tt.first(s))
				})
				if got := w.stored(key); got != tt.want {
					t.Errorf("got %s stored, want %s", got, tt.want)
				}
			})
		}
	}
}

// TestCycleKeyMerges stores something under the old key at the worst moment.
func TestCycleKeyMerges(t *testing.T) {
	for _, tt := range []struct {
		name, op string // somebody else writes before op
		full     bool
	}{{"create", "create", false}, {"deleteseen", "deleteseen", false}, {"load", "deleteseen", false}, {"cycle", "cycle", true}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.full {
				w.m = djsession.New(fullSpy{w.store})
			}
			key := w.put(item("n", int64(1)))
			res := w.get(key, func(_ http.ResponseWriter, r *http.Request) {
				s := w.session(r)
				must(t, s.Set("a", 1))
				must(t, s.CycleKey())
				write := func(late bool) {
					rec, v, err := w.mem.Load(t.Context(), key)
					must(t, err)
					rec.Data = rec.Data.With("late", late)
					_, err = w.mem.Update(t.Context(), key, rec, v)
					must(t, err)
				}
				w.store.once(tt.op, func(string) {
					write(tt.name != "load")
					if tt.name == "load" { // and again when the session is read again
						w.store.once("load", func(string) { write(true) })
					}
				})
			})
			fresh := cookieKey(t, res)
			if fresh == key || fresh == "" {
				t.Fatal("the key was not cycled")
			}
			if got, want := w.stored(fresh), `{"n":1,"late":true,"a":1}`; got != want {
				t.Errorf("got %s under the new key, want %s", got, want)
			}
			if got := w.stored(key); got != "" {
				t.Errorf("got %s under the old key, want nothing", got)
			}
		})
	}
}

// lostAnswer is a store whose Cycle does its work and whose answer never comes.
type lostAnswer struct{ fullSpy }

func (s lostAnswer) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	if v, err := s.fullSpy.Cycle(ctx, old, seen, key, r); err != nil {
		return v, err
	}
	<-ctx.Done()
	return djsession.Version{}, djsession.Unavailable("cycle", ctx.Err())
}

func (s lostAnswer) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	if err := ctx.Err(); err != nil {
		return nil, djsession.Version{}, djsession.Unavailable("load", err)
	}
	return s.fullSpy.Load(ctx, key)
}

// A login whose answer never comes has time left to find out that it was done.
func TestCycleAnswerLost(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) { set.SaveTimeout = time.Second })
	w.m = djsession.New(lostAnswer{fullSpy{w.store}})
	key := w.put(item("n", int64(1)))
	res := w.get(key, func(_ http.ResponseWriter, r *http.Request) { must(t, w.session(r).CycleKey()) })
	if fresh := cookieKey(t, res); res.StatusCode != http.StatusOK || w.stored(fresh) != `{"n":1}` {
		t.Errorf("got status %d, and under the key of the cookie %q, want 200 and the session", res.StatusCode, w.stored(fresh))
	}
}

// TestInterrupted ends the session during a request.
func TestInterrupted(t *testing.T) {
	logout := func(w *world, key string) { must(w.t, w.mem.Delete(context.Background(), key, djsession.Force)) }
	relogin := func(w *world, key string) {
		r, v, err := w.mem.Load(context.Background(), key)
		must(w.t, err)
		r.Data = r.Data.With("_auth_user_id", "2")
		_, err = w.mem.Update(context.Background(), key, r, v)
		must(w.t, err)
	}
	for _, tt := range []struct {
		name  string
		op    string // the operation before which it happens
		other func(w *world, key string)
		view  func(*djsession.Session) error
	}{
		{"logout, then write", "update", logout, func(s *djsession.Session) error { return s.Set("a", 1) }},
		{"logout, then touch", "touch", logout, func(s *djsession.Session) error { return s.MarkModified() }},
		{"logout before cycle", "create", logout, func(s *djsession.Session) error { return s.CycleKey() }},
		{"logout inside cycle", "deleteseen", logout, func(s *djsession.Session) error { return s.CycleKey() }},
		{"logout before cycle at once", "cycle", logout, func(s *djsession.Session) error { return s.CycleKey() }},
		{"another login before cycle at once", "cycle", relogin, func(s *djsession.Session) error { return s.CycleKey() }},
		{"logout inside cycle, with FreshLoader", "deleteseen", logout, func(s *djsession.Session) error { return s.CycleKey() }},
		{"another login, then write", "update", relogin, func(s *djsession.Session) error { return s.Set("a", 1) }},
		{"another login inside cycle", "deleteseen", relogin, func(s *djsession.Session) error { return s.CycleKey() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			switch {
			case strings.Contains(tt.name, "with FreshLoader"):
				w.m = djsession.New(struct {
					*spy
					djsession.FreshLoader
				}{w.store, w.mem})
			case tt.op == "cycle" || !strings.Contains(tt.name, "cycle"):
				w.m = djsession.New(fullSpy{w.store})
			}
			key := w.put(item("_auth_user_id", "1"))
			res := w.get(key, func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("X-View", "1")
				must(t, tt.view(w.session(r)))
				w.store.once(tt.op, func(string) { tt.other(w, key) })
				_, err := rw.Write([]byte("fine"))
				if !errors.Is(err, djsession.ErrInterrupted) {
					t.Errorf("Write: got error %v, want %v", err, djsession.ErrInterrupted)
				}
			})
			if res.StatusCode != 400 || res.Header.Get("X-View") != "" || len(res.Header["Set-Cookie"]) != 0 {
				t.Errorf("got status %d with headers of the view and %d cookies, want a bare 400", res.StatusCode, len(res.Header["Set-Cookie"]))
			}
			switch got := w.keys(); {
			case strings.HasPrefix(tt.name, "logout") && len(got) != 0:
				t.Errorf("got %d sessions, want none: the logout was undone", len(got))
			case strings.HasPrefix(tt.name, "another") && w.stored(key) != `{"_auth_user_id":"2"}`:
				t.Errorf("got %s stored, want the other login as it was", w.stored(key))
			}
		})
	}
}

// TestManyWriters sets fifty keys of one session at once.
func TestManyWriters(t *testing.T) {
	w := newWorld(t)
	w.m = djsession.New(fullSpy{w.store})
	key := w.put()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			w.get(key, func(_ http.ResponseWriter, r *http.Request) {
				must(t, w.session(r).Set(fmt.Sprintf("k%02d", i), i))
			})
		})
	}
	wg.Wait()
	s, err := w.m.Open(t.Context(), key)
	must(t, err)
	if s.Len() != 50 {
		t.Errorf("got %d keys, want 50", s.Len())
	}
}

// TestSaveFails makes the store fail at each step of each way to save.
func TestSaveFails(t *testing.T) {
	down := djsession.Unavailable("reach the store", errors.New("secret cause"))
	views := map[string]func(*djsession.Session) error{
		"write": func(s *djsession.Session) error { return s.Set("a", 1) },
		"cycle": func(s *djsession.Session) error { return s.CycleKey() },
		"flush": func(s *djsession.Session) error {
			if err := s.Flush(context.Background()); !errors.Is(err, djsession.ErrUnavailable) {
				return fmt.Errorf("Flush: got error %v", err)
			}
			return nil
		},
	}
	for _, tt := range []struct{ view, op string }{
		{"write", "update"}, {"cycle", "create"}, {"cycle", "delete"}, {"cycle", "cycle"}, {"flush", "delete"},
	} {
		t.Run(tt.view+"/"+tt.op, func(t *testing.T) {
			w := newWorld(t)
			if tt.op == "cycle" {
				w.m = djsession.New(fullSpy{w.store})
			}
			key := w.put(item("n", int64(1)))
			res := w.get(key, func(rw http.ResponseWriter, r *http.Request) {
				s := w.session(r)
				w.store.fail(tt.op, down)
				must(t, views[tt.view](s))
				rw.WriteHeader(204)
			})
			if res.StatusCode != 503 || len(res.Header["Set-Cookie"]) != 0 {
				t.Errorf("got status %d and %d cookies, want 503 and none", res.StatusCode, len(res.Header["Set-Cookie"]))
			}
			if got := w.stored(key); got != `{"n":1}` {
				t.Errorf("got %s stored, want it unchanged", got)
			}
			if strings.Contains(w.log.String(), "secret cause") || strings.Contains(w.log.String(), key) {
				t.Error("the log holds the cause or the key")
			}
		})
	}
}

// TestBadSet checks that a failed Set fails the commit, even if nobody looks at its
// error.
func TestBadSet(t *testing.T) {
	w := newWorld(t)
	key := w.put(item("n", int64(1)))
	res := w.get(key, func(_ http.ResponseWriter, r *http.Request) {
		s := w.session(r)
		if err := s.Set("c", make(chan int)); err == nil {
			t.Error("Set of a channel: got no error")
		}
		must(t, s.Set("a", 1))
	})
	if res.StatusCode != 500 || cookieKey(t, res) != "" || w.stored(key) != `{"n":1}` {
		t.Errorf("got status %d, cookie %v, stored %s; want 500, none, unchanged", res.StatusCode, res.Header["Set-Cookie"], w.stored(key))
	}
}

// TestUpdateCallsItself calls Update with a function that changes the Session itself.
func TestUpdateCallsItself(t *testing.T) {
	w := newWorld(t)
	s, err := w.m.Open(t.Context(), "")
	must(t, err)
	err = s.Update(func(*djsession.Tx) error { return s.Set("a", 1) })
	if !errors.Is(err, djsession.ErrConflict) {
		t.Errorf("got error %v, want %v", err, djsession.ErrConflict)
	}
}

// TestUpdateFails checks that a failed Update undoes the changes of its function.
func TestUpdateFails(t *testing.T) {
	w := newWorld(t)
	s, err := w.m.Open(t.Context(), w.put(item("n", int64(1))))
	must(t, err)
	sorry := errors.New("sorry")
	err = s.Update(func(tx *djsession.Tx) error { return errors.Join(tx.Set("n", 2), sorry) })
	if n, _ := djsession.Value(s, "n", 0); !errors.Is(err, sorry) || n != 1 || s.Modified() {
		t.Errorf("got error %v, n %d, modified %v; want %v, 1, false", err, n, s.Modified(), sorry)
	}
}

// Each request of a page renews the session, whose key stays. A request that finds it
// renewed goes on, and loses none of its other changes. A request that finds the session
// gone, or another login in it, does not bring the session back.
func TestRenew(t *testing.T) {
	const id, hash = "_auth_user_id", "_auth_user_hash"
	type change = func(s *djsession.Session) error
	renew := func(s *djsession.Session) error { return s.Renew(hash, "new") }
	for _, test := range []struct {
		name   string
		also   change // in the request that renews
		other  change // in another request, meanwhile
		status int
		stored string // under the key, or under that of the response's cookie
	}{
		{"both renew", nil, renew, 200, `{"_auth_user_id":"1","_auth_user_hash":"new"}`},
		{"and sets another key", func(s *djsession.Session) error { return s.Set("cart", 1) }, renew, 200, `{"_auth_user_id":"1","_auth_user_hash":"new","cart":1}`},
		{"and the other sets one", nil, func(s *djsession.Session) error { return errors.Join(s.Set("cart", 2), renew(s)) }, 200, `{"_auth_user_id":"1","_auth_user_hash":"new","cart":2}`},
		{"and cycles the key", func(s *djsession.Session) error { return s.CycleKey() }, renew, 200, `{"_auth_user_id":"1","_auth_user_hash":"new"}`},
		{"and is modified", func(s *djsession.Session) error { return s.MarkModified() }, renew, 200, `{"_auth_user_id":"1","_auth_user_hash":"new"}`},
		{"the other logs out", nil, func(s *djsession.Session) error { return s.Flush(context.Background()) }, 200, ""},
		{"the other logs out, and this one sets a key", func(s *djsession.Session) error { return s.Set("cart", 1) },
			func(s *djsession.Session) error { return s.Flush(context.Background()) }, 400, ""},
		{"the other is another user", nil, func(s *djsession.Session) error { return errors.Join(s.Set(id, "2"), s.Set(hash, "two")) }, 200, `{"_auth_user_id":"2","_auth_user_hash":"two"}`},
		{"the other is another user, and this one sets a key", func(s *djsession.Session) error { return s.Set("cart", 1) },
			func(s *djsession.Session) error { return errors.Join(s.Set(id, "2"), s.Set(hash, "two")) }, 400, `{"_auth_user_id":"2","_auth_user_hash":"two"}`},
		{"the other has another hash", func(s *djsession.Session) error { return s.Set("cart", 1) },
			func(s *djsession.Session) error { return s.Set(hash, "third") }, 400, `{"_auth_user_id":"1","_auth_user_hash":"third"}`},
	} {
		for _, before := range []bool{false, true} {
			w := newWorld(t)
			key := w.put(item(id, "1"), item(hash, "old"))
			res := w.get(key, func(rw http.ResponseWriter, r *http.Request) {
				s := w.session(r)
				if before && test.also != nil {
					must(t, test.also(s))
				}
				must(t, renew(s))
				if !before && test.also != nil {
					must(t, test.also(s))
				}
				w.get(key, func(_ http.ResponseWriter, r *http.Request) { must(t, test.other(w.session(r))) })
			})
			at := key
			if next := cookieKey(t, res); next != "" {
				at = next
			}
			if at != key && test.name != "and cycles the key" {
				t.Errorf("%s: the key is another one", test.name)
			}
			if got := w.stored(at); res.StatusCode != test.status || got != test.stored {
				t.Errorf("%s, before %v: got %d and %s, want %d and %s", test.name, before, res.StatusCode, got, test.status, test.stored)
			}
			if n := len(w.keys()); test.stored != "" && n != 1 || test.stored == "" && n > 0 {
				t.Errorf("%s: there are %d sessions", test.name, len(w.keys()))
			}
		}
	}
}
