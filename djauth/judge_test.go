package djauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// statusError is a refusal with a status.
type statusError int

func (e statusError) Error() string   { return fmt.Sprintf("refused by %d", int(e)) }
func (e statusError) StatusCode() int { return int(e) }

// always is a Judge that says one thing.
func always(v djauth.Verdict) djauth.Judge {
	return func(context.Context, djauth.Judgement) (djauth.Verdict, error) { return v, nil }
}

// TestJudge has every verdict, for a user and for nobody.
func TestJudge(t *testing.T) {
	broken := errors.New("broken")
	fails := func(context.Context, djauth.Judgement) (djauth.Verdict, error) {
		return djauth.Verdict{}, broken
	}
	closed := errors.New("closed on Sundays")
	for _, test := range []struct {
		name     string
		judge    djauth.Judge
		nobody   bool // no session
		who      string
		why      error // why nobody is logged in
		err      error // of User
		real     string
		level    string
		status   int    // of RequireLogin
		location string // begins with
	}{
		{name: "none", who: "ada", real: "ada", status: 200},
		{name: "admits", judge: always(djauth.Admit()), who: "ada", real: "ada", status: 200},
		{name: "admits with a level", judge: always(djauth.Admit().WithLevel("verified")), who: "ada", real: "ada", level: "verified", status: 200},
		{name: "admits nobody", judge: always(djauth.Admit().WithLevel("verified")), nobody: true, why: djsession.ErrNoCookie, status: 302, location: "/accounts/login/"},
		{name: "refuses", judge: always(djauth.Refuse(closed)), why: closed, status: 302, location: "/accounts/login/?next=/page/"},
		{name: "refuses without a reason", judge: always(djauth.Refuse(nil)), why: djauth.ErrRefused, status: 302, location: "/accounts/login/"},
		{name: "refuses with a status", judge: always(djauth.Refuse(statusError(405))), why: statusError(405), status: 405},
		{name: "asks for a second factor", judge: always(djauth.SecondFactor("/otp/?a=1")), why: djauth.ErrSecondFactor, status: 302, location: "/otp/?a=1&next=/page/"},
		{name: "asks for a second factor nowhere", judge: always(djauth.SecondFactor("")), why: djauth.ErrSecondFactor, status: 403},
		{name: "names another", judge: always(djauth.ActAs("2")), who: "root", real: "ada", status: 200},
		{name: "names another for nobody", judge: always(djauth.ActAs("2")), nobody: true, why: djsession.ErrNoCookie, status: 302, location: "/accounts/login/"},
		{name: "names the same", judge: always(djauth.ActAs("1")), who: "ada", real: "ada", status: 200},
		{name: "names an inactive account", judge: always(djauth.ActAs("3")), why: djauth.ErrInactive, status: 302, location: "/accounts/login/"},
		{name: "names an inactive account, as it may", judge: always(djauth.ActAs("3").EvenInactive()), who: "gone", real: "ada", status: 200},
		{name: "names no account", judge: always(djauth.ActAs("4")), why: djauth.ErrNoUser, status: 302, location: "/accounts/login/"},
		{name: "names what is no account", judge: always(djauth.ActAs("x")), why: djauth.ErrUserID, status: 302, location: "/accounts/login/"},
		{name: "says who it really is", judge: always(djauth.Admit().WithReal(int64(2))), who: "ada", real: "root", status: 200},
		{name: "says that it really is somebody who is gone", judge: always(djauth.Admit().WithReal("9")), who: "ada", real: "", status: 200},
		{name: "fails", judge: fails, err: djsession.ErrUnavailable, status: 503},
		{name: "fails for nobody", judge: fails, nobody: true, err: broken, status: 503},
		{name: "forgets to decide", judge: always(djauth.Verdict{}), err: djsession.ErrConfig, status: 500},
		{name: "two of them", judge: djauth.Judges(always(djauth.Admit().WithLevel("verified")), always(djauth.ActAs("2"))), who: "root", real: "ada", level: "verified", status: 200},
		{name: "the second sees the other account", judge: djauth.Judges(always(djauth.ActAs("2")), func(_ context.Context, j djauth.Judgement) (djauth.Verdict, error) {
			if j.Account.Name == "root" {
				return djauth.Refuse(closed), nil
			}
			return djauth.Admit(), nil
		}), why: closed, status: 302, location: "/accounts/login/"},
		{name: "the second is not asked", judge: djauth.Judges(always(djauth.Refuse(closed)), fails), why: closed, status: 302, location: "/accounts/login/"},
		{name: "one of two fails", judge: djauth.Judges(always(djauth.Admit()), fails), err: djsession.ErrUnavailable, status: 503},
		{name: "one of two forgets", judge: djauth.Judges(always(djauth.Verdict{}), always(djauth.Admit())), err: djsession.ErrConfig, status: 500},
		{name: "two of them act", judge: djauth.Judges(always(djauth.ActAs("2")), always(djauth.ActAs("3").EvenInactive())), who: "gone", real: "ada", status: 200},
		{name: "none of several", judge: djauth.Judges(), who: "ada", real: "ada", status: 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(o *djauth.Options) { o.Judge = test.judge })
			key := ""
			if !test.nobody {
				key = w.put(w.login()...)
			}
			w.do(httptest.NewRequest("GET", "/page/", nil), key, func(_ http.ResponseWriter, r *http.Request) {
				id, err := djauth.User(r.Context())
				if !errors.Is(err, test.err) || (err != nil) != (test.err != nil) {
					t.Errorf("got the error %v, want %v", err, test.err)
				}
				if err != nil {
					return
				}
				if id.Name() != test.who || id.IsAuthenticated() != (test.who != "") || id.Level() != test.level || id.Real().Name() != test.real {
					t.Errorf("got %q (really %q, level %q), want %q (%q, %q)", id.Name(), id.Real().Name(), id.Level(), test.who, test.real, test.level)
				}
				if !errors.Is(id.Why(), test.why) || (id.Why() != nil) != (test.why != nil) || test.why != nil && !errors.Is(id.Why(), djauth.ErrAnonymous) {
					t.Errorf("got the reason %v, want %v", id.Why(), test.why)
				}
				if (id.Real() == id) != (test.who == test.real || test.who == "") && test.judge != nil && test.name != "names the same" {
					t.Error("Real is another Identity")
				}
			})
			for name, h := range map[string]http.Handler{"RequireLogin": w.auth.RequireLogin(http.NotFoundHandler()), "RequirePermission": w.auth.RequirePermission("shop.view_item")(http.NotFoundHandler())} {
				res := w.do(httptest.NewRequest("GET", "/page/", nil), key, h.ServeHTTP)
				want := test.status
				if want == 200 {
					want = 404 // of the handler
					if name == "RequirePermission" && test.who == "gone" {
						want = 403
					}
				}
				if res.StatusCode != want || !strings.HasPrefix(res.Header.Get("Location"), test.location) {
					t.Errorf("%s: got %d to %q, want %d to %q", name, res.StatusCode, res.Header.Get("Location"), want, test.location)
				}
			}
			if key != "" && w.dict(key).Len() != 3 {
				t.Error("the session was changed")
			}
		})
	}
}

