package djcsrf

import (
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// FuzzToken: whatever a cookie and a token are, nothing panics, and they fit only if
// both have the form and the same secret is in them.
func FuzzToken(f *testing.F) {
	const secret = "abcdefghijklmnopqrstuvwxyzABC019"
	for _, seed := range [][2]string{
		{"csrftoken=" + secret, "csrfmiddlewaretoken=" + secret},
		{`csrftoken="\141` + secret[1:] + `"`, "csrfmiddlewaretoken=%61" + secret[1:]},
		{"csrftoken=x; csrftoken=" + mask(secret), "csrfmiddlewaretoken=" + mask(secret)},
		{` csrftoken = "\"`, "csrfmiddlewaretoken=%"}, {"csrftoken", "=&;&csrfmiddlewaretoken"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, header, body string) {
		stored, _ := httpcookie.Find(map[string][]string{"Cookie": {header}}, "csrftoken")
		token := fromQuery([]byte(body), false)
		if !wellFormed(stored) || !wellFormed(token) {
			return
		}
		a, b := secretOf(stored), secretOf(token)
		if !wellFormed(string(a[:])) || fits(token, stored) != (a == b) {
			t.Errorf("%q and %q", stored, token)
		}
		again := mask(string(a[:]))
		if !wellFormed(again) || !fits(again, stored) || again[:secretLen] == stored[:secretLen] {
			t.Errorf("masking %q anew gave %q", stored, again)
		}
	})
}

// Each character of a new secret is as likely as any other.
func TestNewSecret(t *testing.T) {
	const n = 2000
	var count [256]int
	for range n {
		s := newSecret()
		if !wellFormed(s) || len(s) != secretLen {
			t.Fatalf("%q is no secret", s)
		}
		for i := range len(s) {
			count[s[i]]++
		}
	}
	for _, c := range chars {
		// 1032 expected; five and a half deviations are never seen.
		if got := count[c]; got < 850 || got > 1215 {
			t.Errorf("%q came %d times in %d, want about %d", c, got, n*secretLen, n*secretLen/len(chars))
		}
	}
}

// What Python's urlsplit makes of it.
func TestSplitURL(t *testing.T) {
	for _, tt := range []struct{ text, scheme, netloc string }{
		{"https://example.com/a", "https", "example.com"},
		{"HTTPS://Example.com:8443?a", "https", "Example.com:8443"},
		{" \thttps://exa\tmple.com#", "https", "example.com"},
		{"//example.com/", "", "example.com"},
		{"https:/example.com", "https", ""},
		{"h ttps://example.com", "", ""},
		{"1https://example.com", "", ""},
		{"https://user@[::1]:80/", "https", "user@[::1]:80"},
		{"null", "", ""},
		{":", "", ""},
		{"", "", ""},
	} {
		if scheme, netloc, ok := splitURL(tt.text); scheme != tt.scheme || netloc != tt.netloc || !ok {
			t.Errorf("%q: got %q, %q, %t, want %q, %q", tt.text, scheme, netloc, ok, tt.scheme, tt.netloc)
		}
	}
	for _, bad := range []string{
		"https://[", "https://]", "https://[::1", "https://[]", "https://@[", "https://]a[", "https://[::1]a", "https://a[::1]", "https://[1.2.3.4]",
		"https://[v1.x]", "https://b\u00fccher.de", "https://\xff",
	} {
		if _, netloc, ok := splitURL(bad); ok {
			t.Errorf("%q: got the host %q, want an error", bad, netloc)
		}
	}
}

// A mask of which the secret is moved beyond the end of the alphabet.
func TestMaskWraps(t *testing.T) {
	b := [tokenLen]byte([]byte(strings.Repeat("9", secretLen) + strings.Repeat("\x00", secretLen)))
	maskWith(&b, strings.Repeat("b", secretLen))
	if got, want := string(b[secretLen:]), strings.Repeat("a", secretLen); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
