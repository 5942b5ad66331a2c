package compat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// An attack is a visitor who says that he is logged in. Each is made twice, and shown
// to Django and to us, who have to come to the same verdict: who he is, and what
// becomes of the session and the cookie.
type attack struct {
	name string
	// make returns what is stored, or nil for nothing.
	make func(l *lab) any
	// cookie is the Cookie header for the session's key; nil is the usual one.
	cookie func(key string) string
	// after happens when the session is there.
	after func(l *lab, key string)
	// logged tells whether alice is logged in; nil is no.
	logged func(django djsession.DjangoVersion) bool
	// without are Djangos that this cannot be made for.
	without func(django djsession.DjangoVersion) bool
}

// What make returns, if not the login of a session as a map.
type (
	signedRaw string            // the JSON of a session, to be signed
	raw       string            // session_data
	foreign   struct{ how any } // the login, as a site with these settings writes it
	expired   map[string]any    // a session whose time is over
)

func always(djsession.DjangoVersion) bool { return true }

func since(major, minor int) func(djsession.DjangoVersion) bool {
	return func(v djsession.DjangoVersion) bool { return !v.Before(major, minor) }
}

func before(major, minor int) func(djsession.DjangoVersion) bool {
	return func(v djsession.DjangoVersion) bool { return v.Before(major, minor) }
}

// attackUnlike are the verdicts that differ, with the reason. One that does not differ
// fails the test.
var attackUnlike = []struct {
	attack, why string
	where       func(c combo) bool
}{
	{"an inactive user", "Before 1.10 Django asks for is_active when somebody logs in, and never again. Ours always does.",
		func(c combo) bool { return c.django == "1.8" }},
	{"the key in capitals", "MariaDB's usual collations find a row by its key in capitals, and so does Django. Ours takes a key in capitals for none.",
		func(c combo) bool { return c.database == mariadb }},
}

// lab is one world with the people and settings of the attacks.
type lab struct {
	t      testing.TB
	w      *world
	django djsession.DjangoVersion
	m      *djsession.Manager
	auth   *djauth.Auth
	login  map[string]any // of alice, user 1
}

func newLab(t *testing.T, w *world) *lab {
	l := &lab{t: t, w: w}
	w.settings(t, map[string]any{"SECRET_KEY_FALLBACKS": []string{rotated}})
	change := func(*djsession.Settings) {}
	if l.django = w.site(t).Settings().Django; !l.django.Before(4, 1) {
		change = keys(secret, rotated)
	}
	l.m = w.manager(t, "dbstore", change)
	users := dbusers.New(l.m.Site(), w.base.db, dialects[w.database], nil)
	var err error
	if l.auth, err = djauth.New(l.m, users, nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"alice", "bob", "carol", "dave", "erin"} {
		l.person(name)
	}
	l.login = l.loginOf("alice")
	if l.login[djauth.SessionKey] != "1" {
		t.Fatal("alice is not user 1")
	}
	return l
}

func (l *lab) person(name string) (id int, hash string) {
	var user struct {
		ID   int
		Hash string
	}
	l.w.dj.Call(l.t, "user", args{"name": name, "active": name != "bob"}, &user)
	return user.ID, user.Hash
}

func (l *lab) remove(name string) {
	l.w.dj.Call(l.t, "sql", args{"statement": "DELETE FROM auth_user WHERE username = '" + name + "'"}, nil)
}

// loginOf is what Django stores when somebody logs in.
func (l *lab) loginOf(name string) map[string]any {
	id, hash := l.person(name)
	return map[string]any{
		djauth.SessionKey:        fmt.Sprint(id),
		djauth.BackendSessionKey: djauth.ModelBackend,
		djauth.HashSessionKey:    hash,
	}
}

// hash is get_session_auth_hash of alice with another secret or algorithm.
func (l *lab) hash(secret string, alg signer.Algorithm) string {
	a, err := l.auth.Users().ByName(l.t.Context(), "alice")
	must(l.t, err)
	mac, err := signer.NewMAC(signer.SecretKey(secret), "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", alg)
	must(l.t, err)
	return mac.HexSum(a.Password.Reveal())
}

func (l *lab) json() string {
	text, err := json.Marshal(l.login)
	must(l.t, err)
	return string(text)
}

func (l *lab) encode() string {
	text, err := l.m.Site().Encode(serializer.FromMap(l.login))
	must(l.t, err)
	return text
}

func (l *lab) dumps(salt, text string) string {
	signed, err := signer.Dumps(signer.SecretKey(secret), []byte(text), signer.Options{Salt: salt}, false)
	must(l.t, err)
	return signed
}

// store makes the session of an attack, and returns its key, "" for none.
func (l *lab) store(a attack) string {
	if a.make == nil {
		return ""
	}
	lasts, m, data := time.Hour, l.m, map[string]any{}
	row := ""
	switch v := a.make(l).(type) {
	case map[string]any:
		data = v
	case expired:
		data, lasts = v, -time.Hour
	case foreign:
		data, m = l.login, l.w.manager(l.t, "dbstore", v.how.(func(*djsession.Settings)))
	case signedRaw:
		row = l.dumps("django.contrib.sessions.SessionStore", string(v))
	case raw:
		row = string(v)
		if row == "" {
			row = " "
		}
	}
	key := m.Site().NewKey()
	r := &djsession.Record{Data: serializer.FromMap(data), Expires: m.Site().Now().Add(lasts)}
	_, err := m.Store().Create(l.t.Context(), key, r)
	must(l.t, err)
	if row != "" {
		statement := "UPDATE django_session SET session_data = '" + strings.ReplaceAll(row, "'", "''") + "' WHERE session_key = '" + key + "'"
		l.w.dj.Call(l.t, "sql", args{"statement": statement}, nil)
	}
	return key
}

