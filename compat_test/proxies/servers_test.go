package proxies_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// front is one way in which a Django runs. {addr}, {port} and {sock} stand in its command, ~ for a space.
type front struct {
	name    string
	server  djsession.Server
	command string
	env     string
	unix    bool

	// What a user says who has no profile: proxies nil is the default.
	proxies *string
	headers []string
	root    string // --root-path
	force   string // FORCE_SCRIPT_NAME
	// everybody is set where the server believes every peer, and Go does not.
	everybody bool
}

var all = new("*")

var fronts = []front{
	{name: "gunicorn", server: djsession.Gunicorn, command: "gunicorn app:wsgi -b {addr}"},
	{name: "gunicorn by unix", server: djsession.Gunicorn, command: "gunicorn app:wsgi -b unix:{sock}", unix: true},
	{name: "gunicorn and a proxy", server: djsession.Gunicorn, command: "gunicorn app:wsgi -b {addr}", env: "FORWARDED_ALLOW_IPS=127.0.0.2", proxies: new("127.0.0.2")},
	{name: "gunicorn for everybody", server: djsession.Gunicorn, command: "gunicorn app:wsgi -b {addr} --forwarded-allow-ips=*", proxies: all},
	{name: "gunicorn with threads and a network", server: djsession.Gunicorn, command: "gunicorn app:wsgi -k gthread -b {addr} --forwarded-allow-ips=127.0.0.0/30", proxies: new("127.0.0.0/30")},
	{name: "gunicorn with a header", server: djsession.Gunicorn, command: "gunicorn app:wsgi -b {addr} -c own.py", headers: []string{"X-SCHEME: tls"}},
	{name: "gunicorn below a prefix", server: djsession.Gunicorn, command: "gunicorn app:wsgi -b {addr}", env: "FORCE_SCRIPT_NAME=/app", force: "/app"},
	{name: "gunicorn's own ASGI", server: djsession.GunicornASGI, command: "gunicorn app:asgi -k asgi -b {addr}", env: "FORCE_SCRIPT_NAME=/app", force: "/app"},
	{name: "gunicorn and uvicorn", server: djsession.Uvicorn, command: "gunicorn app:asgi -k uvicorn_worker.UvicornWorker -b {addr}"},
	{name: "uvicorn", server: djsession.Uvicorn, command: "uvicorn app:asgi --lifespan off --port {port}"},
	{name: "uvicorn by unix", server: djsession.Uvicorn, command: "uvicorn app:asgi --lifespan off --uds {sock}", unix: true},
	{name: "uvicorn and a proxy", server: djsession.Uvicorn, command: "uvicorn app:asgi --lifespan off --port {port}", env: "FORWARDED_ALLOW_IPS=127.0.0.2,10.0.0.0/8", proxies: new("127.0.0.2,10.0.0.0/8")},
	{name: "uvicorn for everybody, by unix", server: djsession.Uvicorn, command: "uvicorn app:asgi --lifespan off --uds {sock} --forwarded-allow-ips *", proxies: all, unix: true},
	{name: "uvicorn without proxies", server: djsession.Uvicorn, command: "uvicorn app:asgi --lifespan off --port {port} --no-proxy-headers", headers: []string{}},
	{name: "uvicorn below a prefix", server: djsession.Uvicorn, command: "uvicorn app:asgi --lifespan off --port {port} --root-path /app", root: "/app"},
	{name: "uvicorn and FORCE_SCRIPT_NAME", server: djsession.Uvicorn, command: "uvicorn app:asgi --lifespan off --port {port}", env: "FORCE_SCRIPT_NAME=/app", force: "/app"},
	{name: "hypercorn", server: djsession.Hypercorn, command: "hypercorn app:asgi -b {addr}"},
	{name: "daphne", server: djsession.Daphne, command: "daphne -p {port} app:asgi"},
	{name: "daphne with proxies", server: djsession.Daphne, command: "daphne -p {port} --proxy-headers app:asgi", headers: []string{"X-Forwarded-Proto", "X-Forwarded-For"}, everybody: true},
	{name: "waitress", server: djsession.Waitress, command: "waitress-serve --listen={addr} app:wsgi", proxies: new("")},
	{name: "waitress and a proxy", server: djsession.Waitress, command: "waitress-serve --listen={addr} --trusted-proxy=127.0.0.1 --trusted-proxy-headers=x-forwarded-proto~x-forwarded-for app:wsgi", proxies: new("127.0.0.1"), headers: []string{"X-Forwarded-For", "X-Forwarded-Proto"}},
	{name: "uwsgi", server: djsession.UWSGI, command: "uwsgi --http-socket {addr} --module app:wsgi --need-app --die-on-term", everybody: true},
}

