package djsession_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
)

// unlikeDjango are requests that Django answers in another way, with the reason. A name
// stands for all names that begin with it; set is the Django, or empty for all.
var unlikeDjango = []struct{ set, name, why string }{
	{"", "request/no-cookie/session-key", keyIsAccess},
	{"", "request/no-cookie/is-empty", keyIsAccess},
	{"", "request/cookie/session-key", keyIsAccess},
	{"", "request/cookie/is-empty", keyIsAccess},
	{"", "request/refused/unknown-session-key", keyIsAccess},
	{"", "request/no-cookie/mark-modified", keyIsAccess},
	{"", "request/refused/unknown-clear", "Clear comes after Load, which finds that the key leads nowhere"},
	{"", "request/no-cookie/cycle-key", cycleEmpty},
	{"", "request/refused/unknown-cycle-key", cycleEmpty},
	{"", "request/refused/row-expired-cycle-key", cycleEmpty},
	{"", "request/refused/row-expires-now-cycle-key", cycleEmpty},
	{"", "request/no-cookie/delete-missing", "Delete of what is not there is no error"},
	{"", "request/refused/row-expired-flush", "an expired row is left to ClearExpired"},
	{"", "request/refused/row-expires-now-flush", "an expired row is left to ClearExpired"},
	{"", "request/refused/row-garbage-set", handsOff},
	{"", "request/refused/row-garbage-flush", handsOff},
	{"", "request/refused/row-garbage-cycle-key", handsOff},
	{"", "request/refused/row-no-text-set", handsOff},
	{"", "request/refused/row-no-text-flush", handsOff},
	{"", "request/refused/row-no-text-cycle-key", handsOff},
	{"", "request/every-request/garbage-untouched", handsOff},
	{"", "request/every-request/garbage-read", handsOff},
	{"", "request/every-request/unknown-untouched", "no empty session is stored for a cookie that leads nowhere"},
	{"", "request/status/500-cycle-key", cycleLate},
	{"", "request/status/raise-cycle-key", cycleLate},
	{"", "request/elsewhere/cycle-key", "who logged out elsewhere is not brought back by a new key"},
	{"", "request/attributes/age-zero-set", "CookieAge 0 is the default"},
	{"", "request/attributes/age-negative", "a CookieAge below a second is refused"},
	{"", "request/attributes/samesite-lower", "a CookieSameSite is spelled in one way"},
	{"", "request/expiry/set-fraction", noSuchExpiry},
	{"", "request/expiry/new-fraction", noSuchExpiry},
	{"", "request/expiry/set-true", noSuchExpiry},
	{"", "request/expiry/new-true", noSuchExpiry},
	{"", "request/expiry/set-text", noSuchExpiry},
	{"", "request/expiry/new-text", noSuchExpiry},
	{"", "request/expiry/set-naive", noSuchExpiry},
	{"", "request/expiry/new-naive", noSuchExpiry},
	{"django1.8", "request/expiry/set-moment", noMoments},
	{"django1.8", "request/expiry/new-moment", noMoments},
	{"django1.11", "request/expiry/set-moment", noMoments},
	{"django1.11", "request/expiry/new-moment", noMoments},
	{"django2.2", "request/expiry/set-moment", noMoments},
	{"django2.2", "request/expiry/new-moment", noMoments},
	{"django3.2", "request/expiry/set-moment", noMoments},
	{"django3.2", "request/expiry/new-moment", noMoments},
	{"", "request/expiry/stored-list-read", ageTold},
	{"", "request/expiry/stored-text", ageTold},
	{"", "request/vary/empty", "an empty Vary is no field"},
	{"", "request/vary/star", "a * stands alone, as in Django from 3.1 on"},
	{"", "request/expiry/stored-fraction-set", "Max-Age is a whole number, as in Django from 3.2 on"},
	{"django2.2", "request/refused/row-garbage-read", "a view that reads a broken row does not fail, as in Django from 3.1 on"},
	{"django1.11", "request/refused/row-garbage-read", "a view that reads a broken row does not fail, as in Django from 3.1 on"},
	{"django1.8", "request/refused/row-garbage-read", "a view that reads a broken row does not fail, as in Django from 3.1 on"},
	{"django1.8", "request/refused/short-untouched", shortKey},
	{"django1.8", "request/every-request/short-untouched", shortKey},
	{"django1.8", "request/status/200-cycle-key", cycleUnread},
	{"django1.8", "request/status/404-cycle-key", cycleUnread},
	{"django1.8", "request/elsewhere/set", revived},
	{"django1.8", "request/elsewhere/mark-modified", revived},
	{"django1.8", "request/elsewhere/every-request", revived},
	{"django1.8", "request/attributes/name-host-prefix-delete", prefixed},
	{"django1.8", "request/attributes/name-secure-prefix-delete", prefixed},
	{"django1.11", "request/attributes/name-host-prefix-delete", prefixed},
	{"django1.11", "request/attributes/name-secure-prefix-delete", prefixed},
	{"django1.8", "request/attributes/path-delete", deletePath},
	{"django1.8", "request/attributes/everything-delete", deletePath},
	{"django1.8", "request/cookie/cycle-key", cycleUnread},
}

