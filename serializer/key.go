package serializer

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strings"
	"unsafe"
)

// keys is a pydict.Keys. The zero value is an empty set of keys.
type keys struct {
	ints   map[int64]int
	plain  map[any]int     // other values that Go compares as Python does
	texts  map[string]int  // text
	long   map[longKey]int // long texts and bytes, by their address
	groups map[string]int  // kind and numbers of the items of tuples and frozensets
	seen   map[group]int   // numbers of tuples and frozensets by their identity
	n      int
}

// longKey is the address of a long text or bytes. It ensures that one that is held very
// often is looked at once.
type longKey struct {
	kind byte
	at   identity
}

// once numbers a text by add, or returns the number that it already has.
func (k *keys) once(kind byte, s string, add func() int) int {
	if len(s) < longText {
		return add()
	}
	id := longKey{kind, textIdentity(s)}
	if i, ok := k.long[id]; ok {
		return i
	}
	if k.long == nil {
		k.long = map[longKey]int{}
	}
	i := add()
	k.long[id] = i
	return i
}

// group is the identity of a tuple or a frozenset.
type group struct {
	kind  byte
	first *any
	n     int
}

// Numbers of at most this many digits are compared exactly across types.
const comparedDigits = 400

// maxKeyDepth is how deep tuples may nest in a key. Deeper ones count as not hashable.
const maxKeyDepth = 2000

// Add implements pydict.Keys.
func (k *keys) Add(v any) (number int, ok bool) { return k.add(v, 0) }

// AddText implements pydict.Keys.
func (k *keys) AddText(s string) int {
	if i, ok := k.texts[s]; ok {
		return i
	}
	if k.texts == nil {
		k.texts = map[string]int{}
	}
	k.texts[s] = k.n
	k.n++
	return k.n - 1
}

func (k *keys) add(v any, depth int) (int, bool) {
	switch v := v.(type) {
	case string:
		return k.text(v), true
	case SafeString:
		return k.text(v.Text), true
	case Str2:
		return k.once('2', string(v), func() int {
			if v.IsASCII() {
				return k.AddText(string(v))
			}
			return k.value(Bytes(v))
		}), true
	case Bytes:
		return k.once('b', string(v), func() int { return k.value(v) }), true
	case Decimal:
		if len(v) >= longText {
			return k.once('d', string(v), func() int { return k.number(v) }), true
		}
		return k.number(v), true
	case Tuple:
		return k.group('t', v, depth)
	case FrozenSet:
		return k.group('f', v, depth)
	case DateTime:
		return k.timed(v, v.Zone)
	case Time:
		return k.timed(v, v.Zone)
	case Path:
		return k.value([2]any{v.Class, strings.Join(v.Parts, "\x00")}), true
	case nil, bool, int, int64, *big.Int, float64, Fraction:
		return k.number(v), true
	case Date, TimeDelta, TimeZone, ZoneInfo, Pytz, PytzFixed, UUID, Global, *Object:
	default:
		return 0, false
	}
	return k.value(v), true
}

// text is AddText for a text that one value may hold very often.
func (k *keys) text(s string) int {
	if len(s) < longText {
		return k.AddText(s)
	}
	return k.once('s', s, func() int { return k.AddText(s) })
}

// number numbers None, a bool or a number.
func (k *keys) number(v any) int {
	n := numberKey(v)
	if i, ok := n.(int64); ok {
		return k.addInt(i)
	}
	return k.value(n)
}

func (k *keys) addInt(n int64) int {
	if i, ok := k.ints[n]; ok {
		return i
	}
	if k.ints == nil {
		k.ints = map[int64]int{}
	}
	k.ints[n] = k.n
	k.n++
	return k.n - 1
}

// value numbers a value that Go can compare.
func (k *keys) value(v any) int {
	if i, ok := k.plain[v]; ok {
		return i
	}
	if k.plain == nil {
		k.plain = map[any]int{}
	}
	k.plain[v] = k.n
	k.n++
	return k.n - 1
}

// timed numbers a value with a Zone. Go may be unable to compare the Zone.
func (k *keys) timed(v, zone any) (int, bool) {
	switch zone.(type) {
	case nil, TimeZone, ZoneInfo, Pytz, PytzFixed, *Object:
		return k.value(v), true
	}
	return 0, false
}

