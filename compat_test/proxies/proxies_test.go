// Package proxies_test asks a Django behind real gunicorns and uvicorns, and ours, about the same requests of a proxy: by
// which scheme and to which host the client sent them, and whether the CSRF check passes.
package proxies_test

import (
	_ "embed"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/signer"
)

//go:embed app.py
var app string

// headers are what the proxy adds. The reasons say why an answer of ours is another one.
var headers = []struct{ lines, gunicorn, uvicorn string }{
	{"", "", ""},
	{"X-Forwarded-Proto: https", "", ""},
	{"X-Forwarded-Proto: http", "", ""},
	{"X-Forwarded-Proto: HTTPS", "", ""},
	{"X-Forwarded-Proto: https, http", "", ""},
	{"X-Forwarded-Proto: http, https", "", ""},
	{"X-Forwarded-Protocol: ssl", "", "it knows X-Forwarded-Proto alone"},
	{"X-Forwarded-Ssl: on", "", "it knows X-Forwarded-Proto alone"},
	{"X-Forwarded-Ssl: off", "", ""},
	{"X-Forwarded-Ssl: on|X-Forwarded-Proto: https", "", ""},
	{"X-Forwarded-Ssl: off|X-Forwarded-Proto: https", "SECURE_PROXY_SSL_HEADER comes first", "it knows X-Forwarded-Proto alone"},
	{"X-Forwarded-Ssl: on|X-Forwarded-Proto: http", "SECURE_PROXY_SSL_HEADER comes first", "it knows X-Forwarded-Proto alone"},
	{"X-Forwarded-Proto: https|X-Forwarded-Proto: https", "a header that comes twice is refused", "a header that comes twice is refused"},
	{"X-Forwarded-Proto: http|X-Forwarded-Proto: https", "SECURE_PROXY_SSL_HEADER comes first", "it takes the last"},
	{"X-Forwarded-Proto: https|X-Forwarded-Proto: http", "SECURE_PROXY_SSL_HEADER comes first", "it takes the last"},
	{"X_Forwarded_Proto: https", "", ""},
	{"Forwarded: proto=https", "", ""},
	{"X-Forwarded-Proto: https|X-Forwarded-Host: other.example", "", ""},
	{"X-Forwarded-Proto: https|X-Forwarded-Host: evil.example", "", ""},
}

// from are the pages on which the form stands.
var from = []string{
	"", "Origin: https://site.example", "Origin: http://site.example", "Origin: https://other.example", "Origin: null",
	"Referer: https://site.example/a", "Referer: http://site.example/a", "Referer: https://evil.example/",
}

const secret = "abcdefghijklmnopqrstuvwxyz012345"

// ours is the site of app.py.
func ours(t *testing.T, version string) http.Handler {
	v, err := djsession.ParseDjangoVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, path := range []string{"/", "/ssl", "/host"} {
		proxies := djsession.LocalProxies()
		if path == "/ssl" {
			proxies.SSLHeader, proxies.SSLValue = "HTTP_X_FORWARDED_PROTO", "https"
		}
		site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("proxies"), Django: v, Proxies: proxies, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		host := djcsrf.AllowedHosts([]string{"site.example", "other.example"}, path == "/host")
		tell := func(code int) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if host(r) == "" {
					w.WriteHeader(http.StatusBadRequest) // DisallowedHost
					return
				}
				w.WriteHeader(code)
				secure := map[bool]string{true: "True", false: "False"}[site.IsSecure(r)]
				io.WriteString(w, secure+" "+host(r))
			}
		}
		m := djsession.New(memstore.New(site))
		p, err := djcsrf.New(m, &djcsrf.Options{Host: host, Failure: tell(403)})
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle(path, m.Middleware(p.Middleware(tell(200))))
	}
	return mux
}

// start runs a server in dir until the test ends.
func start(t *testing.T, dir, network, addr string, command ...string) {
	t.Helper()
	out, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with its workers
		<-ended
		out.Close()
	})
	for end, gone := time.Now().Add(time.Minute), false; time.Now().Before(end) && !gone; {
		if c, err := net.Dial(network, addr); err == nil {
			c.Close()
			return
		}
		select {
		case <-ended:
			gone = true
		case <-time.After(50 * time.Millisecond):
		}
	}
	text, _ := os.ReadFile(out.Name())
	t.Fatalf("%s does not listen: %s", strings.Join(command[1:3], " "), text)
}

