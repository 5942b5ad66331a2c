//go:build unix

package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// nobody is Users without any.
type nobody struct{ site *djsession.Site }

func (u nobody) Site() *djsession.Site { return u.site }
func (nobody) IDKind() djauth.IDKind   { return djauth.IntegerID }
func (nobody) ByID(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}
func (nobody) ByName(context.Context, string) (*djauth.Account, error) {
	return nil, djauth.ErrNoUser
}

func newAuth(t *testing.T) *djauth.Auth {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("gate"), Proxies: djsession.LocalProxies()})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := djauth.New(djsession.New(memstore.New(site)), nobody{site}, nil, &djauth.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

// lines is a log that one goroutine writes and another reads.
type lines struct {
	mu   sync.Mutex
	text []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// TestServe serves at a socket and a port, reads the rules again, keeps the old ones if the
// new ones are wrong, and stops.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "rules"), filepath.Join(dir, "socket")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("/ -> login")
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan net.Addr, 1), make(chan error, 1)
	log := new(lines)
	go func() {
		done <- Serve(ctx, newAuth(t), Config{Rules: file, Listen: "unix:" + socket, Status: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(log, nil)),
			Ready: func(_, status net.Addr) { ready <- status }})
	}()
	var status net.Addr
	select {
	case status = <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	verify := func() int {
		r, _ := http.NewRequest("GET", "http://gate/verify", nil)
		for name, v := range map[string]string{"Method": "GET", "Uri": "/x", "Host": "site.example", "Proto": "https"} {
			r.Header.Set("X-Forwarded-"+name, v)
		}
		res, err := client.Do(r)
		if err != nil {
			// A second process would take a unix peer for no proxy.
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := verify(); got != 401 {
		t.Errorf("got %d, want 401", got)
	}
	reload := func(text string, want int) {
		t.Helper()
		write(text)
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); verify() != want; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%q: got %d, want %d", text, verify(), want)
			}
		}
	}
	reload("/ -> public", 200)
	write("/ -> nonsense")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(log.String(), "the old rules stay"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the log does not say that the rules are wrong: %s", log)
		}
	}
	if got := verify(); got != 200 {
		t.Errorf("the new rules are wrong: got %d, want 200 by the old ones", got)
	}
	reload("/ -> deny", 403)
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": `djsession_gate_verdicts_total{status="403"}`} {
		res, err := http.Get(fmt.Sprintf("http://%s%s", status, path))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: got %d %q", path, res.StatusCode, body)
		}
	}
	if err := Serve(ctx, newAuth(t), Config{Rules: file, Listen: "unix:" + socket, Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, ErrConfig) {
		t.Errorf("a socket that is in use: got %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "line 1") {
		t.Errorf("the log does not say where the rules are wrong: %s", log)
	}
}

// TestBadConfig: what cannot work is refused at the start.
func TestBadConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules")
	if err := os.WriteFile(file, []byte("/ -> login"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Config{
		"no file":              {Rules: file + "x", Listen: "127.0.0.1:0"},
		"an upstream of words": {Rules: file, Listen: "127.0.0.1:0", Upstream: "localhost:3000"},
		"a password in it":     {Rules: file, Listen: "127.0.0.1:0", Upstream: "http://u:p@localhost:3000"},
		"no certificate":       {Rules: file, Listen: "127.0.0.1:0", Cert: file, Key: file},
		"no address":           {Rules: file, Listen: "nowhere"},
	} {
		c.Log = slog.New(slog.DiscardHandler)
		if err := Serve(t.Context(), newAuth(t), c); err == nil || strings.Contains(err.Error(), "u:p@") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
