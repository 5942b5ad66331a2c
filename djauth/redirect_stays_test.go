package djauth_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/weburl"
)

// loginPages are places of a login page: the path that the browser asks for, and what
// StripPrefix takes away before the handler sees it.
var loginPages = []struct{ path, strip string }{
	{"/login", ""},
	{"/accounts/login/", ""},
	{"/a/b/c/login", ""},
	{"/", ""},
	{"/accounts/login/", "/accounts"},
	{"/accounts/login", "/accounts/"}, // leaves a path without a slash
	{"/accounts/x/login", "/accounts/"},
	{"//evil.example/login", ""},
	{"/%5Cevil.example/login", ""},
	{"/javascript:alert(1)/login", "/"},
}

// discard is a ResponseWriter that keeps the header only.
type discard http.Header

func (d discard) Header() http.Header         { return http.Header(d) }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

var lineEnds = strings.NewReplacer("\n", " ", "\r", " ")

// wire is a header's value as net/http sends it.
func wire(value string) string { return strings.Trim(lineEnds.Replace(value), " \t") }

// visit asks the login page at path for next, under StripPrefix if strip is set.
func visit(secure bool, path, strip, host, next string, login http.HandlerFunc) {
	u, err := url.ParseRequestURI(path)
	if err != nil {
		panic(err)
	}
	u.RawQuery = "next=" + url.QueryEscape(next)
	r := &http.Request{Method: "GET", URL: u, RequestURI: u.RequestURI(), Host: host, Header: http.Header{}}
	if secure {
		r.TLS = new(tls.ConnectionState)
	}
	http.StripPrefix(strip, login).ServeHTTP(discard{}, r)
}

// A text that passes goes out by http.Redirect, or as it is, as by Echo. Wherever the
// login page is, a browser stays on the site.
func TestRedirectStays(t *testing.T) {
	count := 20_000
	if testing.Short() {
		count = 2000
	}
	var bases, sent []string // for node
	for seed, site := range []string{"http://site.example", "https://site.example", "http://127.0.0.1:8000", "https://[::1]:8000", "http://evil.example.site.example"} {
		scheme, host, _ := strings.Cut(site, "://")
		secure := scheme == "https"
		w := newWorld(t)
		allowed, safe := 0, 0
		for n, next := range weburl.Targets(uint64(seed), count, host) {
			yes := djauth.SafeRedirect(next, host, secure)
			if yes {
				safe++
			}
			for i, page := range loginPages {
				if i%2 != n%2 {
					continue // half of them each, for time
				}
				base := weburl.URL{Scheme: scheme, Host: host, Path: page.path}
				check := func(how, location string) {
					u, err := base.Resolve(wire(location))
					if err == nil && u.Host == host && (u.Scheme == scheme || u.Scheme == "https") {
						return
					}
					t.Errorf("%s: next=%q at %s without %q: Location: %q leads to %v (%v)", how, next, site+page.path, page.strip, location, u, err)
				}
				visit(secure, page.path, page.strip, host, next, func(_ http.ResponseWriter, r *http.Request) {
					target := w.auth.RedirectTarget(r, "/fallback")
					if i < 2 && target != "/fallback" {
						allowed++
						bases, sent = append(bases, site+page.path), append(sent, target)
					}
					rec := discard{}
					http.Redirect(rec, r, target, http.StatusSeeOther)
					location := rec.Header().Get("Location")
					check("RedirectTarget, http.Redirect", location)
					if location != target {
						t.Errorf("next=%q at %s without %q: http.Redirect makes %q of %q", next, page.path, page.strip, location, target)
					}
					if !yes || strings.HasPrefix(r.URL.Path, "javascript:") {
						return // every relative target becomes a script there
					}
					rec = discard{}
					http.Redirect(rec, r, next, http.StatusSeeOther)
					check("SafeRedirect, http.Redirect", rec.Header().Get("Location"))
					check("SafeRedirect, as it is", next)
				})
				if t.Failed() {
					break
				}
			}
		}
		if min(allowed, safe) < count/10 {
			t.Errorf("%s: of %d targets RedirectTarget takes %d, SafeRedirect %d: they are no test", site, count, allowed, safe)
		}
		t.Logf("%s: of %d targets RedirectTarget takes %d, SafeRedirect %d", site, count, allowed, safe)
	}
	t.Run("node", func(t *testing.T) { nodeStays(t, bases, sent) })
}

