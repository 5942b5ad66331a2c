package djauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// What Session.Key returns after a change of the key: what it was, or nothing after a
// flush, until the session is saved. Then it is the key in the response's cookie.
func TestKeyAfterLogin(t *testing.T) {
	w := newWorld(t)
	ada, err := w.people.ByID(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	login := func(ctx context.Context) error { return w.auth.Login(ctx, ada, "") }
	nobody := []serializer.Item{item("cart", int64(1))}
	other := []serializer.Item{
		item(djauth.SessionKey, "2"), item(djauth.BackendSessionKey, djauth.ModelBackend), item(djauth.HashSessionKey, hash(t, secret, "old$toor")),
	}
	const none, old, fresh = "no key", "the old key", "a new key"
	for _, tt := range []struct {
		name          string
		session       []serializer.Item // nil for no session
		do            func(context.Context) error
		before, after string // saving
	}{
		{"Login without a session", nil, login, none, fresh},
		{"Login to a session of nobody", nobody, login, old, fresh},
		{"Login to a session of the same user", w.login(), login, old, old},
		{"Login to a session of another user", other, login, none, fresh},
		{"Login to a session whose hash does not fit", w.login(item(djauth.HashSessionKey, "x")), login, old, fresh},
		{"Logout", w.login(), w.auth.Logout, none, none},
		{"UpdateSessionAuthHash", w.login(), func(ctx context.Context) error { return w.auth.UpdateSessionAuthHash(ctx, ada) }, old, fresh},
		{"CycleKey", nobody, func(ctx context.Context) error {
			s, err := djsession.Load(ctx)
			if err != nil {
				return err
			}
			return s.CycleKey()
		}, old, fresh},
	} {
		for _, save := range []bool{false, true} {
			key := ""
			if tt.session != nil {
				key = w.put(tt.session...)
			}
			name := func(k string) string {
				switch k {
				case "":
					return none
				case key:
					return old
				}
				return fresh
			}
			var s *djsession.Session
			saved := ""
			res := w.do(httptest.NewRequest("GET", "/", nil), key, func(_ http.ResponseWriter, r *http.Request) {
				var err error
				if s, err = djsession.Load(r.Context()); err != nil {
					t.Fatal(err)
				}
				if err := tt.do(r.Context()); err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				if got := name(s.Key()); got != tt.before {
					t.Errorf("%s: Key is %s, want %s", tt.name, got, tt.before)
				}
				if !save || tt.after == none {
					return
				}
				if err := s.Save(r.Context()); err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				if saved = s.Key(); name(saved) != tt.after || w.dict(saved) == nil {
					t.Errorf("%s: Key is %s after Save, want %s", tt.name, name(saved), tt.after)
				}
			})
			got := s.Key()
			if name(got) != tt.after || save && got != saved && tt.after != none {
				t.Errorf("%s: Key is %s after the response, want %s", tt.name, name(got), tt.after)
			}
			if sent := newKey(res); got != "" && sent != got {
				t.Errorf("%s: the cookie has %s, Key is %s", tt.name, name(sent), name(got))
			}
		}
	}
}
