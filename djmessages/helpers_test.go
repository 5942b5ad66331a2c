package djmessages_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// secret is that of testdata/messages.py.
const secret = "a secret of the messages привет"

// now is the time in all tests that do not say otherwise.
var now = time.Unix(1795470805, 0)

// versions are those with an environment of their own, between has what changed in
// between them.
var (
	versions = []string{"1.8", "1.11", "2.2", "3.2", "4.2", "5.2", "6.1"}
	between  = []string{"3.0", "3.1", "4.0", "4.1", "5.0"}
)

// testCase and answer are those of testdata/messages.py.
type testCase struct {
	Now      int64                      `json:"now"`
	Storage  string                     `json:"storage"`
	Settings map[string]json.RawMessage `json:"settings"`
	Cookie   *string                    `json:"cookie"`
	Session  *string                    `json:"session"`
	Steps    []step                     `json:"steps"`
}

type step struct {
	Do    string `json:"do"`
	Level int    `json:"level"`
	Text  string `json:"text"`
	Tags  string `json:"tags"`
	Safe  bool   `json:"safe"`
}

type answer struct {
	Returned  []any   `json:"returned"`
	SetCookie *string `json:"set_cookie"`
	Session   *string `json:"session"`
	Modified  bool    `json:"modified"`
	Accessed  bool    `json:"accessed"`
	Error     string  `json:"error"`
}

// world is a site in memory, with a log to look at.
type world struct {
	t       testing.TB
	site    *djsession.Site
	store   djsession.Store
	manager *djsession.Manager
	f       *djmessages.Framework
	log     *bytes.Buffer
}

func newWorld(t testing.TB, version string, opts *djmessages.Options, change ...func(*djsession.Settings)) *world {
	t.Helper()
	w := &world{t: t, log: new(bytes.Buffer)}
	v, err := djsession.ParseDjangoVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	set := djsession.Settings{
		Keys:   signer.SecretKey(secret),
		Django: v,
		Now:    func() time.Time { return now },
		Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, c := range change {
		c(&set)
	}
	if w.site, err = djsession.NewSite(set); err != nil {
		t.Fatal(err)
	}
	w.store = memstore.New(w.site)
	w.manager = djsession.New(w.store)
	if w.f, err = djmessages.New(w.manager, opts); err != nil {
		t.Fatal(err)
	}
	return w
}

// put stores a session and returns its key.
func (w *world) put(items ...serializer.Item) string {
	w.t.Helper()
	key := w.site.NewKey()
	r := &djsession.Record{Data: serializer.NewDict(items...), Expires: w.site.Now().Add(time.Hour)}
	if _, err := w.store.Create(w.t.Context(), key, r); err != nil {
		w.t.Fatal(err)
	}
	return key
}

// session returns the messages of a stored session, nil for none.
func (w *world) session(key string) *string {
	w.t.Helper()
	r, _, err := w.store.Load(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	v, ok := r.Data.Get("_messages")
	if !ok {
		return nil
	}
	text, ok := v.(string)
	if !ok {
		w.t.Fatalf("_messages is a %T", v)
	}
	return &text
}

// get sends a request with these cookies to the handler.
func (w *world) get(cookie string, h http.HandlerFunc) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	rec := httptest.NewRecorder()
	w.manager.Middleware(w.f.Middleware(h)).ServeHTTP(rec, r)
	return rec.Result()
}

// setCookie returns the header that sets this cookie, nil for none.
func setCookie(t testing.TB, res *http.Response, name string) *string {
	t.Helper()
	var found *string
	for _, line := range res.Header["Set-Cookie"] {
		if strings.HasPrefix(line, name+"=") {
			if found != nil {
				t.Errorf("the cookie %s is set twice", name)
			}
			found = &line
		}
	}
	return found
}

// pair returns the header Cookie of a browser that got the answer and had nothing.
func (a answer) pair() *string {
	if a.SetCookie == nil {
		return nil
	}
	value, _, _ := strings.Cut(*a.SetCookie, "; ")
	return &value
}

// run is answer of testdata/messages.py, done here. Errors of Get are returned, the
// first one, and do not end it.
func run(t testing.TB, version string, c testCase) (answer, error) {
	t.Helper()
	opts := djmessages.Options{Storage: map[string]djmessages.Storage{
		"Fallback": djmessages.Fallback, "Session": djmessages.Session, "Cookie": djmessages.Cookie,
	}[c.Storage]}
	w := newWorld(t, version, &opts, func(set *djsession.Settings) {
		set.Now = func() time.Time { return time.Unix(c.Now, 0) }
		settings(t, c.Settings, set, &opts)
	})
	items := []serializer.Item{{Key: "other", Value: int64(1)}}
	if c.Session != nil {
		items = append(items, serializer.Item{Key: "_messages", Value: *c.Session})
	}
	key := w.put(items...)
	name := w.site.Settings().CookieName
	cookie := name + "=" + key
	if c.Cookie != nil {
		cookie += "; " + *c.Cookie
	}
	a := answer{Returned: []any{}}
	var failed error
	res := w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
		for _, s := range c.Steps {
			var err error
			switch s.Do {
			case "add":
				m := djmessages.NewMessage(djmessages.Level(s.Level), s.Text, s.Tags)
				m.Safe = s.Safe
				err = djmessages.AddMessage(r.Context(), m)
			case "iter":
				var list []djmessages.Message
				if list, err = djmessages.Get(r.Context()); err == nil {
					err = djmessages.Corrupt(r.Context())
				}
				shown := []any{}
				for _, m := range list {
					shown = append(shown, []any{float64(m.Level), m.Text(), m.ExtraTags(), m.Safe, m.Tags(), m.LevelTag()})
				}
				a.Returned = append(a.Returned, shown)
			case "len":
				var n int
				n, err = djmessages.Count(r.Context())
				a.Returned = append(a.Returned, float64(n))
			case "level":
				err = djmessages.SetLevel(r.Context(), djmessages.Level(s.Level))
			default:
				t.Fatalf("no step %q", s.Do)
			}
			if err != nil && failed == nil {
				failed = err
			}
		}
	})
	a.SetCookie = setCookie(t, res, "messages")
	a.Session = w.session(key)
	a.Modified = setCookie(t, res, name) != nil
	a.Accessed = slices.Contains(res.Header["Vary"], "Cookie")
	return a, failed
}