// freeAddr is one of 127.0.0.1 where nobody listens.
func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// ask sends a form from a peer, and returns the status with what the site tells. What
// answers 400 tells nothing.
func ask(t *testing.T, network, addr, peer, path, headers, page string) string {
	t.Helper()
	d := net.Dialer{Timeout: time.Minute}
	if network == "tcp" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(peer)}
	}
	c, err := d.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	lines := []string{"POST " + path + " HTTP/1.1", "Host: site.example", "Connection: close", "Content-Length: 0", "Cookie: csrftoken=" + secret, "X-CSRFToken: " + secret}
	for _, more := range []string{headers, page} {
		if more != "" {
			lines = append(lines, strings.Split(more, "|")...)
		}
	}
	fmt.Fprint(c, strings.Join(lines, "\r\n")+"\r\n\r\n")
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(text), "\r\n\r\n")
	fields := strings.Fields(head)
	if len(fields) < 2 {
		t.Fatalf("no answer to %s %s", headers, page)
	}
	if fields[1] == "400" {
		return "400"
	}
	if i := strings.IndexAny(body, "TF"); i >= 0 { // behind the length of a chunk
		body, _, _ = strings.Cut(body[i:], "\r\n")
	}
	return fields[1] + " " + body
}

func TestServers(t *testing.T) {
	for _, version := range []string{"5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			python := django.Python(t, version)
			if err := exec.Command(python, "-c", "import gunicorn, uvicorn").Run(); err != nil {
				testserver.Lacks(t, "the environment of Django "+version+" has no gunicorn or uvicorn: run compat_test/setup.sh venvs")
			}
			dir, err := os.MkdirTemp("", "proxies") // short: the path of a socket
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			if err := os.WriteFile(filepath.Join(dir, "app.py"), []byte(app), 0o644); err != nil {
				t.Fatal(err)
			}
			handler := ours(t, version)
			for _, network := range []string{"tcp", "unix"} {
				peers := []string{"127.0.0.1", "127.0.0.2"}
				addr := map[string]string{}
				bind := map[string][]string{}
				for _, server := range []string{"go", "gunicorn", "uvicorn"} {
					if addr[server] = filepath.Join(dir, server); network == "tcp" {
						addr[server] = freeAddr(t)
					}
				}
				bind["gunicorn"], bind["uvicorn"] = []string{"unix:" + addr["gunicorn"]}, []string{"--uds", addr["uvicorn"]}
				if network == "unix" {
					peers = []string{"unix"}
				} else {
					_, port, _ := net.SplitHostPort(addr["uvicorn"])
					bind["gunicorn"], bind["uvicorn"] = []string{addr["gunicorn"]}, []string{"--port", port}
				}
				start(t, dir, network, addr["gunicorn"], append([]string{python, "-m", "gunicorn", "app:wsgi", "-b"}, bind["gunicorn"]...)...)
				start(t, dir, network, addr["uvicorn"], append([]string{python, "-m", "uvicorn", "app:asgi", "--lifespan", "off"}, bind["uvicorn"]...)...)
				l, err := net.Listen(network, addr["go"])
				if err != nil {
					t.Fatal(err)
				}
				srv := httptest.NewUnstartedServer(handler)
				srv.Listener.Close()
				srv.Listener = l
				srv.Start()
				defer srv.Close()
				for _, peer := range peers {
					for _, h := range headers {
						compare(t, network, addr, peer, h.lines, map[string]string{"gunicorn": h.gunicorn, "uvicorn": h.uvicorn})
					}
				}
			}
		})
	}
}

// compare asks about the form of each page, with each of the settings.
func compare(t *testing.T, network string, addr map[string]string, peer, lines string, unlike map[string]string) {
	for _, server := range []string{"gunicorn", "uvicorn"} {
		reason, differs := unlike[server], false
		if server == "uvicorn" && network == "unix" && reason == "" {
			reason = "it trusts no unix socket by default"
		}
		for _, path := range []string{"/", "/ssl", "/host"} {
			for _, page := range from {
				got := ask(t, network, addr["go"], peer, path, lines, page)
				want := ask(t, network, addr[server], peer, path, lines, page)
				if got == want {
					continue
				}
				differs = true
				if reason == "" {
					t.Errorf("%s from %s, %s, %q, %q: got %s, want %s", server, peer, path, lines, page, got, want)
				}
			}
		}
		if unlike[server] != "" && !differs && peer == "127.0.0.1" {
			t.Errorf("%s, %q: no answer differs, so that the reason has to go (%s)", server, lines, reason)
		}
	}
}
