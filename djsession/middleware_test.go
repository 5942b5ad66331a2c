package djsession_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// TestStatus checks which statuses save the session.
func TestStatus(t *testing.T) {
	old := func(s *djsession.Settings) { s.Django = djsession.DjangoVersion{Major: 3, Minor: 2} }
	for _, tt := range []struct {
		name   string
		change func(*djsession.Settings)
		answer func(http.ResponseWriter)
		saved  bool
		status int
	}{
		{name: "nothing written is 200", answer: func(http.ResponseWriter) {}, saved: true, status: 200},
		{name: "only a body", answer: func(w http.ResponseWriter) { io.WriteString(w, "x") }, saved: true, status: 200},
		{name: "404", answer: func(w http.ResponseWriter) { w.WriteHeader(404) }, saved: true, status: 404},
		{name: "500", answer: func(w http.ResponseWriter) { w.WriteHeader(500) }, status: 500},
		{name: "503", answer: func(w http.ResponseWriter) { w.WriteHeader(503) }, status: 503},
		{name: "500 in 3.2", change: old, answer: func(w http.ResponseWriter) { w.WriteHeader(500) }, status: 500},
		{name: "503 in 3.2", change: old, answer: func(w http.ResponseWriter) { w.WriteHeader(503) }, saved: true, status: 503},
		{name: "flushed", answer: func(w http.ResponseWriter) { w.(http.Flusher).Flush() }, saved: true, status: 200},
		{name: "flushed by the controller", answer: func(w http.ResponseWriter) { http.NewResponseController(w).Flush() }, saved: true, status: 200},
		{name: "copied from a reader", answer: func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("x")) }, saved: true, status: 200},
		{name: "two headers: the first counts", answer: func(w http.ResponseWriter) { w.WriteHeader(500); w.WriteHeader(200) }, status: 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.change != nil {
				w = newWorld(t, tt.change)
			}
			key := w.put(item("n", int64(1)))
			res := w.get(key, func(rw http.ResponseWriter, r *http.Request) {
				must(t, w.session(r).Set("a", 1))
				tt.answer(rw)
			})
			if saved := w.stored(key) == `{"n":1,"a":1}`; saved != tt.saved || res.StatusCode != tt.status {
				t.Errorf("got saved %v, status %d; want %v, %d", saved, res.StatusCode, tt.saved, tt.status)
			}
			if got := cookieKey(t, res) == key; got != tt.saved {
				t.Errorf("got a cookie: %v, want %v", got, tt.saved)
			}
		})
	}
}

