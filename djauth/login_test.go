package djauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// in runs f in a request with the session cookie key, and answers the response.
func (w *world) in(key string, f func(r *http.Request)) *http.Response {
	w.t.Helper()
	return w.do(httptest.NewRequest("POST", "/", nil), key, func(_ http.ResponseWriter, r *http.Request) { f(r) })
}

func (w *world) account(id string) *djauth.Account {
	w.t.Helper()
	a, err := w.people.ByID(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// What becomes of the session that somebody had before he logged in.
func TestLogin(t *testing.T) {
	const (
		cycled = "cycled, with what it held"
		fresh  = "flushed and begun anew"
		aside  = "left alone, and another one begun"
		same   = "the same key, with what it held"
	)
	cart := item("cart", 3)
	for _, test := range []struct {
		name  string
		items func(w *world) []serializer.Item // nil: no cookie
		want  string
	}{
		{"no session", nil, cycled},
		{"of nobody", func(*world) []serializer.Item { return []serializer.Item{cart} }, cycled},
		{"of the same user", func(w *world) []serializer.Item { return w.login(cart) }, same},
		{"of the same user, with an old hash", func(w *world) []serializer.Item {
			return w.login(cart, item(djauth.HashSessionKey, hash(t, secret, "old")))
		}, aside},
		{"of the same user, with the hash of a fallback key", func(w *world) []serializer.Item {
			return w.login(cart, item(djauth.HashSessionKey, hash(t, oldKey, encoded)))
		}, fresh},
		{"of another user", func(w *world) []serializer.Item {
			return w.login(cart, item(djauth.SessionKey, "2"), item(djauth.HashSessionKey, hash(t, secret, "old$toor")))
		}, fresh},
		// The key here may be wrong, or the session one of another site.
		{"of another user, and its hash does not fit", func(w *world) []serializer.Item { return w.login(cart, item(djauth.SessionKey, "2")) }, aside},
		{"of a user that is not known here", func(w *world) []serializer.Item { return w.login(cart, item(djauth.SessionKey, "77")) }, aside},
		{"of another user, without a hash", func(w *world) []serializer.Item {
			return w.login(cart, item(djauth.SessionKey, "2"), item(djauth.HashSessionKey, remove))
		}, aside},
		{"with a user id that is none", func(w *world) []serializer.Item {
			return w.login(cart, item(djauth.SessionKey, "x"))
		}, aside},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			key := ""
			if test.items != nil {
				key = w.put(test.items(w)...)
			}
			res := w.in(key, func(r *http.Request) {
				if err := w.auth.Login(r.Context(), w.account("1"), ""); err != nil {
					t.Fatal(err)
				}
				if id, err := djauth.User(r.Context()); err != nil || id.Name() != "ada" {
					t.Errorf("in the same request: %v, %v", id, err)
				}
			})
			next := newKey(res)
			if (next == key) != (test.want == same) || next == "" {
				t.Errorf("the key is the same: %v", next == key)
			}
			if key != "" && next != key && (w.dict(key) != nil) != (test.want == aside) {
				t.Errorf("the old session is still there: %v", w.dict(key) != nil)
			}
			if _, kept := w.dict(next).Get("cart"); kept != (test.want != fresh && test.want != aside && key != "") {
				t.Errorf("the cart is there: %v", kept)
			}
			if id, _ := w.who(next); id.Name() != "ada" {
				t.Errorf("in the next request: %v", id.Why())
			}
			if at := w.account("1").LastLogin; !at.Equal(now) {
				t.Errorf("last_login is %v", at)
			}
		})
	}
}

func TestLoginErrors(t *testing.T) {
	w := newWorld(t)
	res := w.in("", func(r *http.Request) {
		if err := w.auth.Login(r.Context(), w.account("1"), "some.Backend"); !errors.Is(err, djauth.ErrBackend) {
			t.Errorf("a backend that the site has not: %v", err)
		}
		if err := w.auth.Login(r.Context(), &djauth.Account{ID: "01"}, ""); !errors.Is(err, djauth.ErrUserID) {
			t.Errorf("an id that no account has: %v", err)
		}
	})
	if newKey(res) != "" {
		t.Error("somebody was logged in")
	}
	if err := w.auth.Login(t.Context(), w.account("1"), ""); !errors.Is(err, djsession.ErrNoSession) {
		t.Errorf("without a session: %v", err)
	}
}

func TestLogout(t *testing.T) {
	for _, django := range []djsession.DjangoVersion{{Major: 2, Minor: 2}, {}} {
		w := newWorld(t, func(s *djsession.Settings) { s.Django = django })
		key := w.put(w.login(item("cart", 1), item("_language", "fr"))...)
		res := w.in(key, func(r *http.Request) {
			if err := w.auth.Logout(r.Context()); err != nil {
				t.Fatal(err)
			}
			if id, err := djauth.User(r.Context()); err != nil || id.IsAuthenticated() {
				t.Errorf("in the same request: %v, %v", id, err)
			}
		})
		if w.dict(key) != nil {
			t.Error("the session is still there")
		}
		next := newKey(res)
		if keeps := django.Major == 2; keeps != (next != "") || keeps && w.dict(next).Len() != 1 {
			t.Errorf("%v: a new session: %v", django, next != "")
		}
	}
}

