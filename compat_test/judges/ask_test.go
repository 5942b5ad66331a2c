package judges_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

// situations are sessions and people whom only the code of the site can judge.
var situations = []struct {
	name   string
	person django.Args
	more   django.Args
	after  django.Args // a change to the person after the login
	path   string
	method string
	where  string // "path" for what only AtPath can know
	nobody bool   // the answer, which both sides must give
}{
	{name: "a member"},
	{name: "with groups", person: django.Args{"groups": []string{"staff", "editors"}}},
	{name: "a guest, whose backend grants less", person: django.Args{"role": "guest"}},
	{name: "staff as a property", person: django.Args{"role": "boss"}},
	{name: "a superuser", person: django.Args{"admin": true}},
	{name: "banned, by a property", person: django.Args{"status": "banned"}, nobody: true},
	{name: "deleted, by a manager", after: django.Args{"status": "deleted"}, nobody: true},
	{name: "locked, by a backend", after: django.Args{"status": "locked"}, nobody: true},
	{name: "the hash of before, by an own hash", after: django.Args{"token": "new"}, nobody: true},
	{name: "an own hash by another e-mail", after: django.Args{"email": "else@example.com"}, nobody: true},
	{name: "not long idle", more: django.Args{"last": float64(time.Now().Unix() - 100)}},
	{name: "long idle", more: django.Args{"last": float64(time.Now().Unix() - 601)}, nobody: true},
	{name: "anonymous by a middleware", person: django.Args{"status": "watched"}, more: django.Args{"seen": true}, nobody: true},
	{name: "not yet so", person: django.Args{"status": "watched"}},
	{name: "sent away by a middleware", person: django.Args{"status": "away"}, nobody: true},
	{name: "forbidden by a middleware", person: django.Args{"status": "forbidden"}, nobody: true},
	{name: "an admin acts as number 1", person: django.Args{"role": "boss"}, more: django.Args{"as": 1}},
	{name: "a member may not", more: django.Args{"as": 1}},
	{name: "pinned to this browser", more: django.Args{"agent": "Browser/1.0"}},
	{name: "pinned to another browser", more: django.Args{"agent": "Browser/2.0"}, nobody: true},
	{name: "pinned to this address", more: django.Args{"address": "192.0.2.7"}},
	{name: "pinned to another address", more: django.Args{"address": "192.0.2.8"}, nobody: true},
	{name: "another backend", more: django.Args{"_auth_user_backend": "django.contrib.auth.backends.ModelBackend"}, nobody: true},
	{name: "by the path", path: "/caf%C3%A9/closed/?a=b", where: "path", nobody: true},
	{name: "by the method", method: "DELETE", where: "path", nobody: true},
	{name: "a form", method: "POST", where: "path"},
	{name: "the header alone", method: "HEAD"},
}