// told are headers of a proxy. The answers of Django and Go are the same, except where
// refused is set: Go answers 400 for a header that comes twice.
var told = []struct {
	lines   string
	refused bool
}{
	{"", false},
	{"X-Forwarded-Proto: https", false},
	{"X-Forwarded-Proto: https|X-Forwarded-For: 203.0.113.9", false},
	{"X-Forwarded-Proto: http|X-Forwarded-For: 203.0.113.9", false},
	{"X-Forwarded-Proto: HTTPS|X-Forwarded-For: 203.0.113.9", false},
	{"X-Forwarded-Proto: https, http|X-Forwarded-For: 203.0.113.9", false},
	{"X-Forwarded-Proto: wss|X-Forwarded-For: 203.0.113.9", false},
	{"X-Forwarded-Proto: |X-Forwarded-For: 203.0.113.9", false},
	{"X-Forwarded-Proto: https|X-Forwarded-Proto: http|X-Forwarded-For: 203.0.113.9", true},
	{"X-Forwarded-Protocol: ssl", false},
	{"X-Forwarded-Ssl: on", false},
	{"X-Forwarded-Ssl: on|X-Forwarded-Proto: http", false},
	{"X-Forwarded-Ssl: off|X-Forwarded-Proto: https", false},
	{"X-Scheme: tls", false},
	{"X-Scheme: http", false},
	{"Forwarded: for=203.0.113.9;proto=https", false},
	{"X-Real-Ip: 203.0.113.9", false},
	{"X-Forwarded-For: 198.51.100.7, 203.0.113.9", false},
	{"X-Forwarded-For: 198.51.100.7|X-Forwarded-For: 203.0.113.9", false},
	{"X-Forwarded-For: 203.0.113.9, 127.0.0.1", false},
	{"X-Forwarded-For: 203.0.113.9, 10.1.2.3, 127.0.0.2", false},
	{"X-Forwarded-For: 127.0.0.1, 127.0.0.2", false},
	{"X-Forwarded-For: 203.0.113.9:4711", false},
	{"X-Forwarded-For: [2001:db8::9]:4711", false},
	{"X-Forwarded-For: 2001:db8::9", false},
	{"X-Forwarded-For: unknown", false},
	{"X-Forwarded-Host: other.example|X-Forwarded-Proto: https", false},
	{"SCRIPT_NAME: /all", false},
	{"SCRIPT_NAME: /all|X-Forwarded-Proto: https", false},
}

// TestFronts asks a Django in each of these servers, and Go in its place, for the scheme, the
// host, the client's address and the way to the login page, which has the script name. Go
// knows the server by the profile that the probe makes inside of it.
func TestFronts(t *testing.T) {
	bin := filepath.Dir(django.Python(t, "servers"))
	for _, f := range fronts {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.check(t, bin)
		})
	}
}

