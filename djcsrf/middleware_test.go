package djcsrf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
)

// brokenStore is a Store that cannot be reached.
type brokenStore struct{ djsession.Store }

func (brokenStore) Load(context.Context, string) (*djsession.Record, djsession.Version, error) {
	return nil, djsession.Version{}, djsession.Unavailable("load session", errors.New("no route"))
}

// What Failure and the log are told, and that nothing of the request is in it.
func TestRejection(t *testing.T) {
	var reason error
	w := newWorld(t, "6.1", &djcsrf.Options{Failure: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reason = djcsrf.Reason(r.Context())
		if token, err := djcsrf.Token(r.Context()); err != nil || token == "" {
			t.Errorf("Token in Failure: %v", err)
		}
		w.WriteHeader(http.StatusTeapot)
	})})
	r := ask("POST", "csrfmiddlewaretoken="+another, cookie)
	res := w.serve(r, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	if res.StatusCode != http.StatusTeapot || !errors.Is(reason, djcsrf.ErrBadToken) {
		t.Errorf("got %d and %v, want Failure to be told ErrBadToken", res.StatusCode, reason)
	}
	if !strings.Contains(w.log.String(), "CSRF token incorrect") {
		t.Errorf("logged %q, want the reason", w.log)
	}
	for _, text := range []string{w.log.String(), fmt.Sprintf("%v %+v", reason, reason), fmt.Sprintf("%+v", w.p)} {
		if strings.Contains(text, secret) || strings.Contains(text, another) {
			t.Errorf("a secret is in %q", text)
		}
	}

	res = newWorld(t, "6.1", nil).serve(ask("POST", "csrfmiddlewaretoken="+another, cookie), ok)
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusForbidden || !bytes.HasPrefix(body, []byte("Forbidden")) {
		t.Errorf("by default: got %d %q, want 403", res.StatusCode, body)
	}
	if djcsrf.Reason(r.Context()) != nil {
		t.Error("a request that was never here has a reason")
	}
}

// Outside of a Manager nothing passes, and it is said once.
func TestWithoutManager(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	for range 2 {
		rec := httptest.NewRecorder()
		w.p.Middleware(http.HandlerFunc(ok)).ServeHTTP(rec, ask("GET", ""))
		if rec.Code != http.StatusInternalServerError {
			t.Errorf("got %d, want 500", rec.Code)
		}
	}
	if n := strings.Count(w.log.String(), "Manager"); n != 1 {
		t.Errorf("logged %d times, want once: %s", n, w.log)
	}
}

// Tokens differ each time and fit; a form that was handed out comes back good.
func TestToken(t *testing.T) {
	for _, django := range []string{"1.8", "3.2", "6.1"} {
		w := newWorld(t, django, nil)
		var tokens []string
		res := w.serve(ask("GET", ""), func(_ http.ResponseWriter, r *http.Request) {
			for range 2 {
				token, err := djcsrf.Token(r.Context())
				if err != nil {
					t.Fatal(err)
				}
				tokens = append(tokens, token)
			}
			field, err := djcsrf.Field(r.Context())
			if err != nil || !strings.HasPrefix(string(field), `<input type="hidden" name="csrfmiddlewaretoken" value="`) {
				t.Errorf("Field: %q, %v", field, err)
			}
		})
		if (tokens[0] == tokens[1]) != (django == "1.8") {
			t.Errorf("Django %s: two tokens are the same: %t", django, tokens[0] == tokens[1])
		}
		line, _, _ := strings.Cut(csrfCookie(res, "csrftoken"), ";")
		for _, token := range tokens {
			if res := w.serve(ask("POST", "csrfmiddlewaretoken="+token, "Cookie: "+line), ok); res.StatusCode != 200 {
				t.Errorf("Django %s: the token came back and was answered by %d", django, res.StatusCode)
			}
		}
	}
	if _, err := djcsrf.Token(t.Context()); !errors.Is(err, djcsrf.ErrNoMiddleware) {
		t.Errorf("without Middleware: %v, want ErrNoMiddleware", err)
	}
}

// aborts reports whether f panics with http.ErrAbortHandler.
func aborts(f func()) (is bool) {
	defer func() {
		if p := recover(); p != nil {
			if is = p == http.ErrAbortHandler; !is {
				panic(p)
			}
		}
	}()
	f()
	return false
}

