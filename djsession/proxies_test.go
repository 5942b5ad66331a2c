package djsession_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// TestScheme checks whose headers count, and which.
func TestScheme(t *testing.T) {
	local := djsession.LocalProxies()
	django := local
	django.SSLHeader, django.SSLValue = "HTTP_X_SCHEME", "https"
	office := djsession.Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	unix := &net.UnixAddr{Name: "/run/site.sock", Net: "unix"}
	const loopback = "127.0.0.1:4711"
	for _, tt := range []struct {
		name, version string
		proxies       djsession.Proxies
		peer          string
		local         net.Addr // the server's own address, if it gives one
		tls           bool
		headers       string
		want          string // "" is ErrScheme
	}{
		{"no proxies", "", djsession.Proxies{}, loopback, nil, false, "X-Forwarded-Proto: https", "http"},
		{"no proxies, TLS", "", djsession.Proxies{}, loopback, nil, true, "X-Forwarded-Proto: http", "https"},
		{"loopback", "", local, loopback, nil, false, "X-Forwarded-Proto: https", "https"},
		{"loopback of IPv6", "", local, "[::1]:4711", nil, false, "X-Forwarded-Proto: https", "https"},
		{"no header", "", local, loopback, nil, false, "", "http"},
		{"no header, TLS", "", local, loopback, nil, true, "", "https"},
		{"http of a proxy by TLS", "", local, loopback, nil, true, "X-Forwarded-Proto: http", "http"},
		{"ssl", "", local, loopback, nil, false, "X-Forwarded-Protocol: ssl", "https"},
		{"on", "", local, loopback, nil, false, "X-Forwarded-Ssl: on", "https"},
		{"all three", "", local, loopback, nil, false, "X-Forwarded-Proto: https|X-Forwarded-Protocol: ssl|X-Forwarded-Ssl: on", "https"},
		{"letter case", "", local, loopback, nil, false, "X-Forwarded-Proto: HTTPS", "http"},
		{"list", "", local, loopback, nil, false, "X-Forwarded-Proto: https, http", "http"},
		{"empty", "", local, loopback, nil, true, "X-Forwarded-Proto: ", "http"},
		{"no header of gunicorn", "", local, loopback, nil, false, "Forwarded: proto=https|X_Forwarded_Proto: https|Front-End-Https: on", "http"},
		{"contradiction", "", local, loopback, nil, false, "X-Forwarded-Proto: https|X-Forwarded-Ssl: off", ""},
		{"contradiction, the other way", "", local, loopback, nil, true, "X-Forwarded-Proto: http|X-Forwarded-Protocol: ssl", ""},
		{"twice", "", local, loopback, nil, false, "X-Forwarded-Proto: https|X-Forwarded-Proto: https", ""},
		{"twice, contradicting", "", local, loopback, nil, false, "X-Forwarded-Proto: http|X-Forwarded-Proto: https", ""},
		{"twice, of a stranger", "", local, "192.0.2.1:4711", nil, true, "X-Forwarded-Proto: http|X-Forwarded-Proto: https", "https"},
		{"stranger", "", local, "192.0.2.1:4711", nil, false, "X-Forwarded-Proto: https", "http"},
		{"another loopback", "", local, "127.0.0.2:4711", nil, false, "X-Forwarded-Proto: https", "http"},
		{"address taken from a header", "", local, "127.0.0.1", nil, false, "X-Forwarded-Proto: https", "http"},
		{"address of IPv4 in IPv6", "", local, "[::ffff:127.0.0.1]:1", nil, false, "X-Forwarded-Proto: https", "http"},
		{"zone", "", local, "[::1%lo]:1", nil, false, "X-Forwarded-Proto: https", "http"},
		{"nothing known", "", local, "", nil, false, "X-Forwarded-Proto: https", "http"},
		{"name of a host", "", local, "localhost:80", nil, false, "X-Forwarded-Proto: https", "http"},
		{"unix socket", "", local, "@", unix, false, "X-Forwarded-Proto: https", "https"},
		{"unix socket, no name", "", local, "", unix, false, "X-Forwarded-Proto: https", "https"},
		{"unix socket, no server", "", local, "@", nil, false, "X-Forwarded-Proto: https", "https"},
		{"unix socket of a server on TCP", "", local, "@", &net.TCPAddr{}, false, "X-Forwarded-Proto: https", "http"},
		{"unix socket, not trusted", "", office, "@", unix, false, "X-Forwarded-Proto: https", "http"},
		{"another proxy", "", office, "10.1.2.3:1", nil, false, "X-Forwarded-Proto: https", "https"},
		{"loopback, not trusted", "", office, loopback, nil, false, "X-Forwarded-Proto: https", "http"},

		{"Django's header of a stranger", "5.2", django, "192.0.2.1:1", nil, false, "X-Scheme: https", "https"},
		{"Django's header wins", "5.2", django, loopback, nil, true, "X-Scheme: http|X-Forwarded-Proto: https", "http"},
		{"without Django's header the server's", "5.2", django, loopback, nil, false, "X-Forwarded-Proto: https", "https"},
		{"Django's header, the first", "5.2", django, loopback, nil, false, "X-Scheme:  https , http", "https"},
		{"Django's header, not the first", "5.2", django, loopback, nil, false, "X-Scheme: http,https", "http"},
		{"Django 4.0 takes no list", "4.0", django, loopback, nil, false, "X-Scheme: https,http", "http"},
		{"Django 4.0", "4.0", django, loopback, nil, false, "X-Scheme: https", "https"},
		{"Django 1.8 asks the server then", "1.8", django, loopback, nil, true, "X-Scheme: http", "https"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := djsession.ParseDjangoVersion(tt.version)
			if tt.version != "" && err != nil {
				t.Fatal(err)
			}
			site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k"), Django: v, Proxies: tt.proxies})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("POST", "/", nil)
			if r.RemoteAddr = tt.peer; tt.local != nil {
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, tt.local))
			}
			if tt.tls {
				r.TLS = new(tls.ConnectionState)
			}
			for h := range strings.SplitSeq(tt.headers, "|") {
				if name, value, ok := strings.Cut(h, ": "); ok {
					r.Header[name] = append(r.Header[name], value)
				}
			}
			got, err := site.Scheme(r)
			if got != tt.want || errors.Is(err, djsession.ErrScheme) != (tt.want == "") {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			if site.IsSecure(r) != (tt.want == "https") {
				t.Errorf("IsSecure: got %t", site.IsSecure(r))
			}
		})
	}
}

// A Site copies its Settings: a later change does not change the Site.
func TestProxiesFrozen(t *testing.T) {
	p, httpOnly := djsession.LocalProxies(), true
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k"), Proxies: p, CookieHTTPOnly: &httpOnly})
	if err != nil {
		t.Fatal(err)
	}
	httpOnly = false
	if !*site.Settings().CookieHTTPOnly {
		t.Error("the cookie is for scripts now")
	}
	p.Trusted[0] = netip.MustParsePrefix("0.0.0.0/0")
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	if site.IsSecure(r) {
		t.Error("a stranger is trusted")
	}
}
