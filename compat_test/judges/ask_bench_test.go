package judges_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// BenchmarkAsk is a request in Go that asks the site, beside a small view of that site.
func BenchmarkAsk(b *testing.B) {
	w := newAsked(b, "6.1", false, nil)
	var who django.Args
	w.d.Call(b, "person", django.Args{"email": "ada@example.com"}, &who)
	key := w.login(who, nil)
	b.Run("view of Django", func(b *testing.B) {
		for b.Loop() {
			res, err := http.DefaultClient.Do(w.request("GET", "/tiny/", key))
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	})
	b.Run("AskDjango", func(b *testing.B) {
		h := w.m.Middleware(w.auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if id, err := djauth.User(r.Context()); err != nil || !id.IsAuthenticated() {
				b.Fatalf("got %v, %v", id, err)
			}
		})))
		for b.Loop() {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "sessionid="+key)
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}
