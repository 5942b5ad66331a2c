// Package csrf_test asks real Djangos and djcsrf about the same requests, some ten thousand that are generated from a
// fixed seed: whether each may change something, why not, and what is stored and sent.
//
// middleware.py is Django's side: CsrfViewMiddleware in a process for each version. What a machine does not have is skipped
// with a sentence, or fails with DJSESSION_TEST_REQUIRE=1; ../setup.sh installs it.
package csrf_test

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

var times = flag.Int("times", 1, "ask so many times as many requests")

// versions and how many requests each is asked.
var versions = []struct {
	name  string
	count int
}{
	{"6.1", 2500}, {"5.2", 2500}, {"4.2", 2500}, {"3.2", 2500}, {"2.2", 600}, {"1.11", 600}, {"1.8", 600},
}

// request is one that both sides get, in the form of middleware.py: texts stand for bytes.
type request struct {
	Settings map[string]any `json:"settings"`
	Method   string         `json:"method"`
	Headers  [][2]string    `json:"headers"`
	Body     string         `json:"body"`
	HTTPS    bool           `json:"https"`
	Port     string         `json:"port"`
	Session  any            `json:"session,omitempty"`
	Do       []string       `json:"do"`

	// What the generator had in mind: for each part of the request its kind.
	Kinds map[string]string `json:"-"`
}

// answer is what a side makes of a request.
type answer struct {
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	Cookie  string `json:"cookie"`
	Session any    `json:"session"`
	Vary    string `json:"vary"`
	Token   string `json:"token"`
}

// TestLive compares the answers. What differs has to stand in the table unlike.
func TestLive(t *testing.T) {
	var mu sync.Mutex // over these
	asked, everywhere, used := 0, true, map[string]bool{}
	t.Run("versions", func(t *testing.T) {
		for _, v := range versions {
			t.Run("django"+v.name, func(t *testing.T) {
				t.Parallel()
				if !django.Has(v.name) {
					mu.Lock()
					everywhere = false
					mu.Unlock()
				}
				asks(t, v.name, v.count**times, func(did int, excuses map[string]bool) {
					mu.Lock()
					defer mu.Unlock()
					asked += did
					maps.Copy(used, excuses)
				})
			})
		}
	})
	t.Logf("%d requests were asked", asked)
	if !everywhere || testing.Short() || t.Failed() {
		return
	}
	if asked < 10000 {
		t.Errorf("%d requests were asked, want 10000", asked)
	}
	for _, u := range unlike {
		if !used[u.name] {
			t.Errorf("the difference %q does not show any more", u.name)
		}
	}
}

// asks asks one Django, and tells how many requests it was and which differences showed.
func asks(t *testing.T, version string, count int, tell func(int, map[string]bool)) {
	ask := start(t, version)
	if testing.Short() {
		count /= 20
	}
	g := newGenerator(t, version, ask)
	requests := make([]*request, count)
	for i := range requests {
		requests[i] = g.request()
	}
	seen, used := map[string]int{}, map[string]bool{}
	for i, theirs := range ask(requests) {
		r := requests[i]
		ours := g.us.answer(t, r)
		seen[theirs.Verdict+" "+class(theirs.Reason)]++
		for _, what := range differences(g.django, r, theirs, ours) {
			if !excused(point{g.django, r, theirs, ours}, what, used) {
				text, _ := json.Marshal(r)
				t.Errorf("%s differs:\n  got  %+v\n  want %+v\n  of   %s\n  as   %v", what, ours, theirs, text, r.Kinds)
			}
		}
	}
	t.Log(seen)
	tell(count, used)
	wanted := []string{"ok ", "403 no cookie", "403 no referer"}
	if !g.django.Before(4, 0) {
		wanted = append(wanted, "403 bad cookie", "403 bad origin", "403 bad referer", "403 malformed referer",
			"403 insecure referer", "403 no token", "403 bad token", "403 token form", "400 form")
	}
	for _, what := range wanted {
		if least := count / 250; seen[what] < least {
			t.Errorf("only %d requests were answered by %q, want %d: the generator does not do its work", seen[what], what, least)
		}
	}
}

//go:embed middleware.py
var middleware string

// start starts a Django and returns what asks it.
func start(t *testing.T, version string) func([]*request) []answer {
	t.Helper()
	d := django.Start(t, django.Site{Version: version, Bare: true, Code: middleware})
	return func(requests []*request) []answer {
		t.Helper()
		answers := make([]answer, len(requests))
		for i, r := range requests {
			d.Call(t, "answer", django.Args{"case": r}, &answers[i])
		}
		return answers
	}
}

