package djcsrf

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// cookieNamed is request.COOKIES[name]: the last of several counts.
func cookieNamed(h http.Header, name string) (value string, ok bool) {
	for _, line := range h["Cookie"] {
		for more := true; more; {
			var chunk string
			chunk, line, more = strings.Cut(line, ";")
			// Without an equals sign it is a value without a name.
			if k, v, found := strings.Cut(chunk, "="); found && trim(k) == name {
				value, ok = trim(v), true
			}
		}
	}
	return unquote(value), ok
}

// trim is str.strip, which also takes what ASCII separates records by.
func trim(s string) string {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	if s == "" || s[0] > ' ' && s[0] < 0x80 && s[len(s)-1] > ' ' && s[len(s)-1] < 0x80 {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// unquote is http.cookies._unquote: a backslash stands before three octal digits, or
// before a character that means itself.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for s != "" {
		if s[0] != '\\' || len(s) == 1 {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		if len(s) >= 4 && s[1] <= '3' {
			if n, err := strconv.ParseUint(s[1:4], 8, 8); err == nil {
				b.WriteRune(rune(n))
				s = s[4:]
				continue
			}
		}
		b.WriteByte(s[1])
		s = s[2:]
	}
	return b.String()
}

// setCookie is HttpResponse.set_cookie for the CSRF cookie: the attributes in the
// order of Python's http.cookies.
func (p *Protection) setCookie(value string, now time.Time) string {
	b := make([]byte, 0, 256)
	b = append(append(append(b, p.o.CookieName...), '='), value...)
	if p.o.CookieDomain != "" {
		b = append(append(b, "; Domain="...), p.o.CookieDomain...)
	}
	if !p.o.ExpireAtBrowserClose {
		b = append(b, "; expires="...)
		b = now.Add(p.o.CookieAge).AppendFormat(b, http.TimeFormat)
	}
	if p.o.CookieHTTPOnly {
		b = append(b, "; HttpOnly"...)
	}
	if !p.o.ExpireAtBrowserClose {
		b = append(b, "; Max-Age="...)
		b = strconv.AppendInt(b, int64(p.o.CookieAge/time.Second), 10)
	}
	b = append(append(b, "; Path="...), p.o.CookiePath...)
	switch p.o.CookieSameSite {
	case http.SameSiteLaxMode:
		b = append(b, "; SameSite=Lax"...)
	case http.SameSiteStrictMode:
		b = append(b, "; SameSite=Strict"...)
	case http.SameSiteNoneMode:
		b = append(b, "; SameSite=None"...)
	}
	if p.o.CookieSecure {
		b = append(b, "; Secure"...)
	}
	return string(b)
}

// varyOnCookie is patch_vary_headers(response, ("Cookie",)).
func varyOnCookie(h http.Header) {
	var fields []string
	for f := range strings.SplitSeq(strings.Join(h["Vary"], ","), ",") {
		if f = strings.TrimSpace(f); f != "" {
			fields = append(fields, f)
		}
	}
	switch {
	case slices.Contains(fields, "*"):
		h["Vary"] = []string{"*"}
	case !slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, "Cookie") }):
		h["Vary"] = []string{strings.Join(append(fields, "Cookie"), ", ")}
	}
}
