package djsession_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// visitor is a browser with the cookie of one session.
type visitor struct {
	w     *world
	key   string
	until time.Time // end of the cookie; zero if the browser ends it
}

// visit sends a request. It reports whether the visitor had a session, and begins one with
// this expiry if not.
func (v *visitor) visit(clock time.Time, expiry djsession.Expiry) (had bool) {
	v.w.t.Helper()
	key := v.key
	if !v.until.IsZero() && !v.until.After(clock) {
		key = ""
	}
	res := v.w.get(key, func(_ http.ResponseWriter, r *http.Request) {
		s := v.w.session(r)
		if had = s.Missing() == nil; !had {
			must(v.w.t, errors.Join(s.Set("n", 1), s.SetExpiry(expiry)))
		}
	})
	for _, c := range res.Cookies() {
		v.key, v.until = c.Value, time.Time{}
		if c.MaxAge > 0 {
			v.until = clock.Add(time.Duration(c.MaxAge) * time.Second)
		}
	}
	return had
}

// ends returns when the session ends: by the row or by the cookie.
func (v *visitor) ends() time.Time {
	v.w.t.Helper()
	r, _, err := v.w.mem.Load(context.Background(), v.key)
	must(v.w.t, err)
	if !v.until.IsZero() && v.until.Before(r.Expires) {
		return v.until
	}
	return r.Expires
}

// TestTouchAfter plays the same 10,000 requests of browsing with TouchAfter and as Django
// does it. It counts the writes, and compares when the session ends after each request.
func TestTouchAfter(t *testing.T) {
	const requests, part = 10_000, 0.05
	for _, tt := range []struct {
		name   string
		expiry djsession.Expiry
		set    djsession.Settings
		most   float64 // writes a request
		bound  bool    // nothing ever moves the end
	}{
		{name: "two weeks", most: 0.02},
		{name: "an hour", set: djsession.Settings{CookieAge: time.Hour}, most: 0.05},
		{name: "until the browser closes", set: djsession.Settings{ExpireAtBrowserClose: true}, most: 0.02},
		{name: "set_expiry of a day", expiry: djsession.Seconds(86400), most: 0.02},
		{name: "set_expiry until the browser closes", expiry: djsession.BrowserClose, most: 0.02},
		{name: "set_expiry of a timedelta", expiry: djsession.In(40 * time.Hour), most: 0.02, bound: true},
		{name: "an hour, USE_TZ=False", set: djsession.Settings{CookieAge: time.Hour, TimeZone: time.FixedZone("", 7200)}, most: 0.05},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := now
			open := func(part float64) *visitor {
				return &visitor{w: newWorld(t, func(set *djsession.Settings) {
					set.CookieAge, set.ExpireAtBrowserClose, set.TimeZone = tt.set.CookieAge, tt.set.ExpireAtBrowserClose, tt.set.TimeZone
					set.SaveEveryRequest, set.TouchAfter, set.Now = true, part, func() time.Time { return clock }
				})}
			}
			saving, django := open(part), open(0)
			writes := func(v *visitor) float64 {
				ops := v.w.store.take()
				return float64(strings.Count(ops, " ")+1-strings.Count(ops, "load")) / requests
			}
			random := rand.New(rand.NewPCG(1, 2))
			between := func(low, high float64) time.Duration {
				return time.Duration((low + (high-low)*random.Float64()) * float64(time.Second))
			}
			var largest float64 // of the parts of life by which an end was earlier
			for i, page := 0, 0; i < requests; i++ {
				switch {
				case page > 0: // what a page loads
					clock, page = clock.Add(between(0.01, 0.2)), page-1
				case random.IntN(10) == 0: // another day
					clock, page = clock.Add(between(3600, 5*86400)), random.IntN(12)
				default: // the next page
					clock, page = clock.Add(between(3, 90)), random.IntN(12)
				}
				a, b := saving.visit(clock, tt.expiry), django.visit(clock, tt.expiry)
				if a && !b {
					t.Fatalf("request %d: the session lives, and has ended under Django", i)
				}
				if b && !a { // it was in the last part of its life; both begin anew
					django.key = ""
					django.visit(clock, tt.expiry)
				}
				end, want := saving.ends(), django.ends()
				lost := want.Sub(end)
				if tt.bound && lost.Abs() < time.Second { // cookies end at whole seconds
					lost = 0
				}
				if lost < 0 {
					t.Fatalf("request %d: the session ends at %v, after Django's %v", i, end, want)
				}
				largest = math.Max(largest, lost.Seconds()/want.Sub(clock).Seconds())
			}
			a, b := writes(saving), writes(django)
			t.Logf("%.4f writes a request, and %.4f as Django does it; ends at most %.2f %% of a life earlier", a, b, 100*largest)
			if a > tt.most || b < 0.99 {
				t.Errorf("got %v and %v writes a request, want at most %v and about 1", a, b, tt.most)
			}
			if largest >= part || tt.bound != (largest == 0) {
				t.Errorf("the largest difference is %v of a life", largest)
			}
		})
	}
}

