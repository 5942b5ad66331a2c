package djauth_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// A model with a hash of its own, as pretix has one: told of, its users are logged in;
// not told of, their sessions stay as they are.
func TestOwnHash(t *testing.T) {
	mac, err := signer.NewMAC(signer.SecretKey(secret), "own.salt", signer.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	own := func(o *djauth.Options) {
		o.AuthHash = djauth.AuthHash{Salt: "own.salt", Algorithm: "sha1", Text: func(a *djauth.Account) string { return a.Password.Reveal() + a.Email + "t" }}
	}
	for _, test := range []struct {
		name   string
		change []any
		who    string
	}{
		{"told", []any{own}, "ada"},
		{"not told", nil, ""},
		{"half told", []any{own, func(o *djauth.Options) { o.AuthHash.Algorithm = "sha256" }}, ""},
		{"told, on an old Django", []any{own, func(s *djsession.Settings) { s.Django = djsession.DjangoVersion{Major: 2, Minor: 2} }}, "ada"},
	} {
		w := newWorld(t, test.change...)
		w.people.change("1", func(a *djauth.Account) { a.Email = "ada@example.com" })
		key := w.put(w.login(item(djauth.HashSessionKey, mac.HexSum(encoded+"ada@example.com"+"t")))...)
		_, before, _ := w.store.Load(t.Context(), key)
		id, res := w.who(key)
		if id.Name() != test.who || test.who == "" && !errors.Is(id.Why(), djauth.ErrHash) {
			t.Errorf("%s: got %q, %v", test.name, id.Name(), id.Why())
		}
		if _, after, err := w.store.Load(t.Context(), key); err != nil || !after.Equal(before) || len(res.Cookies()) > 0 {
			t.Errorf("%s: the session was touched", test.name)
		}
	}
}

// What a request does after it found that the hash of its session does not fit.
func TestSetAsideThen(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(w *world, r *http.Request) error
		kept bool   // the session
		then string // who the response's cookie is of; "-" is no cookie
	}{
		{"nothing", func(*world, *http.Request) error { return nil }, true, "-"},
		{"somebody logs in", func(w *world, r *http.Request) error { return w.auth.Login(r.Context(), w.account("1"), "") }, true, "ada"},
		{"another logs in", func(w *world, r *http.Request) error { return w.auth.Login(r.Context(), w.account("2"), "") }, true, "root"},
		{"a logout", func(w *world, r *http.Request) error { return w.auth.Logout(r.Context()) }, false, ""},
		{"a login and a logout", func(w *world, r *http.Request) error {
			return errors.Join(w.auth.Login(r.Context(), w.account("1"), ""), w.auth.Logout(r.Context()))
		}, false, ""}, // the cookie still leads to the old one
		{"a logout and a login", func(w *world, r *http.Request) error {
			return errors.Join(w.auth.Logout(r.Context()), w.auth.Login(r.Context(), w.account("1"), ""))
		}, false, "ada"},
		{"a password is set", func(w *world, r *http.Request) error {
			a := w.account("1")
			return errors.Join(w.auth.SetPassword(r.Context(), a, "new"), w.auth.UpdateSessionAuthHash(r.Context(), a))
		}, true, "-"},
		{"a cart is begun", func(w *world, r *http.Request) error {
			s, err := djsession.Load(r.Context())
			return errors.Join(err, s.Set("cart", 2))
		}, true, ""},
		{"it is watched", func(w *world, r *http.Request) error {
			if _, _, err := w.auth.Watch(r.Context()); !errors.Is(err, djauth.ErrHash) {
				return errors.New("watched")
			}
			return nil
		}, true, "-"},
	} {
		for _, asked := range []bool{true, false} {
			if !asked && test.name == "a cart is begun" {
				continue // nobody knows of the hash
			}
			w := newWorld(t)
			key := w.put(w.login(item(djauth.HashSessionKey, hash(t, "another", encoded)), item("cart", 1))...)
			_, before, _ := w.store.Load(t.Context(), key)
			res := w.in(key, func(r *http.Request) {
				if asked {
					if id, err := djauth.User(r.Context()); err != nil || !errors.Is(id.Why(), djauth.ErrHash) {
						t.Errorf("%s: got %v, %v", test.name, id, err)
					}
				}
				if err := test.do(w, r); err != nil {
					t.Errorf("%s: %v", test.name, err)
				}
			})
			if !asked && test.name == "another logs in" {
				continue // that is no question of the hash: TestLogin
			}
			_, after, err := w.store.Load(t.Context(), key)
			if (err == nil) != test.kept || err == nil && !after.Equal(before) {
				t.Errorf("%s, asked %v: the session is now %v", test.name, asked, err)
			}
			next := newKey(res)
			if (len(res.Cookies()) == 0) != (test.then == "-") || next == key {
				t.Errorf("%s, asked %v: got the cookies %d, and the old key again: %v", test.name, asked, len(res.Cookies()), next == key)
			}
			if test.then == "-" {
				continue
			}
			if id, _ := w.who(next); id.Name() != test.then {
				t.Errorf("%s, asked %v: then it is %q, want %q", test.name, asked, id.Name(), test.then)
			}
			if v, ok := w.dict(next).Get("cart"); ok && v != int64(2) {
				t.Errorf("%s: what the session held has gone over", test.name)
			}
		}
	}
}
