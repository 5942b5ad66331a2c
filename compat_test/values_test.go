package compat_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/serializer"
)

// op is one thing to do to a session, in the language of site/ops.py: its name,
// then its arguments.
type op []any

// set, setdefault and their like take their value tagged.
func set(name string, value any) op { return op{"set", name, tag(value)} }

// tagged is a value with its Python type spelled out, as site/tags.py has it.
type tagged struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// tag tags the values that a session in JSON can hold.
func tag(v any) tagged {
	switch v := v.(type) {
	case nil:
		return tagged{"none", nil}
	case bool:
		return tagged{"bool", v}
	case int:
		return tagged{"int", strconv.Itoa(v)}
	case int64:
		return tagged{"int", strconv.FormatInt(v, 10)}
	case *big.Int:
		return tagged{"int", v.String()}
	case float64:
		return tagged{"float", strconv.FormatFloat(v, 'g', -1, 64)}
	case string:
		if !utf8.ValidString(v) {
			return tagged{"wtf8", hex.EncodeToString([]byte(v))}
		}
		return tagged{"str", v}
	case []any:
		list := make([]tagged, len(v))
		for i, item := range v {
			list[i] = tag(item)
		}
		return tagged{"list", list}
	case map[string]any:
		return tag(serializer.FromMap(v))
	case *serializer.Dict:
		pairs := [][2]tagged{}
		for key, item := range v.All() {
			pairs = append(pairs, [2]tagged{tag(key), tag(item)})
		}
		return tagged{"dict", pairs}
	}
	panic(fmt.Sprintf("no tag for %T", v)) // a fault of the test
}

// untag reads what site/tags.py wrote.
func untag(text json.RawMessage) (any, error) {
	var v struct {
		Type  string
		Value json.RawMessage
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	var str string
	switch v.Type {
	case "int", "float", "str", "wtf8":
		if err := json.Unmarshal(v.Value, &str); err != nil {
			return nil, err
		}
	}
	switch v.Type {
	case "none":
		return nil, nil
	case "bool":
		return string(v.Value) == "true", nil
	case "int":
		n, ok := new(big.Int).SetString(str, 10)
		if !ok {
			return nil, fmt.Errorf("no int: %s", str)
		}
		if n.IsInt64() {
			return n.Int64(), nil
		}
		return n, nil
	case "float":
		return strconv.ParseFloat(str, 64)
	case "str":
		return str, nil
	case "wtf8":
		raw, err := hex.DecodeString(str)
		return string(raw), err
	case "list":
		var items []json.RawMessage
		if err := json.Unmarshal(v.Value, &items); err != nil {
			return nil, err
		}
		list := make([]any, len(items))
		for i, item := range items {
			var err error
			if list[i], err = untag(item); err != nil {
				return nil, err
			}
		}
		return list, nil
	case "dict":
		var pairs [][2]json.RawMessage
		if err := json.Unmarshal(v.Value, &pairs); err != nil {
			return nil, err
		}
		items := make([]serializer.Item, 0, len(pairs))
		for _, p := range pairs {
			key, err := untag(p[0])
			if err != nil {
				return nil, err
			}
			value, err := untag(p[1])
			if err != nil {
				return nil, err
			}
			items = append(items, serializer.Item{Key: key, Value: value})
		}
		return serializer.NewDict(items...), nil
	}
	return nil, fmt.Errorf("no value for the tag %q", v.Type)
}

// untagMap is untag for a dict with text keys.
func untagMap(t testing.TB, text json.RawMessage) map[string]any {
	t.Helper()
	v, err := untag(text)
	if err != nil {
		t.Fatal(err)
	}
	d, ok := v.(*serializer.Dict)
	if !ok {
		t.Fatalf("got %T, want a dict", v)
	}
	return asMap(d)
}

// asMap is d without its order.
func asMap(d *serializer.Dict) map[string]any {
	m := make(map[string]any, d.Len())
	for key, value := range d.All() {
		m[key.(string)] = value
	}
	return m
}

// same reports whether a and b are one value to Python: of the same type, a dict
// in the same order, NaN like NaN, and 0.0 unlike -0.0.
func same(a, b any) bool {
	switch a := a.(type) {
	case float64:
		b, ok := b.(float64)
		return ok && (math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b))
	case *big.Int:
		b, ok := b.(*big.Int)
		return ok && a.Cmp(b) == 0
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case *serializer.Dict:
		b, ok := b.(*serializer.Dict)
		if !ok || a.Len() != b.Len() {
			return false
		}
		pairs := func(d *serializer.Dict) (all []any) {
			for key, value := range d.All() {
				all = append(all, key, value)
			}
			return all
		}
		return slices.EqualFunc(pairs(a), pairs(b), same)
	}
	return a == b
}