// TestTouchAfterSaves has the requests that write although the session is young.
func TestTouchAfterSaves(t *testing.T) {
	for _, tt := range []struct {
		name   string
		age    time.Duration // of the session at the request
		change func(*djsession.Settings)
		view   func(*djsession.Session) error
		want   string
		cookie bool
	}{
		{name: "young", age: time.Minute, want: "load"},
		{name: "just young", age: 3*time.Minute - time.Microsecond, want: "load"},
		{name: "old", age: 3 * time.Minute, want: "load touch", cookie: true},
		{name: "changed", want: "load update", cookie: true, view: func(s *djsession.Session) error { return s.Set("a", 1) }},
		{name: "marked as modified", want: "load touch", cookie: true, view: (*djsession.Session).MarkModified},
		{name: "saved by the view", want: "load touch", cookie: true, view: func(s *djsession.Session) error { return s.Save(context.Background()) }},
		{name: "a new key", want: "load create deleteseen", cookie: true, view: (*djsession.Session).CycleKey},
		{name: "shorter than what is stored", want: "load update", cookie: true, view: func(s *djsession.Session) error { return s.SetExpiry(djsession.Seconds(60)) }},
		// The settings have changed: Django would end it earlier than the row says.
		{name: "a shorter life by the settings", want: "load touch", cookie: true, change: func(s *djsession.Settings) { s.CookieAge = time.Minute }},
		{name: "the row ends a little late", age: -time.Millisecond, want: "load"},
		{name: "without SaveEveryRequest", age: time.Hour - time.Second, want: "load", change: func(s *djsession.Settings) { s.SaveEveryRequest = false }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(set *djsession.Settings) {
				set.CookieAge, set.SaveEveryRequest, set.TouchAfter = time.Hour, true, 0.05
				set.Now = func() time.Time { return now.Add(tt.age) }
				if tt.change != nil {
					tt.change(set)
				}
			})
			res := w.get(w.put(item("n", int64(1))), func(_ http.ResponseWriter, r *http.Request) { // it ends in an hour
				if s := w.session(r); tt.view != nil {
					must(t, tt.view(s))
				}
			})
			if got := w.store.take(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := cookieKey(t, res) != ""; got != tt.cookie {
				t.Errorf("a cookie: got %v, want %v", got, tt.cookie)
			}
		})
	}
}

// TestTouchAfterBesideLogin: a request that began before another one gave the session a new
// key neither writes nor sets the old key as the cookie, which would end the login.
func TestTouchAfterBesideLogin(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) {
		set.SaveEveryRequest, set.TouchAfter = true, 0.5
		set.CookieAge = time.Hour
	})
	key := w.put(item("n", int64(1)))
	res := w.get(key, func(_ http.ResponseWriter, r *http.Request) {
		w.session(r)
		if cookieKey(t, w.get(key, func(_ http.ResponseWriter, r *http.Request) { must(t, w.session(r).CycleKey()) })) == "" {
			t.Error("the other request sets no cookie")
		}
	})
	if got := cookieKey(t, res); got != "" {
		t.Error("the late response sets the old key")
	}
}

// TestTouchAfterWithoutClient: a response that nobody gets does not prolong the row, so that
// the next one sets the cookie too.
func TestTouchAfterWithoutClient(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) { set.SaveEveryRequest, set.TouchAfter = true, 0.05 }) // two weeks, of which an hour is left
	key := w.put(item("n", int64(1)))
	ctx, gone := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", "/", nil)
	r.Header.Set("Cookie", "sessionid="+key)
	w.m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		w.session(r)
		gone()
	})).ServeHTTP(nowhere{http.Header{}}, r)
	if got := w.store.take(); got != "load" {
		t.Errorf("got %q, want no write", got)
	}
	if w.get(key, func(http.ResponseWriter, *http.Request) {}); w.store.take() != "load touch" {
		t.Error("the next request does not prolong the session")
	}
}

// forgetful is a store that does not say when a session ends.
type forgetful struct{ *spy }

func (s forgetful) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	r, v, err := s.spy.Load(ctx, key)
	if err == nil {
		r = &djsession.Record{Data: r.Data}
	}
	return r, v, err
}

// TestTouchAfterUnknownEnd: then each request writes, and the log says so once.
func TestTouchAfterUnknownEnd(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) { set.SaveEveryRequest, set.TouchAfter = true, 0.05 })
	w.m = djsession.New(forgetful{w.store})
	key := w.put(item("n", int64(1)))
	for range 2 {
		w.get(key, func(http.ResponseWriter, *http.Request) {})
	}
	if got := w.store.take(); got != "load touch load touch" {
		t.Errorf("got %q", got)
	}
	if n := strings.Count(w.log.String(), "TouchAfter has no effect"); n != 1 {
		t.Errorf("the log says it %d times: %s", n, w.log)
	}
}

type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header       { return n.h }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}

// TestTouchAfterIsAPart: everything else is refused.
func TestTouchAfterIsAPart(t *testing.T) {
	for _, part := range []float64{-0.1, 1, 5, math.NaN(), math.Inf(1)} {
		set := newWorld(t).site.Settings()
		set.TouchAfter = part
		if _, err := djsession.NewSite(set); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%v: got %v, want ErrConfig", part, err)
		}
	}
}
