// Package httpcookie reads and writes cookies as Django and Python's http.cookies do.
// net/http is different: of several cookies of one name it takes the first, and Django
// the last; it drops values that Python quotes; and it cannot write a negative Max-Age or
// the dot before a domain.
package httpcookie

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Find is parse_cookie for one name. It returns the value of the last cookie of that
// name, and n, the number of such cookies.
func Find(h http.Header, name string) (value string, n int) {
	for _, line := range h["Cookie"] {
		for rest := line; rest != ""; {
			chunk := rest
			if i := strings.IndexByte(rest, ';'); i >= 0 {
				chunk, rest = rest[:i], rest[i+1:]
			} else {
				rest = ""
			}
			// Without an equals sign the text is a value without a name.
			if i := strings.IndexByte(chunk, '='); i >= 0 && strip(chunk[:i]) == name {
				value, n = strip(chunk[i+1:]), n+1
			}
		}
	}
	if n > 0 {
		value = unquote(value)
	}
	return value, n
}

// strip is str.strip.
func strip(s string) string {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	if s == "" || plain(s[0]) && plain(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, isSpace)
}

func plain(c byte) bool { return c > ' ' && c < 0x80 }

// isSpace reports whether str.strip removes r.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// Cookie is a Set-Cookie header, as HttpResponse.set_cookie and delete_cookie make it.
type Cookie struct {
	Name string
	// Value is written as it is; see [Quote].
	Value        string
	Domain, Path string
	// Expires and MaxAge, in seconds, are written together. A cookie that ends with the
	// browser has neither.
	EndsWithBrowser  bool
	Expires          time.Time
	MaxAge           int64
	HTTPOnly, Secure bool
	SameSite         http.SameSite // SameSiteDefaultMode is none
	// More are attributes that Django does not write, such as Partitioned.
	More []string
}

// Deleted returns the [Cookie] by which delete_cookie deletes a cookie with these
// attributes.
func Deleted(name, domain, path string, sameSite http.SameSite) Cookie {
	return Cookie{
		Name: name, Value: `""`, Domain: domain, Path: path, Expires: time.Unix(0, 0).UTC(), SameSite: sameSite,
		Secure: strings.HasPrefix(name, "__Secure-") || strings.HasPrefix(name, "__Host-") || sameSite == http.SameSiteNoneMode,
	}
}

// String returns the value of the header, with the attributes in the order of
// http.cookies.
func (c *Cookie) String() string {
	var room [256]byte // for most, without an allocation
	b := append(append(append(room[:0], c.Name...), '='), c.Value...)
	if c.Domain != "" {
		b = append(append(b, "; Domain="...), c.Domain...)
	}
	if !c.EndsWithBrowser {
		b = append(b, "; expires="...)
		b = c.Expires.AppendFormat(b, http.TimeFormat)
	}
	if c.HTTPOnly {
		b = append(b, "; HttpOnly"...)
	}
	if !c.EndsWithBrowser {
		b = append(b, "; Max-Age="...)
		b = strconv.AppendInt(b, c.MaxAge, 10)
	}
	if c.Path != "" {
		b = append(append(b, "; Path="...), c.Path...)
	}
	switch c.SameSite {
	case http.SameSiteLaxMode:
		b = append(b, "; SameSite=Lax"...)
	case http.SameSiteStrictMode:
		b = append(b, "; SameSite=Strict"...)
	case http.SameSiteNoneMode:
		b = append(b, "; SameSite=None"...)
	}
	if c.Secure {
		b = append(b, "; Secure"...)
	}
	for _, more := range c.More {
		b = append(append(b, "; "...), more...)
	}
	return string(b)
}

// Sets reports whether the header of a response sets or deletes a cookie of this name,
// for any domain and path. value is that of the last one.
func Sets(h http.Header, name string) (value string, ok bool) {
	for _, line := range h["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		set, v, _ := strings.Cut(pair, "=")
		if strings.Trim(set, " \t") == name {
			value, ok = unquote(strings.Trim(v, " \t")), true
		}
	}
	return value, ok
}

// VaryOnCookie is patch_vary_headers(response, ("Cookie",)).
func VaryOnCookie(h http.Header) { VaryOn(h, "Cookie") }

// VaryOn is patch_vary_headers(response, (name,)).
func VaryOn(h http.Header, name string) {
	lines := h["Vary"]
	if len(lines) == 0 {
		h["Vary"] = []string{name}
		return
	}
	if len(lines) == 1 && strings.EqualFold(lines[0], name) {
		return
	}
	fields := strings.Split(strings.Join(lines, ","), ",")
	for i, f := range fields {
		fields[i] = strings.TrimSpace(f)
	}
	fields = slices.DeleteFunc(fields, func(f string) bool { return f == "" })
	switch {
	case slices.Contains(fields, "*"):
		h["Vary"] = []string{"*"}
	case !slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, name) }):
		h["Vary"] = []string{strings.Join(append(fields, name), ", ")}
	}
}

// IsName reports whether name may be the name of a cookie.
func IsName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

// IsAttribute reports whether text may be the domain or the path of a cookie.
func IsAttribute(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f || r == ';' })
}

// known are the attributes that have a field of their own.
var known = []string{"domain", "expires", "httponly", "max-age", "path", "samesite", "secure"}

// IsMore reports whether text may be one of Cookie.More: a name, or a name and a value, that
// no field of a Cookie says.
func IsMore(text string) bool {
	name, _, _ := strings.Cut(text, "=")
	return IsName(name) && IsAttribute(text) && !slices.Contains(known, strings.ToLower(name))
}
