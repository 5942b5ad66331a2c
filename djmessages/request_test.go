package djmessages_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

func texts(list []djmessages.Message) string {
	var all []string
	for _, m := range list {
		all = append(all, m.Text())
	}
	return strings.Join(all, " ")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTags(t *testing.T) {
	for _, tt := range []struct {
		m              djmessages.Message
		levelTag, tags string
		why            string
	}{
		{djmessages.Message{Level: 10}, "debug", "debug", "Django's own"},
		{djmessages.Message{Level: 20}, "info", "info", ""},
		{djmessages.Message{Level: 25}, "success", "success", ""},
		{djmessages.Message{Level: 30}, "warning", "warning", ""},
		{djmessages.NewMessage(40, "", "a b"), "error", "a b error", "extra tags come first"},
		{djmessages.NewMessage(33, "", "a"), "", "a", "a level without a tag"},
		{djmessages.Message{Level: 33}, "", "", "nor extra tags"},
	} {
		if got := tt.m.LevelTag(); got != tt.levelTag {
			t.Errorf("%d: LevelTag %q, want %q (%s)", tt.m.Level, got, tt.levelTag, tt.why)
		}
		if got := tt.m.Tags(); got != tt.tags {
			t.Errorf("%d: Tags %q, want %q (%s)", tt.m.Level, got, tt.tags, tt.why)
		}
	}
}

// The functions for the levels add what Add does, and the level of the request decides.
func TestLevels(t *testing.T) {
	w := newWorld(t, "6.1", &djmessages.Options{Level: djmessages.LevelDebug})
	w.get("", func(_ http.ResponseWriter, r *http.Request) {
		for _, add := range []func(context.Context, string) error{
			djmessages.Debug, djmessages.Info, djmessages.Success, djmessages.Warning, djmessages.Error,
		} {
			must(t, add(r.Context(), "m"))
		}
		must(t, djmessages.SetLevel(r.Context(), 35))
		must(t, djmessages.Warning(r.Context(), "not recorded"))
		must(t, djmessages.ResetLevel(r.Context()))
		if l, err := djmessages.RequestLevel(r.Context()); l != djmessages.LevelDebug || err != nil {
			t.Errorf("after ResetLevel: %v, %v", l, err)
		}
		must(t, djmessages.Add(r.Context(), 12, "own", "a", "b"))
		list, err := djmessages.Get(r.Context())
		must(t, err)
		var got []string
		for _, m := range list {
			got = append(got, m.Tags())
		}
		if want := []string{"debug", "info", "success", "warning", "error", "a b"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestErrors(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	bare := httptest.NewRequest("GET", "/", nil)
	calls := map[string]func(*http.Request) error{
		"Add":  func(r *http.Request) error { return djmessages.Info(r.Context(), "x") },
		"Get":  func(r *http.Request) error { _, err := djmessages.Get(r.Context()); return err },
		"Peek": func(r *http.Request) error { _, err := djmessages.Peek(r.Context()); return err },
		"Count": func(r *http.Request) error {
			_, err := djmessages.Count(r.Context())
			return err
		},
	}
	for name, call := range calls {
		if err := call(bare); !errors.Is(err, djmessages.ErrNoMiddleware) {
			t.Errorf("%s without middleware: %v", name, err)
		}
		w.f.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := call(r); !errors.Is(err, djsession.ErrNoSession) {
				t.Errorf("%s without a Manager: %v", name, err)
			}
		})).ServeHTTP(httptest.NewRecorder(), bare)
		w.get("", func(rw http.ResponseWriter, r *http.Request) {
			must(t, djmessages.Info(r.Context(), "before"))
			rw.WriteHeader(200)
			if err := call(r); !errors.Is(err, djsession.ErrCommitted) {
				t.Errorf("%s after the header: %v", name, err)
			}
		})
		w.get("", func(rw http.ResponseWriter, r *http.Request) {
			rw.WriteHeader(200)
			if err := call(r); !errors.Is(err, djsession.ErrCommitted) {
				t.Errorf("%s first after the header: %v", name, err)
			}
		})
	}
	for _, err := range []error{djmessages.SetLevel(bare.Context(), 1), djmessages.ResetLevel(bare.Context())} {
		if !errors.Is(err, djmessages.ErrNoMiddleware) {
			t.Errorf("the level without middleware: %v", err)
		}
	}
	if _, err := djmessages.RequestLevel(bare.Context()); !errors.Is(err, djmessages.ErrNoMiddleware) {
		t.Errorf("RequestLevel without middleware: %v", err)
	}
	res := w.get("", func(_ http.ResponseWriter, r *http.Request) {
		if err := djmessages.Info(r.Context(), "private \xff"); !errors.Is(err, serializer.ErrType) || strings.Contains(err.Error(), "private") {
			t.Errorf("text that is not UTF-8: %v", err)
		}
	})
	if c := setCookie(t, res, "messages"); c != nil {
		t.Errorf("a refused message set %s", *c)
	}
	if _, err := djmessages.New(w.manager, &djmessages.Options{Storage: 9}); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("Storage 9: %v", err)
	}
}

// A Framework that is put in twice is one, and of two different ones the inner counts.
func TestMiddlewareTwice(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	other, err := djmessages.New(w.manager, &djmessages.Options{Storage: djmessages.Session, Tags: map[djmessages.Level]string{20: "other"}})
	must(t, err)
	rec := httptest.NewRecorder()
	h := w.f.Middleware(w.f.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		must(t, djmessages.Info(r.Context(), "outer"))
		other.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			must(t, djmessages.Info(r.Context(), "inner"))
			list, err := djmessages.Peek(r.Context())
			if must(t, err); texts(list) != "inner" || list[0].Tags() != "other" {
				t.Errorf("the inner one has %q", texts(list))
			}
		})).ServeHTTP(nil, r)
	})))
	w.manager.Middleware(h).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if n := len(rec.Header()["Set-Cookie"]); n != 2 {
		t.Errorf("%d cookies, want that of the messages and that of the session", n)
	}
}