// When the response has begun a new secret cannot reach the client, a known one has. The
// response is broken off then, and the log tells the cure once.
func TestTokenTooLate(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	sessions := newWorld(t, "6.1", &djcsrf.Options{UseSessions: true})
	for _, tt := range []struct {
		name string
		w    *world
		r    *http.Request
		want error
	}{
		{"no cookie", w, ask("GET", ""), djsession.ErrCommitted},
		{"bad cookie", newWorld(t, "3.2", nil), ask("GET", "", "Cookie: csrftoken=bad"), djsession.ErrCommitted},
		{"cookie", w, ask("GET", "", cookie), nil},
		{"no session", sessions, ask("GET", ""), djsession.ErrCommitted},
		{"a session without a secret", sessions, ask("GET", "", "Cookie: "+sessions.put(nil)), djsession.ErrCommitted},
		{"a session that nobody has read", sessions, ask("GET", "", "Cookie: "+sessions.put(secret)), djsession.ErrCommitted},
	} {
		w := tt.w
		w.log.Reset()
		aborted := aborts(func() {
			w.serve(tt.r, func(rw http.ResponseWriter, r *http.Request) {
				r.Pattern = "GET /page"
				rw.WriteHeader(http.StatusOK)
				if _, err := djcsrf.Token(r.Context()); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
					t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
				}
				if _, err := djcsrf.Field(r.Context()); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
					t.Errorf("%s: Field: got %v, want %v", tt.name, err, tt.want)
				}
				if err := djcsrf.Rotate(r.Context()); !errors.Is(err, djsession.ErrCommitted) {
					t.Errorf("%s: Rotate: got %v, want ErrCommitted", tt.name, err)
				}
			})
		})
		if aborted != (tt.want != nil) {
			t.Errorf("%s: broken off: %v", tt.name, aborted)
		}
		if n := strings.Count(w.log.String(), "Protection.Render"); n > 1 || n == 1 != aborted || aborted && !strings.Contains(w.log.String(), "GET /page") {
			t.Errorf("%s: the log says %d times what to do: %s", tt.name, n, w.log)
		}
	}
}

// A GET that does not touch the token leaves no trace, unless the cookie is bad.
func TestUntouched(t *testing.T) {
	for _, tt := range []struct {
		django, cookie string
		set            bool
	}{
		{"6.1", cookie, false},
		{"6.1", "Cookie: csrftoken=x", true},
		{"4.0", "Cookie: csrftoken=x", true},
		{"3.2", "Cookie: csrftoken=x", false},
	} {
		res := newWorld(t, tt.django, nil).serve(ask("GET", "", tt.cookie), ok)
		set, vary := csrfCookie(res, "csrftoken") != "", res.Header.Get("Vary") == "Cookie"
		if set != tt.set || vary != tt.set {
			t.Errorf("Django %s, %s: set %t, vary %t, want %t", tt.django, tt.cookie, set, vary, tt.set)
		}
	}
}

// Rotate gives the client another secret, in a hook of its own too, and is nothing
// where no Middleware is.
func TestRotate(t *testing.T) {
	if err := djcsrf.Rotate(t.Context()); err != nil {
		t.Errorf("without Middleware: %v, want nil", err)
	}
	w := newWorld(t, "6.1", nil)
	rotate := func(r *http.Request) {
		if err := djcsrf.Rotate(r.Context()); err != nil {
			t.Error(err)
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"in the handler": func(_ http.ResponseWriter, r *http.Request) { rotate(r) },
		"just before the response": func(_ http.ResponseWriter, r *http.Request) {
			err := djsession.BeforeCommit(r.Context(), func(http.Header, int) { rotate(r) })
			if err != nil {
				t.Error(err)
			}
		},
	} {
		got := csrfCookie(w.serve(ask("GET", "", cookie), h), "csrftoken")
		if got == "" || strings.Contains(got, secret) {
			t.Errorf("%s: the cookie is %q, want a new secret", name, got)
		}
	}
	// Outside of our Middleware, after our own hook.
	var inner *http.Request
	outer := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := djsession.BeforeCommit(r.Context(), func(http.Header, int) { rotate(inner) }); err != nil {
			t.Error(err)
		}
		w.p.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inner = r })).ServeHTTP(rw, r)
	})
	rec := httptest.NewRecorder()
	w.m.Middleware(outer).ServeHTTP(rec, ask("GET", "", cookie))
	if csrfCookie(rec.Result(), "csrftoken") == "" {
		t.Error("a rotation after the Middleware's own hook was lost")
	}
}

