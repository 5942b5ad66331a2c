// Package pyliteral reads the output of Python's repr and evaluates nothing.
//
// Shapes: a value is one of
//
//	nil, bool           None, True, False
//	int64, *big.Int     int; 10L of Python 2 too
//	float64             float, inf and nan
//	string, []byte      str, bytes
//	Tuple, List, Set    also frozenset(...)
//	Dict                in its order; also OrderedDict(...) and defaultdict(...)
//	Path                PosixPath('...') and its relatives
//	Duration            datetime.timedelta(...), in both of its forms
//	Opaque              everything else, as text
//
// An expression that is no literal (<function f at 0x7f>, Decimal('1'), any other call)
// becomes text. It ends at the comma or bracket after it, outside of its own brackets and
// quotes, so that the values around it can be read all the same.
//
// # Errors
//
// *Error holds the line and column, and matches [ErrSyntax], [ErrDepth] or [ErrSize]. It never
// holds any of the text.
//
// # Security
//
// The package only compares and copies text. Time and memory are linear in its length;
// length, depth and the digits of a number are bounded.
package pyliteral

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Errors of this package, to be matched by [errors.Is].
var (
	// ErrSyntax: a bracket or a quote is not closed, or the text is empty.
	ErrSyntax = errors.New("pyliteral: not a Python literal")
	// ErrDepth: brackets are nested deeper than MaxDepth.
	ErrDepth = errors.New("pyliteral: nested too deeply")
	// ErrSize: the text is longer than [Options.MaxSize], or a number has more than 4300
	// digits, which Python itself does not read.
	ErrSize = errors.New("pyliteral: too long")
)

// Error says where the text could not be read. Lines and columns begin at 1; columns
// count bytes.
type Error struct {
	Line, Column int
	Err          error // ErrSyntax, ErrDepth or ErrSize
	what         string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %v: %s", e.Line, e.Column, e.Err, e.what)
}

// Unwrap returns the sentinel.
func (e *Error) Unwrap() error { return e.Err }

type (
	// List is a list.
	List []any
	// Tuple is a tuple.
	Tuple []any
	// Set is a set or a frozenset, in the order of its repr.
	Set []any
	// Dict is a dict, in its order.
	Dict []Item
	// Item is an entry of a [Dict].
	Item struct{ Key, Value any }
	// Path is the text of a pathlib.Path.
	Path string
	// Duration is a datetime.timedelta.
	Duration time.Duration
)

// Get returns the value of a key that is a text, and whether there is one. As in Python,
// the last of equal keys counts.
//
// Get looks at all items: call it for a fixed number of keys only.
func (d Dict) Get(key string) (any, bool) {
	for i := len(d) - 1; i >= 0; i-- {
		if name, ok := d[i].Key.(string); ok && name == key {
			return d[i].Value, true
		}
	}
	return nil, false
}

// Opaque is an expression that is no literal. Its text may hold a secret: it prints as
// its Name.
type Opaque struct{ text *string }

// NewOpaque returns the [Opaque] of a text.
func NewOpaque(text string) Opaque { return Opaque{&text} }

// Text returns the whole repr.
func (o Opaque) Text() string {
	if o.text == nil {
		return ""
	}
	return *o.text
}

// Name describes the expression without its content: "Env(...)", "environ[...]",
// "<function make_key>", "<Lazy ...>", "an expression".
func (o Opaque) Name() string {
	text := o.Text()
	if rest, ok := strings.CutPrefix(text, "<"); ok {
		kind := dotted(rest)
		switch kind {
		case "function", "class", "module":
			name := dotted(strings.TrimLeft(rest[len(kind):], " '"))
			return "<" + kind + " " + name + ">"
		case "":
			return "<...>"
		}
		return "<" + kind + " ...>"
	}
	// Not the first word of a text without quotes: it may be a secret.
	if name := dotted(text); name != "" && len(name) < len(text) {
		switch rest := text[len(name):]; {
		case rest[0] == '(' && rest[len(rest)-1] == ')':
			return name + "(...)"
		case rest[0] == '[' && rest[len(rest)-1] == ']':
			return name + "[...]"
		}
	}
	return "an expression"
}

// Format prints [Opaque.Name], whatever the verb.
func (o Opaque) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.Name()) }

// MarshalText returns [Opaque.Name].
func (o Opaque) MarshalText() ([]byte, error) { return []byte(o.Name()), nil }

// maxName is the longest name that Name returns.
const maxName = 80

// dotted returns the dotted name at the beginning of text.
func dotted(text string) string {
	n := 0
	for n < len(text) && n < maxName && (isName(text[n]) || text[n] == '.' && n > 0) {
		n++
	}
	if n > 0 && text[0] >= '0' && text[0] <= '9' {
		return ""
	}
	return text[:n]
}

func isName(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
