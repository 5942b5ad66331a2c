package compat_test

import (
	"cmp"
	"flag"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/internal/testkit/webdriver"
)

// browserStory is a visit to a site, one half of which is Django, and the other Go.
type browserStory struct {
	django        string
	engine        *engine
	database      string // "" is SQLite
	store         string // ours for the engine db; "" is what the engine says
	messages      djmessages.Storage
	csrfInSession bool
}

func (s *browserStory) String() string {
	text := "django" + s.django + "/" + s.engine.String()
	if s.database != sqlite {
		text += ", " + s.database + ", " + s.store
	}
	switch s.messages {
	case djmessages.Fallback:
		text += ", FallbackStorage"
	case djmessages.Cookie:
		text += ", CookieStorage"
	}
	if s.csrfInSession {
		text += ", CSRF_USE_SESSIONS"
	}
	return text
}

// signedCookies is an engine without a store.
var signedCookies = engine{
	name: "signed_cookies", format: "JSON", plain: true,
	settings: engineSettings("SESSION_ENGINE", backends+"signed_cookies"),
}

// browserStories are one for each engine, and more for the usual one. Messages are in
// the session, as that is what an engine can spoil.
func browserStories() []browserStory {
	db := &engines[0]
	all := []browserStory{
		{django: "5.2", engine: db, messages: djmessages.Fallback},
		{django: "2.2", engine: db, messages: djmessages.Session},
		{django: "4.2", engine: db, messages: djmessages.Cookie, csrfInSession: true},
		{django: "6.1", engine: db, database: postgres, store: "dbstore", messages: djmessages.Session},
		{django: "6.1", engine: db, database: postgres, store: "pgxstore", messages: djmessages.Session},
		{django: "6.1", engine: db, database: mariadb, store: "dbstore", messages: djmessages.Session},
		{django: "6.1", engine: &signedCookies, messages: djmessages.Session},
	}
	for i := range engines {
		s := browserStory{engine: &engines[i], messages: djmessages.Session}
		for _, s.django = range []string{"6.1", "5.2", "4.2", "3.2"} {
			if s.engine.djangos == nil || slices.Contains(s.engine.djangos, s.django) {
				break
			}
		}
		all = append(all, s)
	}
	for i := range all {
		all[i].database = cmp.Or(all[i].database, sqlite)
	}
	return all
}

// TestBrowser visits the site with a real browser: who logs in on one half is known to
// the other, and so is who logs out; forms of one half go to the other; messages of one
// half show on the other.
func TestBrowser(t *testing.T) {
	browser := webdriver.Start(t)
	sites := map[combo]*twoHalves{}
	visited := map[string]bool{}
	for _, s := range browserStories() {
		if visited[s.engine.name] && !everyStory() {
			continue
		}
		visited[s.engine.name] = true
		if testing.Short() && (s.django != "5.2" || s.engine.name != "db") {
			continue
		}
		t.Run(s.String(), func(t *testing.T) {
			if s.store != "" {
				matrix.checks(t, "in a browser", s.store, s.database, s.django)
			} else {
				engineMatrix.checks(t, "in a browser", s.engine.name, s.engine.cache, s.engine.format, s.django)
			}
			c := combo{s.django, s.database, tzOn}
			if sites[c] == nil {
				sites[c] = openHalves(t, c)
			}
			site := sites[c]
			site.settings(t, s.djangoSettings(t, site.place))
			half := s.handler(t, site.place)
			site.goHalf.Store(&half)
			g := &guest{T: t, s: &s, site: site, browser: browser}
			g.story()
		})
	}
}

// everyStory reports whether an engine is visited with each of its caches. That takes
// minutes, and so is for runs that want everything, or this test.
func everyStory() bool {
	return os.Getenv("DJSESSION_TEST_REQUIRE") == "1" || strings.Contains(flag.Lookup("test.run").Value.String(), "Browser")
}

func (g *guest) story() {
	g.site.dj.Call(g, "user", args{"name": "alice", "password": "first", "admin": true}, nil)
	g.check(g.browser.DeleteCookies())

	g.doing = "nobody sends a form of another site"
	for _, path := range []string{"/form/", "/go/form/"} {
		answer, err := g.site.server.Client().PostForm(g.site.server.URL+path, url.Values{"note": {"x"}})
		g.check(err)
		answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden {
			g.fail("%s: got status %d, want 403", path, answer.StatusCode)
		}
	}

	g.doing = "nobody sends a form of Django to Go"
	g.open("/page/")
	g.types("input[name=note]", "ä <1>")
	g.leaves("form button", "/page/")
	g.sees("#messages .success", "Go noted <ä <1>>")
	g.sees("#note", "ä <1>")
	g.sees("#user", "")
	before := g.cookies()
	g.open("/page/")
	g.sees("#messages", "")

	g.doing = "alice logs in at Django"
	g.open("/admin/login/?next=/go/")
	g.types("#id_username", "alice")
	g.types("#id_password", "first")
	g.leaves("input[type=submit]", "/go/")
	g.sees("#user", "alice")
	g.sees("#note", "ä <1>") // it is nobody's session, with a new key
	g.loggedIn(before)

	g.doing = "alice sends a form of Go to Django"
	g.types("input[name=note]", "ö <2>")
	g.leaves("#note-form button", "/go/")
	g.sees("#messages .success", "Django noted <ö <2>>")
	g.sees("#note", "ö <2>")
	g.sees("#user", "alice")
	g.open("/go/")
	g.sees("#messages", "")

	g.doing = "alice changes the password at Go"
	others := g.loginsElsewhere()
	g.open("/go/password/")
	g.types("input[name=password]", "second")
	g.leaves("form button", "/go/")
	g.sees("#user", "alice")
	g.open("/page/")
	g.sees("#user", "alice")
	g.endedElsewhere(others)

	g.doing = "alice logs out at Django"
	g.open("/admin/password_change/")
	before = g.cookies()
	g.leaves(`#logout-form button, a[href="/admin/logout/"]`, "/admin/logout/")
	g.loggedOut(before)
	g.open("/go/")
	g.sees("#user", "")
	g.sees("#note", "")

	g.doing = "nobody sends a form of Go to Django"
	g.types("input[name=note]", "ü <3>")
	g.leaves("#note-form button", "/go/")
	g.sees("#note", "ü <3>")
	g.sees("#user", "")

	g.doing = "alice logs in at Go"
	g.open("/go/login/?next=/admin/")
	before = g.cookies()
	g.types("input[name=username]", "alice")
	g.types("input[name=password]", "second")
	g.leaves("form button", "/admin/")
	g.sees("#user-tools strong", "ALICE") // in capitals by the admin's style
	g.loggedIn(before)

	g.doing = "alice changes the password at Django"
	others = g.loginsElsewhere()
	g.open("/admin/password_change/")
	g.types("#id_old_password", "second")
	g.types("#id_new_password1", "third")
	g.types("#id_new_password2", "third")
	g.leaves("input[type=submit]", "/admin/password_change/done/")
	g.open("/go/")
	g.sees("#user", "alice")
	g.sees("#note", "ü <3>")
	g.endedElsewhere(others)

	g.doing = "alice logs out at Go"
	before = g.cookies()
	g.leaves("#logout-form button", "/go/")
	g.sees("#user", "")
	g.loggedOut(before)
	g.open("/admin/")
	g.isAt("/admin/login/")
}