// A rotation that comes after the cookie was added replaces it: the client gets one.
func TestRotateLate(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	var inner *http.Request
	outer := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		err := djsession.BeforeCommit(r.Context(), func(http.Header, int) {
			if err := djcsrf.Rotate(inner.Context()); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Error(err)
		}
		w.p.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			inner = r
			if _, err := djcsrf.Token(r.Context()); err != nil {
				t.Error(err)
			}
		})).ServeHTTP(rw, r)
	})
	rec := httptest.NewRecorder()
	w.m.Middleware(outer).ServeHTTP(rec, ask("GET", "", "Cookie: csrftoken="+secret))
	lines := rec.Header().Values("Set-Cookie")
	if len(lines) != 1 || strings.Contains(lines[0], secret) {
		t.Errorf("%d cookies are set, want one with a new secret", len(lines))
	}
}

// With UseSessions the secret outlives a login that empties the session.
func TestSessions(t *testing.T) {
	w := newWorld(t, "6.1", &djcsrf.Options{UseSessions: true})
	session := w.put(secret)
	post := func() *http.Request { return ask("POST", "csrfmiddlewaretoken="+masked, "Cookie: "+session) }
	if res := w.serve(post(), ok); res.StatusCode != 200 || csrfCookie(res, "csrftoken") != "" || res.Header.Get("Vary") != "Cookie" {
		t.Errorf("got %d %v", res.StatusCode, res.Header)
	}
	res := w.serve(post(), func(_ http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{s.Flush(r.Context()), s.Set("_auth_user_id", "1"), djcsrf.Rotate(r.Context())} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	held, _ := w.held(csrfCookie(res, "sessionid")).(string)
	if len(held) != 32 || held == secret {
		t.Errorf("after the login the session holds a secret of %d characters, new: %t", len(held), held != secret)
	}
	for _, bad := range []any{42, "short", []any{}, "-" + secret[1:]} {
		session := w.put(bad)
		if res := w.serve(ask("POST", "csrfmiddlewaretoken="+secret, "Cookie: "+session), ok); res.StatusCode != 403 {
			t.Errorf("%v in the session: got %d, want 403", bad, res.StatusCode)
		}
		w.serve(ask("GET", "", "Cookie: "+session), func(_ http.ResponseWriter, r *http.Request) { djcsrf.Token(r.Context()) })
		if held, _ := w.held(session).(string); len(held) != 32 {
			t.Errorf("%v in the session was not replaced", bad)
		}
	}
}

// Exempt lets pass, Protect inside of it does not, and nothing is checked twice.
func TestExempt(t *testing.T) {
	w := newWorld(t, "6.1", &djcsrf.Options{Exempt: func(r *http.Request) bool { return r.URL.Path == "/" }})
	if res := w.serve(ask("POST", ""), ok); res.StatusCode != 200 {
		t.Errorf("exempt: got %d, want 200", res.StatusCode)
	}
	if res := w.serve(ask("POST", ""), w.p.Protect(http.HandlerFunc(ok)).ServeHTTP); res.StatusCode != 403 {
		t.Errorf("Protect inside of it: got %d, want 403", res.StatusCode)
	}
	strict := newWorld(t, "6.1", nil)
	res := strict.serve(ask("POST", "csrfmiddlewaretoken="+secret, cookie), func(rw http.ResponseWriter, r *http.Request) {
		r.Header.Set("Origin", "null")
		strict.p.Middleware(http.HandlerFunc(ok)).ServeHTTP(rw, r)
	})
	if res.StatusCode != 200 {
		t.Errorf("checked twice: got %d, want 200", res.StatusCode)
	}
}

func TestEnsureCookie(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	res := w.serve(ask("GET", ""), djcsrf.EnsureCookie(http.HandlerFunc(ok)).ServeHTTP)
	if csrfCookie(res, "csrftoken") == "" {
		t.Error("no cookie was set")
	}
	rec := httptest.NewRecorder()
	djcsrf.EnsureCookie(http.HandlerFunc(ok)).ServeHTTP(rec, ask("GET", ""))
	if rec.Code != http.StatusInternalServerError {
		t.Errorf("without Middleware: got %d, want 500", rec.Code)
	}
}

// The handler finds the form as if nobody had read it.
func TestBody(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	body := "title=a+b&csrfmiddlewaretoken=" + secret
	for name, read := range map[string]func(r *http.Request) string{
		"as bytes":  func(r *http.Request) string { b, _ := io.ReadAll(r.Body); return string(b) },
		"as a form": func(r *http.Request) string { return "title=" + strings.ReplaceAll(r.PostFormValue("title"), " ", "+") },
	} {
		var got string
		w.serve(ask("POST", body, cookie), func(_ http.ResponseWriter, r *http.Request) { got = read(r) })
		if !strings.HasPrefix(body, got) || got == "" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	r := ask("POST", body, cookie)
	if err := r.ParseForm(); err != nil { // by somebody outside
		t.Fatal(err)
	}
	if res := w.serve(r, ok); res.StatusCode != 200 {
		t.Errorf("parsed before: got %d, want 200", res.StatusCode)
	}
	r = ask("POST", "", cookie, "X-CSRFToken: "+secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), brokenReader{}))
	if res := w.serve(r, ok); res.StatusCode != 200 {
		t.Errorf("a client that is gone: got %d, want the header to decide", res.StatusCode)
	}
}

// The size is bounded when nobody said it, and by somebody else's bound too.
func TestBodySize(t *testing.T) {
	w := newWorld(t, "6.1", &djcsrf.Options{MaxForm: 1000})
	for _, tt := range []struct {
		name    string
		size    int
		length  int64
		bounded int64
		want    int
	}{
		{"small", 100, 100, 2000, 200},
		{"just fits", 1000, 1000, 2000, 200},
		{"too large", 1001, 1001, 2000, 400},
		{"fits, of no known length", 1000, -1, 2000, 200},
		{"too large, of no known length", 1001, -1, 2000, 400},
		{"too large for a MaxBytesReader", 900, 900, 800, 400},
	} {
		body := "csrfmiddlewaretoken=" + secret + "&x="
		body += strings.Repeat("x", tt.size-len(body))
		r := ask("POST", body, cookie)
		r.ContentLength, r.Body = tt.length, http.MaxBytesReader(nil, io.NopCloser(strings.NewReader(body)), tt.bounded)
		var got []byte
		res := w.serve(r, func(_ http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) })
		if res.StatusCode != tt.want || tt.want == 200 && string(got) != body {
			t.Errorf("%s: got %d and %d bytes, want %d", tt.name, res.StatusCode, len(got), tt.want)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A file on disk is there for the handler and gone afterwards.
func TestUpload(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir) // on Windows
	w := newWorld(t, "6.1", &djcsrf.Options{MaxForm: 1000})
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("csrfmiddlewaretoken", another)
	form.WriteField("csrfmiddlewaretoken", secret)
	file, _ := form.CreateFormFile("f", "f.bin")
	file.Write(make([]byte, 11<<20)) // beyond what net/http keeps in memory
	form.Close()
	files := func() int { all, _ := os.ReadDir(dir); return len(all) }
	res := w.serve(typed(ask("POST", body.String(), cookie), form.FormDataContentType()), func(_ http.ResponseWriter, r *http.Request) {
		f, head, err := r.FormFile("f")
		if err != nil || head.Size != 11<<20 || files() != 1 {
			t.Fatalf("the file: %v, %d in the folder", err, files())
		}
		f.Close()
	})
	if res.StatusCode != 200 || files() != 0 {
		t.Errorf("got %d, and %d files are left", res.StatusCode, files())
	}
	body.Reset()
	form = multipart.NewWriter(&body)
	form.WriteField("csrfmiddlewaretoken", secret)
	form.WriteField("x", strings.Repeat("x", 1000))
	form.Close()
	if res := w.serve(typed(ask("POST", body.String(), cookie), form.FormDataContentType()), ok); res.StatusCode != 400 {
		t.Errorf("large fields: got %d, want 400", res.StatusCode)
	}
}

// A Django behind a proxy has set the cookie: ours would make its forms fail.
func TestCookieOfProxied(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	res := w.serve(ask("GET", ""), func(rw http.ResponseWriter, r *http.Request) {
		if _, err := djcsrf.Token(r.Context()); err != nil {
			t.Error(err)
		}
		rw.Header().Set("Set-Cookie", "csrftoken="+another+"; Path=/")
	})
	if got := res.Header.Values("Set-Cookie"); len(got) != 1 || !strings.HasPrefix(got[0], "csrftoken="+another) {
		t.Errorf("%d cookies are set, want the handler's alone", len(got))
	}
}
