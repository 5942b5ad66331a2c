package serializer

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder builds values while its scanner checks them.
type decoder struct {
	scanner
	maker
	utf8 bool // bytes from 0x80 are UTF-8, as Go programs write it, not latin-1
	// likes are the last dicts, by their depth, whose keys are few and plain: the next
	// ones often have the same.
	likes [8][]entry
}

// noLimits is for text whose limits were checked when it was read.
var noLimits = Limits{Size: math.MaxInt, Depth: maxDepth, Nodes: math.MaxInt, Digits: math.MaxInt}

// decodeText decodes a whole text.
func decodeText(s string, isUTF8 bool, lim Limits) (any, *DecodeError) {
	p := decoder{scanner: scanner{s: s, lim: lim}, utf8: isUTF8}
	i := p.begin()
	if i < 0 {
		return nil, p.err
	}
	v, i := p.decode(i, 0)
	p.release()
	if i < 0 || p.end(i) < 0 {
		return nil, p.err
	}
	return v, nil
}

// decode is value, and also returns the value.
func (p *decoder) decode(i, depth int) (any, int) {
	var c byte
	if i < len(p.s) {
		c = p.s[i]
	}
	switch c {
	case '"':
		if !p.node(i) {
			return nil, -1
		}
		end, plain := p.str(i)
		if end < 0 {
			return nil, -1
		}
		text, ok := p.text(i, p.s[i:end], plain)
		if !ok {
			return nil, -1
		}
		return p.texts.Box(text, typeOfText), end
	case '{':
		return p.decodeDict(i, depth+1)
	case '[':
		return p.decodeList(i, depth+1)
	case 'n':
		return nil, p.value(i, depth)
	case 't':
		return true, p.value(i, depth)
	case 'f':
		return false, p.value(i, depth)
	}
	if v, end := p.shortNumber(i); end > 0 {
		if !p.node(i) {
			return nil, -1
		}
		return v, end
	}
	end := p.value(i, depth)
	if end < 0 {
		return nil, -1
	}
	if text := p.s[i:end]; isWhole(text) {
		return numberValue(text), end
	}
	return p.floats.Box(floatValue(p.s[i:end]), typeOfFloat), end
}

func (p *decoder) decodeList(i, depth int) (any, int) {
	if !p.node(i) {
		return nil, -1
	}
	p.begun()
	from := len(p.values)
	i, more := p.open(i, depth, ']')
	for more {
		var v any
		if v, i = p.decode(i, depth); i < 0 {
			return nil, -1
		}
		p.values = append(p.values, v)
		i, more = p.comma(i, ']')
	}
	if i < 0 {
		return nil, -1
	}
	return p.newList(from), i
}

// decodeDict decodes a dict. In most lists of dicts all have the same keys, and then their
// names need not be read, compared and kept again.
func (p *decoder) decodeDict(i, depth int) (any, int) {
	if !p.node(i) {
		return nil, -1
	}
	i, more := p.open(i, depth, '}')
	like := p.likes[depth%len(p.likes)]
	var own []entry
	for more && len(own) < len(like) {
		name := like[len(own)].name
		at := p.sameKey(i, name)
		if at < 0 {
			break
		}
		if !p.node(i) {
			return nil, -1
		}
		if own == nil {
			own = p.pairs.take(len(like))[:0]
		}
		var v any
		if v, i = p.decode(at, depth); i < 0 {
			return nil, -1
		}
		own = append(own, entry{name, v})
		i, more = p.comma(i, '}')
	}
	if i < 0 {
		return nil, -1
	}
	if more {
		return p.decodeKeys(own, i, depth)
	}
	if own == nil {
		own = p.pairs.take(0)
	}
	p.likes[depth%len(p.likes)] = own
	return p.dicts.take(1)[0].dict(own[:len(own):len(own)]), i
}

// sameKey returns the offset of the value if the key at i is name, which is plain.
func (p *decoder) sameKey(i int, name string) int {
	s, end := p.s, i+len(name)+1
	if end+1 >= len(s) || s[i] != '"' || s[end] != '"' || s[end+1] != ':' || s[i+1:end] != name {
		return -1
	}
	return skipSpace(s, end+2)
}

