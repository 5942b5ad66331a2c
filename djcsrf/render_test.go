package djcsrf_test

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
)

// page has its form behind so much text that its beginning goes out before it.
var page = `{{define "page"}}<p>{{.}}</p>` + long + `<form method="post">{{csrf_token}}</form>{{end}}`

var long = strings.Repeat("<p>nothing</p>\n", 2000)

func parse(t testing.TB, text string) *template.Template {
	t.Helper()
	parsed, err := template.New("top").Funcs(djcsrf.Funcs()).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// fieldOf is the value of the hidden field in a page.
func fieldOf(html string) string {
	_, token, _ := strings.Cut(html, `name="csrfmiddlewaretoken" value="`)
	token, _, _ = strings.Cut(token, `"`)
	return token
}

// servers serves h by HTTP/1.1 and by HTTP/2.
func servers(t *testing.T, h http.Handler) map[string]*httptest.Server {
	all := map[string]*httptest.Server{"HTTP/1.1": httptest.NewServer(h), "HTTP/2.0": httptest.NewUnstartedServer(h)}
	all["HTTP/2.0"].EnableHTTP2 = true
	all["HTTP/2.0"].StartTLS()
	for _, s := range all {
		t.Cleanup(s.Close)
	}
	return all
}

// A page with a form reaches a new visitor whole, with its cookie, or not at all: a
// response is never half a page that ends as a good one.
func TestNoHalfPage(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	rendered := parse(t, page)
	executed := template.Must(template.New("").Funcs(template.FuncMap{"csrf_token": djcsrf.Field}).
		Parse(strings.ReplaceAll(page, "{{csrf_token}}", "{{csrf_token .}}")))
	small := template.Must(template.New("").Funcs(template.FuncMap{"csrf_token": djcsrf.Field}).Parse(`<form>{{csrf_token .}}</form>`))
	fail := func(w http.ResponseWriter, err error) {
		if err != nil {
			http.Error(w, "failed", djsession.ErrorStatus(err))
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", ok)
	mux.HandleFunc("GET /rendered", func(rw http.ResponseWriter, r *http.Request) {
		fail(rw, w.p.Render(rw, r, rendered, "page", "hello"))
	})
	mux.HandleFunc("GET /executed", func(rw http.ResponseWriter, r *http.Request) {
		fail(rw, executed.ExecuteTemplate(rw, "page", r.Context()))
	})
	mux.HandleFunc("GET /small", func(rw http.ResponseWriter, r *http.Request) { fail(rw, small.Execute(rw, r.Context())) })
	mux.HandleFunc("GET /flushed", func(rw http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(rw).Flush()
		fail(rw, w.p.Render(rw, r, rendered, "page", "hello"))
	})
	mux.HandleFunc("GET /ignored", func(rw http.ResponseWriter, r *http.Request) { // a status first, and no look at errors
		rw.WriteHeader(http.StatusOK)
		field, _ := djcsrf.Field(r.Context())
		fmt.Fprint(rw, "<form>", field, "</form>", long)
	})
	for proto, s := range servers(t, w.m.Middleware(w.p.Middleware(mux))) {
		for _, tt := range []struct {
			path       string
			newVisitor bool // gets a whole page
		}{
			{"/rendered", true}, {"/executed", false}, {"/small", false}, {"/flushed", false}, {"/ignored", false},
		} {
			get := func(cookie string) (*http.Response, string, error) {
				req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+tt.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if cookie != "" {
					req.Header.Set("Cookie", cookie)
				}
				res, err := s.Client().Do(req)
				if err != nil {
					return nil, "", err
				}
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				if res.Proto != proto {
					t.Fatalf("got %s, want %s", res.Proto, proto)
				}
				return res, string(body), err
			}
			res, html, err := get("")
			if !tt.newVisitor {
				if err == nil {
					t.Errorf("%s, %s: a new visitor got %d and %d bytes as a whole page", proto, tt.path, res.StatusCode, len(html))
				}
			} else if err != nil || res.StatusCode != 200 || !strings.HasSuffix(html, "</form>") || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("%s, %s: a new visitor: %v", proto, tt.path, err)
			} else {
				line, _, _ := strings.Cut(csrfCookie(res, "csrftoken"), ";")
				req, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL, strings.NewReader("csrfmiddlewaretoken="+fieldOf(html)))
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				req.Header.Set("Cookie", line)
				req.Header.Set("Origin", s.URL)
				res, err := s.Client().Do(req)
				if err != nil || res.StatusCode != 200 {
					t.Errorf("%s, %s: the form was sent: %v, %v", proto, tt.path, res, err)
				} else {
					res.Body.Close()
				}
			}
			// A visitor with a cookie has the secret already.
			if res, html, err := get("csrftoken=" + secret); err != nil || res.StatusCode != 200 || !strings.Contains(html, "</form>") || fieldOf(html) == "" {
				t.Errorf("%s, %s: a known visitor: %v", proto, tt.path, err)
			}
		}
	}
	if n := strings.Count(w.log.String(), "Protection.Render"); n < 8 {
		t.Errorf("logged %d times, want at least once for each broken response: %s", n, w.log)
	}
}

// A template that fails sends nothing, and leaves the header alone.
func TestRenderFails(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	broken := parse(t, `{{define "page"}}`+long+`{{csrf_token}}{{.No.Such.Field}}{{end}}`)
	res := w.serve(ask("GET", ""), func(rw http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"page", "absent"} {
			if err := w.p.Render(rw, r, broken, name, "x"); err == nil {
				t.Errorf("%s: no error", name)
			}
			if len(rw.Header()) > 0 {
				t.Errorf("%s: header %v", name, rw.Header())
			}
		}
		http.Error(rw, "failed", http.StatusInternalServerError)
	})
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 500 || string(body) != "failed\n" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

// What Render, Page and templates besides do.
func TestRender(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	top := parse(t, `top {{csrf_token}}`+page)
	if err := w.p.Render(httptest.NewRecorder(), ask("GET", ""), top, "", nil); !errors.Is(err, djcsrf.ErrNoMiddleware) {
		t.Errorf("without Middleware: %v", err)
	}
	var none *djcsrf.Protection
	if err := none.Render(httptest.NewRecorder(), ask("GET", ""), top, "", nil); !errors.Is(err, djcsrf.ErrNoMiddleware) {
		t.Errorf("without a Protection: %v", err)
	}
	res := w.serve(ask("GET", ""), func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/xhtml+xml")
		if err := w.p.Render(rw, r, top, "", nil); err != nil {
			t.Error(err)
		}
	})
	if body, _ := io.ReadAll(res.Body); !strings.HasPrefix(string(body), "top <input") || res.Header.Get("Content-Type") != "application/xhtml+xml" {
		t.Errorf("the template itself, with a type: got %q, %v", body, res.Header)
	}

	res = w.serve(ask("GET", ""), func(rw http.ResponseWriter, r *http.Request) {
		page, err := w.p.Page(r.Context(), top, "page", "<b>")
		if err != nil {
			t.Fatal(err)
		}
		rw.WriteHeader(http.StatusNotFound)
		_, _ = rw.Write(page)
	})
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 404 || !strings.HasPrefix(string(body), "<p>&lt;b&gt;</p>") || fieldOf(string(body)) == "" || csrfCookie(res, "csrftoken") == "" {
		t.Errorf("another status: got %d, %v", res.StatusCode, res.Header)
	}

	// A page without a form sets no cookie.
	res = w.serve(ask("GET", ""), func(rw http.ResponseWriter, r *http.Request) {
		if err := w.p.Render(rw, r, parse(t, "no form"), "", nil); err != nil {
			t.Error(err)
		}
	})
	if csrfCookie(res, "csrftoken") != "" {
		t.Error("a page without a form sets the cookie")
	}

	// What Funcs gives is for Render alone.
	direct := parse(t, `{{csrf_token}}`)
	if err := direct.Execute(io.Discard, nil); err == nil {
		t.Error("a template was executed without Render")
	}
	own := template.Must(template.New("").Funcs(template.FuncMap{"csrf_token": djcsrf.Field}).Parse(`{{csrf_token .}}`))
	w.serve(ask("GET", ""), func(rw http.ResponseWriter, r *http.Request) {
		if err := w.p.Render(rw, r, direct, "", nil); err == nil || !strings.Contains(err.Error(), "Protection.Render") {
			t.Errorf("after it was executed: %v", err)
		}
		for range 2 { // a function of the caller's that takes the context
			if page, err := w.p.Page(r.Context(), own, "", r.Context()); err != nil || fieldOf(string(page)) == "" {
				t.Errorf("a template with Field: %q, %v", page, err)
			}
			if err := own.Execute(io.Discard, r.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

// Of two Protections, each renders its own token.
func TestRenderNested(t *testing.T) {
	outer, top := newWorld(t, "6.1", nil), parse(t, `{{csrf_token}}`)
	inner, err := djcsrf.New(outer.m, &djcsrf.Options{CookieName: "inner"})
	if err != nil {
		t.Fatal(err)
	}
	r := ask("GET", "", "Cookie: csrftoken="+secret+"; inner="+another)
	outer.serve(r, inner.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		for p, want := range map[*djcsrf.Protection]string{outer.p: secret, inner: another} {
			page, err := p.Page(r.Context(), top, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			check := ask("POST", "csrfmiddlewaretoken="+fieldOf(string(page)), "Cookie: csrftoken="+want+"; inner="+want)
			if err := p.Check(check); err != nil {
				t.Errorf("got a token of another: %v", err)
			}
		}
	})).ServeHTTP)
}

// Many visitors at once get each the token of his own cookie.
func TestRenderAtOnce(t *testing.T) {
	w, top := newWorld(t, "6.1", nil), parse(t, page)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			own := strings.Repeat(string(rune('a'+i)), 32)
			for range 20 {
				w.serve(ask("GET", "", "Cookie: csrftoken="+own), func(rw http.ResponseWriter, r *http.Request) {
					html, err := w.p.Page(r.Context(), top, "page", i)
					if err != nil {
						t.Error(err)
						return
					}
					if err := w.p.Check(ask("POST", "csrfmiddlewaretoken="+fieldOf(string(html)), "Cookie: csrftoken="+own)); err != nil {
						t.Errorf("a token of another visitor: %v", err)
					}
				})
			}
		})
	}
	wg.Wait()
}

