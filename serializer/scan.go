package serializer

import "math/bits"

// scanner checks JSON as CPython's json module reads it, in one pass and without building
// anything. Beyond the standard it accepts NaN, Infinity, -Infinity, lone surrogates,
// repeated keys, and any byte from 0x80 inside a string (Django reads the text as
// latin-1).
//
// Its methods take the offset of a token and return the offset behind it, or -1 after
// they set err.
type scanner struct {
	s     string
	lim   Limits
	nodes int
	err   *DecodeError
}

func (p *scanner) fail(i int, reason string) int {
	p.err = &DecodeError{Offset: i, Reason: reason, Err: ErrSyntax}
	return -1
}

func (p *scanner) failLimit(i int, reason string) int {
	p.err = &DecodeError{Offset: i, Reason: reason, Err: ErrLimit}
	return -1
}

// begin returns the offset at which the value of the text begins.
func (p *scanner) begin() int {
	if len(p.s) > p.lim.Size {
		return p.failLimit(p.lim.Size, "too long")
	}
	return skipSpace(p.s, 0)
}

// end checks that only white space is left.
func (p *scanner) end(i int) int {
	if i = skipSpace(p.s, i); i < len(p.s) {
		return p.fail(i, "data after the value")
	}
	return i
}

// whole checks a text that is one value, and returns it without the space around it.
func (p *scanner) whole(depth int) (string, bool) {
	from := p.begin()
	if from < 0 {
		return "", false
	}
	to := p.value(from, depth)
	if to < 0 || p.end(to) < 0 {
		return "", false
	}
	return p.s[from:to], true
}

