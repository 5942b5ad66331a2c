package djsession

import (
	"cmp"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
)

// ErrScheme: the headers of a proxy contradict each other about the scheme, so that it is
// unknown. gunicorn answers 400.
var ErrScheme = errors.New("djsession: the proxy's headers do not agree about the scheme")

// Proxies say whose headers count for the scheme by which a client came and for its address,
// as in the server of the site's Django, and in Django with SECURE_PROXY_SSL_HEADER. djcsrf
// and djauth call [Site.IsSecure] to learn the scheme. The zero value trusts no header: only
// TLS to this process is HTTPS.
type Proxies struct {
	// Server is the program in which Django runs, "" if it is not known. It decides which
	// headers of a trusted proxy count, and how.
	Server Server
	// Trusted is forwarded_allow_ips of gunicorn and uvicorn, trusted_proxy of Waitress: the
	// peers whose headers count. Such a proxy must set or remove all [Proxies.Headers] in
	// every request.
	//
	// Unlike Daphne and uWSGI, which believe everybody, Go believes these peers only.
	Trusted []netip.Prefix
	// Headers are those that Server takes from a trusted proxy: "X-Forwarded-Proto",
	// "X-Forwarded-For". Nil means its default. By default gunicorn, and a server that is not
	// known, take secure_scheme_headers, any other value of which means http:
	//
	//	X-Forwarded-Proto: https
	//	X-Forwarded-Protocol: ssl
	//	X-Forwarded-Ssl: on
	//
	// uvicorn takes X-Forwarded-Proto and X-Forwarded-For, uWSGI X-Forwarded-Proto and
	// X-Forwarded-Ssl, the others none. Give both to Daphne with --proxy-headers and to
	// Hypercorn with ProxyFixMiddleware, trusted_proxy_headers to Waitress, none (not nil) to
	// uvicorn with --no-proxy-headers, and to gunicorn headers of its configuration, each
	// with the value that means https: "X-Scheme: https".
	Headers []string
	// UnixSockets trusts every peer that connects by a unix socket, as gunicorn does.
	UnixSockets bool

	// SSLHeader and SSLValue are SECURE_PROXY_SSL_HEADER: "HTTP_X_FORWARDED_PROTO" and
	// "https"; an empty SSLHeader is None. As in Django, this header overrides the
	// others, and counts from every peer: the proxy must set or remove it in every
	// request.
	SSLHeader, SSLValue string
}

// LocalProxies returns the default of gunicorn, which trusts 127.0.0.1, ::1 and unix sockets.
// uvicorn trusts no unix socket: see [ParseAllowIPs].
func LocalProxies() Proxies {
	return Proxies{
		Trusted:     []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")},
		UnixSockets: true,
	}
}

// IsSecure is request.is_secure: it reports whether the client used HTTPS, by
// [Settings.Proxies]. It is false if [Site.Scheme] returns an error.
//
// The request must have the RemoteAddr of its connection. A middleware that replaces it
// by the client's address must run inside of the caller.
func (s *Site) IsSecure(r *http.Request) bool {
	scheme, err := s.Scheme(r)
	return err == nil && scheme == "https"
}

// Scheme is request.scheme: "https" or "http".
//
// Unlike the servers, Scheme refuses a header that comes twice, even with the
// same value. A proxy must replace what the client sent; one that adds to it passes on a
// lie.
//
// Errors: [ErrScheme].
func (s *Site) Scheme(r *http.Request) (string, error) {
	p := &s.set.Proxies
	if all := r.Header[p.SSLHeader]; p.SSLHeader != "" && len(all) > 0 && !p.clears(r, p.SSLHeader) {
		got := strings.Join(all, ",")
		if !s.set.Django.Before(4, 1) { // the first of several proxies counts
			got, _, _ = strings.Cut(got, ",")
			got = strings.TrimSpace(got)
		}
		switch {
		case got == p.SSLValue:
			return "https", nil
		case !s.set.Django.Before(1, 11):
			return "http", nil
		}
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if !p.trusts(r) {
		return scheme, nil
	}
	says, err := p.says(r.Header)
	if err != nil {
		return "", err
	}
	return cmp.Or(says, scheme), nil
}

// FromProxy reports whether r came from one of [Settings.Proxies], whose headers say where the
// client is. The request must have the RemoteAddr of its connection.
func (s *Site) FromProxy(r *http.Request) bool { return s.set.Proxies.trusts(r) }

// trusts reports whether the peer that sent r is a proxy of the site.
func (p *Proxies) trusts(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil && strings.HasPrefix(local.Network(), "unix") {
		return p.UnixSockets
	}
	// net/http always writes a port. An address without one was taken from a header.
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		// If no server gave the local address, only the name of a unix socket shows that
		// it is one.
		return p.UnixSockets && local == nil && (strings.HasPrefix(r.RemoteAddr, "@") || strings.HasPrefix(r.RemoteAddr, "/"))
	}
	return p.contains(peer.Addr())
}

func (p *Proxies) contains(addr netip.Addr) bool {
	return slices.ContainsFunc(p.Trusted, func(net netip.Prefix) bool { return net.Contains(addr) })
}

// frozen returns a copy that the caller cannot change. Its header is spelled as in
// net/http.
func (p Proxies) frozen() Proxies {
	p.Trusted, p.Headers = slices.Clone(p.Trusted), slices.Clone(p.Headers)
	if meta, ok := strings.CutPrefix(p.SSLHeader, "HTTP_"); ok {
		p.SSLHeader = strings.ReplaceAll(meta, "_", "-")
	}
	p.SSLHeader = textproto.CanonicalMIMEHeaderKey(p.SSLHeader)
	return p
}
