package djauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

func TestRequire(t *testing.T) {
	for _, test := range []struct {
		name       string
		login      bool
		down       bool
		perms      []string
		status     int
		statements string
	}{
		{name: "nobody", status: 302},
		{name: "somebody", login: true, status: 200},
		{name: "nobody, with a permission", perms: []string{"blog.add_post"}, status: 302},
		{name: "who has the permission", login: true, perms: []string{"blog.add_post"}, status: 200},
		{name: "who has one of two", login: true, perms: []string{"blog.add_post", "blog.delete_post"}, status: 403},
		{name: "users are down", login: true, down: true, status: 503},
	} {
		w := newWorld(t)
		key := ""
		if test.login {
			key = w.put(w.login()...)
		}
		if test.down {
			w.people.down = djsession.Unavailable("test", errors.New("down"))
		}
		ok := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) })
		h := w.auth.RequireLogin(ok)
		if test.perms != nil {
			h = w.auth.RequirePermission(test.perms...)(ok)
		}
		for name, h := range map[string]http.Handler{"inside of Middleware": w.auth.Middleware(h), "alone": h} {
			r := httptest.NewRequest("GET", "/private/?a=b", nil)
			if key != "" {
				r.Header.Set("Cookie", "sessionid="+key)
			}
			rec := httptest.NewRecorder()
			w.m.Middleware(h).ServeHTTP(rec, r)
			if rec.Code != test.status {
				t.Errorf("%s, %s: got %d, want %d", test.name, name, rec.Code, test.status)
			}
			if loc := rec.Header().Get("Location"); test.status == 302 && loc != "/accounts/login/?next=/private/%3Fa%3Db" {
				t.Errorf("%s, %s: got %q", test.name, name, loc)
			}
			if test.status != 503 && !strings.Contains(rec.Header().Get("Vary"), "Cookie") {
				t.Errorf("%s, %s: does not vary on Cookie", test.name, name)
			}
		}
	}
}

// A site without users has no Auth; who requires a login there learns it at the start.
func TestRequireNothing(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	var none *djauth.Auth
	none.RequireLogin(http.NotFoundHandler())
}

// What a page looks like in the URL of the login page; the values are those of
// Django's login_required.
func TestLoginURL(t *testing.T) {
	for _, test := range []struct{ login, target, want string }{
		{"", "/", "/accounts/login/?next=/"},
		{"/in/", "/a/b?x=1&y=2", "/in/?next=/a/b%3Fx%3D1%26y%3D2"},
		{"/in/?lang=fr&next=/old", "/a", "/in/?lang=fr&next=/a"},
		{"/in/#form", "/a", "/in/?next=/a#form"},
		{"/in/", "//evil.example/x", "/in/?next=/%252Fevil.example/x"},
		{"/in/", "/a%20b", "/in/?next=/a%2520b"},
		{"/in/", "/caf%C3%A9", "/in/?next=/caf%25C3%25A9"},
		{"http://site.example/in/", "/a", "http://site.example/in/?next=/a"},
		{"https://site.example/in/", "/a", "https://site.example/in/?next=http%3A//site.example/a"},
		{"//other.example/in/", "/a", "//other.example/in/?next=http%3A//site.example/a"},
	} {
		w := newWorld(t, func(o *djauth.Options) {
			o.LoginURL = test.login
			o.Host = func(r *http.Request) string { return r.Host }
		})
		r := httptest.NewRequest("GET", "http://site.example/", nil)
		path, query, _ := strings.Cut(test.target, "?")
		r.URL = &url.URL{RawQuery: query}
		var err error
		if r.URL.Path, err = url.PathUnescape(path); err != nil {
			t.Fatal(err)
		}
		if got := w.auth.LoginURL(r); got != test.want {
			t.Errorf("%s from %s: got %s, want %s", test.login, test.target, got, test.want)
		}
	}
}

