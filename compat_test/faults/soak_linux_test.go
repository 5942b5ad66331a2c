package faults_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

var soak = flag.Duration("soak", 0, "how long TestSoak runs; it then writes SOAK.md")

// soaked are the engines of TestSoak. Redis keeps what it has acknowledged when it is
// killed; a memcached cannot.
var soaked = []string{"db, pgx on PostgreSQL", "db on MariaDB", "cache on Redis", "cached_db on PostgreSQL and Redis"}

const (
	visitors  = 4 // of each engine
	pause     = 100 * time.Millisecond
	soakWait  = 5 * time.Second // of a client
	soakDead  = 2000            // keys that are looked at in the end
	djangoFor = "5.2"
)

//go:embed soak_urls.py
var soakURLs string

// pond is a site of both sides.
type pond struct {
	name       string
	goURL, py  string
	client     *http.Client
	sessions   *site
	mu         sync.Mutex
	tally      map[string]int
	dead       []death
	complaints []string
}

// death is a key that is good no more, and which side said so.
type death struct{ key, by string }

func (p *pond) add(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally[what]++
}

// wrong counts what must not happen to side.
func (p *pond) wrong(side, what, format string, args ...any) {
	p.add(side + " " + what)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.complaints) < 50 {
		p.complaints = append(p.complaints, fmt.Sprintf("%s, %s: %s: %s", time.Now().Format("15:04:05"), side, what, fmt.Sprintf(format, args...)))
	}
}

// told is what a page says.
type told struct {
	status int // 0: no answer
	Known  bool
	N      int
	key    string // of a cookie
}

