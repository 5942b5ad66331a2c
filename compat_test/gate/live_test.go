package gate_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/testkit/webdriver"
)

// key makes a login of username in Django, and returns the session key.
func (w *world) key(t *testing.T, username string) string {
	t.Helper()
	out, err := w.manage("shell", "-v0", "-c", `
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
user, s = User.objects.get(username="`+username+`"), SessionStore()
s[SESSION_KEY], s[BACKEND_SESSION_KEY], s[HASH_SESSION_KEY] = str(user.pk), "django.contrib.auth.backends.ModelBackend", user.get_session_auth_hash()
s.create()
print(s.session_key)`).Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

// raw sends a request as it is written.
func raw(t *testing.T, addr, request string) (*http.Response, string, net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")+"\r\n\r\n")
	must(t, err)
	in := bufio.NewReader(conn)
	method, _, _ := strings.Cut(request, " ")
	res, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		return &http.Response{StatusCode: 400, Header: http.Header{}}, "", conn, in // it hangs up
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return res, "", conn, in
	}
	body, err := io.ReadAll(res.Body)
	must(t, err)
	return res, string(body), conn, in
}

// spoofs are lines of a client that is ada. None may make the upstream see somebody else.
var spoofs = []string{
	"Remote-User: staff", "remote-user: staff", "REMOTE-USER: staff", "Remote_User: staff", "REMOTE_USER: staff", "remote_user: staff", "Remote-User: staff\nRemote-User: root", "Remote-User:", "Remote-User: ada\nRemote_User: staff",
	"Remote-Email: root@example.org", "Remote_Email: root@example.org", "Remote-Name: Root", "Remote_Name: Root", "Remote-Groups: admins", "Remote_Groups: admins",
	"Connection: Remote-User", "Connection: close, Remote-User", "Connection: Cookie", "Connection: Remote-User, Remote-Email, Remote-Groups, Cookie", "Connection: keep-alive\nConnection: Remote-User", "Connection: X-Forwarded-Uri",
	"X-Forwarded-User: staff", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "X_Forwarded_Proto: https", "X-Forwarded-Host: evil.example", "X_Forwarded_Host: evil.example", "X-Forwarded-Server: evil",
	"Forwarded: for=127.0.0.1;host=evil.example;proto=https", "X-Real-Ip: 127.0.0.1", "X-Http-Method-Override: GET", "X-Http-Method: GET",
	"Cookie: csrftoken=abc", "Cookie: a=b; csrftoken=abc; c=d", "Cookie: CSRFTOKEN=abc", "Cookie: csrftoken =abc",
}

// refused are the spoofs with which ada is nobody, because the proxy asks the gate without the
// cookie that she calls a matter of the connection, or makes one line of two of her cookies.
var refused = map[string][]string{
	"Envoy":   {"Connection: Cookie", "Connection: Remote-User, Remote-Email, Remote-Groups, Cookie", "Cookie: csrftoken=abc", "Cookie: a=b; csrftoken=abc; c=d", "Cookie: CSRFTOKEN=abc", "Cookie: csrftoken =abc"},
	"Traefik": {"Connection: Cookie", "Connection: Remote-User, Remote-Email, Remote-Groups, Cookie"},
}

// lies are lines of ada, who asks for a page of the staff. None lets her pass.
var lies = []string{
	"X-Forwarded-Uri: /anyone", "X-Forwarded-URI: /static/", "X_Forwarded_Uri: /anyone", "X-Forwarded-Uri: /anyone\nX-Forwarded-Uri: /static", "X-Original-Uri: /anyone", "X-Original-URL: /anyone", "X-Rewrite-Url: /anyone",
	"X-Forwarded-Method: GET", "X-Forwarded-Host: other.example", "Remote-User: staff", "Remote_User: staff", "Connection: X-Forwarded-Uri", "Connection: X-Forwarded-Method, X-Forwarded-Uri, X-Forwarded-Host, X-Forwarded-Proto", "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1",
	"Cookie: sessionid=", "Cookie: sessionid=x", "Referer: /anyone", "Upgrade: websocket\nConnection: Upgrade",
}

// odd are other spellings of /staff, and pages that are none.
var odd = []string{
	"/static/../staff", "/static/%2e%2e/staff", "/static/..%2fstaff", "/static/%2e%2e%2fstaff", "/static/%252e%252e/staff", "/static/..;/staff", "/static/..%3b/staff", `/static/..\staff`, "/static/..%5cstaff", "//staff", "/.//staff", "/%2fstaff",
	"/%73taff", "/%2573taff", "/staff;x", "/staff%3bx", "/staff%2fx", "/staff/..%2f", "/x/../staff", "/staff%00", "/staff%3f", "/staff%23", "/anyone/../staff", "/anyone%2f..%2fstaff", "/anyone/%2e%2e/staff?x", "/staff/%2e", "/staff//", "/%5cstaff",
}

