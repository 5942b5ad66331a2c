package exampletest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/weburl"
	"github.com/go-djsession/go-djsession/signer"
)

// LoginPages are the paths where [CheckRedirects] requests a login page.
var LoginPages = []string{"/login", "/accounts/login/", "/a/b/c/login", "/"}

// CheckRedirects tests a router with thousands of targets that try to lead to another site.
// pages returns a handler that answers a GET of each of [LoginPages] with the router's
// redirect to target(r).
func CheckRedirects(t *testing.T, pages func(target func(*http.Request) string) http.Handler) {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("a secret of this test")})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := djauth.New(djsession.New(memstore.New(site)), noUsers{site}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	handler := pages(func(r *http.Request) string {
		want = auth.RedirectTarget(r, "/fallback")
		return want
	})
	for i, next := range weburl.Targets(20, 20_000, "site.example") {
		base := weburl.URL{Scheme: "http", Host: "site.example", Path: LoginPages[i%len(LoginPages)]}
		r := httptest.NewRequest("GET", base.Path+"?next="+url.QueryEscape(next), nil)
		r.Host = base.Host
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		location := rec.Header().Get("Location")
		if location == "" {
			t.Fatalf("next=%q at %s: got %d and no Location", next, base.Path, rec.Code)
		}
		u, err := base.Resolve(location)
		if err != nil || u.Host != base.Host || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("next=%q at %s: Location: %q leads to %v (%v)", next, base.Path, location, u, err)
		}
		if location != want {
			t.Errorf("next=%q at %s: the router makes %q of %q", next, base.Path, location, want)
		}
	}
}

// noUsers is a table without users.
type noUsers struct{ site *djsession.Site }

func (u noUsers) Site() *djsession.Site { return u.site }

func (noUsers) IDKind() djauth.IDKind { return djauth.IntegerID }

func (noUsers) ByID(context.Context, string) (*djauth.Account, error) { return nil, djauth.ErrNoUser }

func (noUsers) ByName(context.Context, string) (*djauth.Account, error) { return nil, djauth.ErrNoUser }
