package djsession

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// findCookie is parse_cookie for one name: of several cookies of that name the
// last counts, and n says how many there were.
func findCookie(h http.Header, name string) (value string, n int) {
	for _, line := range h["Cookie"] {
		for rest := line; rest != ""; {
			chunk := rest
			if i := strings.IndexByte(rest, ';'); i >= 0 {
				chunk, rest = rest[:i], rest[i+1:]
			} else {
				rest = ""
			}
			// Without an equals sign it is a value without a name.
			if i := strings.IndexByte(chunk, '='); i >= 0 && strip(chunk[:i]) == name {
				value, n = strip(chunk[i+1:]), n+1
			}
		}
	}
	if n > 0 {
		value = unquoteCookie(value)
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

// isSpace is what str.strip takes away.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// unquoteCookie is http.cookies._unquote: in a value between double quotes, a
// backslash stands before three octal digits or before a character that means
// itself.
func unquoteCookie(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]) {
			n, _ := strconv.ParseUint(s[i+1:i+4], 8, 8)
			b.WriteRune(rune(n))
			i += 3
			continue
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

// setCookie is what HttpResponse.set_cookie makes for a session: the attributes
// in the order of Python's http.cookies. http.Cookie cannot write it: it drops
// a negative Max-Age and the dot before a domain.
//
// age is in seconds; withBrowser leaves both Max-Age and expires out.
func (set *Settings) setCookie(key string, withBrowser bool, age float64, now time.Time) string {
	b := make([]byte, 0, 192)
	b = append(append(append(b, set.CookieName...), '='), key...)
	b = set.appendDomain(b)
	if !withBrowser {
		b = append(b, "; expires="...)
		b = addSeconds(now, age).AppendFormat(b, http.TimeFormat)
	}
	if !set.CookieScriptable {
		b = append(b, "; HttpOnly"...)
	}
	if !withBrowser {
		b = append(b, "; Max-Age="...)
		b = strconv.AppendInt(b, int64(age), 10)
	}
	b = append(append(b, "; Path="...), set.CookiePath...)
	b = set.appendSameSite(b)
	if set.CookieSecure {
		b = append(b, "; Secure"...)
	}
	return string(b)
}

// deleteCookie is what HttpResponse.delete_cookie makes for a session.
func (set *Settings) deleteCookie() string {
	b := make([]byte, 0, 128)
	b = append(append(b, set.CookieName...), `=""`...)
	b = set.appendDomain(b)
	b = append(b, "; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path="...)
	b = append(b, set.CookiePath...)
	b = set.appendSameSite(b)
	if strings.HasPrefix(set.CookieName, "__Secure-") || strings.HasPrefix(set.CookieName, "__Host-") ||
		set.CookieSameSite == http.SameSiteNoneMode {
		b = append(b, "; Secure"...)
	}
	return string(b)
}

func (set *Settings) appendDomain(b []byte) []byte {
	if set.CookieDomain == "" {
		return b
	}
	return append(append(b, "; Domain="...), set.CookieDomain...)
}

func (set *Settings) appendSameSite(b []byte) []byte {
	switch set.CookieSameSite {
	case http.SameSiteLaxMode:
		b = append(b, "; SameSite=Lax"...)
	case http.SameSiteStrictMode:
		b = append(b, "; SameSite=Strict"...)
	case http.SameSiteNoneMode:
		b = append(b, "; SameSite=None"...)
	}
	return b
}

// varyOnCookie is patch_vary_headers(response, ("Cookie",)).
func varyOnCookie(h http.Header) {
	lines := h["Vary"]
	if len(lines) == 0 {
		h["Vary"] = []string{"Cookie"}
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
	case !slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, "Cookie") }):
		h["Vary"] = []string{strings.Join(append(fields, "Cookie"), ", ")}
	}
}

// isToken reports whether name may be the name of a cookie.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

func notInAttribute(r rune) bool { return r < ' ' || r >= 0x7f || r == ';' }