// A new password ends all sessions but the one in which it was set.
func TestUpdateSessionAuthHash(t *testing.T) {
	w := newWorld(t)
	here, there := w.put(w.login(item("cart", 1))...), w.put(w.login()...)
	res := w.in(here, func(r *http.Request) {
		a := w.account("1")
		if err := w.auth.SetPassword(r.Context(), a, "new"); err != nil {
			t.Fatal(err)
		}
		if err := w.auth.UpdateSessionAuthHash(r.Context(), a); err != nil {
			t.Fatal(err)
		}
	})
	next := newKey(res)
	if next == here || w.dict(here) != nil {
		t.Error("the key was not cycled")
	}
	if id, _ := w.who(next); id.Name() != "ada" || w.dict(next).Len() != 4 {
		t.Errorf("here: %v", id.Why())
	}
	if id, _ := w.who(there); !errors.Is(id.Why(), djauth.ErrHash) {
		t.Errorf("there: %v, want %v", id.Why(), djauth.ErrHash)
	}

	// Of another account than that of the session, the hash is not written.
	mine := w.put(w.login(item(djauth.SessionKey, "2"), item(djauth.HashSessionKey, hash(t, secret, "old$toor")))...)
	res = w.in(mine, func(r *http.Request) {
		if err := w.auth.UpdateSessionAuthHash(r.Context(), w.account("1")); err != nil {
			t.Fatal(err)
		}
	})
	if id, _ := w.who(newKey(res)); id.Name() != "root" {
		t.Errorf("an administrator who set another's password: %v", id.Why())
	}
}

func TestAuthenticate(t *testing.T) {
	w := newWorld(t, func(p *djauth.Passwords) { *p = plain{upgrade: true} }, func(o *djauth.Options) {
		o.NormalizeName = func(name string) string {
			if name == "ｒｏｏｔ" {
				return "root"
			}
			return name
		}
	})
	for _, test := range []struct {
		name, password string
		reason         error // nil: authenticated
	}{
		{"root", "toor", nil},
		{"ｒｏｏｔ", "toor", nil},
		{"root", "wrong", djauth.ErrCredentials},
		{"nobody", "toor", djauth.ErrNoUser},
		{"gone", "left", djauth.ErrInactive},
		{"gone", "wrong", djauth.ErrCredentials},
		{"", "", djauth.ErrNoUser},
	} {
		a, err := w.auth.Authenticate(t.Context(), test.name, test.password)
		if test.reason == nil {
			if err != nil || a.Name != "root" {
				t.Errorf("%s: %v, %v", test.name, a, err)
			}
			continue
		}
		if a != nil || !errors.Is(err, djauth.ErrCredentials) || !errors.Is(err, test.reason) || err.Error() != djauth.ErrCredentials.Error() {
			t.Errorf("%s, %s: %v, %v; want %v", test.name, test.password, a, err, test.reason)
		}
	}
	if got := w.account("2").Password.Reveal(); got != "plain$toor" {
		t.Error("the password was not upgraded")
	}
	down := djsession.Unavailable("test", errors.New("down"))
	w.people.down = down
	if _, err := w.auth.Authenticate(t.Context(), "root", "toor"); !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djauth.ErrCredentials) {
		t.Errorf("users that are down: %v", err)
	}
	bare := newWorld(t, func(p *djauth.Passwords) { *p = nil })
	if _, err := bare.auth.Authenticate(t.Context(), "root", "toor"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without Passwords: %v", err)
	}
}

// An upgrade does not undo a password that was set meanwhile.
func TestUpgradeRace(t *testing.T) {
	w := newWorld(t, func(p *djauth.Passwords) { *p = meddler{} })
	meddle = func() { w.people.change("2", func(a *djauth.Account) { a.Password = djauth.EncodedOf("plain$newer") }) }
	if _, err := w.auth.Authenticate(t.Context(), "root", "toor"); err != nil {
		t.Fatal(err)
	}
	if got := w.account("2").Password.Reveal(); got != "plain$newer" {
		t.Error("the newer password was overwritten")
	}
}

// meddler is plain, and something happens while it makes a password.
type meddler struct{ plain }

var meddle func()

func (m meddler) Check(_ context.Context, password, encoded string) (bool, bool, error) {
	return encoded == "old$"+password, true, nil
}

func (m meddler) Make(ctx context.Context, password string) (string, error) {
	meddle()
	return m.plain.Make(ctx, password)
}