const (
	keyIsAccess  = "Load reads the session, and so counts as access"
	cycleEmpty   = "CycleKey of an empty session stores nothing"
	handsOff     = "what does not decode is never written or deleted"
	cycleLate    = "the old key stays until the new one is sent"
	noSuchExpiry = "Expiry has no such form"
	cycleUnread  = "a new key for a session that was not read yet does not fail, as in Django from 1.11 on"
	shortKey     = "a key of less than eight characters is none, as in Django from 1.11 on"
	revived      = "a session that was deleted is not stored again, as in Django from 1.11 on"
	prefixed     = "a cookie whose name needs Secure is deleted with it, as in Django from 2.2 on"
	deletePath   = "a cookie is deleted under the path it was set with, as in Django from 1.11 on"
	noMoments    = "where JSON cannot hold a moment the seconds are stored, and saving does not fail"
	ageTold      = "ExpiryAge tells an error for what saving will fail on"
)

func unlike(set, name string) string {
	for _, u := range unlikeDjango {
		if (u.set == "" || u.set == set) && strings.HasPrefix(name, u.name) {
			return u.why
		}
	}
	return ""
}

// TestRequestFixtures sends the requests that Djangos got, and compares status, cookies,
// Vary and the stored sessions.
func TestRequestFixtures(t *testing.T) {
	same := 0
	used := map[string]bool{}
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.Cookies(set)
		must(t, err)
		for _, v := range vectors {
			if v.Op != "request" {
				continue
			}
			t.Run(set+"/"+v.Name, func(t *testing.T) {
				if why := unlike(set, v.Name); why != "" {
					used[why] = true
					return
				}
				same++
				got := replay(t, set, v.In)
				want := expected(t, v.In, v.Out)
				if !strings.Contains(want, "vary") && strings.Contains(want, "cookie ") {
					// Before the fix of CVE-2026-35192 Django left it out.
					got = strings.TrimSuffix(got, "\nvary Cookie")
				}
				if got != want {
					t.Errorf("%s\ngot  %s\nwant %s", v.Why, got, want)
				}
			})
		}
	}
	if same < 1000 {
		t.Errorf("got %d requests that agree: fixtures are missing", same)
	}
	for _, u := range unlikeDjango {
		if !used[u.why] {
			t.Errorf("%s: no such request", u.name)
		}
	}
}

// TestParseCookieFixtures reads Cookie headers as Django does.
func TestParseCookieFixtures(t *testing.T) {
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.Cookies(set)
		must(t, err)
		for _, v := range vectors {
			if v.Op != "parse_cookie" {
				continue
			}
			t.Run(set+"/"+v.Name, func(t *testing.T) {
				for name, want := range untag(t, *v.Out.Cookies).(*serializer.Dict).All() {
					if name == "" {
						continue // no session cookie has such a name
					}
					got, n := djsession.FindCookie(http.Header{"Cookie": {*v.In.Header}}, name.(string))
					if n == 0 || got != want {
						t.Errorf("%s\n%q: got %q (%d cookies), want %q", v.Why, name, got, n, want)
					}
				}
			})
		}
	}
}

// outcome is the result of a request, in one text. It calls new keys NEW.
type outcome struct {
	known []string // keys from before the request
	lines []string
}

func (o *outcome) add(parts ...string) { o.lines = append(o.lines, strings.Join(parts, " ")) }

func (o *outcome) String() string {
	slices.Sort(o.lines) // rows have no order
	return strings.Join(o.lines, "\n")
}

func (o *outcome) cookie(line string) {
	name, rest, _ := strings.Cut(line, "=")
	value, attributes, _ := strings.Cut(rest, ";")
	if value == "" { // as Python 2 writes it
		value = `""`
	}
	if value != `""` && !slices.Contains(o.known, value) {
		value = "NEW"
	}
	if python2.MatchString(attributes) { // Python 2 spells some attributes in another way
		attributes = strings.NewReplacer("-Nov-", " Nov ", "-Jan-", " Jan ", "httponly", "HttpOnly", "secure", "Secure").Replace(attributes)
	}
	o.add("cookie", name, value, attributes)
}

func (o *outcome) row(t *testing.T, key string, expires time.Time, d *serializer.Dict) {
	if !slices.Contains(o.known, key) {
		key = "NEW"
	}
	text, err := tagged.Append(nil, d)
	must(t, err)
	o.add("row", key, expires.Format(time.RFC3339Nano), canonical(t, text))
}

var python2 = regexp.MustCompile(`-(Nov|Jan)-|httponly|secure`)