// TestGate asks each proxy as shipped: who passes, what the upstream learns, and what a client
// cannot make it believe.
func TestGate(t *testing.T) {
	w := open(t, "")
	ada, staff := w.key(t, "ada"), w.key(t, "staff")
	for name, addr := range w.fronts {
		t.Run(name, func(t *testing.T) {
			as := func(key string) string { return "\nHost: " + addr + "\nCookie: theme=dark; sessionid=" + key }
			for _, tt := range []struct {
				request string
				want    int
				user    string
			}{
				{"GET /page HTTP/1.1" + as(ada), 200, "ada"},
				{"HEAD /page HTTP/1.1" + as(ada), 200, ""},
				{"POST /page HTTP/1.1\nContent-Length: 0" + as(ada), 403, ""},
				{"POST /page HTTP/1.1\nContent-Length: 0" + as(staff), 200, "staff"},
				{"GET /page?a=%2fstaff&b=../../staff HTTP/1.1" + as(ada), 200, "ada"},
				{"GET /a%2fb//c;d=e HTTP/1.1" + as(ada), 200, "ada"},
				{"GET /staff HTTP/1.1" + as(ada), 403, ""},
				{"GET /staff HTTP/1.1" + as(staff), 200, "staff"},
				{"GET /page HTTP/1.1\nAccept: text/html\nHost: " + addr, 302, ""},
				{"GET /anyone HTTP/1.1\nRemote-User: staff\nHost: " + addr, 200, ""},
				{"GET /static/x HTTP/1.1\nRemote-User: staff\nHost: " + addr, 200, ""},
				{"GET /page HTTP/1.1" + as("abcdefghijklmnopqrstuvwxyz012345"), 302, ""},
			} {
				res, body, _, _ := raw(t, addr, strings.Replace(tt.request, " HTTP/1.1", " HTTP/1.1\nConnection: close", 1))
				if res.StatusCode != tt.want || tt.user != "" && !strings.Contains(body, ">"+tt.user+"<") {
					t.Errorf("%q: got %d %q, want %d as %q", strings.NewReplacer(ada, "KEY", staff, "KEY").Replace(tt.request), res.StatusCode, body, tt.want, tt.user)
				}
				if to := res.Header.Get("Location"); tt.want == 302 && !strings.HasSuffix(to, "/accounts/login/?next=/page") {
					t.Errorf("%q: the login page is %q", tt.request, to)
				}
				for _, r := range w.take() {
					if tt.want != 200 {
						t.Errorf("%q reached the upstream", tt.request)
					}
					if strings.Contains(tt.request, "theme=dark") && !strings.HasPrefix(strings.Join(r.Header["Cookie"], "|"), "theme=dark") {
						t.Errorf("the upstream gets the cookies %q", r.Header["Cookie"])
					}
				}
			}
			for _, line := range spoofs {
				if slices.Contains(refused[name], line) {
					if res, _, _, _ := raw(t, addr, "GET /page HTTP/1.1\nAccept: text/html"+as(ada)+"\n"+line); res.StatusCode != 302 || len(w.take()) > 0 {
						t.Errorf("%q: got %d, want 302", line, res.StatusCode)
					}
					continue
				}
				if name == own && line == "X-Forwarded-Proto: https" {
					continue // the client is on this machine, as a trusted proxy is
				}
				raw(t, addr, "GET /page HTTP/1.1"+as(ada)+"\n"+line)
				seen := w.take()
				if len(seen) != 1 {
					t.Errorf("%q: %d requests reached the upstream, want 1", line, len(seen))
				}
				for _, r := range seen {
					w.honest(t, line, r, ada)
				}
			}
			for _, line := range lies {
				if res, _, _, _ := raw(t, addr, "GET /staff HTTP/1.1"+as(ada)+"\n"+line); res.StatusCode == 200 || res.StatusCode == 101 || len(w.take()) > 0 {
					t.Errorf("%q: got %d", line, res.StatusCode)
				}
			}
			for _, path := range odd {
				if res, _, _, _ := raw(t, addr, "GET "+path+" HTTP/1.1"+as(ada)); res.StatusCode == 200 || len(w.take()) > 0 {
					t.Errorf("%q: got %d", path, res.StatusCode)
				}
			}
		})
	}
}

// honest checks what the upstream got of ada's request.
func (w *world) honest(t *testing.T, line string, r *http.Request, key string) {
	t.Helper()
	want := map[string]string{"remote-user": "ada", "remote-email": "ada@example.org", "remote-name": "Ada", "remote-groups": "Wiki%2C editors"}
	got := make(map[string]int)
	for name, values := range r.Header {
		folded, text := strings.ReplaceAll(strings.ToLower(name), "_", "-"), strings.Join(values, "|")
		if v, ok := want[folded]; ok {
			if got[folded]++; text != v {
				t.Errorf("%q: the upstream gets %s: %s", line, name, text)
			}
		}
		if strings.Contains(text, key) || folded == "cookie" && strings.Contains(strings.ToLower(text), "csrftoken") {
			t.Errorf("%q: a cookie of the site reaches the upstream in %s", line, name)
		}
		if folded == "x-forwarded-host" && text != r.Host || folded == "x-forwarded-proto" && text != "http" || folded == "x-forwarded-uri" && text != "" {
			t.Errorf("%q: the upstream gets %s: %s", line, name, text)
		}
	}
	for name := range want {
		if got[name] != 1 {
			t.Errorf("%q: the upstream gets %d of %s", line, got[name], name)
		}
	}
}

