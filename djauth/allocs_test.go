//go:build !race

package djauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
)

// TestUserAllocates bounds the allocations of a request that asks who is logged in. The
// race detector makes more.
func TestUserAllocates(t *testing.T) {
	for _, test := range []struct {
		name  string
		cache time.Duration
		most  float64
	}{
		{"account read each time", 0, 13},
		{"account remembered", time.Hour, 13},
	} {
		w := newWorld(t, func(o *djauth.Options) { o.UserCache = test.cache })
		h := w.m.Middleware(w.auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if id, err := djauth.User(r.Context()); err != nil || id.Name() != "ada" {
				t.Fatal("not logged in", err)
			}
		})))
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "sessionid="+w.put(w.login()...))
		rec := httptest.NewRecorder()
		if got := testing.AllocsPerRun(200, func() {
			h.ServeHTTP(rec, r)
			clear(rec.Header())
		}); got > test.most {
			t.Errorf("%s: %v allocations, want at most %v", test.name, got, test.most)
		}
	}
}