// With further hosts a browser stays on them and on the site.
func TestSuccessURLAllowedHosts(t *testing.T) {
	const host = "site.example"
	further := []string{"shop.example:8443", "[::1]:8000", "127.0.0.1"}
	all := append([]string{host}, further...)
	w := newWorld(t, func(o *djauth.Options) { o.SuccessURLAllowedHosts = further })
	alone := newWorld(t)
	for _, secure := range []bool{false, true} {
		led := map[string]int{}
		for seed, of := range all {
			for n, next := range weburl.Targets(uint64(300+seed), 3000, of) {
				page := loginPages[n%len(loginPages)]
				base := weburl.URL{Scheme: "http", Host: host, Path: page.path}
				if secure {
					base.Scheme = "https"
				}
				for _, world := range []*world{w, alone} {
					rec := discard{}
					visit(secure, page.path, page.strip, host, next, func(_ http.ResponseWriter, r *http.Request) {
						http.Redirect(rec, r, world.auth.RedirectTarget(r, "/fallback"), http.StatusSeeOther)
					})
					u, err := base.Resolve(wire(rec.Header().Get("Location")))
					if err != nil || u.Scheme != base.Scheme && u.Scheme != "https" || !slices.Contains(all, u.Host) || world == alone && u.Host != host {
						t.Errorf("next=%q at %s: Location: %q leads to %v (%v)", next, page.path, rec.Header().Get("Location"), u, err)
					}
					if world == w {
						led[u.Host]++
					}
				}
			}
		}
		for _, of := range all {
			if led[of] < 20 {
				t.Errorf("secure %v: %d targets lead to %s: they are no test", secure, led[of], of)
			}
		}
		t.Logf("secure %v: %v", secure, led)
	}
	for next, want := range map[string]string{
		"https://shop.example:8443/a?b":          "https://shop.example:8443/a?b",
		"//shop.example:8443":                    "//shop.example:8443",
		"http://127.0.0.1/a":                     "http://127.0.0.1/a",
		"http://[::1]:8000/a":                    "http://[::1]:8000/a",
		"/a":                                     "/a",
		"http://shop.example/a":                  "/home", // another port
		"http://SHOP.example:8443/a":             "/home", // as in Django
		"http://a.shop.example:8443":             "/home",
		"http://shop.example:8443@evil.example":  "/home",
		`http://shop.example:8443\@evil.example`: "/home",
		"ftp://127.0.0.1/a":                      "/home",
	} {
		visit(false, "/login", "", host, next, func(_ http.ResponseWriter, r *http.Request) {
			if got := w.auth.RedirectTarget(r, "/home"); got != want {
				t.Errorf("%q: got %q, want %q", next, got, want)
			}
		})
	}
	visit(true, "/login", "", host, "http://127.0.0.1/a", func(_ http.ResponseWriter, r *http.Request) {
		if got := w.auth.RedirectTarget(r, "/home"); got != "/home" {
			t.Errorf("http from a page of https: got %q", got)
		}
	})
	for _, bad := range []string{"", "https://shop.example", "shop.example/", ".shop.example", "*.shop.example", "a@shop.example", "shop.example:x", "shop example", "::1", "é.example"} {
		if _, err := djauth.New(w.m, w.people, nil, &djauth.Options{SuccessURLAllowedHosts: []string{"shop.example", bad}}); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("the host %q: got error %v, want ErrConfig", bad, err)
		}
	}
}

const askNode = `const all = JSON.parse(require("fs").readFileSync(0, "utf8"))
console.log(JSON.stringify(all[0].map((b, i) => { try { return new URL(all[1][i], b).host === new URL(b).host } catch (e) { return false } })))`

func nodeStays(t *testing.T, bases, sent []string) {
	node, err := exec.LookPath("node")
	if err != nil {
		testserver.Lacks(t, "node is not on the PATH, so that there is no other reader of URLs")
	}
	in, err := json.Marshal([][]string{bases, sent})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", askNode)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var stays []bool
	if err := json.Unmarshal(out, &stays); err != nil {
		t.Fatal(err)
	}
	for i, stays := range stays {
		if !stays {
			t.Errorf("%q at %s leaves the site", sent[i], bases[i])
		}
	}
	t.Logf("node read %d", len(stays))
}

// What the answer is, by the page that asks.
func TestRedirectTargetForm(t *testing.T) {
	for _, test := range []struct{ path, strip, next, want string }{
		{"/accounts/login/", "", `/.//\evil.example`, "/%5Cevil.example"},
		{"/accounts/login/", "", `/a/..//\evil.example`, "/%5Cevil.example"},
		{"/login", "", `./\evil.example`, "/%5Cevil.example"},
		{"/login", "", `a\b`, "/a%5Cb"},
		{"/login", "", "/é?ü=ö#ß", "/%C3%A9?%C3%BC=%C3%B6#%C3%9F"},
		{"/login", "", "/100%?q=a b", "/100%?q=a%20b"},
		{"/login", "", " /a ", "/a"},
		{"/login", "", "/a//b/./c/../", "/a/b/"},
		{"/login", "", "/a/%2E%2e/b/.", "/b/"},
		{"/login", "", "//", "/"},
		{"/login", "", "/a#/../b//c", "/a#%2F..%2Fb%2F%2Fc"},
		{"/login", "", "/a/#/route/x/", "/a/#/route/x/"},
		{"/login", "", "/a?next=//b/../c", "/a?next=//b/../c"},
		{"/login", "", "/%2Fevil.example/x", "/%2Fevil.example/x"},
		{"/login", "", "http://example.com/a//b", "http://example.com/a//b"},
		{"/login", "", "//example.com?a", "//example.com?a"},
		{"/login", "", `https://example.com/.//\evil.example`, "https://example.com/.//%5Cevil.example"},
		{"/login", "", "./javascript:alert(1)", "/javascript:alert(1)"},
		{"/accounts/login/", "", "profile", "/accounts/login/profile"},
		{"/accounts/login/", "/accounts", "../profile", "/accounts/profile"},
		{"/accounts/login", "/accounts/", "profile", "/accounts/profile"},
		{"/accounts/login/", "/accounts", "?page=2", "/accounts/login/?page=2"},
		{"/accounts/login/", "", "#form", "/accounts/login/#form"},
		{"/caf%C3%A9/login", "", "x", "/caf%C3%A9/x"},
		{"/login", "", "1:x", "/home"},
		{"/login", "", "éa", "/home"},
	} {
		w := newWorld(t)
		visit(false, test.path, test.strip, "example.com", test.next, func(_ http.ResponseWriter, r *http.Request) {
			if got := w.auth.RedirectTarget(r, "/home"); got != test.want {
				t.Errorf("%q at %s: got %q, want %q", test.next, test.path, got, test.want)
			}
		})
	}
	// The program's own text stays as it is.
	w := newWorld(t)
	const own = "https://other.example//a/../b"
	if got := w.auth.RedirectTarget(httptest.NewRequest("GET", "/login", nil), own); got != own {
		t.Errorf("got %q, want %q", got, own)
	}
}
