package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// Whole requests: a server in a process of its own says who is logged in and counts the
// visit. Both keep their connections to the databases. What counts is the CPU time of the
// processes that serve, without the databases.

const djangoSite = `
import json, os
globals().update(json.load(open(os.path.join(os.path.dirname(__file__), "settings.json"))))
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]
`

const djangoURLs = `
from django.http import HttpResponse
from django.urls import path
def visit(request):
    n = request.session.get("visits", 0) + 1
    request.session["visits"] = n
    return HttpResponse("%s %d" % (request.user.username, n), content_type="text/plain")
urlpatterns = [path("", visit)]
`

const djangoWSGI = `
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
`

const djangoLogin = `
import os, sys, json
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.conf import settings
from importlib import import_module
u, made = User.objects.get_or_create(username="ada", defaults={"password": "pbkdf2_sha256$1$salt$hash"})
for _ in range(int(sys.argv[1])):
    s = import_module(settings.SESSION_ENGINE).SessionStore()
    s[SESSION_KEY], s[BACKEND_SESSION_KEY], s[HASH_SESSION_KEY] = str(u.pk), "django.contrib.auth.backends.ModelBackend", u.get_session_auth_hash()
    s.save()
    print(s.session_key)
`

// served returns the entry of a server that listens on a port. Each client has a session of
// its own.
func served(t testing.TB, who string, keys []string, port int) Entry {
	t.Helper()
	pid, err := PIDOf(port)
	must(t, err)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	url := fmt.Sprintf("http://127.0.0.1:%d/", port)
	return Entry{Who: who, OtherIsAll: true, Other: func() (time.Duration, error) { return CPUOf(pid) }, Run: together(func(i int) error {
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Cookie", "sessionid="+keys[i])
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err == nil && (resp.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), "ada ")) {
			err = fmt.Errorf("%s answers %d %.100q", who, resp.StatusCode, body)
		}
		return err
	})}
}

// clients is how many ask at once.
var clients = 4

// together is repeat by several clients, each with its number.
func together(f func(client int) error) func(int) error {
	return func(n int) error {
		errs := make(chan error, clients)
		for i := range clients {
			go func() { errs <- repeat(func() error { return f(i) })((n + i) / clients) }()
		}
		var all error
		for range clients {
			all = errors.Join(all, <-errs)
		}
		return all
	}
}

// project writes a Django and logs the clients in. It returns the folder and their keys.
func project(t testing.TB, version string, settings map[string]any) (dir string, keys []string) {
	t.Helper()
	dir = t.TempDir()
	text, err := json.Marshal(settings)
	must(t, err)
	for name, text := range map[string]string{"settings.json": string(text), "settings.py": djangoSite, "urls.py": djangoURLs,
		"wsgi.py": djangoWSGI, "login.py": djangoLogin} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	cmd := exec.Command(django.Interpreter(version), "-B", "login.py", fmt.Sprint(clients))
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	must(t, err)
	return dir, strings.Fields(string(out))
}

// gunicorn starts a Django with one worker, and returns its port.
func gunicorn(t testing.TB, version, dir string, args ...string) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(filepath.Join(filepath.Dir(django.Interpreter(version)), "gunicorn"),
		append([]string{"-b", fmt.Sprintf("127.0.0.1:%d", port), "-w", "1", "--log-level", "error", "wsgi:application"}, args...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	for range 600 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			return port
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("gunicorn does not listen")
	return 0
}

// writeSettings returns a file with what `manage.py diffsettings` says of a Django.
func writeSettings(t testing.TB, dir string) string {
	t.Helper()
	text, err := exec.Command(django.Interpreter("6.1"), "-B", "-c", `
import os, sys
sys.path.insert(0, sys.argv[1]); os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "diffsettings", "--all"])`, dir).Output()
	must(t, err)
	file := filepath.Join(dir, "settings.txt")
	must(t, os.WriteFile(file, text, 0o600))
	return file
}

// inGo starts the library with the settings of a Django, and returns its port.
func inGo(t testing.TB, dir string, cache time.Duration) int {
	t.Helper()
	return serving(t, "site", "BENCH_SETTINGS="+writeSettings(t, dir), "BENCH_USER_CACHE="+cache.String())
}

// serving starts one of handlers as a process, and returns its port.
func serving(t testing.TB, kind string, env ...string) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "BENCH_SERVE="+kind), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	var port int
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, scan := fmt.Sscan(line, &port); scan != nil {
		t.Fatal(errors.Join(errors.New("the server in Go says no port"), err, scan))
	}
	return port
}

func init() {
	for _, engine := range []string{"PostgreSQL", "Redis and PostgreSQL"} {
		const cached = "djsession, UserCache of 10 s"
		Add(Row{
			Group: "Whole requests", Sample: 300 * time.Millisecond, Name: "who is logged in, and count the visit: " + engine,
			Note: "The session is in the first, the account in PostgreSQL. All servers keep their connections to the databases. Four clients ask again and again, each with a session of its own; gthread and Go keep the connections of the clients. " +
				"With UserCache an account is read once in 10 s: a ban or a new password is seen up to 10 s later. Without, each request reads the account, as Django does. " +
				"\"The statements alone\" are a handler in Go that sends the same three commands by pgx and go-redis, and neither verifies, decodes, compresses, signs nor compares: no library on net/http and these clients can take less.",
			Before: "1/12.5 to 1/16 (0.063 to 0.080×) of Django",
			Reach:  []Reach{{Peer: "Django 6.1, gunicorn sync", Times: 1. / 20}, {Who: cached, Peer: "Django 6.1, gunicorn sync", Times: 1. / 20}},
			Short:  "The bound is \"the statements alone\": three round trips and net/http. In a profile of the library, 40 % of the CPU is in the kernel (writes, reads, epoll, futexes), a tenth in the scheduler of Go, a tenth in compressing the session as Django does, 5 % in checking and decoding it, 7 % in scanning rows.",
			Make: func(t testing.TB) []Entry {
				if withoutPython || !django.Has("6.1") {
					return []Entry{{Who: Ours, Run: func(int) error { return nil }}, {Who: cached, Run: func(int) error { return nil }}}
				}
				d := newDatabase(t, "PostgreSQL")
				for _, q := range []string{"DROP TABLE django_session", "DROP TABLE sessions"} {
					d.exec(t, q)
				}
				settings := djangoSettings("db", d, "")
				var c *redis.Client
				if engine != "PostgreSQL" {
					c, _, _ = newRedis(t)
					settings = djangoSettings("cache", d, "redis://"+c.Options().Addr)
				}
				dir, keys := project(t, "6.1", settings)
				bound := []string{"BENCH_POSTGRES=" + d.pool.Config().ConnString()}
				if c != nil {
					bound = append(bound, "BENCH_REDIS="+c.Options().Addr)
				}
				return []Entry{
					served(t, Ours, keys, inGo(t, dir, 0)),
					served(t, cached, keys, inGo(t, dir, 10*time.Second)),
					served(t, "the statements alone, in Go", keys, serving(t, "statements", bound...)),
					served(t, "net/http alone", keys, serving(t, "nothing")),
					served(t, "Django 6.1, gunicorn sync", keys, gunicorn(t, "6.1", dir)),
					served(t, "Django 6.1, gunicorn gthread", keys, gunicorn(t, "6.1", dir, "-k", "gthread", "--threads", "2")),
					served(t, "Django 5.2, gunicorn sync", keys, gunicorn(t, "5.2", dir)),
				}
			},
		})
	}
}
