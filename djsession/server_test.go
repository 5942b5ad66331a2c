package djsession_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// TestServerRules checks what each server takes from a proxy. compat_test/proxies asks the
// real ones.
func TestServerRules(t *testing.T) {
	const both = "X-Forwarded-Proto: https|X-Forwarded-For: 198.51.100.7, 203.0.113.9"
	for _, tt := range []struct {
		name    string
		server  djsession.Server
		ips     string
		headers []string
		sent    string
		scheme  string
		addr    string
	}{
		{"not known", "", "127.0.0.1", nil, both, "https", "127.0.0.1"},
		{"gunicorn", djsession.Gunicorn, "127.0.0.1", nil, both, "https", "127.0.0.1"},
		{"gunicorn, a stranger", djsession.Gunicorn, "127.0.0.2", nil, both, "http", "127.0.0.1"},
		{"gunicorn, its own header", djsession.Gunicorn, "*", []string{"X-Scheme: tls"}, both + "|X-Scheme: tls", "https", "127.0.0.1"},
		{"gunicorn, its own header only", djsession.Gunicorn, "*", []string{"X-Scheme: tls"}, both, "http", "127.0.0.1"},
		{"uvicorn", djsession.Uvicorn, "127.0.0.1", nil, both, "https", "203.0.113.9"},
		{"uvicorn, two proxies", djsession.Uvicorn, "127.0.0.1, 203.0.113.0/24", nil, both, "https", "198.51.100.7"},
		{"uvicorn, everybody", djsession.Uvicorn, "*", nil, both, "https", "198.51.100.7"},
		{"uvicorn, nobody", djsession.Uvicorn, "", nil, both, "http", "127.0.0.1"},
		{"uvicorn, no headers", djsession.Uvicorn, "*", []string{}, both, "http", "127.0.0.1"},
		{"uvicorn, empty", djsession.Uvicorn, "*", nil, "X-Forwarded-For: ", "http", "127.0.0.1"},
		{"uvicorn, not X-Forwarded-Ssl", djsession.Uvicorn, "*", nil, "X-Forwarded-Ssl: on", "http", "127.0.0.1"},
		{"hypercorn", djsession.Hypercorn, "*", nil, both, "http", "127.0.0.1"},
		{"hypercorn, ProxyFix", djsession.Hypercorn, "*", []string{"X-Forwarded-Proto", "X-Forwarded-For"}, "X-Forwarded-Proto: http, https|X-Forwarded-For: 198.51.100.7, 203.0.113.9", "https", "203.0.113.9"},
		{"daphne", djsession.Daphne, "*", nil, both, "http", "127.0.0.1"},
		{"daphne, proxies", djsession.Daphne, "*", []string{"X-Forwarded-Proto", "X-Forwarded-For"}, both, "https", "198.51.100.7"},
		{"daphne, no address", djsession.Daphne, "*", []string{"X-Forwarded-Proto", "X-Forwarded-For"}, "X-Forwarded-Proto: https", "http", "127.0.0.1"},
		{"waitress", djsession.Waitress, "*", nil, both, "http", "127.0.0.1"},
		{"waitress, proxies", djsession.Waitress, "*", []string{"X-Forwarded-Proto"}, "X-Forwarded-Proto: HTTPS|X-Forwarded-For: 203.0.113.9", "https", "127.0.0.1"},
		{"waitress, no scheme", djsession.Waitress, "*", []string{"X-Forwarded-Proto"}, "X-Forwarded-Proto: https, http", "", "127.0.0.1"},
		{"uwsgi", djsession.UWSGI, "*", nil, "X-Forwarded-Ssl: on", "https", "127.0.0.1"},
		{"uwsgi, both", djsession.UWSGI, "*", nil, "X-Forwarded-Ssl: on|X-Forwarded-Proto: http", "http", "127.0.0.1"},
		{"mod_wsgi", djsession.ModWSGI, "*", nil, both, "http", "127.0.0.1"},
		{"runserver", djsession.RunServer, "*", nil, both, "http", "127.0.0.1"},
		{"twice", djsession.UWSGI, "*", nil, "X-Forwarded-Proto: https|X-Forwarded-Proto: https", "", "127.0.0.1"},
		{"twice, and not taken", djsession.ModWSGI, "*", nil, "X-Forwarded-Proto: https|X-Forwarded-Proto: https", "http", "127.0.0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := djsession.ParseAllowIPs(tt.server, tt.ips)
			if err != nil {
				t.Fatal(err)
			}
			p.Headers = tt.headers
			site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k"), Proxies: p})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("POST", "/", nil)
			r.RemoteAddr = "127.0.0.1:4711"
			for h := range strings.SplitSeq(tt.sent, "|") {
				name, value, _ := strings.Cut(h, ": ")
				r.Header[name] = append(r.Header[name], value)
			}
			if got, err := site.Scheme(r); got != tt.scheme || errors.Is(err, djsession.ErrScheme) != (tt.scheme == "") {
				t.Errorf("scheme: got %q, %v, want %q", got, err, tt.scheme)
			}
			if got := site.ClientAddr(r); got != tt.addr {
				t.Errorf("client: got %q, want %q", got, tt.addr)
			}
		})
	}
}

