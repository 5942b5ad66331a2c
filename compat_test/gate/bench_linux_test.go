package gate_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

var (
	measure = flag.Bool("measure", false, "run TestBench, which takes three minutes on a quiet machine")
	write   = flag.Bool("write", false, "write its table into docs/gate.md")
)

const (
	rounds  = 6               // of each
	perTurn = 6 * time.Second // that is measured
	rate    = 100             // requests a second
	logins  = 50
)

// side is one of those that nginx may ask.
type side struct {
	name, url string
	pid       int
	header    map[string]string

	cpu, mid, high []time.Duration // a round each: CPU a request, p50, p99
	wrong          int
}

// TestBench compares the gate with what people write in its place, a Django view behind
// gunicorn that nginx asks. Both get the same requests at the same rate, in turns.
func TestBench(t *testing.T) {
	if !*measure {
		t.Skip("it measures, by make gatebench")
	}
	s := testserver.PostgreSQL(t)
	w := open(t, fmt.Sprintf("{'ENGINE': 'django.db.backends.postgresql', 'NAME': 'postgres', 'USER': %q, 'HOST': %q, 'PORT': '%d', 'CONN_MAX_AGE': 600}", s.User, s.Host, s.Port))
	keys := w.manyKeys(t)
	command, profile := filepath.Join(w.dir, "djsession"), filepath.Join(w.dir, "site.settings")
	if out, err := exec.Command("go", "build", "-o", command, "../../cmd/djsession").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := w.manage("diffsettings", "--all").Output()
	must(t, err)
	must(t, os.WriteFile(profile, text, 0o600))
	at, views := freeAddr(t), freeAddr(t)
	gated := w.run(t, "tcp", at, command, "gate", "--settings", profile, "--rules", filepath.Join(w.dir, "rules.txt"), "--listen", at)
	viewed := w.run(t, "tcp", views, w.python, "-m", "gunicorn", "wsgi:application", "-b", views, "-w", "2", "--threads", "4", "--log-level", "error", "--keep-alive", "60")

	sides := []*side{
		{name: "djsession gate", url: "http://" + at + "/verify", pid: gated.Process.Pid, header: map[string]string{
			"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/page", "X-Forwarded-Host": "site.example.org", "X-Forwarded-Proto": "http"}},
		{name: "a view behind gunicorn", url: "http://" + views + "/accounts/verify/", pid: viewed.Process.Pid},
	}
	for _, s := range sides {
		s.load(t, keys, 2*time.Second) // so that both are warm
	}
	for range rounds {
		for _, s := range sides {
			before := cpuOf(t, s.pid)
			took := s.load(t, keys, perTurn)
			s.cpu = append(s.cpu, (cpuOf(t, s.pid)-before)/time.Duration(len(took)))
			slices.Sort(took)
			s.mid, s.high = append(s.mid, took[len(took)/2]), append(s.high, took[len(took)*99/100])
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "| at %d requests a second | CPU a request | p50 | p99 |\n|---|---|---|---|\n", rate)
	for _, s := range sides {
		fmt.Fprintf(&table, "| %s | %v | %v | %v |\n", s.name, median(s.cpu), median(s.mid), median(s.high))
		if s.wrong > 0 {
			t.Errorf("%s: %d wrong answers", s.name, s.wrong)
		}
		t.Logf("%s: CPU %v, p99 %v", s.name, s.cpu, s.high)
	}
	fmt.Fprintf(&table, "\nMedians of %d turns of %v each, %d logins in PostgreSQL, Django 5.2 with 2 workers of 4 threads and\nlasting connections. CPU is that of the gate, or of gunicorn and its workers: `make gatebench`.\n", rounds, perTurn, logins)
	t.Logf("\n%s", table.String())
	if !*write {
		return
	}
	const page, begin, end = "../../docs/gate.md", "<!-- gatebench -->\n", "<!-- /gatebench -->"
	old, err := os.ReadFile(page)
	must(t, err)
	head, rest, ok := strings.Cut(string(old), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("docs/gate.md has no place for the table")
	}
	must(t, os.WriteFile(page, []byte(head+begin+table.String()+end+tail), 0o644))
}

// load sends requests at the rate, each by a login, and returns how long each took from the
// moment at which it was due.
func (s *side) load(t *testing.T, keys []string, d time.Duration) []time.Duration {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	n := int(d.Seconds() * rate)
	took, wrong := make([]time.Duration, n), make([]bool, n)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range n {
		due := began.Add(time.Duration(i) * time.Second / rate)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			r, _ := http.NewRequest("GET", s.url, nil)
			for name, value := range s.header {
				r.Header.Set(name, value)
			}
			r.AddCookie(&http.Cookie{Name: "sessionid", Value: keys[i%len(keys)]})
			res, err := client.Do(r)
			if err != nil {
				wrong[i] = true
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			took[i], wrong[i] = time.Since(due), res.StatusCode != 200 || res.Header.Get("Remote-User") != fmt.Sprintf("user%d", i%len(keys))
		})
	}
	wg.Wait()
	for _, w := range wrong {
		if w {
			s.wrong++
		}
	}
	return took
}

// manyKeys makes users with a login each.
func (w *world) manyKeys(t *testing.T) []string {
	t.Helper()
	out, err := w.manage("shell", "-v0", "-c", fmt.Sprintf(`
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
for i in range(%d):
    user, s = User.objects.create_user("user%%d" %% i, password="pw"), SessionStore()
    s[SESSION_KEY], s[BACKEND_SESSION_KEY], s[HASH_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend", user.get_session_auth_hash()
    s.create()
    print(s.session_key)`, logins)).Output()
	must(t, err)
	return strings.Fields(string(out))
}

// cpuOf returns the CPU time of a process and its children.
func cpuOf(t *testing.T, pid int) (total time.Duration) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	must(t, err)
	for _, task := range tasks {
		text, err := os.ReadFile(filepath.Join(task, "schedstat"))
		if err != nil {
			continue // the thread has ended
		}
		on, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(on, 10, 64)
		must(t, err)
		total += time.Duration(ns)
		children, _ := os.ReadFile(filepath.Join(task, "children"))
		for child := range strings.FieldsSeq(string(children)) {
			pid, err := strconv.Atoi(child)
			must(t, err)
			total += cpuOf(t, pid)
		}
	}
	return total
}

// median returns the middle one, rounded to what is worth reading.
func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	d := (all[(len(all)-1)/2] + all[len(all)/2]) / 2
	if d > 10*time.Millisecond {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(10 * time.Microsecond)
}
