package csrf_test

import (
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// unlike holds every difference from Django that is meant, with the reason. One that does not show any more fails
// the test.
var unlike = []struct {
	name, why string
	what      []string // may differ there
	where     func(at point) bool
}{
	{
		"methods are in capitals",
		"Django makes the method upper case. In Go `get` is not GET, for the handler neither, so it is not safe.",
		[]string{"verdict", "reason"},
		func(at point) bool { return at.r.Method == "get" && at.ours.Verdict == "403" },
	},
	{
		"a bare secret in an old session",
		"Django 1.11 to 4.0 takes a bare secret in the cookie but not in the session, where its successors put it, and then rejects that visitor for ever. Ours takes it, and masks it when a token is asked for.",
		[]string{"verdict", "reason", "session", "token"},
		func(at point) bool {
			return at.django.Before(4, 1) && slices.Contains([]string{"bare", "unknown bare"}, at.r.Kinds["session"])
		},
	},
	{
		"what is no secret in the session",
		"Django does not look at what the session holds: it fails, or makes tokens that cannot fit. Ours rejects it, and replaces it when a token is asked for.",
		[]string{"verdict", "reason", "session", "token"},
		func(at point) bool {
			return at.oddSession() && (at.ours.Reason == "bad cookie" || at.ours.Verdict == at.theirs.Verdict || at.theirs.Verdict == "500")
		},
	},
	{
		"masked stays masked",
		"With CSRF_COOKIE_MASKED Django 4.1 and 4.2 mask a new cookie, and renew it bare. An older Django beside it cannot read that in a session.",
		[]string{"cookie", "session"},
		func(at point) bool { return at.r.Settings["CSRF_COOKIE_MASKED"] == true },
	},
	{
		"a host that is not allowed",
		"Before 2.1 Django answers 400 when it has to know the host for the Referer. Ours rejects the request for the Referer.",
		[]string{"verdict"},
		func(at point) bool {
			return at.theirs.Reason == "DisallowedHost" && at.ours.Verdict == "403" && strings.Contains(at.ours.Reason, "referer")
		},
	},
	{
		"hosts are ASCII, and addresses in brackets are addresses",
		"Some Pythons look at what is in brackets, and at characters that become others by normalisation; some fail, some pass it on. Browsers send neither. Ours takes it for malformed.",
		[]string{"verdict", "reason"},
		func(at point) bool {
			for _, text := range []string{at.header("Origin"), at.header("Referer")} {
				odd := strings.ContainsFunc(text, func(r rune) bool { return r == '[' || r == ']' || r >= 0x80 })
				if odd && (at.ours.Reason == "malformed referer" || at.ours.Reason == "bad origin") {
					return true
				}
			}
			return false
		},
	},
	{
		"a bad cookie is enough",
		"Before 4.0 Django makes a new secret in its place, reads the form, and then finds that the token does not fit, if the form can be read.",
		[]string{"verdict"},
		func(at point) bool {
			return at.django.Before(4, 0) && at.ours.Reason == "bad cookie" && at.theirs.Verdict == "400"
		},
	},
	{
		"types of content in any case",
		"Old Djangos know them in small letters only, and then do not see the token.",
		[]string{"verdict"},
		func(at point) bool { return at.django.Before(4, 2) && at.r.Kinds["body"] == "capitals" },
	},
	{
		"a multipart form without a boundary",
		"Django 2.2 fails. Ours answers 400, as the others do, or rejects the request for its cookie.",
		[]string{"verdict", "reason"},
		func(at point) bool {
			return at.theirs.Verdict == "500" && at.r.Kinds["body"] == "multipart without boundary" && (at.ours.Verdict == "400" || at.ours.Reason == "bad cookie")
		},
	},
	{
		"a bound on forms",
		"Before 1.10 Django has none.",
		[]string{"verdict"},
		func(at point) bool {
			return at.django.Before(1, 10) && at.r.Kinds["body"] == "too large" && at.ours.Verdict == "400"
		},
	},
	{
		"white space of every alphabet around a cookie",
		"Django on Python 2 takes only that of ASCII away.",
		[]string{"verdict", "reason", "cookie"},
		func(at point) bool { return at.django.Before(2, 0) && at.r.Kinds["cookie"] == "wide spaces" },
	},
	{
		"a tab within a URL",
		"Old Pythons leave it there, newer ones take it out, as browsers do.",
		[]string{"verdict", "reason"},
		func(at point) bool { return at.django.Before(2, 0) && strings.Contains(at.header("Referer"), "\t") },
	},
	{
		"a scheme begins with a letter",
		"Old Pythons let it begin with a digit.",
		[]string{"reason"},
		func(at point) bool {
			return strings.HasPrefix(at.header("Referer"), "1https:") && at.ours.Reason == "malformed referer"
		},
	},
	{
		"a multipart form without its end",
		"Django takes what is there. Ours answers 400, as net/http cannot read it.",
		[]string{"verdict"},
		func(at point) bool { return at.r.Kinds["body"] == "multipart without end" && at.ours.Verdict == "400" },
	},
	{
		"what is not UTF-8",
		"Django on Python 2 fails where it should compare. Ours rejects it.",
		[]string{"verdict"},
		func(at point) bool { return at.theirs.Reason == "DjangoUnicodeDecodeError" },
	},
	{
		"only cookies as Django writes them",
		"Before 1.10 Django takes any cookie of up to 32 characters, without those that are not letters or digits. Ours takes it for none.",
		[]string{"verdict", "reason", "cookie", "token"},
		func(at point) bool {
			return at.django.Before(1, 10) && at.oddCookie() && (at.ours.Reason == "bad cookie" || at.ours.Verdict == at.theirs.Verdict)
		},
	},
	{
		"semicolons",
		"Old Pythons take a semicolon in a form for an ampersand, and browsers never wrote one. Ours rejects a token that only one of both readings finds.",
		[]string{"verdict", "reason"},
		func(at point) bool {
			return at.django.Before(3, 2) && at.r.Kinds["fields"] == "semicolons" && at.ours.Verdict == "403"
		},
	},
}

// point is where something differs.
type point struct {
	django       djsession.DjangoVersion
	r            *request
	theirs, ours answer
}

var odd = []string{
	"a number", "a list", "truncated", "too long", "one character", "empty", "one foreign character", "a foreign byte", "spaces around",
}

func (at point) oddSession() bool { return slices.Contains(odd, at.r.Kinds["session"]) }

func (at point) oddCookie() bool { return slices.Contains(odd, at.r.Kinds["cookie text"]) }

func (at point) header(name string) string {
	for _, h := range at.r.Headers {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

// excused reports whether the table unlike allows what to differ there.
func excused(at point, what string, used map[string]bool) bool {
	for _, u := range unlike {
		if slices.Contains(u.what, what) && u.where(at) {
			used[u.name] = true
			return true
		}
	}
	return false
}
