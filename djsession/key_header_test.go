package djsession_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

const tokenHeader = "X-Session-Token"

// TestKeyHeader holds requests with a session key in a header against what django-allauth
// 65.22 does under its SessionTokenStrategy: the header's session is used and no cookie, and a
// new key goes back. Unlike there, where an unknown key is answered with 410, it is
// anonymous.
func TestKeyHeader(t *testing.T) {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("key header"), KeyHeader: "x-session-token"})
	if err != nil {
		t.Fatal(err)
	}
	m := djsession.New(memstore.New(site))
	store := func(n int) string {
		s, err := m.Open(t.Context(), "")
		if err == nil {
			err = errors.Join(s.Set("n", n), s.Save(t.Context()))
		}
		if err != nil {
			t.Fatal(err)
		}
		return s.Key()
	}
	const (
		set, cycle, flush = "set", "cycle", "flush"
		unknown           = "unknownunknownunknownunknown0000"
	)
	for _, tt := range []struct {
		name   string
		header []string // "1" and "2" stand for the keys of two sessions
		cookie string
		does   string
		n      int    // what the handler finds
		key    string // of the answer's header: "", or "new"
		set    bool   // the answer sets a cookie
	}{
		{"the header", []string{"1"}, "", "", 1, "", false},
		{"the header before the cookie", []string{"1"}, "2", "", 1, "", false},
		{"the cookie", nil, "2", "", 2, "", false},
		{"the cookie, changed", nil, "2", set, 2, "", true},
		{"the header, changed", []string{"1"}, "2", set, 1, "", false},
		{"a new key", []string{"1"}, "", cycle, 1, "new", false},
		{"a logout", []string{"1"}, "2", flush, 1, "", false},
		{"no session yet", []string{""}, "2", set, 0, "new", false},
		{"no session", []string{""}, "2", "", 0, "", false},
		{"unknown", []string{unknown}, "2", "", 0, "", false},
		{"unknown, changed", []string{unknown}, "2", set, 0, "new", false},
		{"two headers", []string{"1", "1"}, "", "", 0, "", false},
		{"neither", nil, "", set, 0, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys := strings.NewReplacer("1", store(1), "2", store(2))
			r := httptest.NewRequest("POST", "/", nil)
			for _, key := range tt.header {
				if key != unknown {
					key = keys.Replace(key)
				}
				r.Header.Add(tokenHeader, key)
			}
			if tt.cookie != "" {
				r.AddCookie(&http.Cookie{Name: "sessionid", Value: keys.Replace(tt.cookie)})
			}
			rec := httptest.NewRecorder()
			m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := djsession.Load(r.Context())
				if err != nil {
					t.Fatal(err)
				}
				if n, err := djsession.Value(s, "n", 0); n != tt.n || err != nil {
					t.Errorf("got the session %d, %v, want %d", n, err, tt.n)
				}
				switch tt.does {
				case set:
					err = s.Set("x", 1)
				case cycle:
					err = s.CycleKey()
				case flush:
					err = s.Flush(r.Context())
				}
				if err != nil {
					t.Error(err)
				}
			})).ServeHTTP(rec, r)
			h := rec.Header()
			got, old := h.Get(tokenHeader), r.Header.Get(tokenHeader)
			switch tt.key {
			case "":
				if got != "" {
					t.Errorf("the answer has a key")
				}
			case "new":
				if got == "" || got == old || !site.ValidKey(got) {
					t.Errorf("the answer has no new key")
				} else if _, err := m.Open(t.Context(), got); err != nil {
					t.Errorf("the new key: %v", err)
				}
			}
			if set := h.Get("Set-Cookie") != ""; set != tt.set {
				t.Errorf("the answer sets a cookie: %t, want %t", set, tt.set)
			}
			if !strings.Contains(h.Get("Vary"), "Cookie") || !strings.Contains(h.Get("Vary"), tokenHeader) {
				t.Errorf("Vary is %q", h.Get("Vary"))
			}
			if tt.does == flush {
				if _, err := m.Open(t.Context(), old); !errors.Is(err, djsession.ErrNotFound) {
					t.Errorf("after the logout: %v", err)
				}
			}
		})
	}
}

// TestCookieAttributes is about what Django has no setting for, and settings that are odd.
func TestCookieAttributes(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  djsession.Settings
		want string // the end of the cookie
		gone string // of its deletion
	}{
		{"Partitioned", djsession.Settings{CookieSecure: true, CookieSameSite: http.SameSiteNoneMode, CookieAttributes: []string{"Partitioned"}},
			"; Path=/; SameSite=None; Secure; Partitioned", "; Path=/; SameSite=None; Secure; Partitioned"},
		{"more", djsession.Settings{CookieSecure: true, CookieAttributes: []string{"Partitioned", "Priority=High"}},
			"; SameSite=Lax; Secure; Partitioned; Priority=High", "; SameSite=Lax; Secure; Partitioned; Priority=High"},
		{"age zero", djsession.Settings{CookieAgeZero: true}, "; Max-Age=0; Path=/; SameSite=Lax", "; Max-Age=0; Path=/; SameSite=Lax"},
		{"age below zero", djsession.Settings{CookieAge: -time.Second}, "; Max-Age=-1; Path=/; SameSite=Lax", "; Max-Age=0; Path=/; SameSite=Lax"}, // as of Django 5.2
		{"no path", djsession.Settings{CookiePathNone: true}, "; Max-Age=1209600; SameSite=Lax", "; Max-Age=0; SameSite=Lax"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.set.Keys = signer.SecretKey("attributes")
			site, err := djsession.NewSite(tt.set)
			if err != nil {
				t.Fatal(err)
			}
			m := djsession.New(memstore.New(site))
			for cookie, want := range map[string]string{"": tt.want, "unknownunknown": tt.gone} {
				r := httptest.NewRequest("GET", "/", nil)
				if cookie != "" {
					r.AddCookie(&http.Cookie{Name: "sessionid", Value: cookie})
				}
				rec := httptest.NewRecorder()
				m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s, err := djsession.Load(r.Context())
					if err == nil && cookie == "" {
						err = s.Set("n", 1)
					}
					if err != nil {
						t.Error(err)
					}
				})).ServeHTTP(rec, r)
				if got := rec.Header().Get("Set-Cookie"); !strings.HasSuffix(got, want) {
					t.Errorf("got %q, want the end %q", got, want)
				}
			}
		})
	}
	for name, set := range map[string]djsession.Settings{
		"Partitioned without Secure": {CookieAttributes: []string{"Partitioned"}},
		"an attribute with a field":  {CookieAttributes: []string{"path=/a"}},
		"two attributes in one":      {CookieAttributes: []string{"A; B"}},
		"a line end":                 {CookieAttributes: []string{"A=b\r\nX: y"}},
		"age zero and another":       {CookieAgeZero: true, CookieAge: time.Hour},
		"no path and a path":         {CookiePathNone: true, CookiePath: "/"},
		"a header that is none":      {KeyHeader: "a b"},
		"the header of cookies":      {KeyHeader: "cookie"},
	} {
		set.Keys = signer.SecretKey("attributes")
		if _, err := djsession.NewSite(set); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%s: got %v, want ErrConfig", name, err)
		}
	}
}