// TestCookies compares cookies and Vary with those of Django.
func TestCookies(t *testing.T) {
	const set = "; expires=Sun, 06 Dec 2026 21:53:25 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax"
	const gone = `sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax`
	change := func(s *djsession.Session) error { return s.Set("a", 1) }
	flush := func(s *djsession.Session) error { return s.Flush(context.Background()) }
	for _, tt := range []struct {
		name   string
		header string // Cookie; KEY is the key of a stored session
		set    func(*djsession.Settings)
		view   func(*djsession.Session) error
		unread bool
		status int
		want   string // KEY is the key of that session, NEW any other
		vary   string
	}{
		{name: "no cookie, read", vary: "Cookie"},
		{name: "no cookie, unread", unread: true},
		{name: "read", header: "sessionid=KEY", vary: "Cookie"},
		{name: "unread", header: "sessionid=KEY", unread: true},
		{name: "new", view: change, want: "sessionid=NEW" + set, vary: "Cookie"},
		{name: "changed", header: "sessionid=KEY", view: change, want: "sessionid=KEY" + set, vary: "Cookie"},
		{name: "quoted", header: `sessionid="KEY"`, view: change, want: "sessionid=KEY" + set, vary: "Cookie"},
		{name: "among others", header: "a=b;  sessionid = KEY ; c", view: change, want: "sessionid=KEY" + set, vary: "Cookie"},
		{name: "two: the last counts", header: "sessionid=aaaaaaaaaaaa; sessionid=KEY", view: change, want: "sessionid=KEY" + set, vary: "Cookie"},
		{name: "flushed", header: "sessionid=KEY", view: flush, want: gone, vary: "Cookie"},
		{name: "flushed, 500", header: "sessionid=KEY", view: flush, status: 500, want: gone, vary: "Cookie"},
		{name: "flushed, then set", header: "sessionid=KEY", want: "sessionid=NEW" + set, vary: "Cookie",
			view: func(s *djsession.Session) error { return errors.Join(flush(s), change(s)) }},
		{name: "cleared keeps the key", header: "sessionid=KEY", want: "sessionid=KEY" + set, vary: "Cookie",
			view: func(s *djsession.Session) error { return s.Clear() }},
		{name: "unknown key, read", header: "sessionid=abcdefghijklmnopqrstuvwxyz012345", want: gone, vary: "Cookie"},
		{name: "unknown key, unread", header: "sessionid=abcdefghijklmnopqrstuvwxyz012345", unread: true},
		{name: "unknown key is not adopted", header: "sessionid=abcdefghijklmnopqrstuvwxyz012345", view: change, want: "sessionid=NEW" + set, vary: "Cookie"},
		{name: "path in the key, read", header: "sessionid=../../etc/passwd", want: gone, vary: "Cookie"},
		{name: "upper case, unread", header: "sessionid=ABCDEFGHIJKLMNOP", unread: true},
		{name: "7 characters, unread", header: "sessionid=abcdefg", unread: true, want: gone, vary: "Cookie"},
		{name: "empty, unread", header: "sessionid=", unread: true, want: gone, vary: "Cookie"},
		{name: "browser close", set: func(s *djsession.Settings) { s.ExpireAtBrowserClose = true }, view: change,
			want: "sessionid=NEW; HttpOnly; Path=/; SameSite=Lax", vary: "Cookie"},
		{name: "set to browser close", want: "sessionid=NEW; HttpOnly; Path=/; SameSite=Lax", vary: "Cookie",
			view: func(s *djsession.Session) error { return s.SetExpiry(djsession.BrowserClose) }},
		{name: "negative expiry", want: "sessionid=NEW; expires=Sun, 22 Nov 2026 21:52:55 GMT; HttpOnly; Max-Age=-30; Path=/; SameSite=Lax", vary: "Cookie",
			view: func(s *djsession.Session) error { return s.SetExpiry(djsession.Seconds(-30)) }},
		{name: "every attribute", view: change, vary: "Cookie", set: func(s *djsession.Settings) {
			s.CookieDomain, s.CookiePath, s.CookieSecure, s.CookieHTTPOnly = ".example.com", "/app/", true, new(false)
			s.CookieSameSite = http.SameSiteNoneMode
		}, want: "sessionid=NEW; Domain=.example.com; expires=Sun, 06 Dec 2026 21:53:25 GMT; Max-Age=1209600; Path=/app/; SameSite=None; Secure"},
		{name: "no SameSite", view: change, vary: "Cookie", set: func(s *djsession.Settings) { s.CookieSameSite = http.SameSiteDefaultMode },
			want: "sessionid=NEW; expires=Sun, 06 Dec 2026 21:53:25 GMT; HttpOnly; Max-Age=1209600; Path=/"},
		{name: "deleted with SameSite=None", header: "sessionid=", unread: true, vary: "Cookie", set: func(s *djsession.Settings) { s.CookieSameSite = http.SameSiteNoneMode },
			want: `sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=None; Secure`},
		{name: "saved, then 500: the key has moved and must not be lost", header: "sessionid=KEY", status: 500, want: "sessionid=NEW" + set, vary: "Cookie",
			view: func(s *djsession.Session) error { return errors.Join(s.CycleKey(), s.Save(context.Background())) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.set != nil {
				w = newWorld(t, tt.set)
			}
			key := w.put(item("n", int64(1)))
			r := httptest.NewRequest("GET", "/", nil)
			if tt.header != "" {
				r.Header.Set("Cookie", strings.ReplaceAll(tt.header, "KEY", key))
			}
			rec := httptest.NewRecorder()
			w.m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if !tt.unread {
					s := w.session(r)
					if tt.view != nil {
						must(t, tt.view(s))
					}
				}
				if tt.status != 0 {
					rw.WriteHeader(tt.status)
				}
			})).ServeHTTP(rec, r)
			res := rec.Result()
			got := strings.Join(res.Header["Set-Cookie"], "\n")
			want := strings.ReplaceAll(tt.want, "KEY", key)
			if name, rest, ok := strings.Cut(got, ";"); ok && strings.Contains(want, "NEW") && name != "sessionid="+key {
				got = "sessionid=NEW;" + rest
			}
			if got != want {
				t.Errorf("Set-Cookie:\ngot  %s\nwant %s", got, want)
			}
			if got := strings.Join(res.Header["Vary"], "\n"); got != tt.vary {
				t.Errorf("Vary: got %q, want %q", got, tt.vary)
			}
		})
	}
}

