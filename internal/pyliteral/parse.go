package pyliteral

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Options of reading. The zero value is for what Python 3 wrote.
type Options struct {
	// Python2 reads '\xc3' as a byte and not as a character, as Python 2 means it.
	// [Reader.SawUnicode] reports that it should be set.
	Python2 bool
	// MaxDepth is how deep brackets may be nested; default 100.
	MaxDepth int
	// MaxSize is the most bytes of a text; default 16 MiB.
	MaxSize int
}

// Defaults of [Options].
const (
	DefaultMaxDepth = 100
	DefaultMaxSize  = 16 << 20
)

// maxDigits is the most digits that Python's int() reads.
const maxDigits = 4300

// Parse reads a text that is one repr, with white space around it.
//
// Errors: *Error.
func Parse(text string, opts Options) (any, error) {
	r := Reader{Options: opts}
	v, _, err := r.read(text, true)
	return v, err
}

// Reader reads reprs one by one.
type Reader struct {
	Options
	// SawUnicode is true after a text such as u'...', which only Python 2 writes.
	SawUnicode bool
}

// Prefix reads the repr at the beginning of text and returns its length. At the outermost
// level it ends where its line ends.
//
// Errors: *Error.
func (r *Reader) Prefix(text string) (v any, n int, err error) { return r.read(text, false) }

func (r *Reader) read(text string, whole bool) (any, int, error) {
	if r.MaxDepth == 0 {
		r.MaxDepth = DefaultMaxDepth
	}
	if r.MaxSize == 0 {
		r.MaxSize = DefaultMaxSize
	}
	p := &parser{text: text, r: r, whole: whole}
	if len(text) > r.MaxSize {
		return nil, 0, p.fail(0, ErrSize, "the text")
	}
	p.space()
	v, err := p.value(0)
	if err != nil {
		return nil, 0, err
	}
	if whole {
		if p.space(); p.pos < len(text) {
			return nil, 0, p.fail(p.pos, ErrSyntax, "more than one value")
		}
	}
	return v, p.pos, nil
}

// parser is at a position of a text. Every method leaves pos after the value that it
// read.
type parser struct {
	text  string
	pos   int
	r     *Reader
	whole bool
	// noQuote holds for each kind of quote the position up to which there is no closing
	// one, so that the search stays linear.
	noQuote [2]int
}

func (p *parser) fail(at int, err error, what string) error {
	before := p.text[:min(at, len(p.text))]
	return &Error{1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n'), err, what}
}

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// value reads a value inside of depth brackets.
func (p *parser) value(depth int) (any, error) {
	if depth > p.r.MaxDepth {
		return nil, p.fail(p.pos, ErrDepth, "brackets in brackets")
	}
	start := p.pos
	v, ok, err := p.literal(depth)
	if err != nil {
		return nil, err
	}
	if ok && p.ended(depth) {
		return v, nil
	}
	// No literal, or an expression that begins with one, such as 1+2j: take it as text,
	// up to its end.
	if err := p.skip(start, depth); err != nil {
		return nil, err
	}
	text := strings.TrimRight(p.text[start:p.pos], " \t\r\n")
	if text == "" {
		return nil, p.fail(start, ErrSyntax, "a value is missing")
	}
	return NewOpaque(text), nil
}

// ended reports whether the value before pos ends there.
func (p *parser) ended(depth int) bool {
	i := p.pos
	for i < len(p.text) && (p.text[i] == ' ' || p.text[i] == '\t' || p.text[i] == '\r' || depth > 0 && p.text[i] == '\n') {
		i++
	}
	if i == len(p.text) {
		return true
	}
	switch p.text[i] {
	case ',', ')', ']', '}', ':':
		return depth > 0
	case '\n', '#':
		return depth == 0
	}
	return false
}

// literal reads a literal if there is one. If there is none, pos is at or after its old
// position, between brackets and quotes.
func (p *parser) literal(depth int) (v any, ok bool, err error) {
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		v, err = p.str("", p.pos)
		return v, true, err
	case c == '[':
		items, err := p.items(']', depth)
		return List(items), true, err
	case c == '(':
		return p.tuple(depth)
	case c == '{':
		return p.braces(depth)
	case isDigit(c) || c == '-' || c == '+' || c == '.':
		return p.number()
	case isName(c):
		return p.word(depth)
	}
	return nil, false, nil
}

