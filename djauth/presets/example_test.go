package presets_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/presets"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// onlyAda is a table of users with one row. A site has package dbusers or pgxusers.
type onlyAda struct{ site *djsession.Site }

func (u onlyAda) Site() *djsession.Site { return u.site }
func (u onlyAda) IDKind() djauth.IDKind { return djauth.IntegerID }
func (u onlyAda) ByID(context.Context, string) (*djauth.Account, error) {
	return &djauth.Account{ID: "1", Name: "ada", Active: true}, nil
}
func (u onlyAda) ByName(ctx context.Context, _ string) (*djauth.Account, error) {
	return u.ByID(ctx, "1")
}
func (u onlyAda) RecordLogin(context.Context, string, time.Time) error { return nil }

// A site with django-hijack, and with django-auto-logout, whose sessions end after ten idle
// minutes.
func Example() {
	clock := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	site, err := djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("example"), Now: func() time.Time { return clock },
	})
	if err != nil {
		log.Fatal(err)
	}
	sessions := djsession.New(memstore.New(site))
	auth, err := djauth.New(sessions, onlyAda{site}, nil, &djauth.Options{Judge: djauth.Judges(
		presets.Hijack(),
		presets.AutoLogout(presets.AutoLogoutOptions{IdleTime: 10 * time.Minute}),
	)})
	if err != nil {
		log.Fatal(err)
	}
	handler := sessions.Middleware(auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			ada, _ := auth.Users().ByName(r.Context(), "ada")
			if err := auth.Login(r.Context(), ada, ""); err != nil {
				log.Fatal(err)
			}
		}
		user, err := djauth.User(r.Context())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q %v\n", user.Name(), user.Why())
	})))

	var cookies []*http.Cookie
	visit := func(path string) {
		r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
		for _, c := range cookies {
			r.AddCookie(c)
		}
		handler.ServeHTTP(w, r)
		cookies = append(cookies, w.Result().Cookies()...)
	}
	visit("/login")
	clock = clock.Add(9 * time.Minute)
	visit("/")
	clock = clock.Add(11 * time.Minute)
	visit("/")
	// Output:
	// "ada" <nil>
	// "ada" <nil>
	// "" presets: the session has ended
}
