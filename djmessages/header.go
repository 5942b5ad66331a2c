package djmessages

import (
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-djsession/go-djsession/djsession"
)

// findCookie is request.COOKIES.get(name): of several cookies of that name the last
// counts. http.Request.Cookie would drop values that Python quotes.
func findCookie(h http.Header, name string) (value string, ok bool) {
	for _, line := range h["Cookie"] {
		for rest := line; rest != ""; {
			var chunk string
			chunk, rest, _ = strings.Cut(rest, ";")
			if i := strings.IndexByte(chunk, '='); i >= len(name) && strip(chunk[:i]) == name {
				value, ok = strip(chunk[i+1:]), true
			}
		}
	}
	return unquote(value), ok
}

// strip is str.strip.
func strip(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// unquote is http.cookies._unquote: in a value between double quotes, a backslash
// stands before three octal digits or before a character that means itself.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]):
			n, _ := strconv.ParseUint(s[i+1:i+4], 8, 8)
			b.WriteRune(rune(n))
			i += 3
		default:
			i++
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

// How http.cookies writes a character of a value.
const (
	legal  = iota // as it is
	quoted        // as it is, but the value needs quotes
	slash         // behind a backslash
	octal         // as a backslash and three digits
)

// kinds holds that for every byte: http.cookies._LegalChars, _UnescapedChars and
// _Translator, which are the same for ASCII in CPython 2.7 to 3.13.
var kinds = func() (k [256]byte) {
	for c := range k {
		switch b := byte(c); {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b != 0 && strings.IndexByte("!#$%&'*+-.^_`|~:", b) >= 0:
			k[c] = legal
		case b != 0 && strings.IndexByte(" ()/<=>?@[]{}", b) >= 0:
			k[c] = quoted
		case b == '"' || b == '\\':
			k[c] = slash
		default:
			k[c] = octal
		}
	}
	return k
}()

// quotedLen is len(SimpleCookie().value_encode(value)[1]).
func quotedLen(value string) int {
	n, quotes := len(value), 0
	for i := range len(value) {
		switch kinds[value[i]] {
		case quoted:
			quotes = 2
		case slash:
			n, quotes = n+1, 2
		case octal:
			n, quotes = n+3, 2
		}
	}
	return n + quotes
}

// appendQuoted is http.cookies._quote for a value that is not empty.
func appendQuoted(dst []byte, value string) []byte {
	if quotedLen(value) == len(value) {
		return append(dst, value...)
	}
	dst = append(dst, '"')
	for i := range len(value) {
		c := value[i]
		switch kinds[c] {
		case slash:
			dst = append(dst, '\\', c)
		case octal:
			dst = append(dst, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// setCookie is CookieStorage._update_cookie: it sets the cookie, or deletes it if value
// is "". The attributes are those of the session's cookie but for the path, which is
// always /, in the order of Python's http.cookies.
func setCookie(set *djsession.Settings, value string) string {
	b := append(make([]byte, 0, 128+2*len(value)), cookieName+"="...)
	if value == "" {
		b = append(b, `""`...)
	} else {
		b = appendQuoted(b, value)
	}
	if set.CookieDomain != "" {
		b = append(append(b, "; Domain="...), set.CookieDomain...)
	}
	secure := set.CookieSecure
	if value == "" {
		b = append(b, "; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"...)
		secure = set.CookieSameSite == http.SameSiteNoneMode
	} else if !set.CookieScriptable {
		b = append(b, "; HttpOnly"...)
	}
	b = append(b, "; Path=/"...)
	switch set.CookieSameSite {
	case http.SameSiteLaxMode:
		b = append(b, "; SameSite=Lax"...)
	case http.SameSiteStrictMode:
		b = append(b, "; SameSite=Strict"...)
	case http.SameSiteNoneMode:
		b = append(b, "; SameSite=None"...)
	}
	if secure {
		b = append(b, "; Secure"...)
	}
	return string(b)
}