// TestVary checks that Cookie is added to the Vary of the view.
func TestVary(t *testing.T) {
	for _, tt := range []struct {
		have []string
		want string
	}{
		{nil, "Cookie"},
		{[]string{"Accept-Language"}, "Accept-Language, Cookie"},
		{[]string{"accept", "Accept-Language"}, "accept, Accept-Language, Cookie"},
		{[]string{"cookie"}, "cookie"},
		{[]string{"Accept, COOKIE"}, "Accept, COOKIE"},
		{[]string{"Accept, *"}, "*"},
	} {
		w := newWorld(t)
		res := w.get("", func(rw http.ResponseWriter, r *http.Request) {
			rw.Header()["Vary"] = tt.have
			w.session(r)
		})
		if got := strings.Join(res.Header["Vary"], "|"); got != tt.want {
			t.Errorf("Vary %q: got %q, want %q", tt.have, got, tt.want)
		}
	}
}

// TestTwoCookies checks that two session cookies are logged once.
func TestTwoCookies(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.get("aaaaaaaaaaaa; sessionid=bbbbbbbbbbbb", func(http.ResponseWriter, *http.Request) {})
	}
	if got := strings.Count(w.log.String(), "several session cookies"); got != 1 {
		t.Errorf("got %d log lines, want 1", got)
	}
}

// TestCorrupt serves sessions that do not decode, as with a wrong SECRET_KEY.
func TestCorrupt(t *testing.T) {
	for name, view := range map[string]func(*djsession.Session) error{
		"read":          func(*djsession.Session) error { return nil },
		"set":           func(s *djsession.Session) error { return s.Set("a", 1) },
		"clear":         func(s *djsession.Session) error { return s.Clear() },
		"flush":         func(s *djsession.Session) error { return s.Flush(context.Background()) },
		"cycle":         func(s *djsession.Session) error { return s.CycleKey() },
		"mark modified": func(s *djsession.Session) error { return s.MarkModified() },
		"save":          func(s *djsession.Session) error { return s.Save(context.Background()) },
	} {
		for _, every := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, func(s *djsession.Settings) {
					s.Keys, s.SaveEveryRequest = signer.SecretKey("the wrong one"), every
				})
				theirs := newWorld(t)
				key := theirs.put(item("_auth_user_id", "1"))
				w.m = djsession.New(fullSpy{w.store})
				text, _ := theirs.mem.Text(key)
				w.mem.Put(key, text, now.Add(time.Hour))
				w.store.before = func(op, k string) error {
					if k == key && op != "load" {
						t.Errorf("got operation %s under the old key", op)
					}
					return nil
				}
				res := w.get(key, func(_ http.ResponseWriter, r *http.Request) {
					s := w.session(r)
					if s.Len() != 0 || !errors.Is(s.Missing(), djsession.ErrCorrupt) || !errors.Is(s.Missing(), signer.ErrBadSignature) {
						t.Errorf("got %d keys and Missing %v, want an empty session and why", s.Len(), s.Missing())
					}
					must(t, view(s))
				})
				if got, _ := w.mem.Text(key); got != text {
					t.Error("what was stored has changed")
				}
				if got := cookieKey(t, res); got == key {
					t.Error("got a cookie for a session that was not written")
				}
				if !strings.Contains(w.log.String(), "level=ERROR") || strings.Contains(w.log.String(), key) {
					t.Errorf("the log does not tell, or tells the key")
				}
			})
		}
	}
}

