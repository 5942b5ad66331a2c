// Package gate_test has a real Django, djsession gate and a program that it protects, behind
// real nginx and Caddy with the configurations of examples/deploy, and behind the gate's own
// proxy.
package gate_test

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/gate"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

//go:embed site.py
var siteSettings string

//go:embed urls.py
var siteURLs string

const rules = `
/accounts    -> public
/static      -> public
/anyone      -> anyone
/staff       -> staff
GET,HEAD /   -> login
/            -> staff
`

// watch is how often the gate's own proxy looks whether a login has ended.
const watch = 100 * time.Millisecond

// own is the name of the gate's own proxy, which leads to the upstream alone.
const own = "the gate's proxy"

// world is a Django, a gate and an upstream. fronts are the addresses of the proxies.
type world struct {
	dir, python string
	django      string // address of gunicorn
	gate        string
	fronts      map[string]string
	mu          sync.Mutex
	seen        []*http.Request // by the upstream
	// restarts and stops are for each gate.
	restarts, stops []func()
}

// upstream tells who the visitor is. It is what the gate protects.
func (w *world) upstream(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.seen = append(w.seen, r)
	w.mu.Unlock()
	if r.Header.Get("Upgrade") != "" {
		conn, buf, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(buf, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_ = buf.Flush()
		_, _ = io.Copy(conn, buf)
		return
	}
	fmt.Fprintf(rw, "<p id=user>%s</p>", r.Header.Get("Remote-User"))
}

// take returns what the upstream saw since the last call.
func (w *world) take() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.seen = nil }()
	return w.seen
}

// open starts a world. database is an entry of DATABASES; "" is a new SQLite.
func open(t *testing.T, database string) *world {
	t.Helper()
	w := &world{fronts: make(map[string]string)}
	w.dir, w.python = django.Project(t, "5.2", "")
	if database == "" {
		database = fmt.Sprintf("{'ENGINE': 'django.db.backends.sqlite3', 'NAME': %q, 'OPTIONS': {'timeout': 20}}", filepath.Join(w.dir, "db.sqlite3"))
	}
	for name, text := range map[string]string{"settings.py": strings.ReplaceAll(siteSettings, "@DATABASE@", database), "urls.py": siteURLs,
		"wsgi.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\nfrom django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"} {
		must(t, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
	}
	django.Manage(t, w.dir, w.python, "migrate", "-v0")
	django.Manage(t, w.dir, w.python, "shell", "-c", `
from django.contrib.auth.models import Group, User
ada = User.objects.create_user("ada", "ada@example.org", "pw", first_name="Ada")
ada.groups.add(Group.objects.create(name="Wiki, editors"))
User.objects.create_user("staff", password="pw", is_staff=True)`)
	w.django = freeAddr(t)
	w.run(t, "tcp", w.django, w.python, "-m", "gunicorn", "wsgi:application", "-b", w.django, "-w", "1", "--threads", "4", "--log-level", "error")

	up := httptest.NewServer(http.HandlerFunc(w.upstream))
	t.Cleanup(up.Close)
	upstream := up.Listener.Addr().String()
	text, err := w.manage("diffsettings", "--all").Output()
	must(t, err)
	file := filepath.Join(w.dir, "rules.txt")
	must(t, os.WriteFile(file, []byte(rules), 0o600))
	w.gate = w.serve(t, text, gate.Config{Rules: file, Listen: "127.0.0.1:0"})
	w.fronts[own] = w.serve(t, text, gate.Config{Rules: file, Listen: "127.0.0.1:0", Upstream: "http://" + upstream})
	w.fronts["nginx"] = w.shipped(t, "nginx", "nginx.conf", upstream)
	w.fronts["Caddy"] = w.shipped(t, "caddy", "Caddyfile", upstream)
	w.more(t, upstream)
	return w
}

func (w *world) manage(args ...string) *exec.Cmd {
	cmd := exec.Command(w.python, append([]string{"-B", "manage.py"}, args...)...)
	cmd.Dir = w.dir
	return cmd
}

// serveOnce runs the gate of these settings until stop is called or the test ends.
func (w *world) serveOnce(t *testing.T, settings []byte, c gate.Config) (addr string, stop func()) {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader(string(settings)), nil)
	must(t, err)
	quiet := slog.New(slog.DiscardHandler)
	site, err := djsite.Open(t.Context(), set, &djsite.Options{
		Configure:     func(in *djsession.Settings) { in.Logger = quiet },
		ConfigureAuth: func(in *djauth.Options) { in.ReadOnly, in.WatchInterval = true, watch },
	})
	must(t, err)
	ready, done := make(chan string, 1), make(chan error, 1)
	c.Log, c.Ready, c.Grace = quiet, func(at, _ net.Addr) { ready <- at.String() }, time.Second
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- gate.Serve(ctx, site.Auth, c) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		site.Close()
	})
	t.Cleanup(stop)
	select {
	case at := <-ready:
		return at, stop
	case err := <-done:
		done <- nil
		t.Fatal(err)
	}
	return "", nil
}

// balancer returns the address of a server that sends /accounts/ to Django and all else to
// the gate's proxy.
func (w *world) balancer(t *testing.T, proxy string) string {
	t.Helper()
	srv := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			to := &url.URL{Scheme: "http", Host: proxy}
			if strings.HasPrefix(r.In.URL.Path, "/accounts/") {
				to.Host = w.django
			}
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		ErrorLog: log.New(io.Discard, "", 0), // of pages that the browser left early
	})
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// shipped runs a proxy with its file of examples/deploy, at other addresses.
func (w *world) shipped(t *testing.T, program, name, upstream string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		testserver.Lacks(t, program+" is not installed: run compat_test/setup.sh")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "deploy", name))
	must(t, err)
	addr, dir := freeAddr(t), testserver.PublicDir(t)
	_, port, _ := net.SplitHostPort(addr)
	conf := strings.NewReplacer("127.0.0.1:8000", w.django, "127.0.0.1:8001", w.gate, "127.0.0.1:3000", upstream,
		"listen 8080;", "listen "+addr+";", "http://site.example.org:8080", "http://127.0.0.1:"+port).Replace(string(text))
	file := filepath.Join(dir, name)
	command := []string{"caddy", "run", "--adapter", "caddyfile", "--config", file}
	if program == "nginx" {
		conf = fmt.Sprintf("daemon off;\npid %s/pid;\nworker_processes 1;\nerror_log stderr crit;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path %[1]s/a;\nproxy_temp_path %[1]s/b;\nfastcgi_temp_path %[1]s/c;\nuwsgi_temp_path %[1]s/d;\nscgi_temp_path %[1]s/e;\n%s\n}\n", dir, conf)
		command = []string{"nginx", "-p", dir, "-c", file, "-e", "stderr"}
	} else {
		conf = "{\nadmin off\nauto_https off\nstorage file_system " + dir + "\n}\n" + conf
	}
	must(t, os.WriteFile(file, []byte(conf), 0o644))
	w.run(t, "tcp", addr, command...)
	return addr
}

// run runs a server until the test ends.
func (w *world) run(t *testing.T, network, addr string, command ...string) *exec.Cmd {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, out, out
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+w.dir, "XDG_DATA_HOME="+w.dir)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		out.Close()
	})
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial(network, addr); err == nil {
			c.Close()
			return cmd
		}
	}
	text, _ := os.ReadFile(out.Name())
	t.Fatalf("%s does not listen: %s", command[0], text)
	return nil
}

// freeAddr is one of 127.0.0.1 where nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
