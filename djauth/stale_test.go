package djauth_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/serializer"
)

// Django changed the password and kept this session (update_session_auth_hash), or
// logged somebody in and upgraded the hash: the session is good, only our copy is old.
func TestCacheKnowsLess(t *testing.T) {
	w := newWorld(t, func(o *djauth.Options) { o.UserCache = time.Minute })
	before := w.put(w.login()...)
	if id, _ := w.who(before); id.Name() != "ada" {
		t.Fatal(id.Why())
	}
	const next = "pbkdf2_sha256$1$x$new"
	w.people.change("1", func(a *djauth.Account) { a.Password = djauth.EncodedOf(next) })
	good := w.put(w.login(item(djauth.HashSessionKey, hash(t, secret, next)), item("cart", 1))...)
	id, _ := w.who(good)
	if id.Name() != "ada" {
		t.Errorf("a good session: got %v, want ada", id.Why())
	}
	if w.dict(good) == nil {
		t.Error("a good session was deleted")
	}
}

// So it is with Users that are wrapped, in whatever way.
func TestCacheKnowsLessOfWrapped(t *testing.T) {
	w := newWorld(t)
	for _, users := range []djauth.Users{wrapped{w.people}, open{wrapped{w.people}}, open{wrapped{open{wrapped{w.people}}}}} {
		var err error
		if w.auth, err = djauth.New(w.m, users, nil, &djauth.Options{UserCache: time.Hour}); err != nil {
			t.Fatal(err)
		}
		w.people.change("1", func(a *djauth.Account) { a.Password = djauth.EncodedOf(encoded) })
		w.who(w.put(w.login()...))
		const next = "pbkdf2_sha256$1$x$new"
		w.people.change("1", func(a *djauth.Account) { a.Password = djauth.EncodedOf(next) })
		good := w.put(w.login(item(djauth.HashSessionKey, hash(t, secret, next)), item("cart", 1))...)
		if id, res := w.who(good); id.Name() != "ada" || w.dict(good).Len() != 4 || len(res.Cookies()) > 0 {
			t.Errorf("a good session: got %v, want ada", id.Why())
		}
	}
}

// A session whose hash does not fit makes a cache ask once a second, and not each time.
func TestStaleSessionAndCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *djauth.Options) { o.UserCache, o.UserCacheSize = time.Hour, 10 })
		ask := func(want string, items ...serializer.Item) {
			t.Helper()
			s, err := w.m.Open(t.Context(), w.put(w.login(items...)...))
			if err != nil {
				t.Fatal(err)
			}
			if id, err := w.auth.Identify(t.Context(), s); err != nil || id.Name() != want {
				t.Errorf("got %q, %v, %v, want %q", id.Name(), id.Why(), err, want)
			}
		}
		stale := item(djauth.HashSessionKey, hash(t, secret, "an older password"))
		for range 100 {
			ask("ada")
			ask("", stale)
		}
		if got := len(w.people.take()); got != 2 {
			t.Errorf("100 good and 100 stale: asked %d times, want once and once anew", got)
		}
		for range 10 {
			time.Sleep(time.Second)
			ask("", stale)
			ask("ada")
		}
		if got := len(w.people.take()); got != 10 {
			t.Errorf("in ten seconds: asked %d times, want 10", got)
		}
		// Another session is asked for at once: it may know a newer password.
		ask("", stale)
		w.people.change("1", func(a *djauth.Account) { a.Password = djauth.EncodedOf("newer") })
		ask("ada", item(djauth.HashSessionKey, hash(t, secret, "newer")))
		ask("", stale)
		// What is remembered of refused sessions is bounded.
		w.people.take()
		for i := range 100 {
			ask("", item(djauth.HashSessionKey, hash(t, secret, fmt.Sprint(i))))
		}
		ask("", item(djauth.HashSessionKey, hash(t, secret, "99")))
		if got := len(w.people.take()); got != 100 {
			t.Errorf("a hundred stale ones: asked %d times, want 100", got)
		}
	})
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
	w.people.byID["ada"] = djauth.Account{ID: "ada", Name: "lovelace", Password: djauth.EncodedOf("plain$a"), Active: true}
	auth, err := djauth.New(w.m, anyCase{w.people}, plain{}, &djauth.Options{UserCache: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Account(t.Context(), "Ada"); err != nil {
		t.Fatal(err)
	}
	a, _ := auth.Users().ByName(t.Context(), "lovelace")
	if err := auth.SetPassword(t.Context(), a, "b"); err != nil {
		t.Fatal(err)
	}
	if a, _ := auth.Account(t.Context(), "Ada"); a.Password.Reveal() != "plain$b" {
		t.Errorf("a password that this process set is not seen: %s", a.Password.Reveal())
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
					if id, _ := djauth.User(r.Context()); id.IsAuthenticated() {
						t.Fatal("authenticated")
					}
				}
				a := w.account("1")
				if err := w.auth.SetPassword(r.Context(), a, "new"); err != nil {
					t.Fatal(err)
				}
				if err := w.auth.UpdateSessionAuthHash(r.Context(), a); err != nil {
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