// TestStoreDown checks that a failing store does not look like an anonymous visitor.
func TestStoreDown(t *testing.T) {
	w := newWorld(t)
	key := w.put(item("n", int64(1)))
	w.store.fail("load", djsession.Unavailable("reach the store", errors.New("refused")))
	res := w.get(key, func(rw http.ResponseWriter, r *http.Request) {
		_, err := djsession.Load(r.Context())
		if !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("got error %v, want %v", err, djsession.ErrUnavailable)
		}
		http.Error(rw, "later", djsession.ErrorStatus(err))
	})
	if res.StatusCode != 503 || len(res.Header["Set-Cookie"]) != 0 {
		t.Errorf("got status %d and %d cookies, want 503 and none", res.StatusCode, len(res.Header["Set-Cookie"]))
	}
}

// statusError is an error with a status of its own.
type statusError int

func (statusError) Error() string     { return "an error" }
func (e statusError) StatusCode() int { return int(e) }

func TestErrorStatus(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want int
	}{
		{"interrupted", djsession.ErrInterrupted, 400},
		{"scheme", djsession.ErrScheme, 400},
		{"unavailable", djsession.Unavailable("load", errors.New("refused")), 503},
		{"unavailable, by a server's 404", djsession.Unavailable("load", statusError(404)), 503},
		{"its own", fmt.Errorf("wrapped: %w", statusError(403)), 403},
		{"no status of an error", statusError(200), 500},
		{"no status at all", statusError(0), 500},
		{"any other", errors.New("other"), 500},
	} {
		if got := djsession.ErrorStatus(test.err); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}

// TestTooLate changes and loads the session after the header was sent.
func TestTooLate(t *testing.T) {
	w := newWorld(t)
	key := w.put(item("n", int64(1)))
	w.get(key, func(rw http.ResponseWriter, r *http.Request) {
		s := w.session(r)
		rw.WriteHeader(200)
		for name, err := range map[string]error{
			"Set": s.Set("a", 1), "Flush": s.Flush(r.Context()), "Save": s.Save(r.Context()),
			"CycleKey": s.CycleKey(), "MarkModified": s.MarkModified(), "Create": s.Create(r.Context()),
		} {
			if !errors.Is(err, djsession.ErrCommitted) {
				t.Errorf("%s: got error %v, want %v", name, err, djsession.ErrCommitted)
			}
		}
	})
	w.get(key, func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(200)
		if _, err := djsession.Load(r.Context()); !errors.Is(err, djsession.ErrCommitted) {
			t.Errorf("Load: got error %v, want %v", err, djsession.ErrCommitted)
		}
	})
	if got := w.stored(key); got != `{"n":1}` {
		t.Errorf("got %s stored, want it unchanged", got)
	}
	if !strings.Contains(w.log.String(), "after the response had begun") {
		t.Error("the late change was not logged")
	}
}

// TestPanic checks that a panic passes through and saves nothing.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	key := w.put(item("n", int64(1)))
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the panic did not pass")
			}
		}()
		w.get(key, func(_ http.ResponseWriter, r *http.Request) {
			must(t, w.session(r).Set("a", 1))
			panic(http.ErrAbortHandler)
		})
	}()
	if got := w.stored(key); got != `{"n":1}` {
		t.Errorf("got %s stored, want it unchanged", got)
	}
}

// TestClientGone checks that the session is saved even if the request was cancelled.
func TestClientGone(t *testing.T) {
	w := newWorld(t)
	key := w.put(item("n", int64(1)))
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	r.Header.Set("Cookie", "sessionid="+key)
	w.m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s := w.session(r)
		cancel()
		must(t, s.Flush(r.Context()))
	})).ServeHTTP(httptest.NewRecorder(), r)
	if len(w.keys()) != 0 {
		t.Error("a closed tab undid the logout")
	}
}