// compare tells of what got and want do not share, by name.
func compare(t testing.TB, what string, got, want map[string]any) {
	t.Helper()
	names := maps.Clone(got)
	maps.Copy(names, want)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		g, inGot := got[name]
		w, inWant := want[name]
		switch {
		case !inGot:
			t.Errorf("%s: %q is missing, want %#v", what, name, w)
		case !inWant:
			t.Errorf("%s: got %q = %#v, want none", what, name, g)
		case !same(g, w):
			t.Errorf("%s: got %q = %#v, want %#v", what, name, g, w)
		}
	}
}

// everyValue holds a value of every kind that a session in JSON can have, under a
// name that says what is odd about it.
var everyValue = map[string]any{
	"none":                 nil,
	"true":                 true,
	"false":                false,
	"int zero":             int64(0),
	"int negative":         int64(-7),
	"int largest":          int64(math.MaxInt64),
	"int smallest":         int64(math.MinInt64),
	"int beyond 64 bits":   bigInt("9223372036854775808"),
	"int of 4000 digits":   bigInt("-1" + string(slices.Repeat([]byte("0123456789"), 400))),
	"float whole":          1.0,
	"float zero":           0.0,
	"float negative zero":  math.Copysign(0, -1),
	"float tenth":          0.1,
	"float large":          1e16,
	"float small":          1e-05,
	"float smallest":       5e-324,
	"float largest":        math.MaxFloat64,
	"float NaN":            math.NaN(),
	"float infinity":       math.Inf(1),
	"float minus infinity": math.Inf(-1),
	"text empty":           "",
	"text ascii":           "plain",
	"text markup":          `</script>&"'\/`,
	"text controls":        "\x00\b\t\n\v\f\r\x1f\x7f",
	"text latin":           "café",
	"text beyond latin":    "Ωμέγα 日本語",
	"text astral":          "😀𝄞",
	"text separators":      "a\u2028b\u2029c\ufeffd\u00a0e",
	"text lone surrogate":  "\xed\xa0\x80 and \xed\xbf\xbf",
	"text like a number":   "1.0",
	"text like a date":     "2026-11-22T20:19:06Z",
	"text long":            string(slices.Repeat([]byte("long "), 4000)),
	"list empty":           []any{},
	"list mixed":           []any{int64(1), 1.0, "1", true, nil, []any{[]any{}}},
	"dict empty":           serializer.NewDict(),
	"dict in order":        serializer.NewDict(pair("z", int64(1)), pair("a", int64(2)), pair("", []any{})),
	"dict deep":            deep(100),
	"ключ":                 "a key beyond ASCII",
	"":                     "a key without a name",
}

// values are those of everyValue that the world can keep: on CPython 2.7 a dict has no
// order.
func (w *world) values() map[string]any {
	values := maps.Clone(everyValue)
	if w.unordered() {
		delete(values, "dict in order")
	}
	return values
}

func (w *world) unordered() bool { return w.django == "1.8" || w.django == "1.11" }

func pair(key string, value any) serializer.Item { return serializer.Item{Key: key, Value: value} }

func bigInt(digits string) *big.Int {
	n, _ := new(big.Int).SetString(digits, 10)
	return n
}

func deep(n int) any {
	var v any = "bottom"
	for range n {
		v = serializer.NewDict(pair("down", []any{v}))
	}
	return v
}
