package djsession_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

// A session that was set aside reads as empty, and both it and the cookie stay. A value
// that is set then begins another session. A Flush still deletes the stored one.
func TestSetAside(t *testing.T) {
	sorry := errors.New("not good")
	for _, test := range []struct {
		name    string
		before  func(s *djsession.Session) error
		after   func(s *djsession.Session) error
		kept    bool
		begun   string // the session that the cookie of the response leads to; "" is no cookie
		deleted bool   // the response deletes the cookie
	}{
		{"nothing else", nil, nil, true, "", false},
		{"something was done before", func(s *djsession.Session) error { return errors.Join(s.Set("x", 1), s.CycleKey()) }, nil, true, "", false},
		{"a change had failed", func(s *djsession.Session) error { _ = s.Set("x", func() {}); return nil }, nil, true, "", false},
		{"a new key for nothing", nil, func(s *djsession.Session) error { return s.CycleKey() }, true, "", false},
		{"saved for nothing", nil, func(s *djsession.Session) error { return s.Save(context.Background()) }, true, "", false},
		{"modified", nil, func(s *djsession.Session) error { return s.MarkModified() }, true, "", false},
		{"deleted from", nil, func(s *djsession.Session) error { return errors.Join(s.Delete("cart"), s.Clear()) }, true, "", false},
		{"set", nil, func(s *djsession.Session) error { return s.Set("y", 2) }, true, `{"y":2}`, false},
		{"set before and after", func(s *djsession.Session) error { return s.Set("x", 1) }, func(s *djsession.Session) error { return s.Set("y", 2) }, true, `{"y":2}`, false},
		{"set and cycled", nil, func(s *djsession.Session) error { return errors.Join(s.Set("y", 2), s.CycleKey()) }, true, `{"y":2}`, false},
		{"set and saved twice", nil, func(s *djsession.Session) error {
			return errors.Join(s.Set("y", 2), s.Save(context.Background()), s.Set("z", 3), s.Save(context.Background()))
		}, true, `{"y":2,"z":3}`, false},
		{"set aside twice", nil, func(s *djsession.Session) error { s.SetAside(sorry); return nil }, true, "", false},
		{"flushed", nil, func(s *djsession.Session) error { return s.Flush(context.Background()) }, false, "", true},
		{"flushed and set", nil, func(s *djsession.Session) error {
			return errors.Join(s.Flush(context.Background()), s.Set("y", 2))
		}, false, `{"y":2}`, false},
	} {
		for _, always := range []bool{false, true} {
			w := newWorld(t, func(set *djsession.Settings) { set.SaveEveryRequest = always })
			key := w.put(item("cart", int64(1)))
			res := w.get(key, func(_ http.ResponseWriter, r *http.Request) {
				s := w.session(r)
				if test.before != nil {
					must(t, test.before(s))
				}
				s.SetAside(sorry)
				if s.Len() > 0 || s.Has("cart") || s.Modified() || !errors.Is(s.Missing(), sorry) {
					t.Errorf("%s: it reads as %v, %v", test.name, s.Len(), s.Missing())
				}
				if test.after != nil {
					must(t, test.after(s))
				}
			})
			if got := w.stored(key); (got == `{"cart":1}`) != test.kept || got != "" && !test.kept {
				t.Errorf("%s, always %v: what is stored is %s", test.name, always, got)
			}
			switch next := cookieKey(t, res); {
			case test.deleted:
				if set := res.Header["Set-Cookie"]; len(set) != 1 || !strings.Contains(set[0], "Max-Age=0") {
					t.Errorf("%s, always %v: the cookie is not deleted", test.name, always)
				}
			case test.begun == "" && len(res.Header["Set-Cookie"]) > 0:
				t.Errorf("%s, always %v: a cookie was set", test.name, always)
			case test.begun != "" && (next == key || w.stored(next) != test.begun):
				t.Errorf("%s, always %v: got %s, want %s", test.name, always, w.stored(next), test.begun)
			}
			if n := len(w.keys()); n > 2 || test.kept && test.begun == "" && n != 1 {
				t.Errorf("%s, always %v: there are %d sessions", test.name, always, len(w.keys()))
			}
		}
	}
}

// No change made before SetAside is lost without a line in the log.
func TestSetAsideIsNotSilent(t *testing.T) {
	sorry := errors.New("not good")
	down := djsession.Unavailable("reach the store", errors.New("down"))
	for _, test := range []struct {
		name   string
		before func(w *world, s *djsession.Session)
		status int
		cookie bool // the response sets the cookie of the saved key
		logged bool
	}{
		{"nothing", func(*world, *djsession.Session) {}, 200, false, false},
		{"a change", func(_ *world, s *djsession.Session) { must(t, s.Set("x", 1)) }, 200, false, true},
		{"an Update", func(_ *world, s *djsession.Session) {
			must(t, s.Update(func(tx *djsession.Tx) error { return tx.Set("x", 1) }))
		}, 200, false, true},
		{"a change that failed", func(_ *world, s *djsession.Session) { _ = s.Set("x", func() {}) }, 500, false, false},
		{"a Flush that failed", func(w *world, s *djsession.Session) {
			w.store.fail("delete", down)
			if err := s.Flush(context.Background()); !errors.Is(err, djsession.ErrUnavailable) {
				t.Errorf("Flush says %v, want ErrUnavailable", err)
			}
		}, 503, false, false},
		{"a Save under a new key", func(_ *world, s *djsession.Session) {
			must(t, errors.Join(s.CycleKey(), s.Save(context.Background())))
		}, 200, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			key := w.put(item("cart", int64(1)))
			res := w.get(key, func(rw http.ResponseWriter, r *http.Request) {
				s := w.session(r)
				test.before(w, s)
				s.SetAside(sorry)
				if s.Len() > 0 {
					t.Error("it does not read as empty")
				}
				rw.WriteHeader(200)
				s.SetAside(sorry) // too late to change anything
			})
			if res.StatusCode != test.status {
				t.Errorf("got status %d, want %d", res.StatusCode, test.status)
			}
			now := cookieKey(t, res)
			if !test.cookie {
				now = key
			}
			if got := w.stored(now); got != `{"cart":1}` || (cookieKey(t, res) != "") != test.cookie {
				t.Errorf("stored is %s, cookie %v", got, cookieKey(t, res) != "")
			}
			if got := strings.Contains(w.log.String(), "is set aside"); got != test.logged {
				t.Errorf("logged: %v, want %v", got, test.logged)
			}
		})
	}
}