func newOutcome(in fixtures.CookieIn) *outcome {
	o := new(outcome)
	for _, r := range in.Rows {
		o.known = append(o.known, r.Key)
	}
	return o
}

func expected(t *testing.T, in fixtures.CookieIn, out fixtures.CookieOut) string {
	t.Helper()
	o := newOutcome(in)
	o.add("status", http.StatusText(out.Status))
	for _, c := range out.SetCookie {
		o.cookie(c)
	}
	if out.Vary != nil {
		o.add("vary", *out.Vary)
	}
	rows := out.Rows
	if out.Unchanged {
		rows = in.Rows
	}
	for _, r := range rows {
		if r.Payload != nil {
			o.add("undecodable", r.Key)
			continue
		}
		o.row(t, r.Key, fixtures.Time(r.Expires), untag(t, *r.Data).(*serializer.Dict))
	}
	return o.String()
}

// replay sends the request to our middleware.
func replay(t *testing.T, set string, in fixtures.CookieIn) string {
	t.Helper()
	w := newWorld(t, func(s *djsession.Settings) {
		keys, logger := s.Keys, s.Logger
		*s = settings(t, set, in.Settings, in.Now)
		s.Keys, s.Logger = keys, logger
	})
	w.m = djsession.New(fullSpy{w.store})
	for _, r := range in.Rows {
		if r.Payload != nil {
			w.mem.Put(r.Key, *r.Payload, fixtures.Time(r.Expires))
			continue
		}
		text, err := w.site.Encode(untag(t, *r.Data).(*serializer.Dict))
		must(t, err)
		w.mem.Put(r.Key, text, fixtures.Time(r.Expires))
	}
	req := httptest.NewRequest("GET", "/", nil)
	if in.Cookie != nil {
		req.Header.Set("Cookie", *in.Cookie)
	}
	rec := httptest.NewRecorder()
	w.m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := view(t, w, rw, r, in.Steps); err != nil {
			rw.WriteHeader(500) // as Django does after an exception
		}
	})).ServeHTTP(rec, req)

	o := newOutcome(in)
	o.add("status", http.StatusText(rec.Code))
	for _, c := range rec.Result().Header["Set-Cookie"] {
		o.cookie(c)
	}
	if vary := rec.Result().Header["Vary"]; len(vary) > 0 {
		o.add("vary", strings.Join(vary, ", "))
	}
	for l, err := range w.mem.List(t.Context(), "") {
		must(t, err)
		if l.Err != nil {
			o.add("undecodable", l.Key())
			continue
		}
		o.row(t, l.Key(), l.Record.Expires, l.Record.Data)
	}
	return o.String()
}

// view runs the steps of a vector.
func view(t *testing.T, w *world, rw http.ResponseWriter, r *http.Request, steps []fixtures.Step) error {
	status := 0
	for _, step := range steps {
		var value any
		if step.Value != nil {
			value = untag(t, *step.Value)
		}
		switch step.Do { // first the steps that do not access the session
		case "status":
			status = int(value.(int64))
			continue
		case "vary":
			rw.Header().Add("Vary", value.(string))
			continue
		case "elsewhere_delete":
			must(t, w.mem.Delete(r.Context(), step.Name, djsession.Force))
			continue
		case "raise":
			return errors.New("the view fails")
		}
		s := w.session(r)
		var err error
		switch step.Do {
		case "get":
			s.Get(step.Name)
		case "pop":
			_, _, err = s.Pop(step.Name)
		case "delete":
			err = s.Delete(step.Name)
		case "set":
			err = s.Set(step.Name, value)
		case "setdefault":
			_, err = s.SetDefault(step.Name, value)
		case "clear":
			err = s.Clear()
		case "flush":
			err = s.Flush(r.Context())
		case "cycle_key":
			err = s.CycleKey()
		case "save":
			err = s.Save(r.Context())
		case "mark_modified":
			err = s.MarkModified()
		case "session_key":
			s.Key()
		case "is_empty":
			s.IsEmpty()
		case "expiry_age":
			if _, err := s.ExpiryAge(); err != nil {
				return err
			}
		case "set_expiry":
			e := djsession.Policy
			switch v := value.(type) {
			case int64:
				e = djsession.Seconds(int(v))
			case serializer.DateTime:
				at, err := v.Moment(nil)
				must(t, err)
				e = djsession.At(at)
			case serializer.TimeDelta:
				d, ok := v.Duration()
				if !ok {
					t.Fatalf("set_expiry of %v", v)
				}
				e = djsession.In(d)
			case nil:
			default:
				t.Fatalf("set_expiry takes no %T here", v)
			}
			err = s.SetExpiry(e)
		default:
			t.Fatalf("unknown step %q", step.Do)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Logf("%s: %v", step.Do, err)
		}
	}
	if status != 0 {
		rw.WriteHeader(status)
	}
	return nil
}
