package djcsrf_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// TestProxy posts a form by HTTPS to a proxy on this machine, as nginx stands in front of
// gunicorn, and as a browser does it.
func TestProxy(t *testing.T) {
	for _, tt := range []struct {
		name, network string
		proxies       djsession.Proxies
		set           []string // of the proxy
		origin        string   // {proxy} stands for it
		want          int
	}{
		{"tcp", "tcp", djsession.LocalProxies(), []string{"X-Forwarded-Proto: https"}, "https://{proxy}", 200},
		{"unix", "unix", djsession.LocalProxies(), []string{"X-Forwarded-Proto: https"}, "https://{proxy}", 200},
		{"nobody is trusted", "tcp", djsession.Proxies{}, []string{"X-Forwarded-Proto: https"}, "https://{proxy}", 403},
		{"nobody is trusted by unix", "unix", djsession.Proxies{}, []string{"X-Forwarded-Proto: https"}, "https://{proxy}", 403},
		{"from a page by http", "tcp", djsession.LocalProxies(), []string{"X-Forwarded-Proto: https"}, "http://{proxy}", 403},
		{"from another site", "tcp", djsession.LocalProxies(), []string{"X-Forwarded-Proto: https"}, "https://evil.example", 403},
		{"neither Origin nor Referer", "unix", djsession.LocalProxies(), []string{"X-Forwarded-Proto: https"}, "", 403},
		{"contradiction", "tcp", djsession.LocalProxies(), []string{"X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"}, "https://{proxy}", 400},
		{"contradiction, without Origin", "tcp", djsession.LocalProxies(), []string{"X-Forwarded-Proto: http", "X-Forwarded-Ssl: on"}, "", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("csrf"), Proxies: tt.proxies})
			if err != nil {
				t.Fatal(err)
			}
			m := djsession.New(memstore.New(site))
			p, err := djcsrf.New(m, nil)
			if err != nil {
				t.Fatal(err)
			}
			app := httptest.NewUnstartedServer(m.Middleware(p.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					token, err := djcsrf.Token(r.Context())
					if err != nil {
						t.Error(err)
					}
					io.WriteString(w, token)
				}
			}))))
			addr := "127.0.0.1:0"
			if tt.network == "unix" {
				addr = filepath.Join(t.TempDir(), "s")
			}
			app.Listener.Close()
			if app.Listener, err = net.Listen(tt.network, addr); err != nil {
				t.Fatal(err)
			}
			addr = app.Listener.Addr().String()
			app.Start()
			defer app.Close()
			transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, tt.network, addr)
			}}
			defer transport.CloseIdleConnections()
			proxy := httptest.NewTLSServer(&httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
				r.Out.URL.Scheme, r.Out.URL.Host = "http", "app"
				for _, h := range tt.set {
					name, value, _ := strings.Cut(h, ": ")
					r.Out.Header.Set(name, value)
				}
			}})
			defer proxy.Close()

			client := proxy.Client()
			client.Jar, _ = cookiejar.New(nil)
			res, err := client.Get(proxy.URL)
			if err != nil {
				t.Fatal(err)
			}
			token, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			req, err := http.NewRequest("POST", proxy.URL, strings.NewReader(url.Values{"csrfmiddlewaretoken": {string(token)}}.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if tt.origin != "" {
				req.Header.Set("Origin", strings.ReplaceAll(tt.origin, "{proxy}", strings.TrimPrefix(proxy.URL, "https://")))
			}
			if res, err = client.Do(req); err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != tt.want {
				t.Errorf("got %d, want %d", res.StatusCode, tt.want)
			}
		})
	}
}
