package serializer

import (
	"math"
	"strings"
	"unicode/utf8"
)

// decoder builds values while its scanner checks them.
type decoder struct {
	scanner
	maker
	utf8 bool // bytes from 0x80 are UTF-8, as Go programs write it, not latin-1
	// likes are the names of the last dicts by their depth, if they are few and plain: the
	// next ones often have the same.
	likes [8]*[]string
	none  *[]string // for dicts that are deeper
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
	return p.newList(from, p.expected(i)), i
}

// decodeDict decodes a dict. In most lists of dicts all have the same keys, and then their
// names need not be read, compared and kept again.
func (p *decoder) decodeDict(i, depth int) (any, int) {
	if !p.node(i) {
		return nil, -1
	}
	i, more := p.open(i, depth, '}')
	like := *p.likesAt(depth)
	if like == nil || !more {
		return p.decodeKeys(nil, nil, i, depth, more)
	}
	var vals []any
	for more && len(vals) < len(*like) {
		at := p.sameKey(i, (*like)[len(vals)])
		if at < 0 {
			break
		}
		if !p.node(i) {
			return nil, -1
		}
		if vals == nil {
			vals = p.items.Take(len(*like), p.expected(i))[:0]
		}
		var v any
		if v, i = p.decode(at, depth); i < 0 {
			return nil, -1
		}
		vals = append(vals, v)
		i, more = p.comma(i, '}')
	}
	if more || i < 0 || len(vals) < len(*like) {
		return p.decodeKeys(*like, vals, i, depth, more)
	}
	return p.dicts.Take(1, p.expected(i))[0].dict(like, vals), i
}

// expected is about how many values follow behind i. A dict is one of them, and most have a
// key.
func (p *decoder) expected(i int) int { return 8 + (len(p.s)-i)/16 }

// likesAt returns where the names of the last dict at a depth are. At one depth dicts follow
// each other, so that room for the values of the next one, which it then does not need, is
// at most as large as the last one.
func (p *decoder) likesAt(depth int) **[]string {
	if depth < len(p.likes) {
		return &p.likes[depth]
	}
	p.none = nil
	return &p.none
}

// mostAlike is the number of names up to which they are kept for the next dict.
const mostAlike = 32

// sameKey returns the offset of the value if the key at i is name, which is plain.
func (p *decoder) sameKey(i int, name string) int {
	s, end := p.s, i+len(name)+1
	if end+1 >= len(s) || s[i] != '"' || s[end] != '"' || s[end+1] != ':' || s[i+1:end] != name {
		return -1
	}
	return skipSpace(s, end+2)
}

// decodeKeys decodes the rest of a dict, from the key at i on, if there are more. vals are
// the values so far, and before begins with their names.
func (p *decoder) decodeKeys(before []string, vals []any, i, depth int, more bool) (any, int) {
	p.begun()
	n := names{from: len(p.names)}
	for k := range vals {
		n.find(p.names, p.under, before[k])
		p.names, p.under = append(p.names, before[k]), append(p.under, vals[k])
	}
	allPlain := true
	for more {
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
		if old := n.find(p.names, p.under, name); old >= 0 {
			p.under[n.from+old] = v
		} else {
			p.names, p.under = append(p.names, name), append(p.under, v)
		}
		i, more = p.comma(i, '}')
	}
	if i < 0 {
		return nil, -1
	}
	d := p.newDict(&n, p.expected(i))
	last := p.likesAt(depth)
	if *last = nil; allPlain && d.Len() <= mostAlike {
		*last = d.in.names
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
