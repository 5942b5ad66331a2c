package httpcookie_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// The quoting of http.cookies, which decides what fits. Checked values are CPython's.
func TestQuote(t *testing.T) {
	for _, tt := range []struct{ value, want, why string }{
		{"abcXYZ019!#$%&'*+-.^_`|~:", "abcXYZ019!#$%&'*+-.^_`|~:", "legal"},
		{"a b", `"a b"`, "only quotes"},
		{" ()/<=>?@[]{}", `" ()/<=>?@[]{}"`, "only quotes"},
		{`"\`, `"\"\\"`, "a backslash before"},
		{",;", `"\054\073"`, "octal"},
		{"", `""`, "nothing"},
		{"\x00\x7f\n", `"\000\177\012"`, "controls"},
	} {
		if got := httpcookie.Quote(tt.value); got != tt.want {
			t.Errorf("%q: got %s, want %s (%s)", tt.value, got, tt.want, tt.why)
		}
		if got := httpcookie.QuotedLen(tt.value); got != len(tt.want) {
			t.Errorf("%q: length %d, want %d (%s)", tt.value, got, len(tt.want), tt.why)
		}
		h := http.Header{"Cookie": {"a=x; a=" + tt.want}}
		if got, n := httpcookie.Find(h, "a"); got != tt.value || n != 2 {
			t.Errorf("%s: read back as %q of %d (%s)", tt.want, got, n, tt.why)
		}
	}
}

// The order of the attributes is that of Python's http.cookies.
func TestString(t *testing.T) {
	c := httpcookie.Cookie{
		Name: "n", Value: "v", Domain: ".example.com", Path: "/p", Expires: time.Unix(0, 0).UTC(), MaxAge: -1,
		HTTPOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	}
	if got, want := c.String(), "n=v; Domain=.example.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=-1; Path=/p; SameSite=Strict; Secure"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c = httpcookie.Deleted("__Host-n", "", "/", http.SameSiteLaxMode)
	if got, want := c.String(), `__Host-n=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax; Secure`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSets(t *testing.T) {
	h := http.Header{"Set-Cookie": {"a=1; Path=/", " b = 2", "c", "d=e=f; x=y", `g="q"`, "h=1", "h=2; Domain=example.com", `i=""; Max-Age=0`}}
	for name, want := range map[string]string{"a": "1", "b": "2", "c": "", "d": "e=f", "g": "q", "h": "2", "i": ""} {
		if got, ok := httpcookie.Sets(h, name); got != want || !ok {
			t.Errorf("Sets(%q) = %q, %v, want %q", name, got, ok, want)
		}
	}
	for _, name := range []string{"A", "e", "x", "Path", "Domain", ""} {
		if _, ok := httpcookie.Sets(h, name); ok {
			t.Errorf("Sets(%q) is true", name)
		}
	}
}
