package djgate

import (
	"context"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
)

// ProxyOptions are the options of [Gate.Proxy]. The zero value is good.
type ProxyOptions struct {
	// Transport sends the requests to the upstream; default http.DefaultTransport.
	Transport http.RoundTripper
	// ErrorLog gets the errors of the upstream; default the standard logger.
	ErrorLog *log.Logger
}

// Proxy returns a reverse proxy to upstream, an http or https URL. It judges each request, and
// passes the good ones with the identity headers, and without the cookies of the site. It cuts
// websockets and streams when the login ends, as djauth's Watch does, and takes no websocket
// from the page of another origin. The upstream cannot set the cookies of the site.
//
// The request keeps its Host. The proxy itself sets X-Forwarded-For, -Host and -Proto, and
// passes none that the client sent. Proxy must stand outside of [http.ServeMux], which changes
// paths.
func (g *Gate) Proxy(upstream *url.URL, opts *ProxyOptions) http.Handler {
	if opts == nil {
		opts = new(ProxyOptions)
	}
	proxy := &httputil.ReverseProxy{
		Transport: opts.Transport,
		ErrorLog:  opts.ErrorLog,
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(upstream)
			pr.Out.Host = pr.In.Host
			pr.SetXForwarded()
			pr.Out.Header.Set("X-Forwarded-Proto", g.scheme(pr.In))
			g.clean(pr.Out)
			v := pr.In.Context().Value(visitKey{}).(*visit)
			g.setIdentity(pr.Out.Header, v)
		},
		ModifyResponse: func(res *http.Response) error {
			g.removeSetCookies(res.Header)
			return nil
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := g.judge(r, r.RequestURI, true)
		if v.Status != http.StatusOK {
			g.answer(w, r, &v, true)
			return
		}
		ctx := r.Context()
		if v.ctx != nil {
			ctx = v.ctx
			defer v.stop()
		}
		if r.Header.Get("Upgrade") != "" && !g.sameOrigin(r) {
			http.Error(w, "a page of another origin asks for this websocket", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(ctx, visitKey{}, &v)))
	})
}

// visitKey is the key of the visit in the context of its request.
type visitKey struct{}

// clean removes from a request what its upstream must not see.
func (g *Gate) clean(out *http.Request) {
	h := out.Header
	g.removeIdentity(h)
	g.removeIdentity(out.Trailer)
	if set := g.auth.Manager().Site().Settings(); set.KeyHeader != "" {
		for name := range h {
			if fold(name) == fold(set.KeyHeader) {
				delete(h, name)
			}
		}
	}
	for name := range h { // other spellings of what SetXForwarded has set
		if f := fold(name); strings.Contains(name, "_") && (strings.HasPrefix(f, "x-forwarded-") || strings.HasPrefix(f, "x-original-")) || f == "x-forwarded-method" || f == "x-forwarded-uri" {
			delete(h, name)
		}
	}
	if cookie := g.cookies(h); cookie != "" {
		h["Cookie"] = []string{cookie}
	} else {
		delete(h, "Cookie")
	}
}

// scheme returns the scheme by which the client came.
func (g *Gate) scheme(r *http.Request) string {
	if g.auth.Manager().Site().IsSecure(r) {
		return "https"
	}
	return "http"
}

// sameOrigin reports whether the page that opens a websocket is of an allowed origin. A client
// that is no browser sends no origin.
func (g *Gate) sameOrigin(r *http.Request) bool {
	all := r.Header["Origin"]
	if len(all) == 0 {
		return true
	}
	return len(all) == 1 && (all[0] == g.scheme(r)+"://"+r.Host || slices.Contains(g.opts.Origins, all[0]))
}
