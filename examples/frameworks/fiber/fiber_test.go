// The tests show what of this library works in fiber, whose server is not that of
// net/http: ../README.md says how.
package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// serve runs an app of fiber, and returns a handler that asks it.
func serve(t *testing.T, app *fiber.App) http.Handler {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() { _ = app.Shutdown() })
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: l.Addr().String()})
	proxy.FlushInterval = -1
	return proxy
}

// TestMounted: a handler of net/http, with the sessions around it, works below fiber's
// adaptor. Its response is saved and has the cookie, or neither.
func TestMounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		status int
		saved  bool
	}{
		{"text", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "text") }, 200, true},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusSeeOther) }, 303, true},
		{"a status alone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 204, true},
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 200, true},
		{"404", func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, 404, true},
		{"500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) }, 500, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := exampletest.Manager(t)
			app := fiber.New()
			app.Get("/", adaptor.HTTPHandler(m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				exampletest.Mark(t, r)
				tt.answer(w, r)
			}))))
			exampletest.CheckSaved(t, m, serve(t, app), tt.status, tt.saved)
		})
	}
}

// TestClient: the peer's address, which proxies are recognized by, is that of the connection.
func TestClient(t *testing.T) {
	m := exampletest.Manager(t)
	var got string
	app := fiber.New()
	app.Get("/", adaptor.HTTPHandler(m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		exampletest.Mark(t, r)
		got = m.Site().ClientAddr(r)
	}))))
	exampletest.CheckSaved(t, m, serve(t, app), 200, true)
	if got != "127.0.0.1" {
		t.Errorf("got the address %q", got)
	}
}

// TestAround: fiber's adaptor ends the middleware before fiber's handlers run. What they ask
// of the session is an error that says what to do.
func TestAround(t *testing.T) {
	m := exampletest.Manager(t)
	var errs []error
	app := fiber.New()
	app.Use(adaptor.HTTPMiddleware(m.Middleware))
	app.Get("/", func(c fiber.Ctx) error {
		for _, ctx := range []context.Context{c, c.Context(), c.RequestCtx()} {
			s, err := djsession.Load(ctx)
			if err == nil {
				err = s.Set("mark", true)
			}
			errs = append(errs, err)
		}
		return c.SendString("text")
	})
	exampletest.CheckSaved(t, m, serve(t, app), 200, false)
	if len(errs) != 3 {
		t.Fatalf("got %d errors", len(errs))
	}
	for i, err := range errs {
		if !errors.Is(err, djsession.ErrNoSession) && !errors.Is(err, djsession.ErrCommitted) {
			t.Errorf("context %d: got %v", i, err)
		}
		// The Context of fiber 3 is a plain one, which does not show where it is from.
		if err != nil && i != 1 && !strings.Contains(err.Error(), "adaptor.HTTPHandler") {
			t.Errorf("context %d: the error does not say what to do: %v", i, err)
		}
	}
}

// TestFlush: a response may go out in parts. The first one has the cookie.
func TestFlush(t *testing.T) {
	m := exampletest.Manager(t)
	got := make(chan bool)
	app := fiber.New()
	app.Get("/", adaptor.HTTPHandler(m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exampletest.Mark(t, r)
		io.WriteString(w, "first\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		select {
		case <-got:
		case <-time.After(30 * time.Second):
			t.Error("the first part does not arrive before the handler ends")
		}
		io.WriteString(w, "second\n")
	}))))
	srv := httptest.NewServer(serve(t, app))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); line != "first\n" || len(resp.Cookies()) != 1 {
		t.Errorf("got %q, %v and the cookies %v", line, err, resp.Cookies())
	}
	close(got)
	if line, err := lines.ReadString('\n'); line != "second\n" {
		t.Errorf("got %q, %v", line, err)
	}
}