// TestJudgement shows what a Judge is told.
func TestJudgement(t *testing.T) {
	var got djauth.Judgement
	judge := func(ctx context.Context, j djauth.Judgement) (djauth.Verdict, error) {
		got = j
		if _, err := j.Find(ctx, "9"); !errors.Is(err, djauth.ErrNoUser) {
			t.Errorf("Find nobody: %v", err)
		}
		if _, err := j.Find(ctx, []any{}); !errors.Is(err, djauth.ErrUserID) {
			t.Errorf("Find a list: %v", err)
		}
		if a, err := j.Find(ctx, int64(2)); err != nil || a.Name != "root" {
			t.Errorf("Find: got %v, %v", a, err)
		}
		return djauth.Admit(), nil
	}
	w := newWorld(t, func(o *djauth.Options) { o.Judge = judge })
	key := w.put(w.login(item("seen", "yesterday"))...)
	r := httptest.NewRequest("POST", "/app/caf%C3%A9/?idleFor=3", nil)
	r.Header.Set("X-Browser", "b")
	w.do(r, key, func(rw http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/app", w.auth.RequireLogin(http.NotFoundHandler())).ServeHTTP(rw, r)
	})
	seen, err := djsession.Value(got.Session, "seen", "")
	if err != nil || seen != "yesterday" || got.Account.Name != "ada" || got.Backend != djauth.ModelBackend || got.Why != nil {
		t.Errorf("got %v, %v, %v by %s, %v", seen, err, got.Account, got.Backend, got.Why)
	}
	if got.Method != "POST" || got.Path != "/app/café/" || got.Query.Get("idleFor") != "3" || got.Header.Get("X-Browser") != "b" || !got.Time.Equal(now) || got.Watched {
		t.Errorf("got %s %s?%v at %v", got.Method, got.Path, got.Query, got.Time)
	}
	w.do(httptest.NewRequest("GET", "/", nil), w.put(w.login(item(djauth.HashSessionKey, "other"))...), func(_ http.ResponseWriter, r *http.Request) {
		djauth.User(r.Context())
	})
	if got.Account != nil || got.Backend != "" || !errors.Is(got.Why, djauth.ErrHash) {
		t.Errorf("a login whose hash does not fit: got %v by %q, %v", got.Account, got.Backend, got.Why)
	}
	s, err := w.m.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.auth.Identify(t.Context(), s); err != nil || got.Method != "" || got.Path != "" || got.Header != nil || got.Account == nil {
		t.Errorf("without a request: got %q %q, %v", got.Method, got.Path, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, "yesterday") {
		t.Error("a Judgement prints what the session holds")
	}
}

// What a verdict sets in the session is set by requests, and by nothing else.
func TestVerdictSession(t *testing.T) {
	stamp := djauth.Admit().WithSession("last", "now").WithSession("n", 1)
	for _, test := range []struct {
		name  string
		judge djauth.Judge
		opts  func(*djauth.Options)
		set   bool
	}{
		{"admits", always(stamp), nil, true},
		{"acts", djauth.Judges(always(stamp), always(djauth.ActAs("2"))), nil, true},
		{"refuses", djauth.Judges(always(stamp), always(djauth.Refuse(nil))), nil, false},
		{"ReadOnly", always(stamp), func(o *djauth.Options) { o.ReadOnly = true }, false},
	} {
		w := newWorld(t, func(o *djauth.Options) { o.Judge = test.judge }, func(o *djauth.Options) {
			if test.opts != nil {
				test.opts(o)
			}
		})
		key := w.put(w.login()...)
		w.who(key)
		last, _ := w.dict(key).Get("last")
		n, _ := w.dict(key).Get("n")
		if (last == "now" && n == int64(1)) != test.set || (last != nil) != test.set {
			t.Errorf("%s: got %v, %v", test.name, last, n)
		}
	}
}

// The Judge ends what is watched, and an error of it is no end before the grace.
func TestWatchJudge(t *testing.T) {
	banned := errors.New("banned")
	for _, test := range []struct {
		name string
		then djauth.Verdict
		err  error
		why  error
		in   time.Duration
	}{
		{name: "it goes on", then: djauth.Admit().WithSession("last", "now")},
		{name: "refused", then: djauth.Refuse(banned), why: banned, in: 5 * time.Second},
		{name: "another account", then: djauth.ActAs("2"), why: djauth.ErrUserID, in: 5 * time.Second},
		{name: "broken", err: errors.New("broken"), why: djsession.ErrUnavailable, in: time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var watched atomic.Int32
				w := newWorld(t, func(o *djauth.Options) {
					o.Judge = func(_ context.Context, j djauth.Judgement) (djauth.Verdict, error) {
						if !j.Watched {
							return djauth.Admit(), nil
						}
						watched.Add(1)
						if seen, _ := djsession.Value(j.Session, "seen", ""); seen != "yesterday" || j.Path != "/stream/" || j.Account == nil {
							t.Errorf("got %q at %q for %v", seen, j.Path, j.Account)
						}
						return test.then, test.err
					}
				})
				key := w.put(w.login(item("seen", "yesterday"))...)
				ctx, end := context.WithCancel(t.Context())
				defer end()
				var stream context.Context
				w.do(httptest.NewRequest("GET", "/stream/", nil).WithContext(ctx), key, func(_ http.ResponseWriter, r *http.Request) {
					var err error
					if stream, _, err = w.auth.Watch(r.Context()); err != nil {
						t.Fatal(err)
					}
				})
				begin := time.Now()
				select {
				case <-stream.Done():
				case <-time.After(10 * time.Minute):
				}
				took := time.Since(begin)
				switch {
				case watched.Load() == 0:
					t.Error("the Judge was not asked")
				case test.in == 0 && stream.Err() != nil:
					t.Errorf("ended after %v: %v", took, context.Cause(stream))
				case test.in > 0 && (took < test.in-5*time.Second || took > test.in+5*time.Second || !errors.Is(context.Cause(stream), test.why)):
					t.Errorf("ended after %v by %v, want %v after %v", took, context.Cause(stream), test.why, test.in)
				}
				if w.dict(key).Has("last") {
					t.Error("a look wrote the session")
				}
			})
		})
	}
}