// TestBrowser logs in to Django in Chromium, reaches the upstream, logs out and is refused.
func TestBrowser(t *testing.T) {
	w := open(t, "")
	b := webdriver.Start(t)
	for name, addr := range w.fronts {
		t.Run(name, func(t *testing.T) {
			if name == own {
				addr = w.balancer(t, addr)
			}
			must(t, b.Open("http://"+addr+"/page"))
			at, err := b.URL()
			must(t, err)
			if at.Path != "/accounts/login/" {
				t.Fatalf("without a login: the browser is at %s", at)
			}
			must(t, b.Type("#id_username", "ada"))
			must(t, b.Type("#id_password", "pw"))
			must(t, b.Leave("#go"))
			if user, err := b.Text("#user"); err != nil || user != "ada" {
				t.Fatalf("after the login: %q, %v", user, err)
			}
			if at, err := b.URL(); err != nil || at.Path != "/page" {
				t.Errorf("after the login: the browser is at %s, %v", at, err)
			}
			for _, r := range w.take() {
				if cookies := strings.Join(r.Header["Cookie"], ""); strings.Contains(cookies, "sessionid") || strings.Contains(cookies, "csrftoken") {
					t.Error("a cookie of the site reaches the upstream")
				}
			}
			must(t, b.Open("http://"+addr+"/accounts/logout/"))
			must(t, b.Open("http://"+addr+"/page"))
			if at, err := b.URL(); err != nil || at.Path != "/accounts/login/" || len(w.take()) > 0 {
				t.Errorf("after the logout: the browser is at %s, %v", at, err)
			}
		})
	}
}

// TestWebsocket: the gate's own proxy cuts a websocket when the login ends in Django.
func TestWebsocket(t *testing.T) {
	w := open(t, "")
	key := w.key(t, "ada")
	addr := w.fronts[own]
	for name, addr := range w.fronts {
		res, _, conn, _ := raw(t, addr, "GET /socket HTTP/1.1\nHost: "+addr+"\nCookie: sessionid="+key+"\nConnection: Upgrade\nUpgrade: websocket\nOrigin: http://"+addr)
		if res.StatusCode != 101 {
			t.Errorf("%s: got %d", name, res.StatusCode)
		}
		conn.Close()
	}
	res, _, conn, in := raw(t, addr, "GET /socket HTTP/1.1\nHost: "+addr+"\nCookie: sessionid="+key+"\nConnection: Upgrade\nUpgrade: websocket\nOrigin: http://"+addr)
	if res.StatusCode != 101 {
		t.Fatalf("got %d", res.StatusCode)
	}
	_, err := io.WriteString(conn, "hello\n")
	must(t, err)
	if line, err := in.ReadString('\n'); err != nil || line != "hello\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	out, _, _, _ := raw(t, w.django, "GET /accounts/logout/ HTTP/1.1\nConnection: close\nHost: "+addr+"\nCookie: sessionid="+key)
	if out.StatusCode != 200 {
		t.Fatalf("logout: got %d", out.StatusCode)
	}
	began := time.Now()
	must(t, conn.SetReadDeadline(began.Add(30*time.Second)))
	if _, err := io.Copy(io.Discard, in); err != nil {
		t.Errorf("the websocket goes on: %v", err)
	}
	t.Logf("cut %v after the logout; the gate looks every %v", time.Since(began).Round(time.Millisecond), watch)
}

// TestDown: while the database is down, no proxy lets anybody in, sends anybody to the login
// page or says that the page is forbidden. When it is back, the login is as good as before.
func TestDown(t *testing.T) {
	s := testserver.PostgreSQL(t)
	proxy := testserver.NewProxy(t, s.Addr())
	host, port, _ := net.SplitHostPort(proxy.Addr)
	w := open(t, fmt.Sprintf("{'ENGINE': 'django.db.backends.postgresql', 'NAME': 'postgres', 'USER': %q, 'HOST': %q, 'PORT': %q}", s.User, host, port))
	key := w.key(t, "ada")
	ask := func(want int) {
		t.Helper()
		for name, addr := range w.fronts {
			res, _, _, _ := raw(t, addr, "GET /page HTTP/1.1\nConnection: close\nHost: "+addr+"\nCookie: sessionid="+key)
			if res.StatusCode != want {
				t.Errorf("%s: got %d, want %d", name, res.StatusCode, want)
			}
			if n := len(w.take()); (n > 0) != (want == 200) {
				t.Errorf("%s: %d requests reached the upstream", name, n)
			}
			if res, _, _, _ := raw(t, addr, "GET /static/x HTTP/1.1\nConnection: close\nHost: "+addr); res.StatusCode != 200 {
				t.Errorf("%s: a public page: got %d", name, res.StatusCode)
			}
			w.take()
		}
	}
	ask(200)
	proxy.Break()
	ask(503)
	proxy.Mend()
	ask(200)
}
