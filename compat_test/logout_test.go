package compat_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// Who logs in on Django is seen in Go, under the new key alone.
func TestLogin(t *testing.T) {
	inWorlds(t, append(combos(), legacyCombos()...), func(t *testing.T, w *world) {
		var user struct {
			ID   int
			Hash string
		}
		w.dj.Call(t, "user", args{"name": "alice"}, &user)
		w.inStores(t, "login and logout", func(t *testing.T, store string) {
			m := w.manager(t, store)
			old := create(t, m, map[string]any{"cart": []any{int64(7)}})

			got := w.visit(t, request{cookie: old, ops: []op{{"login", "alice"}}})
			key := got.session()
			if key == "" || key == old {
				t.Fatal("the login did not give the session a new key")
			}
			if _, err := m.Open(t.Context(), old); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("the key from before the login: got %s, want ErrNotFound", describe(err))
			}
			want := map[string]any{
				"cart":               []any{int64(7)},
				"_auth_user_id":      "1",
				"_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
				"_auth_user_hash":    user.Hash,
			}
			compare(t, "logged in on Django, read by Go", asMap(open(t, m, key).Dict()), want)

			// Go writes into it and gives it another key; the visitor is still logged in.
			s := open(t, m, key)
			must(t, s.Set("cart", []any{7, 8}))
			must(t, s.CycleKey())
			save(t, s)
			if s.Key() == key {
				t.Error("Go did not give the session a new key")
			}
			if name := w.visit(t, request{cookie: key, ops: []op{{"user"}}}).result(t, 0); name != `""` {
				t.Errorf("by the key from before: got user %s, want none", name)
			}
			if name := w.visit(t, request{cookie: s.Key(), ops: []op{{"user"}}}).result(t, 0); name != `"alice"` {
				t.Errorf("by the new key: got user %s, want alice", name)
			}

			// Django logs out: gone for Go, and the cookie with it.
			got = w.visit(t, request{cookie: s.Key(), ops: []op{{"logout"}}})
			if !got.deletesCookie() {
				t.Error("Django's logout did not delete the cookie")
			}
			if _, err := m.Open(t.Context(), s.Key()); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("logged out on Django: got %s, want ErrNotFound", describe(err))
			}
		})
	})
}

// Go logs out: Django sees nobody, and deletes the cookie.
func TestGoLogsOut(t *testing.T) {
	inWorlds(t, append(combos(), legacyCombos()...), func(t *testing.T, w *world) {
		w.dj.Call(t, "user", args{"name": "alice"}, nil)
		w.inStores(t, "login and logout", func(t *testing.T, store string) {
			m := w.manager(t, store)
			key := w.visit(t, request{ops: []op{{"login", "alice"}}}).session()
			s := open(t, m, key)
			must(t, s.Flush(t.Context()))
			if _, ok := w.rows(t)[key]; ok {
				t.Error("Flush left the row")
			}
			got := w.visit(t, request{cookie: key, ops: []op{{"user"}}})
			if name := got.result(t, 0); name != `""` {
				t.Errorf("got user %s, want none", name)
			}
			if !got.deletesCookie() {
				t.Error("Django did not delete the cookie of a session that Go had flushed")
			}
		})
	})
}

// A late write of ours after Django's logout is refused, with 400 as Django does, and
// the session stays deleted.
func TestGoWritesAfterLogout(t *testing.T) {
	late := []struct {
		name string
		ops  []op
	}{
		{"set", []op{set("late", 1)}},
		{"delete", []op{{"del", "cart"}}},
		{"clear", []op{{"clear"}}},
		{"modified only", []op{{"modified"}}},
		{"cycle key", []op{{"cycle_key"}}},
		{"set and cycle key", []op{set("late", 1), {"cycle_key"}}},
		{"set expiry", []op{{"set_expiry", "seconds", 60}}},
	}
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.dj.Call(t, "user", args{"name": "alice"}, nil)
		w.inStores(t, "late writes", func(t *testing.T, store string) {
			m := w.manager(t, store)
			login := func() string {
				key := create(t, m, map[string]any{"cart": 1})
				return w.visit(t, request{cookie: key, ops: []op{{"login", "alice"}}}).session()
			}
			for _, c := range late {
				key := login()
				s := open(t, m, key)
				runOps(t, s, c.ops)
				w.visit(t, request{cookie: key, ops: []op{{"logout"}}})
				before := w.rows(t)
				if err := s.Save(t.Context()); !errors.Is(err, djsession.ErrInterrupted) {
					t.Errorf("%s: Save returned %s, want ErrInterrupted", c.name, describe(err))
				}
				sameRows(t, c.name, w.rows(t), before)

				// The same by the middleware.
				key = login()
				a := handle(m, key, func(rw http.ResponseWriter, r *http.Request) {
					s, err := djsession.Load(r.Context())
					must(t, err)
					runOps(t, s, c.ops)
					w.visit(t, request{cookie: key, ops: []op{{"logout"}}})
					before = w.rows(t)
				})
				if a.status != http.StatusBadRequest || len(a.cookies) > 0 {
					t.Errorf("%s: got status %d and %d cookies, want 400 and none", c.name, a.status, len(a.cookies))
				}
				sameRows(t, c.name, w.rows(t), before)
			}
		})
	})
}