// Waitress takes the header of SECURE_PROXY_SSL_HEADER away, and no other server does.
func TestWaitressClears(t *testing.T) {
	for header, want := range map[string]string{"HTTP_X_FORWARDED_PROTO": "http", "HTTP_X_SCHEME": "https"} {
		p := djsession.Proxies{Server: djsession.Waitress, SSLHeader: header, SSLValue: "https"}
		site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k"), Proxies: p})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Scheme", "https")
		if got, err := site.Scheme(r); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", header, got, err, want)
		}
	}
}

// A header that the server never takes, and a list that is none, are refused.
func TestServerRefused(t *testing.T) {
	for _, p := range []djsession.Proxies{
		{Server: "nginx"},
		{Server: djsession.Gunicorn, Headers: []string{"X-Forwarded-For"}},
		{Server: djsession.Gunicorn, Headers: []string{"X-Scheme:"}},
		{Server: djsession.Uvicorn, Headers: []string{"X-Scheme: tls"}},
		{Server: djsession.Waitress, Headers: []string{"Forwarded"}},
		{Server: djsession.ModWSGI, Headers: []string{"X-Forwarded-For"}},
	} {
		if _, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k"), Proxies: p}); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%+v: got %v", p, err)
		}
	}
	for _, text := range []string{"nginx", "10.0.0.1/8", "10.0.0.1, x", "10.0.0.300"} {
		if _, err := djsession.ParseAllowIPs(djsession.Uvicorn, text); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if _, err := djsession.ParseServer(""); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("no name: got %v", err)
	}
}

// gunicorn takes the prefix of a site from a trusted proxy, and nobody else does.
func TestScriptName(t *testing.T) {
	for _, tt := range []struct {
		server         djsession.Server
		path, sent, to string
	}{
		{djsession.Gunicorn, "/app/x", "/app", "/app"},
		{djsession.Gunicorn, "/app/x", "/app/", "/app"},
		{djsession.Gunicorn, "/x", "/app", ""},
		{djsession.Gunicorn, "/x", "", ""},
		{djsession.GunicornASGI, "/app/x", "/app", ""},
		{djsession.Uvicorn, "/app/x", "/app", ""},
		{"", "/app/x", "/app", ""},
	} {
		p := djsession.LocalProxies()
		p.Server = tt.server
		site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k"), Proxies: p})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", tt.path, nil)
		r.Header.Set("SCRIPT_NAME", tt.sent)
		for peer, want := range map[string]string{"127.0.0.1:1": tt.to, "192.0.2.1:1": ""} {
			if r.RemoteAddr = peer; site.ScriptName(r) != want {
				t.Errorf("%s, %s, %q from %s: got %q, want %q", tt.server, tt.path, tt.sent, peer, site.ScriptName(r), want)
			}
		}
	}
}