// A page inside of StripPrefix is sent back to with its prefix, and RedirectTarget takes
// what LoginURL made.
func TestLoginURLPrefix(t *testing.T) {
	for _, test := range []struct{ prefix, target, want string }{
		{"/app", "/app/a?x=1", "/app/a?x=1"},
		{"/app/", "/app/a", "/app/a"},
		{"/app", "/app", "/app"},
		{"/app", "/app/", "/app/"},
		{"/app", "/app/caf%C3%A9%2Fx", "/app/caf%C3%A9%2Fx"},
		{"", "/a", "/a"},
		{"/", "//evil.example/x", "/%2Fevil.example/x"},
	} {
		w := newWorld(t)
		r := httptest.NewRequest("GET", "/", nil)
		r.RequestURI = test.target
		path, query, _ := strings.Cut(test.target, "?")
		plain, err := url.PathUnescape(path)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = &url.URL{Path: plain, RawPath: path, RawQuery: query}
		got := ""
		http.StripPrefix(test.prefix, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = w.auth.LoginURL(r)
		})).ServeHTTP(httptest.NewRecorder(), r)
		u, err := url.Parse(got)
		if err != nil || u.Query().Get("next") != test.want {
			t.Errorf("%s at %s: got %s, want next=%s", test.target, test.prefix, got, test.want)
		}
		if next := w.auth.RedirectTarget(httptest.NewRequest("GET", got, nil), "/home"); next != test.want {
			t.Errorf("%s at %s: back at %s, want %s", test.target, test.prefix, next, test.want)
		}
	}
}

// A prefix that a proxy took away is in the page to come back to, in relative pages of the
// login form, and in what a Judge sees. A ScriptName that is no path is ErrConfig.
func TestScriptName(t *testing.T) {
	seen := ""
	w := newWorld(t, func(o *djauth.Options) {
		o.ScriptName = "/site/"
		o.Judge = func(_ context.Context, j djauth.Judgement) (djauth.Verdict, error) {
			seen = j.Path
			return djauth.Admit(), nil
		}
	})
	r := httptest.NewRequest("GET", "/a?x=1", nil)
	got := w.auth.LoginURL(r)
	if want := "/accounts/login/?next=/site/a%3Fx%3D1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if next := w.auth.RedirectTarget(httptest.NewRequest("GET", got, nil), "/home"); next != "/site/a?x=1" {
		t.Errorf("back at %s, want /site/a?x=1", next)
	}
	if next := w.auth.RedirectTarget(httptest.NewRequest("GET", "/login/?next=../b", nil), "/home"); next != "/site/b" {
		t.Errorf("a relative page: back at %s, want /site/b", next)
	}
	w.do(r, "", func(_ http.ResponseWriter, r *http.Request) { djauth.User(r.Context()) })
	if seen != "/site/a" {
		t.Errorf("the Judge sees %s, want /site/a", seen)
	}
	for _, name := range []string{"site", "//site", "/a b", "/a/../b", "/a?b", "http://evil.example/"} {
		if _, err := djauth.New(w.m, w.auth.Users(), nil, &djauth.Options{ScriptName: name}); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%q: got %v, want ErrConfig", name, err)
		}
	}
}

