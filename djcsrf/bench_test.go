package djcsrf_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkCheck is a good POST, by field and by header.
func BenchmarkCheck(b *testing.B) {
	w := newWorld(b, "6.1", nil)
	b.Run("field", func(b *testing.B) {
		text := strings.NewReader("title=hello&csrfmiddlewaretoken=" + masked)
		r := ask("POST", "x", cookie, "Origin: http://www.example.com")
		r.ContentLength = text.Size()
		b.ReportAllocs()
		for b.Loop() {
			text.Seek(0, io.SeekStart)
			r.Body = io.NopCloser(text)
			if err := w.p.Check(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("header", func(b *testing.B) {
		r := ask("POST", "", cookie, "Origin: http://www.example.com", "X-CSRFToken: "+masked)
		b.ReportAllocs()
		for b.Loop() {
			if err := w.p.Check(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkMiddleware is a GET that does not touch the token, with and without us.
func BenchmarkMiddleware(b *testing.B) {
	w := newWorld(b, "6.1", nil)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for name, h := range map[string]http.Handler{"session_only": w.m.Middleware(bare), "csrf": w.m.Middleware(w.p.Middleware(bare))} {
		b.Run(name, func(b *testing.B) {
			r := ask("GET", "", cookie)
			d := discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(d, r)
				clear(d.h)
			}
		})
	}
}
