package compat_test

import (
	"net/http"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
)

// Sessions in cookies go from hand to hand: what a side answers is what the visitor
// brings to the other.
func TestSignedCookies(t *testing.T) {
	for _, django := range engineDjangos {
		t.Run("django"+django, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && django != "5.2" {
				t.Skip("only Django 5.2 with -short")
			}
			p := at(t, django)
			p.mu.Lock()
			defer p.mu.Unlock()
			engineMatrix.checks(t, "values, expiry, login and logout", "signed_cookies", "", "JSON", django)
			p.settings(t, map[string]any{"SESSION_ENGINE": backends + "signed_cookies"})
			site := p.site(t)
			sealer, err := cookiestore.New(site, nil)
			must(t, err)
			m := djsession.NewSealed(sealer)
			values := map[string]any{"float": 1.0, "text": "é ☃ <b>", "list": []any{int64(1), nil, "x"}}

			// Django writes, Go reads and writes, Django reads.
			cookie := p.visit(t, request{ops: []op{{"update", tag(values)}}}).session()
			compare(t, "Django wrote, Go read", asMap(open(t, m, cookie).Dict()), values)
			a := handle(m, cookie, func(rw http.ResponseWriter, r *http.Request) {
				s, err := djsession.Load(r.Context())
				must(t, err)
				must(t, s.Set("go", 7))
				must(t, s.SetExpiry(djsession.Seconds(300)))
			})
			values["go"], values["_session_expiry"] = int64(7), int64(300)
			got := p.visit(t, request{cookie: a.session(), ops: []op{{"items"}, {"expiry"}}})
			compare(t, "Go wrote, Django read", untagMap(t, []byte(got.result(t, 0))), values)

			// A login by Django is one for Go; Go's logout is one for Django.
			cookie = p.visit(t, request{cookie: a.session(), ops: []op{{"login", "alice"}}}).session()
			if id, _ := open(t, m, cookie).Get("_auth_user_id"); id != "1" {
				t.Errorf("logged in on Django: Go has user %v, want 1", id)
			}
			a = handle(m, cookie, func(rw http.ResponseWriter, r *http.Request) {
				s, err := djsession.Load(r.Context())
				must(t, err)
				must(t, s.CycleKey())
			})
			if name := p.visit(t, request{cookie: a.session(), ops: []op{{"user"}}}).result(t, 0); name != `"alice"` {
				t.Errorf("sealed anew by Go: Django has user %s, want alice", name)
			}
			a = handle(m, cookie, func(rw http.ResponseWriter, r *http.Request) {
				s, err := djsession.Load(r.Context())
				must(t, err)
				must(t, s.Flush(r.Context()))
			})
			if !a.deletesCookie() {
				t.Error("Go's logout did not delete the cookie")
			}
			if got := p.visit(t, request{cookie: cookie, ops: []op{{"logout"}}}); !got.deletesCookie() {
				t.Error("Django's logout did not delete the cookie")
			}
		})
	}
}
