package djsession_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

// discard is a ResponseWriter that does nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkMiddleware measures what a request costs compared with a bare handler.
func BenchmarkMiddleware(b *testing.B) {
	w := newWorld(b)
	m := djsession.New(w.mem)
	key := w.put(item("_auth_user_id", "1"), item("_auth_user_backend", "django.contrib.auth.backends.ModelBackend"), item("_auth_user_hash", "0"))
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err != nil {
			b.Fatal(err)
		}
		if id, err := djsession.Value(s, "_auth_user_id", ""); err != nil || id != "1" {
			b.Fatal("not logged in")
		}
		w.WriteHeader(http.StatusOK)
	})
	write := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err != nil {
			b.Fatal(err)
		}
		s.Set("n", 1)
		w.WriteHeader(http.StatusOK)
	})
	for _, bb := range []struct {
		name   string
		h      http.Handler
		cookie bool
	}{
		{"bare", bare, true},
		{"untouched", m.Middleware(bare), true},
		{"untouched_no_cookie", m.Middleware(bare), false},
		{"read_memstore", m.Middleware(read), true},
		{"write_memstore", m.Middleware(write), true},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/", nil)
			if bb.cookie {
				r.Header.Set("Cookie", "csrftoken=abcdefghijklmnopqrstuvwxyz012345; sessionid="+key)
			}
			d := discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				bb.h.ServeHTTP(d, r)
				clear(d.h)
			}
		})
	}
}