func (k *keys) group(kind byte, items []any, depth int) (int, bool) {
	id := group{kind, nil, len(items)}
	if len(items) > 0 {
		id.first = unsafe.SliceData(items)
	}
	if i, ok := k.seen[id]; ok {
		return i, true
	}
	if depth == maxKeyDepth {
		return 0, false
	}
	numbers := make([]int, 0, len(items))
	for _, item := range items {
		i, ok := k.add(item, depth+1)
		if !ok {
			return 0, false
		}
		numbers = append(numbers, i)
	}
	if kind == 'f' {
		slices.Sort(numbers)
		numbers = slices.Compact(numbers)
	}
	text := []byte{kind}
	for _, i := range numbers {
		text = binary.AppendUvarint(text, uint64(i))
	}
	i, ok := k.groups[string(text)]
	if !ok {
		if k.groups == nil {
			k.groups, k.seen = map[string]int{}, map[group]int{}
		}
		i = k.n
		k.n++
		k.groups[string(text)] = i
	}
	k.seen[id] = i
	return i, true
}

// numberKey returns a number in one form for all numbers that are equal to it: an int64,
// bigKey, float64, ratio or decimalNumber. It returns other values unchanged.
func numberKey(v any) any {
	switch v := v.(type) {
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case int:
		return int64(v)
	case *big.Int:
		return intKey(v)
	case float64:
		if v == math.Trunc(v) && !math.IsInf(v, 0) {
			if math.Abs(v) < 1<<63 {
				return int64(v)
			}
			n, _ := big.NewFloat(v).Int(nil)
			return intKey(n)
		}
	case Fraction:
		if r, ok := v.Rat(); ok {
			return ratKey(r)
		}
	case Decimal:
		n, ok := parseDecimal(string(v))
		if !ok {
			return specialDecimal(v)
		}
		if len(n.digits) > comparedDigits || n.exp > comparedDigits || n.exp < -comparedDigits {
			return n
		}
		r, _ := new(big.Rat).SetString(string(v))
		return ratKey(r)
	}
	return v
}

// specialDecimal returns an infinity or NaN as a float.
func specialDecimal(d Decimal) any {
	switch text := strings.ToLower(string(d)); {
	case text == "infinity":
		return math.Inf(1)
	case text == "-infinity":
		return math.Inf(-1)
	case strings.Contains(text, "nan"):
		return math.NaN() // which equals nothing
	}
	return d
}

// bigKey is an int beyond 64 bits.
type bigKey struct {
	negative bool
	bytes    string
}

func intKey(n *big.Int) any {
	if n == nil {
		return nil
	}
	if n.IsInt64() {
		return n.Int64()
	}
	return bigKey{n.Sign() < 0, string(n.Bytes())}
}

// ratio is a fraction that is no float64.
type ratio string

// ratKey returns r as an int or a float if it is one.
func ratKey(r *big.Rat) any {
	if r.IsInt() {
		return intKey(r.Num())
	}
	if f, exact := r.Float64(); exact {
		return f
	}
	return ratio(r.RatString())
}

// decimalNumber is 0.digits * 10^exp, without zeros at either end of the digits.
type decimalNumber struct {
	negative bool
	digits   string
	exp      int
}

// parseDecimal reads a finite number as decimal.Decimal writes it.
func parseDecimal(s string) (n decimalNumber, ok bool) {
	rest := strings.TrimPrefix(s, "-")
	n.negative = rest != s
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		exp, ok := smallInt(rest[i+1:])
		if !ok {
			return n, false
		}
		n.exp, rest = exp, rest[:i]
	}
	whole, fraction, _ := strings.Cut(rest, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return n, false
	}
	digits = strings.TrimLeft(digits, "0")
	n.exp += len(digits) - len(fraction)
	if n.digits = strings.TrimRight(digits, "0"); n.digits == "" {
		return decimalNumber{}, true
	}
	return n, true
}

// smallInt reads an exponent, of which the decimal module allows 18 digits.
func smallInt(s string) (n int, ok bool) {
	sign := 1
	if s != "" && (s[0] == '+' || s[0] == '-') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	for _, c := range []byte(s) {
		if n > (math.MaxInt-9)/10 {
			return 0, false // on a machine of 32 bits
		}
		n = n*10 + int(c-'0')
	}
	return sign * n, true
}