// ask sends a request of a visitor with that key to a side, "Go" or "Django".
func (p *pond) ask(side, op, key string) told {
	base := p.goURL
	if side == "Django" {
		base = p.py
	}
	ctx, cancel := context.WithTimeout(context.Background(), soakWait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/do/?op="+url.QueryEscape(op), nil)
	if err != nil {
		panic(err)
	}
	if key != "" {
		r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
	}
	p.add(side + " requests")
	res, err := p.client.Do(r)
	if err != nil {
		p.add(side + " errors")
		return told{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	a := told{status: res.StatusCode}
	if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(body, &a) != nil {
		p.add(side + " errors")
		if a.status == http.StatusOK {
			a.status = 0
		}
	}
	for _, c := range res.Cookies() {
		if c.Name == "sessionid" {
			a.key = c.Value
		}
	}
	return a
}

// live is one visitor after the other, each with one request at a time, until the end.
func (p *pond) live(ctx context.Context) {
	for ctx.Err() == nil {
		p.visit(ctx)
	}
}

// visit is the life of one session. It is left alone as soon as Django failed: what Django
// began may end later, and overwrites all of the session.
func (p *pond) visit(ctx context.Context) {
	pick := func() string {
		time.Sleep(pause/2 + rand.N(pause))
		return []string{"Go", "Django"}[rand.N(2)]
	}
	side := pick()
	a := p.ask(side, "begin", "")
	if a.status != http.StatusOK {
		return
	}
	if a.key == "" {
		p.wrong(side, "wrong", "a new session has no cookie")
		return
	}
	key, low, high, by := a.key, 1, 1, side
	inRow := false // the row has what Go acknowledged last
	for range 40 + rand.N(40) {
		if ctx.Err() != nil {
			break
		}
		side = pick()
		op := []string{"read", "read", "read", "write", "write", "write", "touch", "cycle"}[rand.N(8)]
		if op == "cycle" && rand.N(4) > 0 {
			op = "read"
		}
		a = p.ask(side, op, key)
		switch {
		case a.status != http.StatusOK && (side == "Django" || op == "cycle"):
			return
		case a.status != http.StatusOK:
			if op == "write" {
				high++
			}
			continue
		}
		n := a.N
		if op == "write" {
			n-- // the page counts its own
		}
		if !p.fits(side, by, op, key, a.Known, n, low, high, inRow) {
			return
		}
		// A write that failed may land later: what was sent to a server that stands still is
		// carried out when it goes on, unless the session was saved meanwhile. To read the
		// session, even from a cache, does not end that.
		low, high = n, max(n, high)
		switch op {
		case "write":
			low, high, by = a.N, a.N, side
			inRow = side == "Go" && p.rowHas(key, low)
		case "cycle":
			if a.key == "" || a.key == key {
				p.wrong(side, "wrong", "a login has no new key")
				return
			}
			p.bury(key, side)
			key, high = a.key, n
		}
		p.visitDead(side)
	}
	side = pick()
	if a = p.ask(side, "logout", key); a.status == http.StatusOK {
		p.bury(key, side)
	}
}

// rowHas reports whether the row of cached_db holds n, whatever the cache holds. It says no
// for the other engines, and if nobody can tell.
func (p *pond) rowHas(key string, n int) bool {
	if !strings.HasPrefix(p.name, "cached_db") {
		return false
	}
	for range 20 {
		if a := p.ask("Django", "row", key); a.status == http.StatusOK {
			return a.Known && a.N >= n
		}
		time.Sleep(pause)
	}
	return false
}

// fits judges what side says of a session whose n was acknowledged by another side.
func (p *pond) fits(side, by, op, key string, known bool, n, low, high int, inRow bool) bool {
	if known && low <= n && n <= high {
		return true
	}
	if side == "Django" { // is it Django alone that reads something old?
		if a := p.ask("Go", "read", key); a.status == http.StatusOK && a.Known && low <= a.N {
			p.wrong("Django", "wrong", "%s: known %v, n %d, want %d to %d, and Go sees %d", op, known, n, low, high, a.N)
			return false
		}
	}
	switch {
	case side == "Django" && op != "read" && inRow && known && n < low:
		// It saved an old copy over the row that Go had saved: that of a cache which was down
		// meanwhile. It does the same to its own writes.
		p.wrong(side, "wrong", "%s: n %d, the row had %d to %d", op, n, low, high)
	case !known:
		p.wrong(side, "wrong", "%s: the visitor is unknown; the last write was acknowledged by %s", op, by)
	case n < low:
		p.wrong(by, "lost", "%s by %s: n %d, want %d to %d", op, side, n, low, high)
	default:
		p.wrong(by, "doubled", "%s by %s: n %d, want %d to %d", op, side, n, low, high)
	}
	return false
}

func (p *pond) bury(key, by string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = append(p.dead, death{key, by})
	if len(p.dead) > soakDead {
		p.dead = p.dead[1:]
	}
}

// visitDead tries a key that is good no more.
func (p *pond) visitDead(side string) {
	p.mu.Lock()
	if len(p.dead) == 0 || rand.N(10) > 0 {
		p.mu.Unlock()
		return
	}
	d := p.dead[rand.N(len(p.dead))]
	p.mu.Unlock()
	p.isDead(side, d)
}

func (p *pond) isDead(side string, d death) {
	if a := p.ask(side, "read", d.key); a.status == http.StatusOK && a.Known {
		p.wrong(d.by, "revived", "seen by %s", side)
	}
}

// open opens both sides.
func openPond(t *testing.T, e engine, servers map[string]*testserver.Mortal) *pond {
	t.Helper()
	addrs := map[string]string{}
	for name, s := range servers {
		addrs[name] = s.Addr()
	}
	p := &pond{name: e.String(), tally: map[string]int{}, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: visitors}}}
	p.sessions = e.open(t, addrs)
	web := httptest.NewServer(p.sessions.Middleware(http.HandlerFunc(p.page)))
	p.goURL = web.URL
	settings := django.Args{"SECRET_KEY": secretKey, "SESSION_ENGINE": backends + "db", "MIDDLEWARE": []string{"django.contrib.sessions.middleware.SessionMiddleware"},
		"INSTALLED_APPS": []string{"django.contrib.sessions"}}
	for name, v := range e.settings {
		settings[name] = fill(v, addrs)
	}
	d := django.Launch(t, django.Site{Version: djangoFor, Settings: settings, Files: map[string]string{"urls.py": soakURLs}})
	var port int
	d.Call(t, "listen", nil, &port)
	p.py = fmt.Sprintf("http://127.0.0.1:%d", port)
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		web.Close()
		p.sessions.close()
		_ = d.Stop()
	})
	return p
}

// page is Go's twin of soak_urls.py.
func (p *pond) page(w http.ResponseWriter, r *http.Request) {
	s, err := djsession.Load(r.Context())
	a := told{}
	if err == nil {
		a.Known = s.Has("_auth_user_id")
		switch op := r.FormValue("op"); op {
		case "begin":
			err = s.SetAll(map[string]any{"_auth_user_id": "1", "_auth_user_backend": "b", "_auth_user_hash": "h", "n": 1})
		case "write":
			if a.Known {
				err = do(r.Context(), write, s)
			}
		case "cycle":
			if a.Known {
				err = do(r.Context(), cycle, s)
			}
		case "logout":
			err = do(r.Context(), logout, s)
		case "touch":
			err = do(r.Context(), touch, s)
		}
	}
	if err == nil && r.FormValue("op") != "logout" {
		a.N, err = djsession.Value(s, "n", 0)
	}
	if err != nil {
		p.sessions.said.add(err)
		http.Error(w, http.StatusText(djsession.ErrorStatus(err)), djsession.ErrorStatus(err))
		return
	}
	_ = json.NewEncoder(w).Encode(a)
}

// weight is what the process takes.
type weight struct {
	at                      time.Duration
	heap, resident          int // MiB
	goroutines, descriptors int
}

func weigh(at time.Duration) weight {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var total, resident int
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		_, _ = fmt.Sscan(string(text), &total, &resident)
	}
	w := weight{at: at.Round(time.Second), heap: int(m.HeapAlloc >> 20), resident: resident * os.Getpagesize() >> 20}
	w.goroutines, w.descriptors = left()
	return w
}

