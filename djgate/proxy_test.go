package djgate_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djgate"
)

// startProxy starts a gate in front of upstream, and returns its address.
func startProxy(t *testing.T, w *world, upstream http.HandlerFunc) string {
	t.Helper()
	up := httptest.NewServer(upstream)
	t.Cleanup(up.Close)
	to, err := url.Parse(up.URL)
	must(t, err)
	front := httptest.NewServer(w.gate.Proxy(to, &djgate.ProxyOptions{ErrorLog: log.New(io.Discard, "", 0)}))
	t.Cleanup(front.Close)
	return front.Listener.Addr().String()
}

// raw sends a request as it is written, and returns the answer.
func raw(t *testing.T, addr, request string) (*http.Response, net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")+"\r\n\r\n")
	must(t, err)
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	must(t, err)
	return res, conn, in
}

// TestProxyCleans checks that an upstream learns the identity from the gate only, and gets no
// cookie of the site, whatever the client sends.
func TestProxyCleans(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	var seen http.Header
	var path string
	addr := startProxy(t, w, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		seen, path = r.Header.Clone(), r.RequestURI
		for name, v := range r.Trailer {
			seen[name] = v
		}
		rw.Header().Add("Set-Cookie", "sessionid=fixed; Path=/")
		rw.Header().Add("Set-Cookie", " SESSIONID =fixed")
		rw.Header().Add("Set-Cookie", "csrftoken=fixed")
		rw.Header().Add("Set-Cookie", "theme=dark")
	})
	key := w.cookies["ada"].Value
	for _, line := range []string{
		"Remote-User: root", "remote-user: root", "REMOTE_USER: root", "Remote_User: root", "Remote-User: root\nRemote-User: staff", "Remote-Groups: admins", "Remote_Email: root@example.org", "Remote-Name: Root",
		"Connection: Remote-User", "Connection: close, Remote-User, Cookie", "Connection: keep-alive\nConnection: Remote-User", "Connection: X-Forwarded-Proto",
		"X-Forwarded-User: root", "X-Forwarded-For: 127.0.0.1", "X_Forwarded_Proto: https", "Forwarded: for=1.2.3.4", "X-Forwarded-Host: evil.example", "X-Forwarded-Uri: /admin", "X_Original_Uri: /admin", "X-Forwarded-Method: DELETE",
		"Cookie: csrftoken=abc", "Cookie: a=b; csrftoken=abc; c=d", `Cookie: "sessionid"=` + key, "Cookie: sessionid\t=" + key, "Cookie: a=1;sessionid=" + key + ";b=2", "Cookie: SESSIONID=" + key, "cookie: sessionid=" + key,
		"Transfer-Encoding: chunked\nTrailer: Remote-User\n\n0\nRemote-User: root",
	} {
		seen = nil
		request := "GET /page HTTP/1.1\nHost: site.example\nCookie: sessionid=" + key + "\n" + line
		if strings.HasPrefix(strings.ToLower(line), "cookie: ") && !strings.Contains(line, key) {
			request = "GET /page HTTP/1.1\nHost: site.example\n" + line + "; sessionid=" + key
		} else if strings.HasPrefix(strings.ToLower(line), "cookie: ") {
			request = "GET /page HTTP/1.1\nHost: site.example\nCookie: sessionid=" + key + "\n" + line
		}
		res, _, _ := raw(t, addr, request)
		if seen == nil || path != "/page" {
			// The last cookie of that name counts: one that is written otherwise is none.
			t.Errorf("%q: got %d, and the upstream nothing", line, res.StatusCode)
			continue
		}
		for name, values := range seen {
			folded := strings.ReplaceAll(strings.ToLower(name), "_", "-")
			text := strings.Join(values, "\n")
			switch {
			case folded == "remote-user" && (name != "Remote-User" || text != "ada"),
				folded == "remote-email" && (name != "Remote-Email" || text != "ada@example.org"),
				folded == "remote-name" && (name != "Remote-Name" || text != "Ada L."),
				folded == "remote-groups" && (name != "Remote-Groups" || text != ""),
				folded == "x-forwarded-proto" && (name != "X-Forwarded-Proto" || text != "http"),
				folded == "x-forwarded-host" && text != "site.example",
				folded == "x-forwarded-for" && text != "127.0.0.1",
				folded == "x-forwarded-uri", folded == "x-original-uri", folded == "x-forwarded-method", folded == "forwarded",
				strings.Contains(text, key), strings.Contains(strings.ToLower(text), "csrftoken"):
				t.Errorf("%q: the upstream gets %s: %s", line, name, strings.ReplaceAll(text, key, "KEY"))
			}
		}
		if got := seen["Remote-User"]; len(got) != 1 || got[0] != "ada" {
			t.Errorf("%q: the upstream gets the user %q", line, got)
		}
		if set := res.Header["Set-Cookie"]; len(set) != 1 || set[0] != "theme=dark" {
			t.Errorf("%q: the upstream sets %q", line, set)
		}
	}
	// Nobody's identity is there too, and empty.
	seen = nil
	raw(t, addr, "GET /status HTTP/1.1\nHost: site.example\nRemote-User: root")
	if got := seen["Remote-User"]; len(got) != 1 || got[0] != "" {
		t.Errorf("nobody: the upstream gets the user %q", got)
	}
}

