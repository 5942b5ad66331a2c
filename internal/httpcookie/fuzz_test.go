package httpcookie_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

var escaped = regexp.MustCompile(`(?s)\\(?:[0-3][0-7][0-7]|.)`)

// pythonUnquote is _unquote of CPython 3.13, by its own regular expression.
func pythonUnquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return escaped.ReplaceAllStringFunc(s[1:len(s)-1], func(m string) string {
		if n, err := strconv.ParseUint(m[1:], 8, 8); err == nil && len(m) == 4 {
			return string(rune(n))
		}
		return m[1:]
	})
}

// parseCookie is parse_cookie, line by line.
func parseCookie(line string) map[string]string {
	cookies := map[string]string{}
	strip := func(s string) string {
		return strings.Trim(s, "\t\n\v\f\r\x1c\x1d\x1e\x1f \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000")
	}
	for _, chunk := range strings.Split(line, ";") {
		if key, value, ok := strings.Cut(chunk, "="); ok {
			cookies[strip(key)] = pythonUnquote(strip(value))
		}
	}
	return cookies
}

// FuzzFind compares Find with parse_cookie, for each name in the header.
func FuzzFind(f *testing.F) {
	for _, line := range []string{
		"", ";", "=", "a", "a=", "=b", "a=b", "a=b; a=c", "a=b=c;d", ` a = "x\"y\\" ; b="\101\777\3"`, `a="\`, `a="`, `a="\"`, "\u00a0a\u2003=\u3000b\u0085",
		"\x1fa=\x1cb\x1d", "a=\xff \xa0", `a="\` + "é\"", `a="\0541\\"; a=`, "a=b;; c=d;",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		want := parseCookie(line)
		for name, value := range want {
			if got, n := httpcookie.Find(http.Header{"Cookie": {line}}, name); n == 0 || got != value {
				t.Errorf("%q in %q: got %q of %d, want %q", name, line, got, n, value)
			}
		}
		if got, n := httpcookie.Find(http.Header{"Cookie": {line}}, "no such name"); want["no such name"] == "" && (got != "" || n > 0) {
			t.Errorf("%q: found %q, which is not there", line, got)
		}
	})
}

// FuzzSetCookie reads back what Quote and String wrote: the same value, and no attribute
// that was not set. http.cookies reads a byte beyond ASCII as a character of Latin-1.
func FuzzSetCookie(f *testing.F) {
	for _, value := range []string{"", "abc", "a b", `"\`, ",;", "\x00\x7f\n", "é", "a=b; Secure", "\r\nSet-Cookie: x=y"} {
		f.Add("sessionid", value, ".example.com", "/p")
		f.Add(value, "v", value, value)
		f.Add("sessionid", value, "", "")
	}
	f.Fuzz(func(t *testing.T, name, value, domain, path string) {
		quoted := httpcookie.Quote(value)
		if len(quoted) != httpcookie.QuotedLen(value) || len(quoted) > 4*len(value)+2 {
			t.Fatalf("%q: %d bytes and a length of %d", value, len(quoted), httpcookie.QuotedLen(value))
		}
		if strings.ContainsFunc(quoted, func(r rune) bool { return r < ' ' || r > '~' || r == ';' || r == ',' }) {
			t.Fatalf("%q: wrote %q", value, quoted)
		}
		want := make([]rune, len(value))
		for i := range want {
			want[i] = rune(value[i])
		}
		if got, n := httpcookie.Find(http.Header{"Cookie": {"x=y; a=" + quoted}}, "a"); got != string(want) || n != 1 {
			t.Fatalf("%q: read back as %q of %d", value, got, n)
		}
		if !httpcookie.IsName(name) || !httpcookie.IsAttribute(domain) || !httpcookie.IsAttribute(path) {
			return
		}
		c := httpcookie.Cookie{Name: name, Value: quoted, Domain: domain, Path: path, Expires: time.Unix(0, 0).UTC(), HTTPOnly: true}
		h := http.Header{"Set-Cookie": {c.String()}}
		if got, ok := httpcookie.Sets(h, name); !ok || got != string(want) {
			t.Fatalf("%q: sets %q, %v, want %q", c.String(), got, ok, want)
		}
		var names []string
		for _, attribute := range strings.Split(c.String(), ";")[1:] {
			key, _, _ := strings.Cut(strings.TrimSpace(attribute), "=")
			names = append(names, key)
		}
		all := []string{"Domain", "expires", "HttpOnly", "Max-Age", "Path"}
		if path == "" { // SESSION_COOKIE_PATH = ""
			all = all[:4]
		}
		if domain == "" {
			all = all[1:]
		}
		if !slices.Equal(names, all) {
			t.Fatalf("%q has the attributes %q, want %q", c.String(), names, all)
		}
	})
}
