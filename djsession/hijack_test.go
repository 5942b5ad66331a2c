package djsession_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// refuser is a ResponseWriter with a Hijack that fails, as that of many a middleware does
// around a writer without one.
type refuser struct{ http.ResponseWriter }

func (refuser) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, http.ErrNotSupported }

// TestHijackRefused asks for connections that cannot be had. The handler can then still
// change the session and answer, and an error page saves nothing.
func TestHijackRefused(t *testing.T) {
	around := func(wrap func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrap(w), r) })
		}
	}
	second := newWorld(t, func(s *djsession.Settings) { s.CookieName = "other" })
	for _, place := range []struct {
		name    string
		outside func(http.Handler) http.Handler
		h2      bool
	}{
		{"HTTP/2", func(h http.Handler) http.Handler { return h }, true},
		{"a writer without Hijack", around(func(w http.ResponseWriter) http.ResponseWriter { return struct{ http.ResponseWriter }{w} }), false},
		{"a Hijack that fails", around(func(w http.ResponseWriter) http.ResponseWriter { return refuser{w} }), false},
		{"TimeoutHandler", func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "late") }, false},
		{"another Manager, HTTP/2", second.m.Middleware, true},
	} {
		for _, change := range []struct {
			name string
			do   func(*djsession.Session) error
			want string
		}{
			{"set", func(s *djsession.Session) error { return s.Set("a", 1) }, `{"n":1,"a":1,"later":true}`},
			{"cycled", func(s *djsession.Session) error { return s.CycleKey() }, `{"n":1,"later":true}`},
			{"cleared", func(s *djsession.Session) error { return s.Clear() }, `{"later":true}`},
			{"read", func(*djsession.Session) error { return nil }, `{"n":1,"later":true}`},
		} {
			for _, status := range []int{200, 502} {
				w := newWorld(t)
				key := w.put(item("n", int64(1)))
				h := w.m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					s := w.session(r)
					must(t, change.do(s))
					w.store.take()
					for range 2 {
						if conn, _, err := http.NewResponseController(rw).Hijack(); err == nil {
							t.Errorf("%s: the connection was taken: %v", place.name, conn)
						}
					}
					if ops := w.store.take(); ops != "" {
						t.Errorf("%s, %s: a Hijack that failed did %s", place.name, change.name, ops)
					}
					if err := s.Set("later", true); err != nil {
						t.Errorf("%s, %s: Set after it: %v", place.name, change.name, err)
					}
					rw.WriteHeader(status)
					io.WriteString(rw, "the handler's")
				}))
				srv := httptest.NewUnstartedServer(place.outside(h))
				if srv.EnableHTTP2 = place.h2; place.h2 {
					srv.StartTLS()
				} else {
					srv.Start()
				}
				r, _ := http.NewRequest("GET", srv.URL, nil)
				r.Header.Set("Cookie", "sessionid="+key)
				res, err := srv.Client().Do(r)
				must(t, err)
				body, err := io.ReadAll(res.Body)
				must(t, err)
				srv.Close()
				if res.StatusCode != status || string(body) != "the handler's" {
					t.Errorf("%s, %s: got %d %q", place.name, change.name, res.StatusCode, body)
				}
				now, want := cookieKey(t, res), change.want
				if status >= 500 {
					if want = `{"n":1}`; now != "" {
						t.Errorf("%s, %s: an error page sets a cookie", place.name, change.name)
					}
					now = key
				}
				if (now == key) != (status >= 500 || change.name != "cycled") {
					t.Errorf("%s, %s, %d: the key is a new one: %v", place.name, change.name, status, now != key)
				}
				if got := w.stored(now); got != want {
					t.Errorf("%s, %s, %d: stored %s, want %s", place.name, change.name, status, got, want)
				}
			}
		}
	}
}

// TestHijackSaveFails: the client of a connection that was taken over gets a whole answer
// if the session cannot be saved, and the handler gets no connection.
func TestHijackSaveFails(t *testing.T) {
	own := func(s *djsession.Settings) {
		s.OnError = func(w http.ResponseWriter, r *http.Request, err error) {
			w.Header().Set("X-Own", r.URL.Path)
			io.WriteString(w, "<!doctype html><p>"+err.Error())
		}
	}
	for _, tt := range []struct {
		name, method string
		set          func(*djsession.Settings)
		cause        error
		status       int
		body, own    string
	}{
		{"unavailable", "GET", nil, djsession.Unavailable("save", errors.New("down")), 503, "Service Unavailable\n", ""},
		{"ended", "GET", nil, djsession.ErrNotFound, 400, "Bad Request\n", ""},
		{"HEAD", "HEAD", nil, djsession.ErrNotFound, 400, "", ""},
		{"OnError", "GET", own, djsession.ErrNotFound, 200, "<!doctype html><p>" + djsession.ErrInterrupted.Error(), "/socket"},
	} {
		w := newWorld(t)
		if tt.set != nil {
			w = newWorld(t, tt.set)
		}
		key := w.put(item("n", int64(1)))
		w.store.fail("update", tt.cause)
		srv := httptest.NewServer(w.m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			must(t, w.session(r).Set("a", 1))
			rw.Header().Set("X-Handler", "theirs")
			conn, buf, err := http.NewResponseController(rw).Hijack()
			if err == nil || conn != nil || buf != nil {
				t.Errorf("%s: got a connection and error %v", tt.name, err)
			}
			if _, again := io.WriteString(rw, "more"); !errors.Is(again, err) {
				t.Errorf("%s: a write got error %v, want %v", tt.name, again, err)
			}
		})))
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		must(t, err)
		io.WriteString(conn, tt.method+" /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: sessionid="+key+"\r\n\r\n")
		conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		all, err := io.ReadAll(conn) // the server closes it
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(all))), &http.Request{Method: tt.method})
		if err != nil {
			t.Fatalf("%s: %q: %v", tt.name, all, err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != tt.status || string(body) != tt.body || res.Header.Get("X-Own") != tt.own {
			t.Errorf("%s: got %d %q, %v, %v", tt.name, res.StatusCode, body, res.Header, err)
		}
		if len(res.Header["Set-Cookie"]) > 0 || res.Header.Get("X-Handler") != "" || res.Header.Get("Date") == "" {
			t.Errorf("%s: got the header %v", tt.name, res.Header)
		}
		conn.Close()
		srv.Close()
	}
}