// skipSpace returns the offset of the first byte from i on that is not white space.
func skipSpace(s string, i int) int {
	for i < len(s) && s[i] <= ' ' && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// node counts a value or a key.
func (p *scanner) node(i int) bool {
	p.nodes++
	if p.nodes > p.lim.Nodes {
		p.failLimit(i, "too many values")
		return false
	}
	return true
}

// value checks the value at i, with no space before it. depth is the number of lists and
// dicts around it.
func (p *scanner) value(i, depth int) int {
	if !p.node(i) {
		return -1
	}
	if i >= len(p.s) {
		return p.fail(i, "unexpected end")
	}
	switch c := p.s[i]; c {
	case '"':
		i, _ = p.str(i)
		return i
	case '{':
		return p.dict(i, depth+1)
	case '[':
		return p.list(i, depth+1)
	case 'n':
		return p.word(i, "null")
	case 't':
		return p.word(i, "true")
	case 'f':
		return p.word(i, "false")
	case 'N':
		return p.word(i, "NaN")
	case 'I':
		return p.word(i, "Infinity")
	default:
		if c == '-' || isDigit(c) {
			return p.number(i)
		}
	}
	return p.fail(i, "no value")
}

func (p *scanner) list(i, depth int) int {
	i, more := p.open(i, depth, ']')
	for more {
		if i = p.value(i, depth); i < 0 {
			return -1
		}
		i, more = p.comma(i, ']')
	}
	return i
}

func (p *scanner) dict(i, depth int) int {
	i, more := p.open(i, depth, '}')
	for more {
		if _, i, _ = p.key(i); i < 0 {
			return -1
		}
		if i = p.value(i, depth); i < 0 {
			return -1
		}
		i, more = p.comma(i, '}')
	}
	return i
}

// open moves from a bracket to the first item or key, if there is one.
func (p *scanner) open(i, depth int, closing byte) (_ int, more bool) {
	if depth > p.lim.Depth {
		return p.failLimit(i, "too deeply nested"), false
	}
	i = skipSpace(p.s, i+1)
	if i < len(p.s) && p.s[i] == closing {
		return i + 1, false
	}
	return i, true
}

// comma moves from behind an item or a value to the next item or key, if there is
// one.
func (p *scanner) comma(i int, closing byte) (_ int, more bool) {
	if i+1 < len(p.s) && p.s[i] == ',' && p.s[i+1] > ' ' {
		return i + 1, true
	}
	return p.spaced(i, closing)
}

// spaced is comma where white space may be.
func (p *scanner) spaced(i int, closing byte) (_ int, more bool) {
	i = skipSpace(p.s, i)
	if i < len(p.s) {
		switch p.s[i] {
		case ',':
			return skipSpace(p.s, i+1), true
		case closing:
			return i + 1, false
		}
	}
	return p.fail(i, "no comma or closing bracket after a value"), false
}

// key checks a key and its colon and moves to the value. It returns the key in
// its quotes; plain is as of str.
func (p *scanner) key(i int) (quoted string, _ int, plain bool) {
	if !p.node(i) {
		return "", -1, false
	}
	if i >= len(p.s) || p.s[i] != '"' {
		return "", p.fail(i, "no key"), false
	}
	end, plain := p.str(i)
	if end < 0 {
		return "", -1, false
	}
	quoted = p.s[i:end]
	i = skipSpace(p.s, end)
	if i >= len(p.s) || p.s[i] != ':' {
		return "", p.fail(i, "no colon after a key"), false
	}
	return quoted, skipSpace(p.s, i+1), plain
}

func (p *scanner) word(i int, w string) int {
	if len(p.s)-i < len(w) || p.s[i:i+len(w)] != w {
		return p.fail(i, "no value")
	}
	return i + len(w)
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// digits returns the offset behind the digits at i.
func digits(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// number checks (-?(0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)? and -Infinity.
func (p *scanner) number(i int) int {
	s, from := p.s, i
	if s[i] == '-' {
		i++
		if i < len(s) && s[i] == 'I' {
			return p.word(i, "Infinity")
		}
	}
	first := i
	if i < len(s) && s[i] == '0' {
		i++
	} else if i = digits(s, i); i == first {
		return p.fail(i, "no digit")
	}
	point := i
	if i < len(s) && s[i] == '.' {
		i++
		if i = digits(s, i); i == point+1 {
			return p.fail(i, "no digit after the point")
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		exp := i
		if i = digits(s, i); i == exp {
			return p.fail(i, "no digit in the exponent")
		}
	}
	if i == point && point-first > p.lim.Digits { // only ints, as in Python
		return p.failLimit(from, "too many digits")
	}
	return i
}

// str checks the string whose opening quote is at i. It is plain if it is ASCII without
// escapes, so that its value is the text between the quotes.
func (p *scanner) str(i int) (end int, plain bool) {
	i, plain = plainRun(p.s, i+1)
	if i < len(p.s) && p.s[i] == '"' {
		return i + 1, plain
	}
	return p.strRest(i, plain)
}

// strRest checks a string from its first character that is not plain.
func (p *scanner) strRest(i int, plain bool) (end int, _ bool) {
	for {
		if i >= len(p.s) {
			return p.fail(i, "string without an end"), false
		}
		switch p.s[i] {
		case '"':
			return i + 1, plain
		case '\\':
			plain = false
			if i = p.escape(i); i < 0 {
				return -1, false
			}
			i, _ = plainRun(p.s, i)
		default:
			return p.fail(i, "control character in a string"), false
		}
	}
}

func (p *scanner) escape(i int) int {
	if i+1 >= len(p.s) {
		return p.fail(i+1, "string without an end")
	}
	switch p.s[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if len(p.s)-i >= 6 {
			if _, ok := hex4(p.s[i+2:]); ok {
				return i + 6
			}
		}
		return p.fail(i, `no four hex digits after \u`)
	}
	return p.fail(i, "unknown escape")
}

// hex4 reads four hex digits.
func hex4(s string) (rune, bool) {
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case isDigit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainRun returns the offset of the first quote, backslash or control character of s
// from i on, and whether everything before it is ASCII.
//
// It looks at eight bytes at a time. After an XOR with 2, the control characters and the
// quote, 0x22, are exactly the bytes below 0x21. Subtracting 0x21 then borrows and sets
// the high bit. A backslash becomes 0 by an XOR with itself and sets it too. Bits above such a byte
// may be set wrongly, so only the lowest one counts.
func plainRun(s string, i int) (end int, ascii bool) {
	var seen uint64
	for i < len(s)-7 {
		x := load8(s[i:])
		m := ((x ^ ones*2 - ones*0x21) | (x ^ ones*'\\' - ones)) &^ x & highs
		if m != 0 {
			k := bits.TrailingZeros64(m) &^ 7
			seen |= x & (1<<k - 1)
			return i + k/8, seen&highs == 0
		}
		seen |= x
		i += 8
	}
	for i < len(s) && s[i] >= 0x20 && s[i] != '"' && s[i] != '\\' {
		seen |= uint64(s[i])
		i++
	}
	return i, seen&highs == 0
}

func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
