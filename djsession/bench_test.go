package djsession_test

import (
	"context"
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

// still is a store that answers at once, with the same session each time.
type still struct {
	djsession.Store
	r *djsession.Record
}

func (s still) Load(context.Context, string) (*djsession.Record, djsession.Version, error) {
	return s.r, djsession.Version{}, nil
}

func (s still) Update(_ context.Context, _ string, _ *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	return seen, nil
}

// handlers are what a request does with its session. Those of still cost what the
// middleware costs.
func handlers(tb testing.TB) (key string, all []handler) {
	w := newWorld(tb)
	key = w.put(item("_auth_user_id", "1"), item("_auth_user_backend", "django.contrib.auth.backends.ModelBackend"), item("_auth_user_hash", "0"))
	r, _, err := w.mem.Load(tb.Context(), key)
	must(tb, err)
	mem, alone := djsession.New(w.mem), djsession.New(still{w.mem, r})
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	read := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err != nil {
			tb.Fatal(err)
		}
		if id, err := djsession.Value(s, "_auth_user_id", ""); err != nil || id != "1" {
			tb.Fatal("not logged in")
		}
		w.WriteHeader(http.StatusOK)
	})
	write := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err != nil {
			tb.Fatal(err)
		}
		n, err := djsession.Value(s, "n", 1000)
		if err != nil {
			tb.Fatal(err)
		}
		s.Set("n", n+1)
		w.WriteHeader(http.StatusOK)
	})
	return key, []handler{
		{"bare", bare, true, 0},
		{"untouched", mem.Middleware(bare), true, 2},
		{"untouched_no_cookie", mem.Middleware(bare), false, 2},
		{"read", alone.Middleware(read), true, 5},
		{"read_memstore", mem.Middleware(read), true, 6},
		{"write", alone.Middleware(write), true, 15},
		{"write_memstore", mem.Middleware(write), true, 24},
	}
}

type handler struct {
	name   string
	h      http.Handler
	cookie bool
	most   float64 // allocations
}

// request returns a function that sends a request.
func (h handler) request(key string) func() {
	r := httptest.NewRequest("GET", "/", nil)
	if h.cookie {
		r.Header.Set("Cookie", "csrftoken=abcdefghijklmnopqrstuvwxyz012345; sessionid="+key)
	}
	d := discard{http.Header{}}
	return func() {
		h.h.ServeHTTP(d, r)
		clear(d.h)
	}
}

// TestMiddlewareAllocates bounds the allocations of a request.
func TestMiddlewareAllocates(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	key, all := handlers(t)
	for _, h := range all {
		if got := testing.AllocsPerRun(200, h.request(key)); got > h.most {
			t.Errorf("%s: %v allocations, want at most %v", h.name, got, h.most)
		}
	}
}

// TestManagerAllocates bounds the allocations of a session that is opened, changed and saved
// without a request.
func TestManagerAllocates(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	w := newWorld(t)
	key := w.put(item("n", 1000))
	r, _, err := w.mem.Load(t.Context(), key)
	must(t, err)
	m := djsession.New(still{w.mem, r})
	open := func() *djsession.Session {
		s, err := m.Open(t.Context(), key)
		must(t, err)
		return s
	}
	for _, test := range []struct {
		name string
		do   func()
		most float64
	}{
		{"open", func() { open() }, 1},
		{"open and save", func() {
			s := open()
			must(t, s.Set("n", 1001))
			must(t, s.Save(t.Context()))
		}, 9},
	} {
		if got := testing.AllocsPerRun(200, test.do); got > test.most {
			t.Errorf("%s: %v allocations, want at most %v", test.name, got, test.most)
		}
	}
}

// BenchmarkMiddleware measures what a request costs compared with a bare handler.
func BenchmarkMiddleware(b *testing.B) {
	key, all := handlers(b)
	for _, h := range all {
		b.Run(h.name, func(b *testing.B) {
			request := h.request(key)
			b.ReportAllocs()
			for b.Loop() {
				request()
			}
		})
	}
}
