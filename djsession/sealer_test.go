package djsession_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// newSealed returns a world without a store.
func newSealed(t *testing.T, change ...func(*djsession.Settings)) (*world, *cookiestore.Sealer) {
	t.Helper()
	w := newWorld(t, change...)
	s, err := cookiestore.New(w.site, nil)
	must(t, err)
	w.m = djsession.NewSealed(s)
	return w, s
}

func TestSealed(t *testing.T) {
	w, s := newSealed(t)
	seal := func(items ...serializer.Item) string {
		text, err := s.Seal(&djsession.Record{Data: serializer.NewDict(items...)})
		must(t, err)
		return text
	}
	holds := func(cookie string) string {
		if cookie == "" || cookie == `""` {
			return cookie
		}
		r, err := s.Unseal(cookie)
		must(t, err)
		text, err := serializer.JSON{}.Dumps(nil, r.Data)
		must(t, err)
		return string(text)
	}
	visits := serializer.Item{Key: "visits", Value: int64(7)}
	foreign := "eyJhIjoxfQ:1r31eq:5OU22IiN7w-qYuvcnQ8pTFU3LfjfJVmka9W9dae38XY"
	for _, test := range []struct {
		why    string
		cookie string
		do     func(s *djsession.Session) error
		missed error  // the result of Missing
		sets   string // the session in the cookie that is set; "" if none is set, `""` if the cookie is deleted
	}{
		{"nothing done to a good one", seal(visits), nil, nil, ""},
		{"a change", seal(visits), func(s *djsession.Session) error { return s.Set("visits", 8) }, nil, `{"visits":8}`},
		{"a first visit", "", func(s *djsession.Session) error { return s.Set("visits", 1) }, djsession.ErrNoCookie, `{"visits":1}`},
		{"a first visit that does nothing", "", nil, djsession.ErrNoCookie, ""},
		{"a logout", seal(visits), func(s *djsession.Session) error { return s.Flush(context.Background()) }, nil, `""`},
		{"a new key is a new seal", seal(visits), (*djsession.Session).CycleKey, nil, `{"visits":7}`},
		{"saved at once", seal(visits), func(s *djsession.Session) error { return s.Save(context.Background()) }, nil, `{"visits":7}`},
		{"emptied, but not flushed", seal(visits), (*djsession.Session).Clear, nil, `{}`},
		{"of another key, left alone", foreign, nil, djsession.ErrCorrupt, ""},
		{"of another key, changed", foreign, func(s *djsession.Session) error { return s.Set("visits", 1) }, djsession.ErrCorrupt, `{"visits":1}`},
		{"of another key, logged out", foreign, func(s *djsession.Session) error { return s.Flush(context.Background()) }, djsession.ErrCorrupt, `""`},
		{"too short for a key", "abc", nil, djsession.ErrNotFound, `""`},
	} {
		t.Run(test.why, func(t *testing.T) {
			res := w.get(test.cookie, func(rw http.ResponseWriter, r *http.Request) {
				session := w.session(r)
				if err := session.Missing(); !errors.Is(err, test.missed) || (err == nil) != (test.missed == nil) {
					t.Errorf("Missing = %v, want %v", err, test.missed)
				}
				if test.do != nil {
					must(t, test.do(session))
				}
			})
			var got string
			for _, c := range res.Header["Set-Cookie"] {
				value, _, _ := strings.Cut(strings.TrimPrefix(c, "sessionid="), ";")
				got = value
			}
			if got := holds(got); got != test.sets {
				t.Errorf("the cookie that is set holds %s, want %s", got, test.sets)
			}
		})
	}
	if w.mem.Len() != 0 {
		t.Error("something was stored")
	}
}

// TestSealedTwice: Session.Key is the sealed session, which Open takes.
func TestSealedTwice(t *testing.T) {
	w, _ := newSealed(t)
	ctx := context.Background()
	s, err := w.m.Open(ctx, "")
	must(t, err)
	must(t, s.Set("a", 1))
	must(t, s.Save(ctx))
	again, err := w.m.Open(ctx, s.Key())
	must(t, err)
	if v, _ := again.Get("a"); v != int64(1) {
		t.Errorf("a = %v, want 1", v)
	}
	if ok, err := w.m.Exists(ctx, s.Key()); ok || err != nil {
		t.Errorf("Exists = %v, %v; Django says false", ok, err)
	}
	if err := w.m.Delete(ctx, s.Key()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Delete = %v, want ErrUnsupported", err)
	}
	if n, err := w.m.ClearExpired(ctx, nil); n != 0 || err != nil {
		t.Errorf("ClearExpired = %d, %v", n, err)
	}
	if w.m.Store() != nil {
		t.Error("there is a Store")
	}
}

// TestSealedTooLarge: the response is an error, and the browser keeps its cookie.
func TestSealedTooLarge(t *testing.T) {
	w, _ := newSealed(t)
	var text strings.Builder
	for text.Len() < 6000 {
		text.WriteString(w.site.NewKey())
	}
	res := w.get("", func(rw http.ResponseWriter, r *http.Request) { must(t, w.session(r).Set("text", text.String())) })
	if res.StatusCode != http.StatusInternalServerError || len(res.Header["Set-Cookie"]) != 0 {
		t.Errorf("status %d, cookies %d", res.StatusCode, len(res.Header["Set-Cookie"]))
	}
}

// TestSealedWrongKey: a site with another SECRET_KEY neither reads nor replaces a cookie.
func TestSealedWrongKey(t *testing.T) {
	_, s := newSealed(t)
	cookie, err := s.Seal(&djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "a", Value: int64(1)})})
	must(t, err)
	other, _ := newSealed(t, func(set *djsession.Settings) {
		set.Keys, set.SaveEveryRequest = signer.SecretKey("another key"), true
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "sessionid="+cookie)
	rec := httptest.NewRecorder()
	other.m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { other.session(r) })).ServeHTTP(rec, r)
	if got := rec.Result().Header["Set-Cookie"]; len(got) != 0 {
		t.Errorf("%d cookies are set", len(got))
	}
	if n := strings.Count(other.log.String(), "count=1"); n != 1 || strings.Contains(other.log.String(), cookie) {
		t.Errorf("logged %d times: %s", n, other.log)
	}
}
