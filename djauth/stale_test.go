package djauth_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
)

// Django changed the password and kept this session (update_session_auth_hash), or
// logged somebody in and upgraded the hash: the session is good, only our copy is old.
func TestCacheKnowsLess(t *testing.T) {
	w := newWorld(t)
	var err error
	if w.auth, err = djauth.New(w.m, djauth.CacheUsers(w.people, time.Minute, 10), nil); err != nil {
		t.Fatal(err)
	}
	before := w.put(w.login()...)
	if id, _ := w.who(before); id.Name() != "ada" {
		t.Fatal(id.Why())
	}
	const next = "pbkdf2_sha256$1$x$new"
	w.people.change("1", func(a *djauth.Account) { a.Password = next })
	good := w.put(w.login(item(djauth.HashSessionKey, hash(t, secret, next)), item("cart", 1))...)
	id, _ := w.who(good)
	if id.Name() != "ada" {
		t.Errorf("a good session: got %v, want ada", id.Why())
	}
	if w.dict(good) == nil {
		t.Error("a good session was deleted")
	}
}

// anyCase is people whose keys are text that MySQL compares without regard to case.
type anyCase struct{ *people }

func (p anyCase) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	return p.people.ByID(ctx, strings.ToLower(id))
}

func (p anyCase) SetPassword(ctx context.Context, id string, text, seen djauth.Encoded) error {
	return p.people.SetPassword(ctx, strings.ToLower(id), text, seen)
}

// What this process sets is seen under every spelling of the key.
func TestCacheOtherSpelling(t *testing.T) {
	w := newWorld(t)
	w.people.kind = djauth.TextID
	w.people.byID["ada"] = djauth.Account{ID: "ada", Name: "lovelace", Password: "plain$a", Active: true}
	users := djauth.CacheUsers(anyCase{w.people}, time.Hour, 10)
	if _, err := users.ByID(t.Context(), "Ada"); err != nil {
		t.Fatal(err)
	}
	a, _ := users.ByName(t.Context(), "lovelace")
	if err := users.(djauth.PasswordSetter).SetPassword(t.Context(), a.ID, "plain$b", ""); err != nil {
		t.Fatal(err)
	}
	if a, _ := users.ByID(t.Context(), "Ada"); a.Password != "plain$b" {
		t.Errorf("a password that this process set is not seen: %s", string(a.Password))
	}
}

// A session whose hash is not good (an old password) is nobody's, and stays so.
func TestUpdateHashOfStaleSession(t *testing.T) {
	for _, ask := range []bool{false, true} {
		for _, ro := range []bool{false, true} {
			w := newWorld(t, func(o *djauth.Options) { o.ReadOnly = ro })
			stale := w.put(w.login(item(djauth.HashSessionKey, hash(t, secret, "an older password")))...)
			res := w.in(stale, func(r *http.Request) {
				if ask {
					if id, _ := djauth.User(r); id.IsAuthenticated() {
						t.Fatal("authenticated")
					}
				}
				a := w.account("1")
				if err := w.auth.SetPassword(r.Context(), a, "new"); err != nil {
					t.Fatal(err)
				}
				if err := w.auth.UpdateSessionAuthHash(r, a); err != nil {
					t.Fatal(err)
				}
			})
			if id, _ := w.who(newKey(res)); id.IsAuthenticated() {
				t.Errorf("ask %v, readonly %v: a session with a bad hash is now logged in as %s", ask, ro, id.Name())
			}
		}
	}
}

// WatchSession watches nobody who is not logged in.
func TestWatchSessionOfNobody(t *testing.T) {
	w := newWorld(t)
	for name, key := range map[string]string{
		"bad hash": w.put(w.login(item(djauth.HashSessionKey, "00"))...),
		"inactive": w.put(w.login(item(djauth.SessionKey, "3"))...),
		"deleted":  w.put(w.login(item(djauth.SessionKey, "9"))...),
	} {
		s, err := w.m.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop, err := w.auth.WatchSession(t.Context(), s)
		if err == nil {
			t.Errorf("%s: WatchSession says a login goes on (%v)", name, ctx.Err())
			stop()
		}
	}
}
