package djsessiontest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsessiontest"
	"github.com/go-djsession/go-djsession/signer"
)

// everybody is a table of users in which each id is an active account.
type everybody struct{ site *djsession.Site }

func (u everybody) Site() *djsession.Site { return u.site }
func (u everybody) IDKind() djauth.IDKind { return djauth.IntegerID }
func (u everybody) ByID(_ context.Context, id string) (*djauth.Account, error) {
	return &djauth.Account{ID: id, Name: "user" + id, Active: true}, nil
}
func (u everybody) ByName(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
func (u everybody) RecordLogin(context.Context, string, time.Time) error { return nil }

// The tests of a handler that needs a login, and of a program beside its site.
func Example() {
	_ = func(t *testing.T) { // func TestHandler
		site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("for tests")})
		if err != nil {
			t.Fatal(err)
		}
		sessions := djsession.New(memstore.New(site))
		auth, err := djauth.New(sessions, everybody{site}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		handler := sessions.Middleware(auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, err := djauth.User(r.Context())
			if err != nil {
				http.Error(w, "try later", djsession.ErrorStatus(err))
				return
			}
			fmt.Fprint(w, "Hello ", user.Name())
		})))

		account, err := auth.Users().ByID(t.Context(), "7")
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(djsessiontest.Login(t, auth, account, ""))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if got := w.Body.String(); got != "Hello user7" {
			t.Errorf("got %q", got)
		}

		djsessiontest.Prove(t, sessions, "/srv/mysite", nil) // of the real site's Manager
	}
}
