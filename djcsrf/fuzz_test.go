package djcsrf

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rfc3986 is the regular expression of RFC 3986, appendix B, as far as scheme and host.
var rfc3986 = regexp.MustCompile(`^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?`)

// FuzzSplitURL compares splitURL with the regular expression of RFC 3986. An address in
// brackets is one for net/url too.
func FuzzSplitURL(f *testing.F) {
	for _, text := range []string{
		"https://example.com/a", "HTTPS://Example.com:8443?a", " \thttps://exa\tmple.com#", "//example.com/", "https:/example.com", "h ttps://x", "1https://x",
		"https://user@[::1]:80/", "null", ":", "", "https://[", "https://]", "https://[]", "https://@[", "https://[]@", "https://[::1]a", "https://[1.2.3.4]", "https://[v1.x]",
		"https://b\u00fccher.de", "https://\xff", "https://[::1%25eth0]", "https://[::1]@x", "https://a@b@[::]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		scheme, netloc, ok := splitURL(text)
		if !ok {
			if scheme != "" || netloc != "" {
				t.Errorf("%q: an error, and %q, %q", text, scheme, netloc)
			}
			return
		}
		clean := strings.TrimLeft(text, "\x00\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
		for _, skipped := range []string{"\t", "\r", "\n"} {
			clean = strings.ReplaceAll(clean, skipped, "")
		}
		m := rfc3986.FindStringSubmatch(clean)
		if scheme != strings.ToLower(m[1]) || netloc != m[2] {
			t.Errorf("%q: got %q, %q, want %q, %q", text, scheme, netloc, m[1], m[2])
		}
		if scheme2, netloc2, ok := splitURL(scheme + "://" + netloc + "/"); scheme != "" && netloc != "" && (scheme2 != scheme || netloc2 != netloc || !ok) {
			t.Errorf("%q: split once %q, %q, and twice %q, %q, %v", text, scheme, netloc, scheme2, netloc2, ok)
		}
		if u, err := url.Parse("http://" + netloc); err == nil && strings.Contains(netloc, "[") && !strings.Contains(u.Hostname(), ":") {
			t.Errorf("%q: the host %q is no address", text, u.Hostname())
		}
	})
}

// validHost is split_domain_port and validate_host, character by character. Headers are
// Latin-1 for Django, and no capital letter of Latin-1 has a small one in ASCII.
func validHost(host string, patterns []string) bool {
	var low []byte
	for _, c := range []byte(host) {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low = append(low, c)
	}
	domain := string(low)
	colon := strings.LastIndex(domain, ":")
	if colon > strings.LastIndex(domain, "]") {
		port := domain[colon+1:]
		if port == "" || strings.Trim(port, "0123456789") != "" {
			return false
		}
		domain = domain[:colon]
	}
	if inner, ok := strings.CutPrefix(domain, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		before, after, colon := strings.Cut(inner, ":")
		if !ok || !colon || strings.Trim(before, "0123456789abcdef") != "" || after == "" || strings.Trim(after, "0123456789abcdef.:") != "" {
			return false
		}
	} else if domain == "" || strings.Trim(domain, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return false
	}
	domain = strings.TrimSuffix(domain, ".")
	return slices.ContainsFunc(patterns, func(p string) bool {
		p = strings.ToLower(p)
		return p == "*" || p != "" && p == domain || strings.HasPrefix(p, ".") && (strings.HasSuffix(domain, p) || "."+domain == p)
	})
}

// FuzzAllowedHosts compares AllowedHosts with a slow reader. A host is given back as it
// came, or not at all.
func FuzzAllowedHosts(f *testing.F) {
	for _, host := range []string{
		"example.com", "Example.COM:8000", "a.example.com.", "example.com:", "example.com:80a", "[::1]", "[::1]:80", "[::ffff:1.2.3.4]", "[1]", "[:]", "[::1", "::1", "evilexample.com",
		"example.com@evil.example", "example.com\n", "", ".", ":80", "e\u0130.example.com", "\u212a.example.com", "\xff.example.com", "-", "a..example.com", "example.com, evil.example",
	} {
		for _, pattern := range []string{"example.com", ".example.com", "*", "", ".", "[::1]", ".EXAMPLE.com"} {
			f.Add(pattern, host, "")
			f.Add(pattern, "evil.example", host)
		}
	}
	f.Fuzz(func(t *testing.T, pattern, host, forwarded string) {
		patterns := []string{pattern, "site.example"}
		r := &http.Request{Host: host, Header: http.Header{}}
		if forwarded != "" {
			r.Header.Set("X-Forwarded-Host", forwarded)
		}
		for _, test := range []struct {
			forwarded bool
			host      string
		}{{false, host}, {true, forwarded}} {
			if test.forwarded && forwarded == "" {
				test.host = host
			}
			want := ""
			if validHost(test.host, patterns) {
				want = test.host
			}
			if got := AllowedHosts(patterns, test.forwarded)(r); got != want {
				t.Errorf("%q by %q: got %q, want %q", test.host, patterns, got, want)
			}
		}
		if port := portOf(host); port != "" && !strings.HasSuffix(host, ":"+port) {
			t.Errorf("%q has the port %q", host, port)
		}
	})
}
