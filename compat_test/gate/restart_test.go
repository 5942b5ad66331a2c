package gate_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/gate"
)

// without is what each proxy answers while there is no gate.
var without = map[string]int{"nginx": 503, "Caddy": 502, "Traefik": 500, "Envoy": 503}

// TestRestart restarts the gates while visitors ask: no answer is wrong, and no login is lost.
// Between a stop and a start a proxy answers as without a gate.
func TestRestart(t *testing.T) {
	w := open(t, "")
	keys := map[string]string{"ada": w.key(t, "ada"), "staff": w.key(t, "staff"), "": ""}
	ctx, cancel := context.WithCancel(t.Context())
	var asked, out, failed atomic.Int64
	var wg sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for front, addr := range w.fronts {
		for user, key := range keys {
			wg.Go(func() {
				for ctx.Err() == nil {
					r, _ := http.NewRequest("GET", "http://"+addr+"/page", nil)
					r.Header.Set("Accept", "text/html")
					if key != "" {
						r.AddCookie(&http.Cookie{Name: "sessionid", Value: key})
					}
					res, err := client.Do(r)
					if err != nil { // the gate's own proxy is gone for a moment
						if failed.Add(1); front != own {
							t.Errorf("%s: %v", front, err)
						}
						time.Sleep(5 * time.Millisecond)
						continue
					}
					var body [200]byte
					n, _ := res.Body.Read(body[:])
					res.Body.Close()
					asked.Add(1)
					right := res.StatusCode == 302
					if user != "" {
						right = res.StatusCode == 200 && strings.Contains(string(body[:n]), ">"+user+"<")
					}
					switch {
					case right:
					case res.StatusCode == without[front]:
						out.Add(1)
					default:
						t.Errorf("%s: %q gets %d %q", front, user, res.StatusCode, body[:n])
						cancel()
					}
				}
			})
		}
	}
	for range 4 {
		time.Sleep(300 * time.Millisecond)
		for _, restart := range w.restarts {
			restart()
		}
	}
	time.Sleep(300 * time.Millisecond)
	cancel()
	wg.Wait()
	w.take()
	for front, addr := range w.fronts {
		if res, body, _, _ := raw(t, addr, "GET /page HTTP/1.1\nConnection: close\nHost: "+addr+"\nCookie: sessionid="+keys["ada"]); res.StatusCode != 200 || !strings.Contains(body, ">ada<") {
			t.Errorf("%s: after the restarts: got %d %q", front, res.StatusCode, body)
		}
	}
	t.Logf("%d answers in 4 restarts of two gates, of which %d were those without a gate; %d connections to the gate's own proxy failed", asked.Load(), out.Load(), failed.Load())
	if asked.Load() < 100 {
		t.Error("hardly anybody asked")
	}
}

// TestGone: what each proxy answers while the gate is down, and that nobody gets in.
func TestGone(t *testing.T) {
	w := open(t, "")
	key := w.key(t, "ada")
	for _, stop := range w.stops {
		stop()
	}
	for name, want := range without {
		if w.fronts[name] == "" {
			continue
		}
		res, _, _, _ := raw(t, w.fronts[name], fmt.Sprintf("GET /page HTTP/1.1\nConnection: close\nHost: %s\nCookie: sessionid=%s", w.fronts[name], key))
		if res.StatusCode != want || len(w.take()) > 0 {
			t.Errorf("%s: got %d, want %d", name, res.StatusCode, want)
		}
	}
}

// again is a gate that can be stopped and started.
type again struct {
	start func(listen string) (addr string, stop func())
	addr  string
	stop  func()
}

// serve runs the gate of these settings until the test ends. It can be restarted.
func (w *world) serve(t *testing.T, settings []byte, c gate.Config) string {
	t.Helper()
	a := &again{start: func(listen string) (string, func()) {
		c.Listen = listen
		return w.serveOnce(t, settings, c)
	}}
	a.addr, a.stop = a.start(c.Listen)
	w.restarts = append(w.restarts, func() {
		a.stop()
		_, a.stop = a.start(a.addr)
	})
	w.stops = append(w.stops, func() { a.stop() })
	return a.addr
}
