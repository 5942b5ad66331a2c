package serializer

import (
	"encoding/hex"
	"math/big"
	"strings"
)

// The types of this file, python_time.go and python_object.go stand for the values that a
// pickle may hold and JSON may not. Plain values are plain Go: nil, bool, int64 or
// [*big.Int], float64, string, []any and [*Dict].
//
// Python objects that can change in place (list, set, bytearray, dict, objects) have an
// identity: two names may stand for one list, and a list may hold itself. In Go the
// identity of a slice is its backing array and its length, and the identity of the others
// is their pointer. An empty slice without capacity has none.
type (
	// Tuple is a Python tuple. A tuple from a pickle keeps its identity, like a list.
	Tuple []any

	// Set is a Python set, in the order in which it was read. Nobody checks that items
	// added in Go are hashable and differ: Python would refuse the former and drop
	// repeated ones.
	Set []any

	// FrozenSet is a Python frozenset. See Set.
	FrozenSet []any

	// Bytes is a Python 3 bytes object. Convert it by []byte(b).
	Bytes string

	// ByteArray is a Python bytearray.
	ByteArray []byte

	// Str2 is a str of Python 2: bytes that are mostly used as text. It differs from
	// string, which is Python 2's unicode, so that it is written as it was read. As the
	// key of a dict an ASCII Str2 is a plain string, because for Python 2 the two are one
	// key. See [Text].
	Str2 string
)

// OrderedDict is a collections.OrderedDict. Use it by pointer.
type OrderedDict struct {
	Dict *Dict
}

// DefaultDict is a collections.defaultdict. Use it by pointer.
type DefaultDict struct {
	Factory any // makes missing values; mostly a Global, nil for None
	Dict    *Dict
}

// SafeString is django.utils.safestring.SafeString: text that templates do not escape.
type SafeString struct {
	Text  string
	Class string // "SafeText", its name before Django 3; empty: "SafeString"
}

// Message is django.contrib.messages.storage.base.Message.
type Message struct {
	Level     int64
	Message   any // string or SafeString
	ExtraTags any // string or nil
}

// Decimal is a decimal.Decimal, as str() writes it: 12.50, 1E+3, NaN.
type Decimal string

// Fraction is a fractions.Fraction.
type Fraction struct {
	Text string // "1/3", or "2" if it is whole
	Pair bool   // pickled as two ints, as Python 3.11 and later do, and not as text
}

// UUID is a uuid.UUID whose is_safe is unknown, as nearly all are.
type UUID [16]byte

// Path is a pathlib path.
type Path struct {
	Class Global   // pathlib.PosixPath and its kin; the module is pathlib._local in Python 3.13
	Parts []string // the arguments of the class: the parts, or from Python 3.13 the whole path
}

// Text returns the text of a value that is text in Python: a string, an ASCII [Str2], or a
// [SafeString].
func Text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Str2:
		return string(v), v.IsASCII()
	case SafeString:
		return v.Text, true
	}
	return "", false
}

// IsASCII reports whether s has no byte above 0x7F. Then it equals, in Python 2, the
// unicode of the same characters.
func (s Str2) IsASCII() bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// String returns the path with slashes between its parts.
func (p Path) String() string {
	text := strings.Join(p.Parts, "/")
	if strings.HasPrefix(text, "//") {
		text = text[1:] // the first of the parts was the root
	}
	return text
}

// String returns u as str() does: 8-4-4-4-12 hexadecimal digits.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// maxExponent is the largest exponent that Rat expands: more than any float has.
const maxExponent = 5000

// Rat returns the exact value of d. ok is false for infinities, NaN and exponents beyond
// 5,000, which would need that many digits.
func (d Decimal) Rat() (r *big.Rat, ok bool) {
	n, ok := parseDecimal(string(d))
	if !ok || n.exp > maxExponent || n.exp < -maxExponent || len(n.digits) > maxExponent {
		return nil, false
	}
	r, ok = new(big.Rat).SetString(string(d))
	return r, ok
}

// Rat returns the value of f. ok is false if its text is no fraction.
func (f Fraction) Rat() (r *big.Rat, ok bool) {
	num, den, _ := strings.Cut(f.Text, "/")
	if !isInt(num) || den != "" && !isInt(den) || len(f.Text) > 2*maxExponent {
		return nil, false
	}
	return new(big.Rat).SetString(f.Text)
}

func isInt(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789") == ""
}