// TestServer tests what needs a real connection.
func TestServer(t *testing.T) {
	w := newWorld(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/hijack", func(rw http.ResponseWriter, r *http.Request) {
		must(t, w.session(r).Set("hijacked", true))
		conn, buf, err := rw.(http.Hijacker).Hijack()
		must(t, err)
		defer conn.Close()
		buf.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		buf.Flush()
	})
	mux.HandleFunc("/upgrade", func(rw http.ResponseWriter, r *http.Request) {
		must(t, w.session(r).Set("upgraded", true))
		must(t, w.m.Commit(rw, r))
		must(t, w.m.Commit(rw, r)) // the second Commit does nothing
		cookie := rw.Header().Get("Set-Cookie")
		conn, buf, err := http.NewResponseController(rw).Hijack()
		must(t, err)
		defer conn.Close()
		buf.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: " + cookie + "\r\n\r\n")
		buf.Flush()
	})
	mux.HandleFunc("/hints", func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(http.StatusEarlyHints)
		must(t, w.session(r).Set("hinted", true))
		io.WriteString(rw, "body")
	})
	mux.HandleFunc("/deadline", func(rw http.ResponseWriter, r *http.Request) {
		must(t, http.NewResponseController(rw).SetWriteDeadline(now.AddDate(100, 0, 0)))
		rw.(io.ReaderFrom).ReadFrom(strings.NewReader("copied"))
	})
	srv := httptest.NewServer(w.m.Middleware(mux))
	defer srv.Close()

	get := func(path, key string) *http.Response {
		t.Helper()
		req, err := http.NewRequest("GET", srv.URL+path, nil)
		must(t, err)
		req.Header.Set("Cookie", "sessionid="+key)
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	for path, want := range map[string]string{
		"/hijack": `{"n":1,"hijacked":true}`, "/upgrade": `{"n":1,"upgraded":true}`, "/hints": `{"n":1,"hinted":true}`,
	} {
		key := w.put(item("n", int64(1)))
		res := get(path, key)
		if got := w.stored(key); got != want {
			t.Errorf("%s: got %s stored, want %s", path, got, want)
		}
		if path != "/hijack" && cookieKey(t, res) != key {
			t.Errorf("%s: got no cookie", path)
		}
	}
	body, err := bufio.NewReader(get("/deadline", "").Body).ReadString(0)
	if err != io.EOF || body != "copied" {
		t.Errorf("/deadline: got %q, %v", body, err)
	}
}

// TestTwoManagers has two Managers serve one request, each with its own cookie and store.
func TestTwoManagers(t *testing.T) {
	a := newWorld(t)
	b := newWorld(t, func(s *djsession.Settings) { s.CookieName = "other" })
	h := a.m.Middleware(a.m.Middleware(b.m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		inner := a.session(r) // the innermost session is that of b
		sa, err := a.m.Load(r.Context())
		must(t, err)
		sb, err := b.m.Load(r.Context())
		must(t, err)
		if inner != sb {
			t.Error("Load did not give the innermost session")
		}
		must(t, errors.Join(sa.Set("who", "a"), sb.Set("who", "b")))
	}))))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if got := len(rec.Result().Header["Set-Cookie"]); got != 2 {
		t.Errorf("got %d cookies, want 2", got)
	}
	for w, want := range map[*world]string{a: `{"who":"a"}`, b: `{"who":"b"}`} {
		if keys := w.keys(); len(keys) != 1 || w.stored(keys[0]) != want {
			t.Errorf("got %d sessions, want one with %s", len(keys), want)
		}
	}
}

// TestNoSession calls Load without a Middleware.
func TestNoSession(t *testing.T) {
	w := newWorld(t)
	_, err1 := djsession.Load(t.Context())
	_, err2 := w.m.Load(t.Context())
	err3 := w.m.Commit(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, djsession.ErrNoSession) {
			t.Errorf("got error %v, want %v", err, djsession.ErrNoSession)
		}
	}
}

// A site's own KeyShape may accept characters that a header cannot hold. The cookie
// quotes them, as http.cookies does, and nothing is added to the header.
func TestOddKeyInCookie(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) {
		set.KeyShape = func(string) bool { return true }
		set.SaveEveryRequest = true
	})
	const odd = "abcdefgh; Domain=evil.example\r\nX-Evil: 1\x00\"\\"
	if _, err := w.mem.Create(t.Context(), odd, &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "a", Value: 1}), Expires: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	const cookie = `sessionid="abcdefgh\073 Domain=evil.example\015\012X-Evil: 1\000\"\\"`
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookie)
	rec := httptest.NewRecorder()
	w.m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if s, err := djsession.Load(r.Context()); err != nil || !s.Has("a") {
			t.Errorf("the session was not found: %v", err)
		}
	})).ServeHTTP(rec, r)
	got := rec.Header().Values("Set-Cookie")
	if len(got) != 1 || !strings.HasPrefix(got[0], cookie+"; ") {
		t.Errorf("Set-Cookie is %q, want the key in quotes", got)
	}
}