// decodeKeys decodes the rest of a dict, from the key at i on. own are the entries before.
func (p *decoder) decodeKeys(own []entry, i, depth int) (any, int) {
	p.begun()
	n := names{from: len(p.entries)}
	for _, e := range own {
		n.find(p.entries, e.name)
		p.entries = append(p.entries, e)
	}
	allPlain := true
	for more := true; more; {
		quoted, at, plain := p.key(i)
		if at < 0 {
			return nil, -1
		}
		name, ok := p.text(i, quoted, plain)
		if !ok {
			return nil, -1
		}
		allPlain = allPlain && plain
		var v any
		if v, i = p.decode(at, depth); i < 0 {
			return nil, -1
		}
		if old := n.find(p.entries, name); old != nil {
			old.val = v
		} else {
			p.entries = append(p.entries, entry{name, v})
		}
		i, more = p.comma(i, '}')
	}
	if i < 0 {
		return nil, -1
	}
	d := p.newDict(&n)
	like := &p.likes[depth%len(p.likes)]
	if *like = nil; allPlain && d.Len() < indexFrom {
		*like = d.all()
	}
	return d, i
}

// text returns the value of a string at i that str has already checked.
func (p *decoder) text(i int, quoted string, plain bool) (string, bool) {
	if plain {
		return quoted[1 : len(quoted)-1], true
	}
	if p.utf8 && !utf8.ValidString(quoted) {
		p.fail(i, "invalid UTF-8 in a string")
		return "", false
	}
	return p.unquoted(quoted, p.utf8), true
}

// unquote returns the value of a checked string in quotes.
func unquote(s string, isUTF8 bool) string { return string(appendUnquoted(nil, s, isUTF8)) }

// appendUnquoted appends the value of a checked string in quotes. As in Python, it joins an
// escaped surrogate with its other half if that follows immediately. Otherwise the
// surrogate stays one, in its three-byte form.
func appendUnquoted(b []byte, s string, isUTF8 bool) []byte {
	s = s[1 : len(s)-1]
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= 0x80 && !isUTF8:
			b = append(b, 0xC0|c>>6, 0x80|c&0x3F)
			i++
		case c != '\\':
			b = append(b, c)
			i++
		case s[i+1] != 'u':
			b = append(b, unescaped(s[i+1]))
			i += 2
		default:
			r, _ := hex4(s[i+2:])
			i += 6
			if isHigh(r) && strings.HasPrefix(s[i:], `\u`) {
				if low, _ := hex4(s[i+2:]); isLow(low) {
					r = (r-0xD800)<<10 + (low - 0xDC00) + 0x10000
					i += 6
				}
			}
			b = appendWTF8(b, r)
		}
	}
	return b
}

// unescaped returns the character that c stands for behind a backslash.
func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

func isHigh(r rune) bool { return 0xD800 <= r && r < 0xDC00 }
func isLow(r rune) bool  { return 0xDC00 <= r && r < 0xE000 }

// appendWTF8 is utf8.AppendRune, but keeps surrogates.
func appendWTF8(b []byte, r rune) []byte {
	if isHigh(r) || isLow(r) {
		return append(b, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return utf8.AppendRune(b, r)
}

// numberValue returns the value of a checked number: an int, unless the text has a point,
// an exponent or a word.
func numberValue(s string) any {
	if !isWhole(s) {
		return floatValue(s)
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

func isWhole(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '-' && !isDigit(c) {
			return false
		}
	}
	return true
}

// shortNumber decodes the number at i if it has at most 18 digits and no exponent. For
// anything else it returns 0.
func (p *decoder) shortNumber(i int) (v any, end int) {
	const most = 18
	s := p.s
	negative := i < len(s) && s[i] == '-'
	if negative {
		i++
	}
	first, n := i, int64(0)
	for ; i < len(s) && isDigit(s[i]) && i-first <= most; i++ {
		n = n*10 + int64(s[i]-'0')
	}
	whole, fraction := i-first, 0
	if whole == 0 || whole > most || whole > 1 && s[first] == '0' {
		return nil, 0
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && isDigit(s[i]) && i-first <= most+1; i++ {
			n = n*10 + int64(s[i]-'0')
		}
		if fraction = i - first - whole - 1; fraction == 0 {
			return nil, 0
		}
	}
	if i < len(s) && (s[i]|0x20 == 'e' || isDigit(s[i])) {
		return nil, 0
	}
	if fraction > 0 {
		// A float holds both numbers exactly, so that the quotient is the nearest float.
		if whole+fraction > most || n >= 1<<53 {
			return nil, 0
		}
		f := float64(n) / tens[fraction]
		if negative {
			f = -f
		}
		return p.floats.Box(f, typeOfFloat), i
	}
	if whole > p.lim.Digits {
		return nil, 0
	}
	if negative {
		n = -n
	}
	if uint64(n) < 256 { // Go has these ready
		return n, i
	}
	return p.ints.Box(n, typeOfInt), i
}

// tens are the powers of ten.
var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// floatValue returns the value of a checked number as a float. A number that is too large
// is an infinity, as in Python.
func floatValue(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}