func TestSafeRedirect(t *testing.T) {
	for _, test := range []struct {
		target       string
		plain, https bool
	}{
		{"/a/b?c#d", true, true},
		{"a/b", true, true},
		{"?page=2", true, true},
		{" /a ", true, true},
		{"http://site.example/a", true, false},
		{"https://site.example/a", true, true},
		{"//site.example/a", true, false},
		{"/a:b", true, true},
		{"", false, false},
		{"  ", false, false},
		{"//evil.example", false, false},
		{"///evil.example", false, false},
		{"/\\evil.example", false, false},
		{"\\\\evil.example", false, false},
		{"http:///evil.example", false, false},
		{"http:evil.example", false, false},
		{"https://evil.example/", false, false},
		{"http://site.example@evil.example/", false, false},
		{"http://site.example:80@evil.example/", false, false},
		{"http://site.example\\@evil.example/", false, false},
		{"http://site.example.evil.example/", false, false},
		{"http:\\\\evil.example", false, false},
		{"javascript:alert(1)", false, false},
		{"JavaScript:alert(1)", false, false},
		{"java\nscript:alert(1)", false, false},
		{"\x08//evil.example", false, false},
		{"/\t/evil.example", false, false},
		{"\u200b//evil.example", false, false},
		{"data:text/html,x", false, false},
		{"ftp://site.example/", false, false},
		{"/" + strings.Repeat("a", 3000), false, false},
	} {
		plain, https := djauth.SafeRedirect(test.target, "site.example", false), djauth.SafeRedirect(test.target, "site.example", true)
		if plain != test.plain || https != test.https {
			t.Errorf("%.40q: got %v, %v; want %v, %v", test.target, plain, https, test.plain, test.https)
		}
	}
	w := newWorld(t)
	for _, test := range []struct{ query, form, want string }{
		{"next=/a", "", "/a"},
		{"", "next=/b", "/b"},
		{"next=/a", "next=/b", "/b"},
		{"next=/a", "next=", "/home"},
		{"next=//evil.example", "", "/home"},
		{"", "", "/home"},
	} {
		r := httptest.NewRequest("POST", "/in/?"+test.query, strings.NewReader(test.form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if got := w.auth.RedirectTarget(r, "/home"); got != test.want {
			t.Errorf("%s, %s: got %q, want %q", test.query, test.form, got, test.want)
		}
	}
}

// A script gets a 401, or the header that htmx follows, and a browser's page the redirect of
// Django.
func TestRequireOfScripts(t *testing.T) {
	const plain = "/accounts/login/?next=/private/"
	for _, test := range []struct {
		name    string
		headers map[string]string
		script  func(*http.Request) bool
		status  int
		to      string // Location or HX-Redirect
	}{
		{"no header", nil, nil, 302, plain},
		{"a browser", map[string]string{"Sec-Fetch-Mode": "navigate", "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, nil, 302, plain},
		{"a browser without HTTPS", map[string]string{"Accept": "text/html,*/*;q=0.8"}, nil, 302, plain},
		{"a form in an iframe", map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, nil, 302, plain},
		{"curl", map[string]string{"Accept": "*/*"}, nil, 302, plain},
		{"fetch", map[string]string{"Sec-Fetch-Mode": "cors", "Accept": "*/*"}, nil, 401, ""},
		{"fetch of HTML", map[string]string{"Sec-Fetch-Mode": "same-origin", "Accept": "text/html"}, nil, 401, ""},
		{"a WebSocket", map[string]string{"Sec-Fetch-Mode": "websocket"}, nil, 401, ""},
		{"an image", map[string]string{"Sec-Fetch-Mode": "no-cors", "Accept": "image/avif,*/*;q=0.8"}, nil, 401, ""},
		{"jQuery", map[string]string{"X-Requested-With": "XMLHttpRequest", "Accept": "*/*"}, nil, 401, ""},
		{"axios without HTTPS", map[string]string{"Accept": "application/json, text/plain, */*"}, nil, 401, ""},
		{"the browsable API", map[string]string{"Accept": "text/html,application/json"}, nil, 302, plain},
		{"htmx", map[string]string{"HX-Request": "true", "HX-Current-URL": "http://example.com/shop/?page=2"}, nil, 401, "/accounts/login/?next=/shop/%3Fpage%3D2"},
		{"htmx with HTTPS", map[string]string{"HX-Request": "true", "Sec-Fetch-Mode": "cors", "HX-Current-URL": "http://example.com/"}, nil, 401, "/accounts/login/?next=/"},
		{"htmx, boosted", map[string]string{"HX-Request": "true", "HX-Boosted": "true", "Accept": "text/html"}, nil, 401, plain},
		{"htmx, a page elsewhere", map[string]string{"HX-Request": "true", "HX-Current-URL": "https://evil.example/shop/"}, nil, 401, plain},
		{"htmx, a page without a host", map[string]string{"HX-Request": "true", "HX-Current-URL": "javascript:alert(1)"}, nil, 401, plain},
		{"htmx, two slashes", map[string]string{"HX-Request": "true", "HX-Current-URL": "http://example.com//evil.example/"}, nil, 401, "/accounts/login/?next=/%252Fevil.example/"},
		{"fetch, by Django", map[string]string{"Sec-Fetch-Mode": "cors"}, func(*http.Request) bool { return false }, 302, plain},
		{"htmx, by Django", map[string]string{"HX-Request": "true"}, func(*http.Request) bool { return false }, 302, plain},
		{"an API", nil, func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/private/") }, 401, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *djauth.Options) { o.FromScript = test.script })
			h := w.auth.RequireLogin(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("let in") }))
			r := httptest.NewRequest("GET", "/private/", nil)
			for name, value := range test.headers {
				r.Header.Set(name, value)
			}
			rec := httptest.NewRecorder()
			w.m.Middleware(h).ServeHTTP(rec, r)
			header := "Location"
			if test.status == 401 {
				header = "HX-Redirect"
			}
			if got := rec.Header().Get(header); rec.Code != test.status || got != test.to {
				t.Errorf("got %d to %q, want %d to %q", rec.Code, got, test.status, test.to)
			}
			if test.status == 401 && rec.Header().Get("WWW-Authenticate") == "" {
				t.Error("a 401 without WWW-Authenticate")
			}
		})
	}
}
