package djmessages_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djmessages"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkMiddleware is what a request costs over one with a session.
func BenchmarkMiddleware(b *testing.B) {
	w := newWorld(b, "6.1", nil)
	res := w.get("", func(_ http.ResponseWriter, r *http.Request) {
		must(b, djmessages.Info(r.Context(), "Your profile was saved."))
	})
	set, _, _ := strings.Cut(*setCookie(b, res, "messages"), ";")
	end := func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) }
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { end(w) })
	for _, bb := range []struct {
		name   string
		h      http.Handler
		cookie string
	}{
		{"without", bare, ""},
		{"untouched", w.f.Middleware(bare), set},
		{"get_none", w.f.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if list, err := djmessages.Get(r.Context()); err != nil || len(list) != 0 {
				b.Fatal(len(list), err)
			}
			end(w)
		})), ""},
		{"get_one", w.f.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if list, err := djmessages.Get(r.Context()); err != nil || len(list) != 1 {
				b.Fatal(len(list), err)
			}
			end(w)
		})), set},
		{"add_one", w.f.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := djmessages.Success(r.Context(), "Your profile was saved."); err != nil {
				b.Fatal(err)
			}
			end(w)
		})), ""},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "csrftoken=abcdefghijklmnopqrstuvwxyz012345; "+bb.cookie)
			d := discard{http.Header{}}
			h := w.manager.Middleware(bb.h)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(d, r)
				clear(d.h)
			}
		})
	}
}
