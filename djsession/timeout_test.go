package djsession_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// TestTimeoutHandler shows what the documentation of Middleware says of an
// http.TimeoutHandler: one inside that is too late saves nothing and loses nothing. One
// outside throws away the cookie of a session that was saved.
func TestTimeoutHandler(t *testing.T) {
	const old, fresh, gone = "under the old key", "under a new key", "gone"
	for _, tt := range []struct {
		name    string
		do      func(*djsession.Session, context.Context) error
		inTime  string // where the session is after a request in time
		inside  string // after one that is too late, with the TimeoutHandler inside
		outside string // the same, outside
	}{
		{"set", func(s *djsession.Session, _ context.Context) error { return s.Set("a", 1) }, old, old, old},
		{"cycled", func(s *djsession.Session, _ context.Context) error { return s.CycleKey() }, fresh, old, fresh},
		{"flushed", func(s *djsession.Session, ctx context.Context) error { return s.Flush(ctx) }, gone, gone, gone},
	} {
		for _, inside := range []bool{true, false} {
			for _, late := range []string{"", "before the first byte", "after the first byte"} {
				name := tt.name + ", inside"
				if !inside {
					name = tt.name + ", outside"
				}
				w := newWorld(t)
				key := w.put(item("n", int64(1)))
				answered, ended := make(chan struct{}), make(chan struct{})
				var timeOut context.CancelFunc // TimeoutHandler does the same as at its time
				var after error
				var h http.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					s := w.session(r)
					must(t, tt.do(s, r.Context()))
					if late == "after the first byte" {
						io.WriteString(rw, "page")
					}
					if late != "" {
						timeOut()
						<-answered
						after = s.Set("late", true)
					}
					io.WriteString(rw, "page")
				})
				signal := func(h http.Handler) http.Handler {
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						defer close(ended)
						h.ServeHTTP(rw, r)
					})
				}
				limited := func(h http.Handler) http.Handler {
					h = http.TimeoutHandler(signal(h), time.Minute, "too late")
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						var ctx context.Context
						ctx, timeOut = context.WithCancel(r.Context())
						defer timeOut()
						h.ServeHTTP(rw, r.WithContext(ctx))
					})
				}
				if inside {
					h = w.m.Middleware(limited(h))
				} else {
					h = limited(w.m.Middleware(h))
				}
				srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					defer close(answered)
					h.ServeHTTP(rw, r)
				}))
				r, _ := http.NewRequest("GET", srv.URL, nil)
				r.Header.Set("Cookie", "sessionid="+key)
				res, err := http.DefaultClient.Do(r)
				must(t, err)
				res.Body.Close()
				<-ended
				srv.Close()

				status, want := 200, tt.inTime
				switch {
				case late != "" && inside:
					status, want = 503, tt.inside
				case late != "":
					status, want = 503, tt.outside
				}
				if res.StatusCode != status {
					t.Errorf("%s, late %q: status %d, want %d", name, late, res.StatusCode, status)
				}
				is, now := gone, ""
				if keys := w.keys(); len(keys) == 1 {
					if is, now = fresh, keys[0]; now == key {
						is = old
					}
				}
				if outsideNew := late == "before the first byte" && !inside && tt.name == "flushed"; outsideNew {
					want = fresh // the late Set began a session that nobody knows
				}
				if is != want {
					t.Errorf("%s, late %q: the session is %s, want %s", name, late, is, want)
				}
				// The client has what is stored, unless the cookie was thrown away.
				has := key
				if len(res.Header["Set-Cookie"]) > 0 {
					if has = cookieKey(t, res); has == `""` {
						has = ""
					}
				}
				lost := has != now && is != gone
				if thrown := late != "" && !inside && is == fresh; lost != thrown {
					t.Errorf("%s, late %q: the client lost its session: %v, want %v", name, late, lost, thrown)
				}
				committed := inside || late == "after the first byte"
				if late != "" && committed != errors.Is(after, djsession.ErrCommitted) {
					t.Errorf("%s, late %q: a Set after the answer got error %v", name, late, after)
				}
			}
		}
	}
}
