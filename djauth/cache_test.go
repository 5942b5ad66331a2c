package djauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// A cached account takes no query, until its time is over; a password that was
// changed elsewhere is seen then, one that was changed here at once.
func TestUserCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *djauth.Options) { o.UserCache, o.UserCacheSize = 10*time.Second, 2 })
		set := func(id, password string) {
			t.Helper()
			if err := w.auth.SetPassword(t.Context(), &djauth.Account{ID: id}, password); err != nil {
				t.Fatal(err)
			}
		}
		ask := func(id string) string {
			a, err := w.auth.Account(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			a.Password = djauth.EncodedOf(a.Password.Reveal() + "!") // what is handed out is a copy
			return a.Password.Reveal()
		}
		first := ask("1")
		w.people.change("1", func(a *djauth.Account) { a.Password = djauth.EncodedOf("changed") })
		time.Sleep(10*time.Second - 1)
		if got := ask("1"); got != first || len(w.people.take()) != 1 {
			t.Error("within the bound it was asked again, or changed")
		}
		time.Sleep(time.Nanosecond)
		if got := ask("1"); got != "changed!" || len(w.people.take()) != 1 {
			t.Error("after the bound it was not asked")
		}
		set("1", "here")
		if got := ask("1"); got != "plain$here!" {
			t.Error("a password that was set here was not seen")
		}
		w.people.take()
		ask("2")
		ask("1")
		ask("3") // there is room for two: 2 was used longest ago
		ask("1")
		ask("2")
		if got := len(w.people.take()); got != 3 {
			t.Errorf("asked %d times, want for 2, 3 and 2 again", got)
		}
	})
}

// What is written while the account is read is not hidden by the cache.
func TestUserCacheRace(t *testing.T) {
	w := newWorld(t)
	slow := &interrupted{people: w.people}
	var err error
	if w.auth, err = djauth.New(w.m, slow, plain{upgrade: true}, &djauth.Options{UserCache: time.Hour}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		then func() error
		seen func(a *djauth.Account) bool
	}{
		{"a password", func() error { return w.auth.SetPassword(t.Context(), &djauth.Account{ID: "2"}, "newer") },
			func(a *djauth.Account) bool { return a.Password.Reveal() == "plain$newer" }},
		{"an upgrade", func() error {
			w.people.change("2", func(a *djauth.Account) { a.Password = djauth.EncodedOf("old$toor") })
			_, err := w.auth.Authenticate(t.Context(), "root", "toor")
			return err
		}, func(a *djauth.Account) bool { return a.Password.Reveal() == "plain$toor" }},
		{"a login", func() (err error) {
			w.in("", func(r *http.Request) { err = w.auth.Login(r.Context(), w.account("2"), "") })
			return err
		}, func(a *djauth.Account) bool { return a.LastLogin.Equal(now) }},
	} {
		slow.then = func() {
			if err := test.then(); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		for range 2 {
			if _, err := w.auth.Account(t.Context(), "2"); err != nil {
				t.Fatal(err)
			}
		}
		if a, _ := w.auth.Account(t.Context(), "2"); !test.seen(a) || slow.then != nil {
			t.Errorf("%s: the older account was kept", test.name)
		}
		if err := w.auth.SetPassword(t.Context(), &djauth.Account{ID: "2"}, "next"); err != nil { // forgets it
			t.Fatal(err)
		}
	}
}

// interrupted lets something happen after an account was read.
type interrupted struct {
	*people
	then func()
}

func (p *interrupted) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	a, err := p.people.ByID(ctx, id)
	if then := p.then; then != nil {
		p.then = nil
		then()
	}
	return a, err
}

// A request that requires a login takes two queries, one for the session and one for
// the account, and only the first with the cache.
func TestQueries(t *testing.T) {
	for _, bound := range []time.Duration{0, time.Minute} {
		var loads atomic.Int64
		w := newWorld(t, func(s *djsession.Settings) {
			s.Observer = func(_ context.Context, e djsession.Event) {
				if e.Op == "load" {
					loads.Add(1)
				}
			}
		})
		auth, err := djauth.New(w.m, w.people, nil, &djauth.Options{UserCache: bound})
		if err != nil {
			t.Fatal(err)
		}
		h := w.m.Middleware(auth.Middleware(auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, err := djauth.User(r.Context())
			fmt.Fprint(w, id, err)
		}))))
		key := w.put(w.login()...)
		for i := range 3 {
			loads.Store(0)
			w.people.take()
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "sessionid="+key)
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			users := 1
			if bound > 0 && i > 0 {
				users = 0
			}
			if got := len(w.people.take()); rec.Code != 200 || loads.Load() != 1 || got != users {
				t.Errorf("for %v, request %d: status %d, %d for the session, %d for the account", bound, i, rec.Code, loads.Load(), got)
			}
		}
	}
}