// TestAsk: whom the site takes for logged in is logged in at Go, with the same account,
// groups and permissions; and nobody else. Go reads no table of users.
func TestAsk(t *testing.T) {
	for _, version := range []string{"1.8", "2.2", "4.2", "6.1"} {
		for _, atPath := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/AtPath=%v", version, atPath), func(t *testing.T) {
				w := newAsked(t, version, atPath, nil)
				w.d.Call(t, "person", django.Args{"email": "first@example.com"}, nil)
				for n, test := range situations {
					if test.where == "path" && !atPath {
						continue
					}
					// Both sides may change what they see, so that each gets a session of its own.
					one := django.Args{"email": fmt.Sprintf("p%d@example.com", n)}
					for k, v := range test.person {
						one[k] = v
					}
					var who django.Args
					w.d.Call(t, "person", one, &who)
					keys := []string{w.login(who, test.more), w.login(who, test.more)}
					if test.after != nil {
						change := django.Args{"pk": who["_auth_user_id"]}
						for k, v := range test.after {
							change[k] = v
						}
						w.d.Call(t, "change", change, nil)
					}
					method, path := test.method, test.path
					if method == "" {
						method = "GET"
					}
					if path == "" {
						path = "/page/"
					}
					var want *person
					if method == "GET" || method == "DELETE" {
						want = w.django(method, path, keys[0])
					} else { // no form without a token, no body of a HEAD
						want = w.django("GET", path, keys[0])
					}
					got, res, err := w.go_(method, path, keys[1])
					if err != nil {
						t.Errorf("%s: %v", test.name, err)
						continue
					}
					if (want == nil) != test.nobody {
						t.Errorf("%s: Django says %+v", test.name, want)
					}
					if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
						t.Errorf("%s: got %+v, want %+v", test.name, got, want)
					}
					if test.name == "long idle" && !strings.Contains(strings.Join(res.Header["Set-Cookie"], "\n"), "sessionid=") {
						t.Errorf("%s: the visitor keeps the cookie: %q", test.name, res.Header["Set-Cookie"])
					}
					if test.name == "not long idle" {
						var data struct{ Last float64 }
						if err := json.Unmarshal([]byte(w.d.Load(t, keys[1])), &data); err != nil || time.Since(time.Unix(int64(data.Last), 0)) > time.Minute {
							t.Errorf("%s: it was no visit: %v, %v", test.name, data, err)
						}
					}
				}
				// Nobody, a cookie of no session, and a cookie that is none.
				for _, key := range []string{"", strings.Repeat("a", 32), "\"x"} {
					if got, _, err := w.go_("GET", "/page/", key); got != nil || err != nil {
						t.Errorf("the cookie %q: got %+v, %v", key, got, err)
					}
				}
			})
		}
	}
}

