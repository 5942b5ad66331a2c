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
func TestCacheUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		users := djauth.CacheUsers(w.people, 10*time.Second, 2)
		ask := func(id string) string {
			a, err := users.ByID(t.Context(), id)
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
		if err := users.(djauth.PasswordSetter).SetPassword(t.Context(), "1", djauth.EncodedOf("here"), djauth.Encoded{}); err != nil {
			t.Fatal(err)
		}
		if got := ask("1"); got != "here!" {
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

// A password that is set while the account is read is not hidden by the cache.
func TestCacheUsersRace(t *testing.T) {
	w := newWorld(t)
	slow := &interrupted{people: w.people}
	users := djauth.CacheUsers(slow, time.Hour, 10)
	slow.then = func() {
		if err := users.(djauth.PasswordSetter).SetPassword(t.Context(), "1", djauth.EncodedOf("newer"), djauth.Encoded{}); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if _, err := users.ByID(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
	}
	if a, _ := users.ByID(t.Context(), "1"); a.Password.Reveal() != "newer" {
		t.Error("the older password was kept")
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
	for _, cached := range []bool{false, true} {
		var loads atomic.Int64
		w := newWorld(t, func(s *djsession.Settings) {
			s.Observer = func(_ context.Context, e djsession.Event) { loads.Add(1) }
		})
		auth := w.auth
		if cached {
			var err error
			if auth, err = djauth.New(w.m, djauth.CacheUsers(w.people, time.Minute, 100), nil, nil); err != nil {
				t.Fatal(err)
			}
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
			if cached && i > 0 {
				users = 0
			}
			if got := len(w.people.take()); rec.Code != 200 || loads.Load() != 1 || got != users {
				t.Errorf("cached %v, request %d: status %d, %d for the session, %d for the account", cached, i, rec.Code, loads.Load(), got)
			}
		}
	}
}