// Without Users, New wants a Judge, and what needs Users says so.
func TestNoUsers(t *testing.T) {
	w := newWorld(t)
	if _, err := djauth.New(w.m, nil, nil, nil); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("neither Users nor Judge: %v", err)
	}
	if _, err := djauth.New(w.m, nil, plain{}, &djauth.Options{Judge: always(djauth.Admit())}); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("Passwords without Users: %v", err)
	}
	auth, err := djauth.New(w.m, nil, nil, &djauth.Options{Judge: always(djauth.ActAs("1"))})
	if err != nil {
		t.Fatal(err)
	}
	key := w.put(w.login()...)
	h := func(_ http.ResponseWriter, r *http.Request) {
		if id, err := djauth.User(r.Context()); err != nil || id.IsAuthenticated() {
			t.Errorf("got %v, %v", id, err)
		}
		a := &djauth.Account{ID: "1"}
		for name, err := range map[string]error{"Login": auth.Login(r.Context(), a, ""), "UpdateSessionAuthHash": auth.UpdateSessionAuthHash(r.Context(), a), "SetPassword": auth.SetPassword(r.Context(), a, "x")} {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if err := auth.Logout(r.Context()); err != nil {
			t.Errorf("Logout: %v", err)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "sessionid="+key)
	w.m.Middleware(auth.Middleware(http.HandlerFunc(h))).ServeHTTP(httptest.NewRecorder(), r)
	if w.dict(key) != nil {
		t.Error("the logout left the session")
	}
}