// TestAskSeal: the view answers a question once, in time, from whoever has the key, and as it
// was sent.
func TestAskSeal(t *testing.T) {
	for _, version := range []string{"1.8", "6.1"} {
		t.Run(version, func(t *testing.T) {
			w := newAsked(t, version, false, nil)
			var who django.Args
			w.d.Call(t, "person", django.Args{"email": "ada@example.com"}, &who)
			key := w.login(who, nil)
			if got, _, err := w.go_("GET", "/", key); got == nil || err != nil {
				t.Fatalf("got %v, %v", got, err)
			}
			good := w.record.last
			mac, err := signer.NewMAC(signer.SecretKey(askedSecret), djauth.AskKeySalt, signer.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			other, err := signer.NewMAC(signer.SecretKey("another key"), djauth.AskKeySalt, signer.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			// ask sends a question of this age, sealed by mac, after a change.
			ask := func(mac *signer.MAC, age time.Duration, change func(r *http.Request)) (int, string) {
				r := good.Clone(t.Context())
				question := fmt.Sprintf(`{"url":"/djsession-ask/","time":%d,"nonce":"%s","perms":["shop.buy"]}`, time.Now().Add(-age).Unix(), rand.Text())
				asked := encode(question)
				r.Header.Set("X-Djsession-Ask", asked)
				r.Header.Set("X-Djsession-Seal", mac.HexSum(strings.Join([]string{"GET", asked, r.Header.Get("Cookie"), r.Header.Get("User-Agent"), ""}, "\n")))
				if change != nil {
					change(r)
				}
				res, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				body, _ := io.ReadAll(res.Body)
				if res.StatusCode == 200 && (res.Header.Get("X-Djsession-Answer") == "" || !strings.Contains(res.Header.Get("Cache-Control"), "no-store")) {
					t.Errorf("an answer with the header %v", res.Header)
				}
				if res.StatusCode != 200 && strings.Contains(string(body), "ada") {
					t.Error("a refusal says who it is")
				}
				return res.StatusCode, res.Header.Get("X-Djsession-Refused")
			}
			var sent *http.Request
			for _, test := range []struct {
				name   string
				mac    *signer.MAC
				age    time.Duration
				change func(r *http.Request)
				status int
				why    string
			}{
				{name: "as it is", status: 200},
				{name: "a little late", age: 20 * time.Second, status: 200},
				{name: "a little early", age: -20 * time.Second, status: 200},
				{name: "late", age: 40 * time.Second, status: 403, why: "time"},
				{name: "early", age: -40 * time.Second, status: 403, why: "time"},
				{name: "another key", mac: other, status: 403, why: "seal"},
				{name: "no seal", change: func(r *http.Request) { r.Header.Del("X-Djsession-Seal") }, status: 403, why: "seal"},
				{name: "an empty seal", change: func(r *http.Request) { r.Header.Set("X-Djsession-Seal", "") }, status: 403, why: "seal"},
				{name: "no question", change: func(r *http.Request) { r.Header.Del("X-Djsession-Ask") }, status: 403, why: "seal"},
				{name: "neither", change: func(r *http.Request) { r.Header.Del("X-Djsession-Ask"); r.Header.Del("X-Djsession-Seal") }, status: 403, why: "seal"},
				{name: "another cookie", change: func(r *http.Request) { r.Header.Set("Cookie", "sessionid="+strings.Repeat("b", 32)) }, status: 403, why: "seal"},
				{name: "no cookie", change: func(r *http.Request) { r.Header.Del("Cookie") }, status: 403, why: "seal"},
				{name: "another browser", change: func(r *http.Request) { r.Header.Set("User-Agent", "x") }, status: 403, why: "seal"},
				{name: "another question", change: func(r *http.Request) { r.Header.Set("X-Djsession-Ask", encode(`{"url":"/djsession-ask/","time":1}`)) }, status: 403, why: "seal"},
				{name: "another method", change: func(r *http.Request) { r.Method = "PUT" }, status: 403, why: "seal"},
				{name: "a body", change: func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 }, status: 403, why: "seal"},
				{name: "kept for later", change: func(r *http.Request) { sent = r.Clone(t.Context()) }, status: 200},
				{name: "sent again", change: func(r *http.Request) { *r = *sent }, status: 403, why: "nonce"},
				{name: "sent a third time", change: func(r *http.Request) { *r = *sent }, status: 403, why: "nonce"},
			} {
				if test.mac == nil {
					test.mac = mac
				}
				if status, why := ask(test.mac, test.age, test.change); status != test.status || why != test.why {
					t.Errorf("%s: got %d %s, want %d %s", test.name, status, why, test.status, test.why)
				}
			}

			// The same for a question of Go's own, and a process of the site that has another memory.
			if again, err := http.DefaultTransport.RoundTrip(good.Clone(t.Context())); err != nil || again.StatusCode != 403 {
				t.Errorf("Go's own question again: %v, %v", again, err)
			}
			w.d.Exec(t, "from django.core.cache import cache\ncache.clear()", nil, nil)
			if again, err := http.DefaultTransport.RoundTrip(good.Clone(t.Context())); err != nil || again.StatusCode != 403 {
				t.Errorf("Go's own question again, after the cache is cleared: %v, %v", again, err)
			}
		})
	}
}

// TestAskTrouble: what is no answer is unavailable, and never anonymous.
func TestAskTrouble(t *testing.T) {
	w := newAsked(t, "6.1", false, nil)
	var who django.Args
	w.d.Call(t, "person", django.Args{"email": "ada@example.com"}, &who)
	key := w.login(who, nil)
	for _, test := range []struct {
		name, url, key, text string
		handler              http.HandlerFunc // in place of the site
		status               int              // of RequireLogin; 0 is 503
		unlike               bool             // the error is not the key's
	}{
		{name: "another key", key: "another", text: "key is not the site's"},
		{name: "another page of the site", url: "/tiny/", text: "not the answer of the view"},
		{name: "nobody there", url: "http://127.0.0.1:1/", text: "unavailable"},
		{name: "a failing site", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, text: "500"},
		{name: "no such page", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, text: "urlpatterns"},
		{name: "no such host", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }, text: "ALLOWED_HOSTS"},
		{name: "moved", handler: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://site.example/", http.StatusMovedPermanently)
		}, text: "SECURE_SSL_REDIRECT"},
		{name: "an answer of anybody", handler: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"user":{"id":"1","name":"ada"}}`) }, text: "not the answer"},
		{name: "an answer without end", handler: func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 2<<20)) }, text: "too long"},
		{name: "no answer in time", handler: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, text: "unavailable"},
		{name: "another page for this visitor", handler: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/away/", http.StatusFound) }, status: 302},
		{name: "too many requests", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, status: 429},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := test.url
			if test.handler != nil {
				srv := httptest.NewServer(test.handler)
				defer srv.Close()
				url = srv.URL + "/ask/"
			} else if !strings.HasPrefix(url, "http") {
				if url == "" {
					url = "/djsession-ask/"
				}
				url = w.url + url
			}
			secret := test.key
			if secret == "" {
				secret = askedSecret
			}
			judge, err := djauth.AskDjango(url, signer.SecretKey(secret), &djauth.AskOptions{Timeout: 2 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			auth, err := djauth.New(w.m, nil, nil, &djauth.Options{Judge: judge})
			if err != nil {
				t.Fatal(err)
			}
			x := *w
			x.auth = auth
			_, _, err = x.go_("GET", "/", key)
			if test.status == 0 && (!errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), test.text)) {
				t.Errorf("got %v, want %q", err, test.text)
			}
			if test.key != "" && !errors.Is(err, djauth.ErrAskRefused) {
				t.Errorf("got %v, want ErrAskRefused", err)
			}
			rec := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", "sessionid="+key)
			w.m.Middleware(auth.RequireLogin(http.NotFoundHandler())).ServeHTTP(rec, r)
			want := test.status
			if want == 0 {
				want = 503
			}
			if rec.Code != want {
				t.Errorf("RequireLogin: got %d, want %d", rec.Code, want)
			}
		})
	}
}

// TestAskStale: an answer is remembered for as long as the option says, for what is the same
// question, and RequirePermission takes one question.
func TestAskStale(t *testing.T) {
	w := newAsked(t, "6.1", false, nil)
	var who django.Args
	w.d.Call(t, "person", django.Args{"email": "ada@example.com"}, &who)
	key := w.login(who, nil)
	w.record.count()
	visit := func(auth *djauth.Auth, path, agent string) (status, questions int) {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Cookie", "sessionid="+key)
		r.Header.Set("User-Agent", agent)
		rec := httptest.NewRecorder()
		w.m.Middleware(auth.RequirePermission("shop.buy")(http.NotFoundHandler())).ServeHTTP(rec, r)
		return rec.Code, w.record.count()
	}
	for range 2 {
		if status, n := visit(w.auth, "/", "a"); status != 404 || n != 1 {
			t.Errorf("without Stale: got %d by %d questions", status, n)
		}
	}
	judge, err := djauth.AskDjango(w.url+"/djsession-ask/", signer.SecretKey(askedSecret), &djauth.AskOptions{
		Client: &http.Client{Transport: w.record}, Stale: 2 * time.Second, MaxStale: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := djauth.New(w.m, nil, nil, &djauth.Options{Judge: judge})
	if err != nil {
		t.Fatal(err)
	}
	want := []int{1, 0, 1, 0, 1, 0}
	var got []int
	for _, q := range [][2]string{{"/", "a"}, {"/", "a"}, {"/", "b"}, {"/", "b"}, {"/c", "a"}, {"/", "a"}} {
		_, n := visit(auth, q[0], q[1])
		got = append(got, n)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d questions, want %d", got, want)
	}
	w.d.Call(t, "change", django.Args{"pk": who["_auth_user_id"], "status": "banned"}, nil)
	time.Sleep(2 * time.Second)
	if status, n := visit(auth, "/", "a"); status != 302 || n != 1 {
		t.Errorf("after a ban: got %d by %d questions", status, n)
	}
}

// TestAskStopped: without the site nobody knows who a visitor is.
func TestAskStopped(t *testing.T) {
	front := httptest.NewServer(http.NotFoundHandler())
	url := front.URL
	front.Close()
	w := newAsked(t, "6.1", false, nil)
	key := w.d.Create(t, django.Args{"n": 1})
	judge, err := djauth.AskDjango(url, signer.SecretKey(askedSecret), nil)
	if err != nil {
		t.Fatal(err)
	}
	if w.auth, err = djauth.New(w.m, nil, nil, &djauth.Options{Judge: judge}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{key, ""} {
		if got, _, err := w.go_("GET", "/", key); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