// Templates that are made anew, as while a site is developed, are not kept.
func TestRenderForgets(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	w.serve(ask("GET", ""), func(_ http.ResponseWriter, r *http.Request) {
		for range 50 {
			if _, err := w.p.Page(r.Context(), parse(t, `{{csrf_token}}`), "", nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	for deadline := time.Now().Add(10 * time.Second); w.p.Templates() > 0; time.Sleep(time.Millisecond) {
		if runtime.GC(); time.Now().After(deadline) {
			t.Fatalf("%d templates are kept", w.p.Templates())
		}
	}
}

// What is late while the session could not be saved is the answer of that.
func TestLateAndUnsaved(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	w.m = djsession.New(unsaved{w.store})
	var err error
	if w.p, err = djcsrf.New(w.m, nil); err != nil {
		t.Fatal(err)
	}
	res := w.serve(ask("GET", ""), func(rw http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil {
			err = s.Set("a", 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(rw, "a page")
		_, _ = djcsrf.Token(r.Context())
	})
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusServiceUnavailable || strings.Contains(string(body), "a page") {
		t.Errorf("got %d %q, want a whole 503", res.StatusCode, body)
	}
}

// unsaved is a Store that stores nothing.
type unsaved struct{ djsession.Store }

func (unsaved) Create(context.Context, string, *djsession.Record) (djsession.Version, error) {
	return djsession.Version{}, djsession.Unavailable("create session", errors.New("no route"))
}