// TestSoak lets Go and a real Django serve the same sessions while their servers are
// killed, started again and stopped, and looks for what was acknowledged.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("it takes a while: make soak")
	}
	django.Python(t, djangoFor)
	servers := map[string]*testserver.Mortal{}
	for _, name := range []string{"PostgreSQL", "MariaDB", "Redis"} {
		servers[name] = testserver.NewMortal(t, name)
		tables(t, servers[name], name)
	}
	var ponds []*pond
	for _, e := range engines {
		if strings.Contains(strings.Join(soaked, "|"), e.String()) {
			ponds = append(ponds, openPond(t, e, servers))
		}
	}
	if len(ponds) != len(soaked) {
		t.Fatalf("%d engines of %d", len(ponds), len(soaked))
	}
	ctx, cancel := context.WithTimeout(t.Context(), *soak)
	defer cancel()
	start := time.Now()
	var all sync.WaitGroup
	for _, p := range ponds {
		for range visitors {
			all.Go(func() { p.live(ctx) })
		}
	}
	deeds := map[string]int{}
	var weights []weight
	names := []string{"PostgreSQL", "MariaDB", "Redis"}
	time.Sleep(*soak / 20)
	for ctx.Err() == nil {
		if done := time.Since(start); len(weights) < 2 && done >= *soak*time.Duration(len(weights))/2 {
			weights = append(weights, weigh(done))
		}
		name := names[rand.N(len(names))]
		s, wait := servers[name], rand.N(3*time.Second)
		switch rand.N(3) {
		case 0:
			deeds[name+" kill -9"]++
			s.Kill()
			time.Sleep(wait)
			s.Start(t)
		case 1:
			deeds[name+" restart"]++
			s.Stop()
			s.Start(t)
		case 2:
			deeds[name+" SIGSTOP"]++
			s.Freeze()
			time.Sleep(wait)
			s.Thaw()
		}
		time.Sleep(3*time.Second + rand.N(7*time.Second))
	}
	weights = append(weights, weigh(time.Since(start)))
	all.Wait()
	for _, p := range ponds {
		for _, d := range p.dead {
			for _, side := range []string{"Go", "Django"} {
				p.isDead(side, d)
			}
		}
	}
	report(t, ponds, deeds, weights)
}

// report writes SOAK.md, and fails the test for what Go did.
func report(t *testing.T, ponds []*pond, deeds map[string]int, weights []weight) {
	var text strings.Builder
	fmt.Fprintf(&text, `# Go and a real Django under load, while their servers die

Written by `+"`make soak SOAK=%v`"+` on commit %s. Go and Django %s serve the same sessions: %d visitors of each
engine, each with one request at a time, which goes to either side. Servers are killed, started
again and stopped at random. An error is an answer other than 200, or none within %v; the page
was then not acknowledged, and its write may land later. Lost and doubled belong to the side that acknowledged the write,
revived to the side that acknowledged the logout or the new key, wrong to the side that
answered. Django takes a cache that is down for an empty one. With cached_db it may read an
old copy, and write it back, after a save that the cache did not see. The row itself is read
after each write of Go: if it had the write, and Django then saves something older, Django is
wrong; if it had not, Go has lost the write.

| engine | side | requests | errors | lost | doubled | revived | wrong |
|---|---|---|---|---|---|---|---|
`, *soak, commit(), djangoFor, visitors, soakWait)
	for _, p := range ponds {
		for _, side := range []string{"Go", "Django"} {
			fmt.Fprintf(&text, "| %s | %s |", p.name, side)
			for _, what := range []string{"requests", "errors", "lost", "doubled", "revived", "wrong"} {
				n := p.tally[side+" "+what]
				fmt.Fprintf(&text, " %d |", n)
				if side == "Go" && what != "requests" && what != "errors" && n > 0 {
					t.Errorf("%s: Go: %s: %d", p.name, what, n)
				}
			}
			text.WriteString("\n")
		}
		for _, c := range p.complaints {
			t.Log(p.name, c)
		}
	}
	text.WriteString("\n| server | kill -9 | restart | SIGSTOP |\n|---|---|---|---|\n")
	for _, name := range []string{"PostgreSQL", "MariaDB", "Redis"} {
		fmt.Fprintf(&text, "| %s | %d | %d | %d |\n", name, deeds[name+" kill -9"], deeds[name+" restart"], deeds[name+" SIGSTOP"])
	}
	text.WriteString("\nThe process of Go, with the clients in it:\n\n| after | heap | resident | goroutines | descriptors |\n|---|---|---|---|---|\n")
	for _, w := range weights {
		fmt.Fprintf(&text, "| %v | %d MiB | %d MiB | %d | %d |\n", w.at, w.heap, w.resident, w.goroutines, w.descriptors)
	}
	t.Log(text.String())
	if !t.Failed() {
		if err := os.WriteFile("SOAK.md", []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
