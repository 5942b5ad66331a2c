package djcsrf_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcsrf"
)

type fixture struct {
	Django string
	Tokens []struct {
		Secret string
		Tokens []string
	}
	Responses []struct {
		Name  string
		Asked struct {
			Settings map[string]any
			Headers  [][2]string
			Session  any
			Do       []string
		}
		Answered struct {
			Verdict, Reason, Cookie, Token, Vary string
			Session                              any
		}
	}
}

// fixtures are what testdata/gen.py had Djangos write.
func fixtures(t *testing.T) (all []fixture) {
	t.Helper()
	paths, _ := filepath.Glob("testdata/django*.json")
	if len(paths) != 7 {
		t.Fatalf("%d files of vectors, want 7", len(paths))
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var f fixture
		if err := json.Unmarshal(text, &f); err != nil || len(f.Responses) < 20 {
			t.Fatalf("%s: %v, %d responses", path, err, len(f.Responses))
		}
		all = append(all, f)
	}
	return all
}

// Tokens of every Django that masks are good here, for their own secret only.
func TestTokensOfDjango(t *testing.T) {
	for _, f := range fixtures(t) {
		w := newWorld(t, f.Django, nil)
		for _, v := range f.Tokens {
			for _, token := range v.Tokens {
				for cookie, want := range map[string]int{v.Secret: 200, token: 200, another: 403} {
					res := w.serve(ask("POST", "csrfmiddlewaretoken="+token, "Cookie: csrftoken="+cookie), ok)
					if res.StatusCode != want {
						t.Errorf("Django %s: token %s with cookie %s: got %d, want %d", f.Django, token, cookie, res.StatusCode, want)
					}
				}
			}
		}
	}
}

type difference struct {
	why   string
	where func(django, name string) bool
}

// unlike are the responses that are meant to be others; package compat_test/csrf looks at
// them in detail.
var unlike = []difference{
	{
		"a bare secret in the session is none for Django before 4.0, for ever",
		func(django, name string) bool {
			return django[0] < '4' && strings.HasPrefix(name, "sessions, a bare secret, token")
		},
	},
	{
		"what is no secret in the session makes Django fail, or make tokens that never fit",
		func(_, name string) bool { return strings.HasPrefix(name, "sessions, what is no secret, token") },
	},
	{
		"Django before 1.10 takes short cookies",
		func(django, name string) bool {
			return django == "1.8" && strings.HasPrefix(name, "default, what is no secret, token")
		},
	},
}

// What is random is replaced by how long it is.
var random = regexp.MustCompile(`=[a-zA-Z0-9]{32,64}`)

// The cookies, with their attributes, and the sessions of every Django.
func TestResponsesOfDjango(t *testing.T) {
	used := make([]bool, len(unlike))
	for _, f := range fixtures(t) {
		for _, v := range f.Responses {
			meant := func(u difference) bool { return u.where(f.Django, v.Name) }
			if i := slices.IndexFunc(unlike, meant); i >= 0 {
				used[i] = true
				continue
			}
			t.Run("Django "+f.Django+", "+v.Name, func(t *testing.T) {
				o := optionsOf(v.Asked.Settings)
				w := newWorld(t, f.Django, o)
				r := ask("GET", "")
				for _, h := range v.Asked.Headers[1:] {
					r.Header.Add(h[0], h[1])
				}
				session := ""
				if v.Asked.Session != nil {
					session = w.put(v.Asked.Session)
					r.Header.Add("Cookie", session)
				}
				token := ""
				res := w.serve(r, func(w http.ResponseWriter, r *http.Request) {
					for _, do := range v.Asked.Do {
						var err error
						if do == "token" {
							token, err = djcsrf.Token(r.Context())
						} else {
							err = djcsrf.Rotate(r.Context())
						}
						if err != nil {
							t.Error(err)
						}
					}
				})
				name := o.CookieName
				if name == "" {
					name = "csrftoken"
				}
				got, want := csrfCookie(res, name), normal(v.Answered.Cookie)
				if keep := strings.HasPrefix(want, name+"="+secret) || strings.HasPrefix(want, name+"="+masked); !keep || f.Django < "4.1" && strings.Contains(v.Name, "a bare") {
					got, want = random.ReplaceAllStringFunc(got, length), random.ReplaceAllStringFunc(want, length)
				}
				if got != want {
					t.Errorf("cookie:\n got %s\nwant %s", got, want)
				}
				if len(token) != len(v.Answered.Token) {
					t.Errorf("a token of %d characters, want %d", len(token), len(v.Answered.Token))
				}
				if got := res.Header.Get("Vary"); got != v.Answered.Vary {
					t.Errorf("Vary: got %q, want %q", got, v.Answered.Vary)
				}
				if !o.UseSessions {
					return
				}
				if line := csrfCookie(res, "sessionid"); line != "" {
					session = line
				}
				var held any
				if session != "" {
					held = w.held(session)
				}
				if got, want := shape(held), shape(v.Answered.Session); got != want {
					t.Errorf("session: got %s, want %s", got, want)
				}
			})
		}
	}
	for i, u := range unlike {
		if !used[i] {
			t.Errorf("no response shows that %s", u.why)
		}
	}
}

func length(s string) string { return fmt.Sprint("=", len(s)-1) }

// shape is a stored secret, or its length if it is new.
func shape(v any) string {
	if s, ok := v.(string); ok && s != secret && s != masked {
		return fmt.Sprint(len(s))
	}
	return fmt.Sprint(v)
}

// normal is a cookie as Python 3 and newer Djangos write it.
func normal(cookie string) string {
	cookie = regexp.MustCompile(`(\d\d)-(\w\w\w)-(\d\d\d\d)`).ReplaceAllString(cookie, "$1 $2 $3")
	return strings.NewReplacer("; httponly", "; HttpOnly", "; secure", "; Secure").Replace(cookie)
}

func optionsOf(settings map[string]any) *djcsrf.Options {
	text := func(name string) string { s, _ := settings[name].(string); return s }
	flag := func(name string) bool { b, _ := settings[name].(bool); return b }
	o := &djcsrf.Options{
		CookieName: text("CSRF_COOKIE_NAME"), CookieDomain: text("CSRF_COOKIE_DOMAIN"), CookiePath: text("CSRF_COOKIE_PATH"),
		CookieSecure: flag("CSRF_COOKIE_SECURE"), CookieHTTPOnly: new(flag("CSRF_COOKIE_HTTPONLY")), UseSessions: flag("CSRF_USE_SESSIONS"),
	}
	if age, ok := settings["CSRF_COOKIE_AGE"]; ok {
		seconds, _ := age.(float64)
		o.CookieAge, o.ExpireAtBrowserClose = time.Duration(seconds)*time.Second, age == nil
	}
	if text("CSRF_COOKIE_SAMESITE") == "Strict" {
		o.CookieSameSite = http.SameSiteStrictMode
	}
	return o
}