// TestProxyRefuses: what is not allowed reaches no upstream.
func TestProxyRefuses(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	reached := false
	addr := startProxy(t, w, func(http.ResponseWriter, *http.Request) { reached = true })
	cookie := "\nCookie: sessionid=" + w.cookies["ada"].Value
	for request, want := range map[string]int{
		"GET /page HTTP/1.1\nHost: site.example":                                                                                                           302,
		"GET /page HTTP/1.1\nHost: site.example\nAccept: application/json":                                                                                 401,
		"GET /admin HTTP/1.1\nHost: site.example" + cookie:                                                                                                 403,
		"GET /static/../admin HTTP/1.1\nHost: site.example" + cookie:                                                                                       403,
		"GET //admin HTTP/1.1\nHost: site.example" + cookie:                                                                                                403,
		"GET http://other.example/admin HTTP/1.1\nHost: site.example" + cookie:                                                                             400,
		"GET /read HTTP/1.1\nHost: site.example\nX-HTTP-Method-Override: DELETE" + cookie:                                                                  403,
		"OPTIONS * HTTP/1.1\nHost: site.example" + cookie:                                                                                                  200,
		"CONNECT site.example:80 HTTP/1.1\nHost: site.example" + cookie:                                                                                    400,
		"GET /ws HTTP/1.1\nHost: site.example\nConnection: Upgrade\nUpgrade: websocket\nOrigin: http://evil.example" + cookie:                              403,
		"GET /ws HTTP/1.1\nHost: site.example\nConnection: Upgrade\nUpgrade: websocket\nOrigin: null" + cookie:                                             403,
		"GET /ws HTTP/1.1\nHost: site.example\nConnection: Upgrade\nUpgrade: websocket\nOrigin: https://site.example" + cookie:                             403,
		"GET /ws HTTP/1.1\nHost: site.example\nConnection: Upgrade\nUpgrade: websocket\nOrigin: http://site.example\nOrigin: http://evil.example" + cookie: 403,
	} {
		reached = false
		res, _, _ := raw(t, addr, request)
		if res.StatusCode != want || reached {
			t.Errorf("%q: got %d (reached: %v), want %d", strings.ReplaceAll(request, cookie, ""), res.StatusCode, reached, want)
		}
	}
	w.store.down.Store(true)
	reached = false
	if res, _, _ := raw(t, addr, "GET /page HTTP/1.1\nHost: site.example"+cookie); res.StatusCode != 503 || reached {
		t.Errorf("the store is down: got %d (reached: %v)", res.StatusCode, reached)
	}
}

// TestCut: a websocket and a stream end with the login.
func TestCut(t *testing.T) {
	for _, kind := range []string{"websocket", "stream"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t, rulesOfTests, nil)
			ended := make(chan struct{})
			addr := startProxy(t, w, func(rw http.ResponseWriter, r *http.Request) {
				defer close(ended)
				if kind == "stream" {
					for r.Context().Err() == nil {
						if _, err := io.WriteString(rw, "tick\n"); err != nil || http.NewResponseController(rw).Flush() != nil {
							return
						}
						time.Sleep(5 * time.Millisecond)
					}
					return
				}
				conn, buf, err := http.NewResponseController(rw).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				fmt.Fprint(buf, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
				_ = buf.Flush()
				_, _ = io.Copy(conn, buf) // an echo
			})
			request := "GET /x HTTP/1.1\nHost: site.example\nCookie: sessionid=" + w.cookies["ada"].Value
			if kind == "websocket" {
				request += "\nConnection: Upgrade\nUpgrade: websocket\nOrigin: http://site.example"
			}
			res, conn, in := raw(t, addr, request)
			var from io.Reader = res.Body
			if kind == "websocket" {
				if res.StatusCode != 101 {
					t.Fatalf("got %d", res.StatusCode)
				}
				from = in
				_, err := io.WriteString(conn, "tick\n")
				must(t, err)
			}
			first := make([]byte, 5)
			if _, err := io.ReadFull(from, first); err != nil || string(first) != "tick\n" {
				t.Fatalf("got %q, %v", first, err)
			}
			must(t, w.store.Store.Delete(t.Context(), w.cookies["ada"].Value, forced))
			_, _ = io.Copy(io.Discard, from) // until the end, or the deadline
			select {
			case <-ended:
			case <-time.After(20 * time.Second):
				t.Error("the upstream goes on after the logout")
			}
		})
	}
}
