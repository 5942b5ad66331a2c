package httpcookie

import (
	"strconv"
	"strings"
)

// unquote is http.cookies._unquote: in a value between double quotes, a backslash stands
// before three octal digits, or before a character that stands for itself.
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

// kinds says it for every byte: http.cookies._LegalChars, _UnescapedChars and
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

// QuotedLen returns len(Quote(value)).
func QuotedLen(value string) int {
	if value == "" {
		return 2
	}
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

// Quote is http.cookies._quote: it returns the text of a value in a header. An empty
// value needs quotes too.
func Quote(value string) string {
	n := QuotedLen(value)
	if n == len(value) {
		return value
	}
	b := append(make([]byte, 0, n+2), '"')
	for i := range len(value) {
		c := value[i]
		switch kinds[c] {
		case slash:
			b = append(b, '\\', c)
		case octal:
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
