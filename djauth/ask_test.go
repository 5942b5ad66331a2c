package djauth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// view is a site's view that answers as it is told. compat_test/judges asks real ones.
type view struct {
	mu     sync.Mutex
	body   string // the answer
	cookie string // Set-Cookie
	seen   *http.Request
	asks   int
}

func (v *view) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen, v.asks = r, v.asks+1
	mac, err := signer.NewMAC(signer.SecretKey(secret), djauth.AskKeySalt, signer.SHA256)
	if err != nil {
		panic(err)
	}
	text, _ := decode64(r.Header.Get("X-Djsession-Ask"))
	_, nonce, _ := strings.Cut(text, `"nonce":"`)
	nonce, _, _ = strings.Cut(nonce, `"`)
	if v.cookie != "" {
		w.Header().Set("Set-Cookie", v.cookie)
	}
	w.Header().Set("X-Djsession-Answer", mac.HexSum("answer\n"+nonce+"\n"+v.body))
	io.WriteString(w, v.body)
}

// count returns how many questions came.
func (v *view) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asks
}

func (v *view) say(body string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.body = body
}

// last returns the header of the last question.
func (v *view) last() *http.Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen
}

func decode64(text string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	return string(data), err
}

// newAsking makes a site that asks v, and that has Users all the same.
func newAsking(t *testing.T, v *view, change ...any) *world {
	t.Helper()
	srv := httptest.NewServer(v)
	t.Cleanup(srv.Close)
	judge, err := djauth.AskDjango(srv.URL+"/ask/", signer.SecretKey(secret), nil)
	if err != nil {
		t.Fatal(err)
	}
	return newWorld(t, append(change, func(o *djauth.Options) { o.Judge = judge })...)
}

// What the site says counts, and what Go makes of the session does not.
func TestAskDecides(t *testing.T) {
	const ada, nobody = `{"user":{"id":"1","name":"ada","active":true},"real":{"id":"9","name":"boss"},"level":"verified","groups":["g"],"perms":{"a.b":true}}`, `{"user":null}`
	for _, test := range []struct {
		name, body string
		change     []any // of the session
		who        string
	}{
		{"both say yes", ada, nil, "ada"},
		{"the site says no", nobody, nil, ""},
		{"an own hash", ada, []any{djauth.HashSessionKey, "own"}, "ada"},
		{"an own backend", ada, []any{djauth.BackendSessionKey, "own.Backend"}, "ada"},
		{"both say no", nobody, []any{djauth.HashSessionKey, "own"}, ""},
	} {
		v := &view{body: test.body, cookie: "sessionid=other; Path=/"}
		w := newAsking(t, v)
		items := w.login(item("cart", "full"))
		if test.change != nil {
			items = w.login(item("cart", "full"), item(test.change[0].(string), test.change[1]))
		}
		key := w.put(items...)
		res := w.do(httptest.NewRequest("GET", "/", nil), key, func(_ http.ResponseWriter, r *http.Request) {
			id, err := djauth.User(r.Context())
			if err != nil || id.Name() != test.who {
				t.Errorf("%s: got %v, %v", test.name, id, err)
			}
			s, err := w.m.Load(r.Context())
			if cart, _ := s.Get("cart"); err != nil || cart != "full" {
				t.Errorf("%s: the session is set aside", test.name)
			}
			if test.who == "" {
				return
			}
			groups, err := id.Groups(r.Context())
			if id.Level() != "verified" || id.Real().Name() != "boss" || len(groups) != 1 || err != nil {
				t.Errorf("%s: got level %q, really %q, groups %q, %v", test.name, id.Level(), id.Real().Name(), groups, err)
			}
			if _, err := id.Real().HasPerm(r.Context(), "a.b"); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: the permissions of the real one: %v", test.name, err)
			}
			if ok, err := id.HasPerm(r.Context(), "a.b"); !ok || err != nil || v.count() != 1 {
				t.Errorf("%s: HasPerm of the answer: got %v, %v after %d questions", test.name, ok, err, v.count())
			}
			if ok, err := id.HasPerm(r.Context(), "a.c"); ok || err != nil || v.count() != 2 {
				t.Errorf("%s: HasPerm of another: got %v, %v after %d questions", test.name, ok, err, v.count())
			}
			if c := v.last().Header.Get("Cookie"); c != "sessionid=other" {
				t.Errorf("%s: the second question has the cookie of the first", test.name)
			}
			v.say(nobody)
			if ok, err := id.HasPerm(r.Context(), "a.d"); ok || !errors.Is(err, djsession.ErrUnavailable) {
				t.Errorf("%s: after a logout: got %v, %v", test.name, ok, err)
			}
		})
		if newKey(res) != "other" {
			t.Errorf("%s: the visitor got %q", test.name, res.Header["Set-Cookie"])
		}
	}
}