func (f *front) check(t *testing.T, bin string) {
	dir, err := os.MkdirTemp("", "front") // short: the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	profile := filepath.Join(dir, "site.profile")
	for name, text := range map[string]string{
		"app.py": app, "probe.py": probe.Source(probe.Options{File: profile}), "own.py": "secure_scheme_headers = {'X-SCHEME': 'tls'}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	network, addr, ours := "tcp", freeAddr(t), "127.0.0.1:0"
	sock := filepath.Join(dir, "s")
	if f.unix {
		network, addr, ours = "unix", sock, filepath.Join(dir, "go")
	}
	_, port, _ := net.SplitHostPort(addr)
	command := strings.Fields(strings.NewReplacer("{addr}", addr, "{port}", port, "{sock}", sock).Replace(f.command))
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], "~", " ")
	}
	command[0] = filepath.Join(bin, command[0])
	start(t, dir, network, addr, append([]string{"env", "PATH=" + bin + ":" + os.Getenv("PATH")}, append(strings.Fields(f.env), command...)...)...)

	ask(t, network, addr, "127.0.0.1", f.root+"/probe", "", "")
	known, err := djsettings.ReadFile(profile, nil)
	if err != nil {
		t.Fatal(err)
	}
	if known.Proxy.Server != f.server || known.Proxy.RootPath != f.root {
		t.Errorf("the profile says %q, %q", known.Proxy.Server, known.Proxy.RootPath)
	}
	handlers := map[string]http.Handler{"": f.ours(t, known, "")}
	for _, suffix := range []string{"ssl", "host"} {
		handlers[suffix] = f.ours(t, known, suffix)
	}
	l, err := net.Listen(network, ours)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[strings.TrimPrefix(r.URL.Path, "/all/")].ServeHTTP(w, r)
	}))
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	defer srv.Close()

	peers := []string{"127.0.0.1", "127.0.0.2", "127.0.0.5"}
	if f.unix {
		peers = []string{"unix"}
	}
	for _, peer := range peers {
		for _, h := range told {
			for _, path := range []string{"/all/", "/all/ssl", "/all/host"} {
				if strings.Contains(h.lines, "SCRIPT_NAME") && (f.force != "" || f.root != "") {
					continue // two prefixes: the site is at none
				}
				got := get(t, network, l.Addr().String(), peer, path, h.lines)
				want := get(t, network, addr, peer, path, h.lines)
				switch {
				case got == want:
				case h.refused && got == "400":
				case path == "/all/ssl" && want == "400": // SECURE_PROXY_SSL_HEADER comes first in Go
				case f.everybody && peer != "127.0.0.1": // Go asks for the proxies' addresses
				default:
					t.Errorf("from %s, %s, %q: got %s, want %s", peer, path, h.lines, got, want)
				}
			}
		}
	}
}

// ours is the site in Go, opened by the profile. The same follows from options alone.
func (f *front) ours(t *testing.T, known *djsettings.Settings, suffix string) http.Handler {
	t.Helper()
	switch suffix {
	case "ssl":
		known = clone(known)
		known.Proxy.SSLHeader, known.Proxy.SSLValue = "HTTP_X_FORWARDED_PROTO", "https"
	case "host":
		known = clone(known)
		known.Proxy.UseXForwardedHost = true
	}
	set, err := known.Session()
	if err != nil {
		t.Fatal(err)
	}
	set.Logger = slog.New(slog.DiscardHandler)
	if suffix == "" {
		told, err := djsettings.FromMap(map[string]any{"SECRET_KEY": "proxies"}, &djsettings.Options{Server: f.server, ForwardedAllowIPs: f.proxies})
		if err != nil {
			t.Fatal(err)
		}
		by, err := told.Session()
		if err != nil {
			t.Fatal(err)
		}
		if by.Proxies.Headers = f.headers; f.server == djsession.Waitress && f.headers == nil {
			by.Proxies.Headers = []string{}
		}
		if f.server == djsession.Daphne && f.headers == nil {
			by.Proxies.Headers = []string{}
		}
		if !reflect.DeepEqual(by.Proxies, set.Proxies) {
			t.Errorf("by options %+v, by the profile %+v", by.Proxies, set.Proxies)
		}
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	m := djsession.New(memstore.New(site))
	_, o, err := djsite.Fill(known, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Judge = func(context.Context, djauth.Judgement) (djauth.Verdict, error) { return djauth.Admit(), nil }
	auth, err := djauth.New(m, nil, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	host := djcsrf.AllowedHosts([]string{"site.example", "other.example"}, known.Proxy.ForwardedHost())
	return m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, err := site.Scheme(r)
		if err != nil || host(r) == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		secure := map[string]string{"https": "True", "http": "False"}[scheme]
		fmt.Fprintf(w, "%s|%s|%s|%s", secure, host(r), site.ClientAddr(r), auth.LoginURL(r))
	}))
}

func clone(s *djsettings.Settings) *djsettings.Settings {
	c := *s
	return &c
}

// get asks for a page, and returns what it says, or "400".
func get(t *testing.T, network, addr, peer, path, headers string) string {
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
	lines := []string{"GET " + path + " HTTP/1.0", "Host: site.example"}
	if headers != "" {
		lines = append(lines, strings.Split(headers, "|")...)
	}
	fmt.Fprint(c, strings.Join(lines, "\r\n")+"\r\n\r\n")
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(text), "\r\n\r\n")
	if fields := strings.Fields(head); len(fields) < 2 || fields[1] != "200" {
		return strings.Join(fields[min(1, len(fields)):min(2, len(fields))], "")
	}
	return strings.TrimSpace(body)
}
