package compat_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/testkit/webdriver"
)

// guest is who visits the site.
type guest struct {
	*testing.T
	s       *browserStory
	site    *twoHalves
	browser *webdriver.Browser
	doing   string // the step of the story
}

// check ends the story if there is an error.
func (g *guest) check(err error) {
	g.Helper()
	if err != nil {
		g.fail("%v", err)
	}
}

// fail ends the story, and tells what the browser shows.
func (g *guest) fail(format string, values ...any) {
	g.Helper()
	at, _ := g.browser.URL()
	text, _ := g.browser.Text("body")
	g.Fatalf("%s: %s\nThe browser is at %v, where it says:\n%s", g.doing, fmt.Sprintf(format, values...), at, text)
}

func (g *guest) open(path string) {
	g.Helper()
	g.check(g.browser.Open(g.site.server.URL + path))
}

func (g *guest) types(field, text string) {
	g.Helper()
	g.check(g.browser.Type(field, text))
}

// leaves clicks something that leads to another page.
func (g *guest) leaves(button, path string) {
	g.Helper()
	g.check(g.browser.Leave(button))
	g.isAt(path)
}

func (g *guest) isAt(path string) {
	g.Helper()
	at, err := g.browser.URL()
	g.check(err)
	if at.Path != path {
		g.fail("at %s, want %s", at.Path, path)
	}
}

func (g *guest) sees(selector, want string) {
	g.Helper()
	got, err := g.browser.Text(selector)
	g.check(err)
	if got != want {
		g.fail("%s: got %q, want %q", selector, got, want)
	}
}

// cookies are those that the browser has, by their names.
func (g *guest) cookies() map[string]webdriver.Cookie {
	g.Helper()
	list, err := g.browser.Cookies()
	g.check(err)
	all := map[string]webdriver.Cookie{}
	for _, c := range list {
		if _, twice := all[c.Name]; twice {
			g.fail("there are two cookies %s", c.Name)
		}
		all[c.Name] = c
	}
	return all
}

// loggedIn looks at the cookies after a login: they are Django's, whoever set them, and
// none is from before.
func (g *guest) loggedIn(before map[string]webdriver.Cookie) {
	g.Helper()
	cookies := g.cookies()
	for name, c := range cookies {
		if c.Value == before[name].Value {
			g.fail("the cookie %s is the one from before the login", name)
		}
		c.Value = ""
		if left := time.Until(time.Unix(c.Expiry, 0)); left > 0 {
			c.Expiry = int64((left + time.Minute).Truncate(5 * time.Minute).Seconds())
		}
		cookies[name] = c
	}
	want := map[string]webdriver.Cookie{
		"sessionid": {Name: "sessionid", Path: "/", Domain: "127.0.0.1", HTTPOnly: true, SameSite: "Lax", Expiry: 14 * 24 * 3600},
		"csrftoken": {Name: "csrftoken", Path: "/", Domain: "127.0.0.1", SameSite: "Lax", Expiry: 364 * 24 * 3600},
	}
	if g.s.csrfInSession {
		delete(want, "csrftoken")
	}
	if !maps.Equal(cookies, want) {
		g.fail("cookies: got %+v, want %+v", cookies, want)
	}
	if old, there := before["sessionid"]; there {
		g.knows(old.Value, "", "the session from before the login")
	}
}

// loggedOut looks at what is left after a logout.
func (g *guest) loggedOut(before map[string]webdriver.Cookie) {
	g.Helper()
	old := before["sessionid"].Value
	// Nobody may have a session: with a secret for CSRF, or because user_sessions stores
	// empty ones.
	nobodys := g.s.csrfInSession || g.s.engine.name == "user_sessions"
	if c, there := g.cookies()["sessionid"]; there && (c.Value == old || !nobodys) {
		g.fail("the browser still has a session")
	}
	want := ""
	if g.s.engine.open == nil {
		want = "alice" // nobody can take a signed cookie back
	}
	g.knows(old, want, "the session that was logged out")
}

// loginsElsewhere are sessions of alice in other browsers, one to be shown to each half.
func (g *guest) loginsElsewhere() (keys [2]string) {
	g.Helper()
	for i := range keys {
		keys[i] = g.site.visit(g, request{ops: []op{{"login", "alice"}}}).session()
	}
	g.knows(keys[0], "alice", "a session elsewhere")
	return keys
}

// endedElsewhere looks whether these have ended.
func (g *guest) endedElsewhere(keys [2]string) {
	g.Helper()
	for i, path := range halves {
		if got := g.who(path, keys[i]); got != "" {
			g.fail("a session elsewhere is still that of %s, says %s", got, path)
		}
	}
}

// halves are a page of each half that tells who is logged in.
var halves = [2]string{"/page/", "/go/"}

// knows looks whose session this is, by either half.
func (g *guest) knows(key, want, what string) {
	g.Helper()
	for _, path := range halves {
		if got := g.who(path, key); got != want {
			g.fail("%s is that of %q, says %s; want %q", what, got, path, want)
		}
	}
}

var userOnPage = regexp.MustCompile(`<b id="user">([^<]*)</b>`)

// who is logged in to that session, as the page says.
func (g *guest) who(path, key string) string {
	g.Helper()
	r, err := http.NewRequestWithContext(g.Context(), "GET", g.site.server.URL+path, nil)
	must(g, err)
	r.Header.Set("Cookie", "sessionid="+key)
	answer, err := g.site.server.Client().Do(r)
	must(g, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(g, err)
	name := userOnPage.FindSubmatch(body)
	if name == nil {
		g.fail("%s says nothing about the user: status %d", path, answer.StatusCode)
	}
	return string(name[1])
}
