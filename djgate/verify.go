package djgate

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
)

// LoginHeader is the header of an answer of 401 that has the URL of the login page.
const LoginHeader = "X-Login-Url"

// The headers by which a proxy tells what its client asked for.
const (
	forwardedMethod = "X-Forwarded-Method"
	forwardedURI    = "X-Forwarded-Uri"
	forwardedHost   = "X-Forwarded-Host"
	forwardedProto  = "X-Forwarded-Proto"
)

// Verify answers the questions of a proxy: auth_request of nginx, forward_auth of Caddy,
// ForwardAuth of Traefik. The proxy says in X-Forwarded-Method, X-Forwarded-Uri,
// X-Forwarded-Host and X-Forwarded-Proto what its client asked for, and passes the headers of
// the client. The answer is
//
//	200  with the identity headers, empty for nobody, and the header Cookie, which is that of
//	     the client without the cookies of the site, and never empty; the proxy must put them
//	     all in the place of those of the client
//	401  with the URL of the login page in [LoginHeader]; with redirect a browser gets 302 in
//	     its place, and djauth.Options.FromScript says what is no browser
//	403  for a request that is not allowed
//	400  for a request that has no certain meaning, or contradicting headers
//	503  if the store of the sessions is down: this is never 401
//
// A peer that is none of djsession.Settings.Proxies gets 403. The proxies must set all four
// headers themselves: examples/deploy has configurations.
func (g *Gate) Verify(redirect bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.fromProxy(w, r) {
			return
		}
		r, uri, err := g.forwarded(r)
		if err != nil {
			g.answer(w, r, &visit{Verdict: Verdict{Status: http.StatusBadRequest, Err: err}}, false)
			return
		}
		g.verify(w, r, uri, redirect)
	})
}

// VerifyEnvoy answers the questions of Envoy's filter ext_authz over HTTP, whose requests have
// the method, host and path of the client, the path behind prefix ("/envoy", path_prefix of
// the filter). X-Forwarded-Proto is the scheme. It must stand outside of [http.ServeMux],
// which changes paths.
func (g *Gate) VerifyEnvoy(prefix string, redirect bool) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.fromProxy(w, r) {
			return
		}
		uri, ok := strings.CutPrefix(r.RequestURI, prefix)
		_, err := oneHeader(r.Header, forwardedProto)
		if !ok || !strings.HasPrefix(uri, "/") || err != nil {
			g.answer(w, r, &visit{Verdict: Verdict{Status: http.StatusBadRequest, Err: ErrTarget}}, false)
			return
		}
		r = r.Clone(r.Context())
		if r.URL, err = url.ParseRequestURI(uri); err != nil {
			g.answer(w, r, &visit{Verdict: Verdict{Status: http.StatusBadRequest, Err: ErrTarget}}, false)
			return
		}
		r.RequestURI = uri
		g.verify(w, r, uri, redirect)
	})
}

// noCookie is the Cookie header of a client that has no other cookies than those of the site.
const noCookie = "djgate=1"

// verify answers for the request that the client made.
func (g *Gate) verify(w http.ResponseWriter, r *http.Request, uri string, redirect bool) {
	v := g.judge(r, uri, false)
	h := w.Header()
	g.setIdentity(h, &v)
	if v.Status == http.StatusOK {
		if h.Set("Cookie", g.cookies(r.Header)); h.Get("Cookie") == "" {
			h.Set("Cookie", noCookie) // Caddy would keep that of the client
		}
	}
	g.answer(w, r, &v, redirect)
}

// fromProxy answers a peer that is no proxy of this Gate.
func (g *Gate) fromProxy(w http.ResponseWriter, r *http.Request) bool {
	if g.auth.Manager().Site().FromProxy(r) {
		return true
	}
	http.Error(w, "only a trusted proxy may ask", http.StatusForbidden)
	return false
}

// errForwarded is the error for headers of a proxy that are missing, or are there twice.
var errForwarded = errors.New("djgate: each of X-Forwarded-Method, -Uri, -Host and -Proto must be there once")

// forwarded returns the request that the client made, by the headers of the proxy.
func (g *Gate) forwarded(r *http.Request) (*http.Request, string, error) {
	out := r.Clone(r.Context())
	values := make(map[string]string, 4)
	for _, name := range []string{forwardedMethod, forwardedURI, forwardedHost, forwardedProto} {
		v, err := oneHeader(r.Header, name)
		if err != nil {
			return r, "", err
		}
		values[name] = v
	}
	for _, name := range []string{"X-Original-Uri", "X-Original-Url"} { // a second opinion
		if v := r.Header[name]; len(v) > 0 && (len(v) > 1 || v[0] != values[forwardedURI]) {
			return r, "", errForwarded
		}
	}
	uri := values[forwardedURI]
	u, err := url.ParseRequestURI(uri)
	if err != nil || !strings.HasPrefix(uri, "/") || values[forwardedProto] != "http" && values[forwardedProto] != "https" {
		return r, "", ErrTarget
	}
	out.Method, out.Host, out.URL, out.RequestURI = values[forwardedMethod], values[forwardedHost], u, uri
	return out, uri, nil
}

// oneHeader returns the header's one value. Another spelling of the name counts too.
func oneHeader(h http.Header, name string) (string, error) {
	folded, n := fold(name), 0
	for other, all := range h {
		if fold(other) == folded {
			n += len(all)
		}
	}
	if n != 1 || len(h[name]) != 1 || h[name][0] == "" || name != forwardedURI && strings.Contains(h[name][0], ",") {
		return "", errForwarded
	}
	return h[name][0], nil
}

// answer writes the status of v, with a short text.
func (g *Gate) answer(w http.ResponseWriter, r *http.Request, v *visit, redirect bool) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	switch v.Status {
	case http.StatusOK:
		w.WriteHeader(http.StatusOK)
		return
	case http.StatusUnauthorized:
		if redirect && !djauth.FromScript(r) {
			h.Set("Location", v.login)
			w.WriteHeader(http.StatusFound)
			return
		}
		h.Set(LoginHeader, v.login)
		// A 401 must name a scheme. A browser asks for a password only for those it knows.
		h.Set("WWW-Authenticate", "Session")
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	}
	http.Error(w, http.StatusText(v.Status), v.Status)
}