// Django's late save after our logout is refused by Django's own rule.
func TestDjangoWritesAfterLogout(t *testing.T) {
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		w.inStores(t, "late writes", func(t *testing.T, store string) {
			m := w.manager(t, store)
			key := w.dj.create(t, map[string]any{"x": 1})
			w.dj.open(t, "late", key)
			w.dj.run(t, "late", set("x", 2))
			must(t, open(t, m, key).Flush(t.Context()))
			var raised *django.Raised
			if err := w.dj.Try("run", args{"name": "late", "ops": []op{{"save"}}}, nil); !errors.As(err, &raised) || raised.Class != "UpdateError" {
				t.Errorf("got %s, want UpdateError", describe(err))
			}

			// The same in the middle of a request.
			key = w.dj.create(t, map[string]any{"x": 1})
			got := w.visit(t, request{
				cookie:    key,
				ops:       []op{set("x", 2), {"pause"}},
				meanwhile: func() { must(t, open(t, m, key).Flush(t.Context())) },
			})
			if got.status != http.StatusBadRequest || len(got.cookies) > 0 {
				t.Errorf("got status %d and %d cookies, want 400 and none", got.status, len(got.cookies))
			}
			if _, ok := w.rows(t)[key]; ok {
				t.Error("the session came back")
			}
		})
	})
}

// While we are at work on a session, Django gives it another key or another user: what
// we did is dropped, not merged.
func TestLoginMeanwhile(t *testing.T) {
	inWorlds(t, combos(), func(t *testing.T, w *world) {
		for _, name := range []string{"alice", "bob"} {
			w.dj.Call(t, "user", args{"name": name}, nil)
		}
		cases := []struct {
			name   string
			before op // what Django did first
			ops    []op
		}{
			{"a login gives a new key", op{"get", "x"}, []op{{"login", "alice"}}},
			{"a cycled key", op{"get", "x"}, []op{{"cycle_key"}}},
			{"another user logs in", op{"login", "alice"}, []op{{"login", "bob"}}},
			{"the user id changes under one key", op{"login", "alice"}, []op{set("_auth_user_id", "2")}},
			{"the auth hash changes under one key", op{"login", "alice"}, []op{set("_auth_user_hash", "0")}},
			{"the login is taken out under one key", op{"login", "alice"}, []op{{"del", "_auth_user_id"}}},
		}
		w.inStores(t, "late writes", func(t *testing.T, store string) {
			m := w.manager(t, store)
			for _, c := range cases {
				key := w.dj.create(t, map[string]any{"x": 1})
				if key2 := w.visit(t, request{cookie: key, ops: []op{c.before}}).session(); key2 != "" {
					key = key2
				}
				s := open(t, m, key)
				must(t, s.Set("x", 2))
				w.visit(t, request{cookie: key, ops: c.ops})
				before := w.rows(t)
				if err := s.Save(t.Context()); !errors.Is(err, djsession.ErrInterrupted) {
					t.Errorf("%s: Save returned %s, want ErrInterrupted", c.name, describe(err))
				}
				sameRows(t, c.name, w.rows(t), before)
			}
		})
	})
}

// sameRows fails the test if a row came, went or changed.
func sameRows(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	for key, text := range want {
		switch now, ok := got[key]; {
		case !ok:
			t.Errorf("%s: a row is gone", what)
		case now != text:
			t.Errorf("%s: a row changed from %.60q to %.60q", what, text, now)
		}
	}
	for key := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%s: there is a new row", what)
		}
	}
}

// deletesCookie reports whether the answer takes the session cookie away.
func (a answer) deletesCookie() bool {
	for _, line := range a.cookies {
		if strings.HasPrefix(line, "sessionid=") && strings.Contains(strings.ToLower(line), "01 jan 1970") ||
			strings.HasPrefix(line, "sessionid=") && strings.Contains(strings.ToLower(line), "01-jan-1970") {
			return true
		}
	}
	return false
}