// The header goes on as the site's proxy sends it.
func TestAskHeader(t *testing.T) {
	for _, test := range []struct {
		name, peer string
		proxies    djsession.Proxies
		want       map[string]string
	}{
		{name: "no proxy", peer: "192.0.2.7:5", want: map[string]string{"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "", "X-Real-Ip": "192.0.2.7"}},
		{name: "a proxy", peer: "127.0.0.1:5", proxies: djsession.LocalProxies(), want: map[string]string{"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "h"}},
		{name: "a header of the site", peer: "192.0.2.7:5", proxies: djsession.Proxies{SSLHeader: "HTTP_X_SCHEME", SSLValue: "on"}, want: map[string]string{"X-Scheme": "on", "X-Forwarded-Proto": "https"}},
	} {
		v := &view{body: `{"user":null}`}
		w := newAsking(t, v, func(s *djsession.Settings) { s.Proxies = test.proxies })
		r := httptest.NewRequest("POST", "http://site.example/a?b", strings.NewReader("body"))
		r.RemoteAddr = test.peer
		for name, value := range map[string]string{
			"X-Forwarded-For": "203.0.113.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "h", "Accept-Language": "fr", "Authorization": "Token t", "X-Scheme": "on",
			"Content-Type": "text/plain", "If-None-Match": "x", "Connection": "X-Hop", "X-Hop": "1", "X_Djsession_Ask": "x", "X-Djsession-Seal": "y", "Range": "bytes=0-1",
		} {
			r.Header[name] = []string{value}
		}
		w.do(r, "aaaaaaaaaaaaaaaa", func(_ http.ResponseWriter, r *http.Request) {
			if id, err := djauth.User(r.Context()); err != nil || id.IsAuthenticated() {
				t.Errorf("%s: got %v, %v", test.name, id, err)
			}
		})
		want := map[string]string{"Accept-Language": "fr", "Authorization": "Token t", "Cookie": "sessionid=aaaaaaaaaaaaaaaa", "Content-Type": "", "If-None-Match": "", "X-Hop": "", "Range": "", "User-Agent": ""}
		for name, value := range test.want {
			want[name] = value
		}
		for name, value := range want {
			if got := v.last().Header.Get(name); got != value {
				t.Errorf("%s: %s is %q, want %q", test.name, name, got, value)
			}
		}
		if v.last().Host != "site.example" || v.last().Method != "GET" || v.last().URL.String() != "/ask/" || slices.Contains(slices.Collect(maps.Keys(v.last().Header)), "X_Djsession_Ask") || len(v.last().Header["X-Djsession-Seal"]) != 1 {
			t.Errorf("%s: got %s %s%s with %v", test.name, v.last().Method, v.last().Host, v.last().URL, v.last().Header)
		}
	}
}

// What is watched is asked about under the session's present key, and ends when the site says
// no.
func TestAskWatch(t *testing.T) {
	v := &view{body: `{"user":{"id":"1","name":"ada","active":true}}`}
	srv := httptest.NewServer(v)
	defer srv.Close()
	judge, err := djauth.AskDjango(srv.URL, signer.SecretKey(secret), nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	auth, err := djauth.New(w.m, nil, nil, &djauth.Options{Judge: judge, WatchInterval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	w.auth = auth
	key := w.put(w.login()...)
	ctx, end := context.WithTimeout(t.Context(), 10*time.Second)
	defer end()
	var stream context.Context
	r := httptest.NewRequest("GET", "/stream/", nil).WithContext(ctx)
	r.Header.Set("User-Agent", "Browser")
	w.do(r, key, func(_ http.ResponseWriter, r *http.Request) {
		if stream, _, err = auth.Watch(r.Context()); err != nil {
			t.Fatal(err)
		}
	})
	time.Sleep(100 * time.Millisecond)
	if stream.Err() != nil {
		t.Fatalf("ended: %v", context.Cause(stream))
	}
	s, err := w.m.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := auth.Identify(t.Context(), s); err != nil || id.Name() != "ada" || v.count() < 3 {
		t.Errorf("a job: got %v, %v after %d questions", id, err, v.count())
	}
	if err := w.store.Delete(t.Context(), key, djsession.Force); err != nil {
		t.Fatal(err)
	}
	if <-stream.Done(); !errors.Is(context.Cause(stream), djsession.ErrNotFound) {
		t.Errorf("after the session is gone: %v", context.Cause(stream))
	}
}

func TestAskOptions(t *testing.T) {
	key := signer.SecretKey("k")
	for _, test := range []struct {
		name, url string
		key       signer.Keys
		opts      *djauth.AskOptions
		err       error
	}{
		{"fine", "http://127.0.0.1:8000", key, nil, nil},
		{"a path", "/ask/", key, nil, djsession.ErrConfig},
		{"no URL", "http://[", key, nil, djsession.ErrConfig},
		{"a password", "http://u:p@h/", key, nil, djsession.ErrConfig},
		{"a query", "http://h/?a", key, nil, djsession.ErrConfig},
		{"no key", "http://h/", signer.Keys{}, nil, signer.ErrNoKey},
		{"a negative time", "http://h/", key, &djauth.AskOptions{Stale: -1}, djsession.ErrConfig},
		{"a size of nothing", "http://h/", key, &djauth.AskOptions{MaxStale: 1}, djsession.ErrConfig},
	} {
		judge, err := djauth.AskDjango(test.url, test.key, test.opts)
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) || (judge == nil) != (err != nil) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.err)
		}
		if err != nil && strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: the error has the password", test.name)
		}
	}
}
