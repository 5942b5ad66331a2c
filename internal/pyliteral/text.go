package pyliteral

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// str reads a str or bytes from its quote on. prefix is the text before the quote, which
// begins at start.
func (p *parser) str(prefix string, start int) (any, error) {
	quote := p.peek()
	isBytes := strings.ContainsAny(prefix, "bB")
	raw := strings.ContainsAny(prefix, "rR")
	if strings.ContainsAny(prefix, "uU") {
		p.r.SawUnicode = true
	}
	// In Python 2 a text without u is bytes.
	byByte := isBytes || p.r.Python2 && !strings.ContainsAny(prefix, "uU")
	p.pos++
	from := p.pos
	var b []byte // nil until the first escape
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == quote:
			s := p.text[from:p.pos]
			if b != nil {
				s = string(b)
			}
			p.pos++
			if isBytes {
				return []byte(s), nil
			}
			return s, nil
		case c == '\n':
			return nil, p.fail(start, ErrSyntax, "a quote that is not closed in its line")
		case c == '\\':
			if b == nil {
				b = append(make([]byte, 0, p.pos-from+16), p.text[from:p.pos]...)
			}
			if raw {
				b = append(b, c)
				if p.pos++; p.pos < len(p.text) && p.text[p.pos] != '\n' {
					b = append(b, p.text[p.pos])
					p.pos++
				}
				continue
			}
			var err error
			if b, err = p.escape(b, byByte); err != nil {
				return nil, err
			}
		default:
			if b != nil {
				b = append(b, c)
			}
			p.pos++
		}
	}
	return nil, p.fail(start, ErrSyntax, "a quote that is not closed")
}

// escapes are those of one letter.
var escapes = map[byte]byte{'\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// escape reads an escape sequence and appends the character or byte that it stands for.
func (p *parser) escape(b []byte, byByte bool) ([]byte, error) {
	start := p.pos
	p.pos++
	c := p.peek()
	if e, ok := escapes[c]; ok {
		p.pos++
		return append(b, e), nil
	}
	digits, base := 0, 16
	switch {
	case c == 'x':
		digits = 2
	case c == 'u' && !byByte:
		digits = 4
	case c == 'U' && !byByte:
		digits = 8
	case c >= '0' && c <= '7':
		digits, base = 1, 8
		for digits < 3 && p.pos+digits < len(p.text) && p.text[p.pos+digits] >= '0' && p.text[p.pos+digits] <= '7' {
			digits++
		}
	default: // Python keeps a backslash before any other letter
		return append(b, '\\'), nil
	}
	if base == 16 {
		p.pos++
	}
	if p.pos+digits > len(p.text) {
		return nil, p.fail(start, ErrSyntax, "an escape")
	}
	n, err := strconv.ParseUint(p.text[p.pos:p.pos+digits], base, 32)
	if err != nil || n > utf8.MaxRune {
		return nil, p.fail(start, ErrSyntax, "an escape")
	}
	p.pos += digits
	if byByte {
		return append(b, byte(n)), nil
	}
	return p.appendRune(b, rune(n)), nil
}

// appendRune appends a character. Python 2 writes a character beyond U+FFFF as the two
// halves of a pair: they become one character. A lone half keeps its three bytes.
func (p *parser) appendRune(b []byte, r rune) []byte {
	if r < 0xd800 || r > 0xdfff {
		return utf8.AppendRune(b, r)
	}
	if n := len(b); r >= 0xdc00 && n >= 3 && b[n-3] == 0xed && b[n-2] >= 0xa0 && b[n-2] < 0xb0 {
		high := rune(b[n-2]&0x0f)<<6 | rune(b[n-1]&0x3f)
		return utf8.AppendRune(b[:n-3], 0x10000+high<<10+(r-0xdc00))
	}
	return append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0xbf, 0x80|byte(r)&0x3f)
}