// classes are Django's reasons, in our words. The first that fits counts.
var classes = []struct {
	pattern *regexp.Regexp
	class   string
}{
	{regexp.MustCompile(`^$`), ""},
	{regexp.MustCompile(`^Origin checking failed`), "bad origin"},
	{regexp.MustCompile(`no Referer\.$`), "no referer"},
	{regexp.MustCompile(`Referer is malformed\.$`), "malformed referer"},
	{regexp.MustCompile(`Referer is insecure while host is secure\.$`), "insecure referer"},
	{regexp.MustCompile(`(?s)^Referer checking failed - .* does not match`), "bad referer"},
	{regexp.MustCompile(`^CSRF cookie not set\.$`), "no cookie"},
	{regexp.MustCompile(`^CSRF cookie has `), "bad cookie"},
	{regexp.MustCompile(`^CSRF token missing\.$`), "no token"},
	{regexp.MustCompile(`^CSRF token missing or incorrect\.$`), "token"},
	{regexp.MustCompile(`^CSRF token from .* has (incorrect length|invalid characters)\.$`), "token form"},
	{regexp.MustCompile(`^CSRF token from .* incorrect\.$`), "bad token"},
	{regexp.MustCompile(`^(RequestDataTooBig|MultiPartParserError|TooManyFieldsSent)$`), "form"},
}

func class(reason string) string {
	for _, c := range classes {
		if c.pattern.MatchString(reason) {
			return c.class
		}
	}
	return reason
}

// sameReason tells whether our reason is what that Django means. The old ones have one
// word for several things.
func sameReason(django djsession.DjangoVersion, theirs, ours string) bool {
	switch {
	case theirs == ours:
		return true
	case theirs == "token":
		return ours == "bad cookie" || ours == "no token" || ours == "bad token" || ours == "token form"
	case django.Before(1, 9) && theirs == "bad referer":
		return ours == "malformed referer" || ours == "insecure referer"
	}
	return false
}

// differences names what is not the same in two answers.
func differences(django djsession.DjangoVersion, r *request, theirs, ours answer) (what []string) {
	if theirs.Verdict != ours.Verdict {
		return []string{"verdict"} // and then everything else
	}
	if !sameReason(django, class(theirs.Reason), ours.Reason) {
		what = append(what, "reason")
	}
	if theirs.Verdict != "ok" && theirs.Verdict != "403" {
		return what // nothing is sent but the error
	}
	if shape(theirs.Cookie, r) != shape(ours.Cookie, r) {
		what = append(what, "cookie")
	}
	if attributes(theirs.Cookie) != attributes(ours.Cookie) {
		what = append(what, "attributes")
	}
	if r.Settings["CSRF_USE_SESSIONS"] == true && stored(theirs.Session, r) != stored(ours.Session, r) {
		what = append(what, "session")
	}
	if theirs.Vary != ours.Vary {
		what = append(what, "vary")
	}
	if (theirs.Token == "") != (ours.Token == "") || len(theirs.Token) != len(ours.Token) {
		what = append(what, "token")
	} else if secret := kept(ours, r); ours.Token != "" && r.Do[len(r.Do)-1] == "token" && unmask(ours.Token) != secret {
		what = append(what, "our own token")
	}
	return what
}

// shape is a cookie without what is random in it.
func shape(cookie string, r *request) string {
	_, value, ok := strings.Cut(cookie, "=")
	if !ok {
		return "none"
	}
	value, _, _ = strings.Cut(value, ";")
	return stored(value, r)
}

// stored is a stored secret without what is random in it: that of the request, or another.
func stored(v any, r *request) string {
	text, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	whose := "new"
	if given := r.Kinds["secret"]; given != "" && (len(text) == 32 || len(text) == 64) && unmask(text) == given {
		whose = "the request's"
	}
	return fmt.Sprintf("%s, %d characters", whose, len(text))
}

// kept is the secret that the client has after an answer.
func kept(a answer, r *request) string {
	text, _ := a.Session.(string)
	if r.Settings["CSRF_USE_SESSIONS"] != true {
		_, value, _ := strings.Cut(a.Cookie, "=")
		text, _, _ = strings.Cut(value, ";")
	}
	return unmask(text)
}

var dashes = regexp.MustCompile(`(\d\d)-(\w\w\w)-(\d\d\d\d)`)

// attributes are those of a cookie, as Python 3 and newer Djangos write them.
func attributes(cookie string) string {
	_, rest, _ := strings.Cut(cookie, ";")
	rest = dashes.ReplaceAllString(rest, "$1 $2 $3")
	rest = strings.Replace(rest, " httponly", " HttpOnly", 1)
	return strings.Replace(rest, " secure", " Secure", 1)
}