// ours sends a request with this session key to us.
func (l *lab) ours(key string, h http.HandlerFunc) *httptest.ResponseRecorder {
	return l.oursWith("sessionid="+key, h)
}

func (l *lab) oursWith(header string, h http.HandlerFunc) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	if header != "" {
		r.Header.Set("Cookie", header)
	}
	rec := httptest.NewRecorder()
	l.m.Middleware(l.auth.Middleware(h)).ServeHTTP(rec, r)
	return rec
}

// verdict is who somebody is, and what became of the session and the cookie.
type verdict struct{ who, session, cookie string }

func (l *lab) verdict(who, key string, cookies []string) verdict {
	v := verdict{who: who, session: "none", cookie: "untouched"}
	if key != "" {
		v.session = "gone"
		if _, ok := l.w.rows(l.t)[key]; ok {
			v.session = "there"
		}
	}
	switch a := (answer{cookies: cookies}); {
	case a.deletesCookie():
		v.cookie = "deleted"
	case a.session() != "":
		v.cookie = "a new key"
	}
	return v
}

// run makes the attack once for each side.
func (l *lab) run(a attack) (django, ours verdict, crashed bool) {
	header := func(key string) string {
		if a.cookie != nil {
			return a.cookie(key)
		}
		return "sessionid=" + key
	}
	set := func() string {
		key := l.store(a)
		if a.after != nil {
			a.after(l, key)
		}
		return key
	}
	key, text := set(), ""
	if text = header(key); text != "" {
		got := l.w.visit(l.t, request{header: &text, ops: []op{{"user"}}})
		django, crashed = l.djangoSays(got, key)
	} else {
		got := l.w.visit(l.t, request{ops: []op{{"user"}}})
		django, crashed = l.djangoSays(got, key)
	}
	key = set()
	who := ""
	rec := l.oursWith(header(key), func(_ http.ResponseWriter, r *http.Request) {
		id, err := djauth.User(r.Context())
		if err != nil {
			l.t.Errorf("%s: %v", a.name, err)
			return
		}
		who = id.Name()
		if !id.IsAuthenticated() && !errors.Is(id.Why(), djauth.ErrAnonymous) {
			l.t.Errorf("%s: nobody, because of %v", a.name, id.Why())
		}
	})
	return django, l.verdict(who, key, rec.Header()["Set-Cookie"]), crashed
}

func (l *lab) djangoSays(a answer, key string) (verdict, bool) {
	if a.status >= 500 {
		return l.verdict("", key, a.cookies), true
	}
	var name string
	unmarshal(l.t, json.RawMessage(a.result(l.t, 0)), &name)
	return l.verdict(name, key, a.cookies), false
}

// meant is what ours has to be where Django says d. A hash that does not fit may be a
// mistake of ours, such as a wrong SECRET_KEY: where Django deletes the session, ours
// leaves it and the cookie alone. One of a fallback key ours makes anew under the same
// session key, which Django cycles.
func (a attack) meant(d verdict) verdict {
	if !strings.Contains(a.name, "hash") && a.name != "another user" && a.name != "the password was changed" {
		return d
	}
	switch d {
	case verdict{session: "gone", cookie: "deleted"}:
		return verdict{session: "there", cookie: "untouched"}
	case verdict{who: "alice", session: "gone", cookie: "a new key"}:
		d.session = "there"
	}
	return d
}

// TestAttacks is the matrix: each attack, each Django, one verdict.
func TestAttacks(t *testing.T) {
	if n := len(attacks); n < 40 {
		t.Fatalf("there are %d attacks", n)
	}
	var all []combo
	for _, c := range append(combos(), legacyCombos()...) {
		if c.tz == tzOn && (c.database == sqlite || c.django == "6.1") {
			all = append(all, c)
		}
	}
	inWorlds(t, all, func(t *testing.T, w *world) {
		l := newLab(t, w)
		crashes := []string{}
		for _, a := range attacks {
			if a.without != nil && a.without(l.django) {
				continue
			}
			t.Run(a.name, func(t *testing.T) {
				l.t = t
				l.person("carol") // who may be gone
				django, ours, crashed := l.run(a)
				for _, u := range attackUnlike {
					if u.attack == a.name && u.where(w.combo) {
						if django == ours || ours.who != "" {
							t.Errorf("no difference where there should be one: %s", u.why)
						}
						return
					}
				}
				want := ""
				if a.logged != nil && a.logged(l.django) {
					want = "alice"
				}
				if ours.who != want || !crashed && django.who != want {
					t.Errorf("Django says %q, we say %q, want %q", django.who, ours.who, want)
				}
				if crashed {
					crashes = append(crashes, a.name)
					if ours.session == "gone" || ours.cookie == "a new key" {
						t.Errorf("Django answers 500; ours: %+v", ours)
					}
					return
				}
				if want := a.meant(django); ours != want {
					t.Errorf("Django: %+v; ours: %+v, want %+v", django, ours, want)
				}
			})
		}
		slices.Sort(crashes)
		t.Logf("Django answers 500 and we say nobody: %q", crashes)
	})
}