// settings fills in what a case sets. Before the Framework is made, opts are complete.
func settings(t testing.TB, in map[string]json.RawMessage, set *djsession.Settings, opts *djmessages.Options) {
	t.Helper()
	for name, raw := range in {
		read := func(v any) {
			if err := json.Unmarshal(raw, v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		switch name {
		case "SESSION_COOKIE_DOMAIN":
			read(&set.CookieDomain)
		case "SESSION_COOKIE_SECURE":
			read(&set.CookieSecure)
		case "SESSION_COOKIE_HTTPONLY":
			read(&set.CookieHTTPOnly)
		case "SESSION_COOKIE_PATH":
			read(&set.CookiePath)
		case "SESSION_COOKIE_NAME":
			read(&set.CookieName)
		case "SESSION_COOKIE_SAMESITE":
			var v any
			read(&v)
			set.CookieSameSite = map[any]http.SameSite{"Lax": http.SameSiteLaxMode, "Strict": http.SameSiteStrictMode,
				"None": http.SameSiteNoneMode, false: http.SameSiteDefaultMode}[v]
			if set.Django.Before(2, 1) { // which does not know the setting
				set.CookieSameSite = http.SameSiteDefaultMode
			}
		case "DEFAULT_HASHING_ALGORITHM":
			set.LegacyHashing = string(raw) == `"sha1"`
		case "MESSAGE_LEVEL":
			read(&opts.Level)
		case "MESSAGE_TAGS":
			var tags [][2]any
			read(&tags)
			opts.Tags = map[djmessages.Level]string{}
			for _, tag := range tags {
				opts.Tags[djmessages.Level(tag[0].(float64))] = tag[1].(string)
			}
		default:
			t.Fatalf("no setting %s", name)
		}
	}
}

// today spells a cookie of CPython 2.7 and old Djangos as later ones do; it means the same.
var today = strings.NewReplacer("; httponly", "; HttpOnly", "; secure", "; Secure", "messages=;", `messages="";`, "Thu, 01-Jan-1970", "Thu, 01 Jan 1970")

// compare reports where the answers differ.
func compare(t testing.TB, name string, got, want answer) {
	t.Helper()
	if want.SetCookie != nil {
		s := today.Replace(*want.SetCookie)
		want.SetCookie = &s
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if !bytes.Equal(g, w) {
		t.Errorf("%s: got\n%.3000s\nwant\n%.3000s", name, g, w)
	}
}

type vector struct {
	Name string   `json:"name"`
	Why  string   `json:"why"`
	In   testCase `json:"in"`
	Out  answer   `json:"out"`
}

// vectors reads what a Django did.
func vectors(t testing.TB, version string) []vector {
	t.Helper()
	file, err := os.Open("testdata/django" + version + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []vector
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		var v vector
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("Django %s, line %d: %v", version, len(all)+1, err)
		}
		all = append(all, v)
	}
	if err := lines.Err(); err != nil || len(all) < 20 {
		t.Fatalf("Django %s: %d vectors (%v)", version, len(all), err)
	}
	return all
}