// A request that only wants to read, and finds nothing, starts no session.
func TestNoNeedlessSession(t *testing.T) {
	for _, storage := range []djmessages.Storage{djmessages.Fallback, djmessages.Session, djmessages.Cookie} {
		w := newWorld(t, "6.1", &djmessages.Options{Storage: storage})
		res := w.get("", func(_ http.ResponseWriter, r *http.Request) {
			if list, err := djmessages.Get(r.Context()); len(list) != 0 || err != nil {
				t.Errorf("got %d messages, %v", len(list), err)
			}
		})
		if c := setCookie(t, res, "sessionid"); c != nil {
			t.Errorf("storage %d: a session for nothing", storage)
		}
	}
}

// failing is a Store that cannot be reached.
type failing struct{ djsession.Store }

func (failing) Load(context.Context, string) (*djsession.Record, djsession.Version, error) {
	return nil, djsession.Version{}, djsession.Unavailable("load session", errors.New("down"))
}

// A store that is down is an error, never "no messages", and nothing is said to be read.
func TestUnavailable(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	down := func(o *djmessages.Options) {
		w.manager = djsession.New(failing{w.store})
		var err error
		w.f, err = djmessages.New(w.manager, o)
		must(t, err)
	}
	down(&djmessages.Options{Storage: djmessages.Session})
	key := w.site.NewKey()
	w.get("sessionid="+key, func(_ http.ResponseWriter, r *http.Request) {
		if _, err := djmessages.Get(r.Context()); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("Get: %v", err)
		}
		if err := djmessages.Info(r.Context(), "private"); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("Info: %v", err)
		}
	})

	// With Fallback it shows only when the response begins, and the operator is told.
	down(nil)
	w.get("sessionid="+key, func(_ http.ResponseWriter, r *http.Request) {
		for range 30 {
			must(t, djmessages.Info(r.Context(), fmt.Sprint("private ", dense(100))))
		}
	})
	if log := w.log.String(); !strings.Contains(log, "could not be stored") || strings.Contains(log, "private") {
		t.Errorf("the log says %q", log)
	}
}

// What does not fit into the cookie of CookieStorage is dropped, which Django keeps to
// itself, and the log says how many.
func TestDropped(t *testing.T) {
	w := newWorld(t, "6.1", &djmessages.Options{Storage: djmessages.Cookie})
	w.get("", func(_ http.ResponseWriter, r *http.Request) {
		for range 4 {
			must(t, djmessages.Info(r.Context(), "private "+dense(1200)))
		}
	})
	if log := w.log.String(); !strings.Contains(log, "do not fit") || !strings.Contains(log, "count=3") || strings.Contains(log, "private") {
		t.Errorf("the log says %q", log)
	}
}

// A message that is printed says nothing.
func TestPrint(t *testing.T) {
	m := djmessages.NewMessage(20, "private", "private")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, m); got != "message of level 20" {
			t.Errorf("%s: %q", verb, got)
		}
		if got := fmt.Sprintf(verb, []djmessages.Message{m}); strings.Contains(got, "private") {
			t.Errorf("%s of a slice: %q", verb, got)
		}
	}
}

var seed uint64 = 1

// dense returns n characters that do not compress.
func dense(n int) string {
	b := make([]byte, n)
	for i := range b {
		seed = seed*6364136223846793005 + 1442695040888963407
		b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"[seed>>58]
	}
	return string(b)
}

// A Django behind a proxy has set the cookie: what Go adds goes into the session, where
// there is room, or is told to be lost.
func TestCookieOfProxied(t *testing.T) {
	for storage, want := range map[djmessages.Storage]string{djmessages.Fallback: "", djmessages.Cookie: "were dropped"} {
		w := newWorld(t, "6.1", &djmessages.Options{Storage: storage})
		res := w.get("", func(rw http.ResponseWriter, r *http.Request) {
			must(t, djmessages.Info(r.Context(), "ours"))
			rw.Header().Add("Set-Cookie", "messages=theirs")
		})
		if got := setCookie(t, res, "messages"); got == nil || *got != "messages=theirs" {
			t.Error("the handler's cookie is not there, or not alone")
		}
		if got := setCookie(t, res, "sessionid") != nil; got != (want == "") {
			t.Errorf("storage %v: a session was stored: %v", storage, got)
		}
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("storage %v: logged %q", storage, w.log)
		}
	}
}