// items reads from an opening bracket to the closing one.
func (p *parser) items(end byte, depth int) ([]any, error) {
	start := p.pos
	p.pos++
	items := []any{}
	for {
		p.space()
		if p.peek() == end {
			p.pos++
			return items, nil
		}
		if p.pos == len(p.text) {
			return nil, p.fail(start, ErrSyntax, "a bracket that is not closed")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		if err := p.separator(start, end); err != nil {
			return nil, err
		}
	}
}

// separator reads a comma, or checks that end closes the bracket at start.
func (p *parser) separator(start int, end byte) error {
	p.space()
	switch c := p.peek(); {
	case p.pos == len(p.text):
		return p.fail(start, ErrSyntax, "a bracket that is not closed")
	case c == ',':
		p.pos++
	case c != end:
		return p.fail(p.pos, ErrSyntax, "a comma is missing, or a bracket is of the wrong kind")
	}
	return nil
}

// tuple reads a tuple, or an expression in brackets that is none, such as (1+2j).
func (p *parser) tuple(depth int) (any, bool, error) {
	items, err := p.items(')', depth)
	if err != nil {
		return nil, false, err
	}
	if len(items) == 1 && p.beforeClosing() != ',' {
		return nil, false, nil
	}
	return Tuple(items), true, nil
}

// beforeClosing returns the last character other than a space before the bracket that was
// just read.
func (p *parser) beforeClosing() byte {
	i := p.pos - 2
	for i > 0 && strings.IndexByte(" \t\r\n", p.text[i]) >= 0 {
		i--
	}
	return p.text[i]
}

// braces reads a dict or a set.
func (p *parser) braces(depth int) (any, bool, error) {
	start := p.pos
	p.pos++
	p.space()
	if p.peek() == '}' {
		p.pos++
		return Dict{}, true, nil
	}
	dict, set := Dict{}, Set{}
	for {
		p.space()
		if p.peek() == '}' {
			break
		}
		if p.pos == len(p.text) {
			return nil, false, p.fail(start, ErrSyntax, "a bracket that is not closed")
		}
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		p.space()
		colon := p.peek() == ':'
		if colon != (len(dict) > 0) && len(dict)+len(set) > 0 {
			return nil, false, p.fail(p.pos, ErrSyntax, "half a dict, half a set")
		}
		if colon {
			p.pos++
			p.space()
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, false, err
			}
			dict = append(dict, Item{key, v})
		} else {
			set = append(set, key)
		}
		if err := p.separator(start, '}'); err != nil {
			return nil, false, err
		}
	}
	p.pos++
	if len(dict) > 0 {
		return dict, true, nil
	}
	return set, true, nil
}

// number reads an int or a float, or nothing.
func (p *parser) number() (any, bool, error) {
	start := p.pos
	if c := p.peek(); c == '-' || c == '+' {
		p.pos++
	}
	if word := dotted(p.text[p.pos:min(len(p.text), p.pos+4)]); word == "inf" || word == "nan" {
		p.pos += len(word)
		f, _ := strconv.ParseFloat(p.text[start:p.pos], 64)
		return f, true, nil
	}
	digits := 0
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		exp := p.pos > start && p.text[p.pos-1] == 'e' // of 1e-05
		if !isDigit(c) && c != '.' && c != 'e' && !(exp && (c == '-' || c == '+')) {
			break
		}
		if isDigit(c) {
			digits++
		}
		p.pos++
	}
	if digits > maxDigits {
		return nil, false, p.fail(start, ErrSize, "a number")
	}
	text := p.text[start:p.pos]
	if c := p.peek(); c == 'L' || c == 'l' {
		p.pos++
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, true, nil
	}
	if strings.Trim(text, "+-0123456789") == "" {
		if i, ok := new(big.Int).SetString(text, 10); ok {
			return i, true, nil
		}
		return nil, false, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return nil, false, nil
	}
	return f, true, nil
}
