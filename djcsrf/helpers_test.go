package djcsrf_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

var now = time.Date(2026, 11, 22, 21, 53, 25, 0, time.UTC) // as in testdata

// The secret of most tests, masked and bare, and a token that fits another.
const (
	secret  = "abcdefghijklmnopqrstuvwxyzABC019"
	masked  = "Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz9Zz" + "ZAb2De5Gh8JkbMnePqhStkVwnYzq1ZQy"
	another = "ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"
)

// world is a site in memory.
type world struct {
	t     testing.TB
	site  *djsession.Site
	store *memstore.Store
	m     *djsession.Manager
	p     *djcsrf.Protection
	log   *bytes.Buffer
}

func newWorld(t testing.TB, django string, o *djcsrf.Options) *world {
	t.Helper()
	v, err := djsession.ParseDjangoVersion(django)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, log: new(bytes.Buffer)}
	w.site, err = djsession.NewSite(djsession.Settings{
		Keys: signer.SecretKey("csrf"), Django: v, Now: func() time.Time { return now },
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.store = memstore.New(w.site)
	w.m = djsession.New(w.store)
	if w.p, err = djcsrf.New(w.m, o); err != nil {
		t.Fatal(err)
	}
	return w
}

// serve answers r by h behind both middlewares.
func (w *world) serve(r *http.Request, h http.HandlerFunc) *http.Response {
	rec := httptest.NewRecorder()
	w.m.Middleware(w.p.Middleware(h)).ServeHTTP(rec, r)
	return rec.Result()
}

// put stores a session that holds the secret, and returns its cookie.
func (w *world) put(secret any) string {
	w.t.Helper()
	key := w.site.NewKey()
	data := serializer.NewDict(serializer.Item{Key: "_csrftoken", Value: secret})
	if _, err := w.store.Create(w.t.Context(), key, &djsession.Record{Data: data, Expires: now.Add(time.Hour)}); err != nil {
		w.t.Fatal(err)
	}
	return "sessionid=" + key
}

// held is what the session of this cookie holds.
func (w *world) held(cookie string) any {
	w.t.Helper()
	_, key, _ := strings.Cut(cookie, "=")
	key, _, _ = strings.Cut(key, ";")
	r, _, err := w.store.Load(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	v, _ := r.Data.Get("_csrftoken")
	return v
}

// ask is a request with the headers "Name: value", and for a body a form.
func ask(method, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.Host = "www.example.com"
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// secure makes it one by HTTPS.
func secure(r *http.Request) *http.Request {
	r.TLS = new(tls.ConnectionState)
	return r
}

func ok(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }

// csrfCookie is the Set-Cookie of that name, "" without.
func csrfCookie(res *http.Response, name string) string {
	for _, line := range res.Header["Set-Cookie"] {
		if strings.HasPrefix(line, name+"=") {
			return line
		}
	}
	return ""
}
