package djauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/webdriver"
)

// A real browser stays on the site, by http.Redirect and by a Location that is written as
// it is.
func TestRedirectBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	var visited atomic.Int64
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<!doctype html><p>A page")) })
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/favicon.ico" { // asked for at any later time, for a page that was seen before
			visited.Add(1)
		}
		page(w, r)
	}))
	t.Cleanup(evil.Close)
	w := newWorld(t)
	byNet := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, w.auth.RedirectTarget(r, "/fallback"), http.StatusSeeOther)
	})
	raw := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Location", w.auth.RedirectTarget(r, "/fallback"))
		rw.WriteHeader(http.StatusSeeOther)
	})
	careless := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, r.FormValue("next"), http.StatusSeeOther)
	})
	site := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; path { // no ServeMux, which cleans paths
		case "/login", "/accounts/login/":
			byNet(rw, r)
		case "/raw/login/":
			raw(rw, r)
		case "/stripped/login":
			http.StripPrefix("/stripped/", byNet).ServeHTTP(rw, r)
		case "/careless":
			careless(rw, r)
		default:
			page(rw, r)
		}
	}))
	t.Cleanup(site.Close)
	own, other := strings.TrimPrefix(site.URL, "http://"), strings.TrimPrefix(evil.URL, "http://")
	b := webdriver.Start(t)
	at := func(login, next string) *url.URL {
		t.Helper()
		if err := b.Open(site.URL + login + "?next=" + url.QueryEscape(next)); err != nil {
			t.Fatalf("%q: %v", next, err)
		}
		u, err := b.URL()
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if u := at("/careless", `/.//\`+other); u.Host != other || visited.Swap(0) == 0 {
		t.Fatalf("a careless page leads to %s, want %s: this is no test", u, other)
	}
	for _, next := range []string{
		`/.//\` + other, `/.///\` + other + "/x", `/a/..//\` + other, `./\` + other, `x/../\` + other, `../../\` + other, `/#/../\` + other,
		"/\t/" + other, "/%2e//" + other, `\` + other, "http:" + other, "https:" + other, "//" + other, `http://` + own + `\@` + other,
		"http://" + own + `/.//\` + other, "./http://" + other, "#/../http:" + other, "\u00a0//" + other, "／／" + other,
	} {
		for _, login := range []string{"/login", "/accounts/login/", "/raw/login/", "/stripped/login"} {
			if u := at(login, next); u.Host != own || visited.Swap(0) > 0 {
				t.Errorf("%q at %s: the browser is at %s", next, login, u)
			}
		}
	}
	if u := at("/stripped/login", "../a/b?c"); u.Host != own || u.RequestURI() != "/a/b?c" {
		t.Errorf("got %s, want /a/b?c", u)
	}
}
