package serializer_test

import (
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

type (
	level   int
	status  string
	celsius float32

	// byValue and byPointer write themselves as JSON, each by its kind of receiver.
	byValue   struct{ n int }
	byPointer struct{ n int }
	// asText writes itself as text.
	asText struct{ s string }
	// broken says in its errors what nobody should read.
	broken     struct{}
	brokenText struct{}
	// raw writes what it holds.
	rawJSON string
	// never has nothing to show.
	never struct{ hidden int }
	node  struct {
		Next *node `json:"next"`
	}
	loop  *loop
	stamp struct{ time.Time }
)

func (v byValue) MarshalJSON() ([]byte, error)    { return json.Marshal([]int{v.n}) }
func (v *byPointer) MarshalJSON() ([]byte, error) { return json.Marshal([]int{v.n}) }
func (v asText) MarshalText() ([]byte, error)     { return []byte("<" + v.s + ">"), nil }
func (v broken) MarshalJSON() ([]byte, error)     { return nil, errBroken }
func (v brokenText) MarshalText() ([]byte, error) { return nil, errBroken }
func (v rawJSON) MarshalJSON() ([]byte, error)    { return []byte(v), nil }

var errBroken = errors.New("the secret is hunter2")

var _ encoding.TextMarshaler = asText{}

func ptr[T any](v T) *T { return &v }

func TestFreeze(t *testing.T) {
	east := time.FixedZone("", 5*3600+1800)
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"nil", nil, `null`},
		{"bool", true, `true`},
		{"int", -7, `-7`},
		{"int8", int8(-128), `-128`},
		{"the largest uint64", uint64(math.MaxUint64), `18446744073709551615`},
		{"a named int", level(3), `3`},
		{"*big.Int", huge, `123456789012345678901234567890`},
		{"big.Int", *huge, `123456789012345678901234567890`},
		{"a nil *big.Int", (*big.Int)(nil), `null`},
		{"json.Number", json.Number("12"), `12`},
		{"json.Number as Python reads it", []json.Number{"-0", "1E5", "1.50", "1e400", ""}, `[0,100000.0,1.5,Infinity,0]`},

		{"float64", 1.0, `1.0`},
		{"floats by repr", []float64{1e16, 9999999999999998, 1e-5, 1e-4, 0.1, 5e-324, 1.7976931348623157e308, math.Copysign(0, -1)},
			`[1e+16,9999999999999998.0,1e-05,0.0001,0.1,5e-324,1.7976931348623157e+308,-0.0]`},
		{"floats that JSON does not know", []float64{math.NaN(), math.Inf(1), math.Inf(-1)}, `[NaN,Infinity,-Infinity]`},
		{"float32, as short as it can be", []float32{0.1, 1e16, 1e-4, 16777216, math.MaxFloat32}, `[0.1,1e+16,0.0001,16777216.0,3.4028235e+38]`},
		{"a named float32", celsius(36.6), `36.6`},

		{"text", "a/<b>&'\x7e", `"a/<b>&'~"`},
		{"controls and DEL", "\x00\x01\b\t\n\x0b\f\r\x1f\x7f\"\\", `"\u0000\u0001\b\t\n\u000b\f\r\u001f\u007f\"\\"`},
		{"beyond ASCII", "é\u2028\ufffd\U0001F600", `"\u00e9\u2028\ufffd\ud83d\ude00"`},
		{"lone surrogates", "\xed\xa0\xbdx\xed\xbf\xbf", `"\ud83dx\udfff"`},
		{"a named string", status("é"), `"\u00e9"`},

		{"nil slice, map and pointer", []any{[]int(nil), map[string]int(nil), (*int)(nil), []any(nil), map[string]any(nil)}, `[null,null,null,null,null]`},
		{"empty slice and map", []any{[]int{}, map[string]int{}, []any{}, map[string]any{}, serializer.Tuple(nil)}, `[[],{},[],{},[]]`},
		{"slice and array", [][2]int{{1, 2}, {3, 4}}, `[[1,2],[3,4]]`},
		{"pointers", ptr(ptr(5)), `5`},
		{"interfaces", []any{any(1), error(nil)}, `[1,null]`},
		{"map[string]any in order of the keys", map[string]any{"b": 1, "a": 2, "Z": nil, "é": 3}, `{"Z":null,"a":2,"b":1,"\u00e9":3}`},
		{"map[string]int", map[string]int{"b": 1, "a": 2}, `{"a":2,"b":1}`},
		{"map of named strings", map[status]bool{"b": true, "a": false}, `{"a":false,"b":true}`},
		{"map of ints in order of the text", map[int]int{10: 1, 9: 2, -1: 3}, `{"-1":3,"10":1,"9":2}`},
		{"map of uints", map[uint8]int{7: 1}, `{"7":1}`},
		{"map of keys with MarshalText", map[netip.Addr]int{netip.MustParseAddr("::1"): 1}, `{"::1":1}`},

		{"Tuple", serializer.Tuple{1, "a"}, `[1,"a"]`},
		{"*Dict", serializer.NewDict(serializer.Item{Key: "b", Value: 1}, serializer.Item{Key: "a", Value: []int{2}}), `{"b":1,"a":[2]}`},
		{"a nil *Dict", (*serializer.Dict)(nil), `{}`},
		{"keys that are not text", serializer.NewDict(
			serializer.Item{Key: int64(1), Value: 1}, serializer.Item{Key: nil, Value: 2}, serializer.Item{Key: false, Value: 3},
			serializer.Item{Key: 1.5, Value: 4}, serializer.Item{Key: 1e16, Value: 5}, serializer.Item{Key: math.Inf(-1), Value: 6},
			serializer.Item{Key: huge, Value: 7}),
			`{"1":1,"null":2,"false":3,"1.5":4,"1e+16":5,"-Infinity":6,"123456789012345678901234567890":7}`},
		{"keys that become one name stay two, as in Python", serializer.NewDict(
			serializer.Item{Key: int64(1), Value: "a"}, serializer.Item{Key: "1", Value: "b"}), `{"1":"a","1":"b"}`},
		{"RawJSON", serializer.RawJSON(`{"a" : 1E5}`), `{"a" : 1E5}`},
		{"OrderedDict", &serializer.OrderedDict{Dict: serializer.NewDict(serializer.Item{Key: "a", Value: 1})}, `{"a":1}`},
		{"SafeString", serializer.SafeString{Text: "<b>"}, `"<b>"`},
		{"text of Python 2", serializer.Str2("caf\xc3\xa9"), `"caf\u00e9"`},

		{"time", at, `"2030-01-02T03:04:05+00:00"`},
		{"time with a fraction", at.Add(6789 * time.Nanosecond), `"2030-01-02T03:04:05.000006+00:00"`},
		{"time with less than a microsecond", at.Add(999), `"2030-01-02T03:04:05+00:00"`},
		{"time elsewhere", at.In(east), `"2030-01-02T08:34:05+05:30"`},
		{"time to the west, with seconds", at.In(time.FixedZone("", -15)), `"2030-01-02T03:03:50-00:00:15"`},
		{"*time.Time", &at, `"2030-01-02T03:04:05+00:00"`},
		{"times within", map[string][]time.Time{"a": {at}}, `{"a":["2030-01-02T03:04:05+00:00"]}`},
		{"a type around time.Time writes itself", stamp{at}, `"2030-01-02T03:04:05Z"`},

		{"MarshalJSON", []any{byValue{1}, &byValue{2}, (*byValue)(nil)}, `[[1],[2],null]`},
		{"MarshalJSON of a pointer, of what is none", []any{byPointer{1}, &byPointer{2}, map[string]byPointer{"a": {3}}}, `[[1],[2],{"a":[3]}]`},
		{"MarshalJSON is escaped and spelled anew", rawJSON(` {"é" : [1E5, 1.50, "\u003c\/\u00E9😀", -0], "a":1, "a":2} `),
			`{"\u00e9":[100000.0,1.5,"</\u00e9\ud83d\ude00",0],"a":2}`},
		{"json.RawMessage", []json.RawMessage{json.RawMessage(`{"a": 1}`), nil}, `[{"a":1},null]`},
		{"MarshalText", []any{asText{"é"}, &asText{"b"}}, `["<\u00e9>","<b>"]`},
		{"an address", netip.MustParseAddr("10.0.0.1"), `"10.0.0.1"`},
		{"*big.Float", big.NewFloat(1.5), `"1.5"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := freeze(t, tt.v); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFreezeRefuses(t *testing.T) {
	cyclicMap := map[string]any{}
	cyclicMap["me"] = cyclicMap
	cyclicList := []any{nil}
	cyclicList[0] = cyclicList
	cyclicNode := &node{}
	cyclicNode.Next = cyclicNode
	var cyclicLoop loop
	cyclicLoop = loop(&cyclicLoop)
	var cyclicAny any
	cyclicAny = &cyclicAny
	wide := any(0) // 2^40 values, all one
	for range 40 {
		wide = []any{wide, wide}
	}
	tests := []struct {
		name string
		v    any
		err  error
		text string // that the error must say
	}{
		{"bytes", []byte("x"), serializer.ErrType, "bytes"},
		{"an array of bytes", [2]byte{}, serializer.ErrType, "bytes"},
		{"a string that is not UTF-8", "\xff", serializer.ErrType, "UTF-8"},
		{"half a surrogate", "\xed\xa0", serializer.ErrType, "UTF-8"},
		{"a surrogate that goes wrong", "\xedA\x80", serializer.ErrType, "UTF-8"},
		{"a surrogate that ends wrong", "\xed\xa0A", serializer.ErrType, "UTF-8"},
		{"an overlong form", "\xc0\x80", serializer.ErrType, "UTF-8"},
		{"a rune beyond Unicode", "\xf4\x90\x80\x80", serializer.ErrType, "UTF-8"},
		{"a key that is not UTF-8", map[string]int{"\xff": 1}, serializer.ErrType, "UTF-8"},
		{"MarshalText that is not UTF-8", asText{"\xff"}, serializer.ErrType, "UTF-8"},
		{"a channel", make(chan int), serializer.ErrType, "chan int"},
		{"a function", func() {}, serializer.ErrType, "func()"},
		{"a complex number", 1i, serializer.ErrType, "complex128"},
		{"a duration", time.Second, serializer.ErrType, "time.Duration"},
		{"a duration within", struct{ D time.Duration }{1}, serializer.ErrType, "D: a time.Duration"},
		{"a year that Python has not", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), serializer.ErrType, "year"},
		{"the year 0", time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), serializer.ErrType, "year"},
		{"keys that are structs", map[struct{ A int }]int{{}: 1}, serializer.ErrType, "keys"},
		{"keys that are bools", map[bool]int{true: 1}, serializer.ErrType, "keys"},
		{"a struct that shows nothing", never{1}, serializer.ErrType, "no exported field"},
		{"json.Number that is none", json.Number("1x"), serializer.ErrType, "json.Number"},
		{"json.Number that is a word", json.Number("NaN"), serializer.ErrType, "json.Number"},
		{"json.Number that is text", json.Number(`"1"`), serializer.ErrType, "json.Number"},
		{"json.Number of many digits", json.Number(strings.Repeat("1", 5000)), serializer.ErrLimit, "digits"},
		{"MarshalJSON that fails", broken{}, serializer.ErrType, "MarshalJSON of serializer_test.broken failed"},
		{"MarshalText that fails", brokenText{}, serializer.ErrType, "MarshalText of serializer_test.brokenText failed"},
		{"MarshalJSON that is no JSON", rawJSON(`{`), serializer.ErrType, "not return JSON"},
		{"MarshalJSON that is not UTF-8", rawJSON("\"\xff\""), serializer.ErrType, "not return JSON"},
		{"MarshalJSON too deep", rawJSON(strings.Repeat("[", 2000)), serializer.ErrLimit, "nested"},
		{"Python's bytes", serializer.Bytes("x"), serializer.ErrType, "Python bytes"},
		{"Python's bytearray", serializer.ByteArray("x"), serializer.ErrType, "Python bytearray"},
		{"set", serializer.Set{}, serializer.ErrType, "Python set"},
		{"frozenset", serializer.FrozenSet{}, serializer.ErrType, "Python frozenset"},
		{"Decimal", serializer.Decimal("1.5"), serializer.ErrType, "Python decimal"},
		{"UUID", serializer.UUID{}, serializer.ErrType, "Python uuid"},
		{"datetime", serializer.DateTime{}, serializer.ErrType, "Python datetime"},
		{"an object", &serializer.Object{}, serializer.ErrType, "Python object"},
		{"a tuple as key", serializer.NewDict(serializer.Item{Key: serializer.Tuple{}, Value: 1}), serializer.ErrType, "not tuple"},
		{"bytes of Python 2 that are no text", serializer.Str2("\xff"), serializer.ErrType, "Python str2"},
		{"a map that holds itself", cyclicMap, serializer.ErrLimit, "nested"},
		{"a list that holds itself", cyclicList, serializer.ErrLimit, "nested"},
		{"a struct that holds itself", cyclicNode, serializer.ErrLimit, "nested"},
		{"a pointer to itself", cyclicLoop, serializer.ErrLimit, "itself"},
		{"an interface that holds itself", cyclicAny, serializer.ErrLimit, "itself"},
		{"one value a million million times", wide, serializer.ErrLimit, "too many"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := serializer.JSON{}.Freeze(tt.v)
			var ce *serializer.ConvertError
			if got != nil || !errors.Is(err, tt.err) || !errors.As(err, &ce) {
				t.Fatalf("got %v, %v, want %v", got, err, tt.err)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%q does not say %q", err, tt.text)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q quotes what a method returned", err)
			}
		})
	}
	if _, err := (serializer.JSON{}).Freeze(broken{}); !errors.Is(err, errBroken) {
		t.Errorf("the method's own error cannot be matched in %v", err)
	}
}

func TestPathsOfFreeze(t *testing.T) {
	bad := make(chan int)
	type line struct {
		Price any `json:"price"`
	}
	type cart struct {
		Items []line `json:"items"`
		Odd   any    `json:"a.b"`
	}
	tests := []struct {
		v    any
		want string
	}{
		{bad, ""},
		// Names of fields are the program's. Keys of dicts and maps are the session's.
		{cart{Items: []line{{1}, {2}, {3}, {bad}}}, "items[3].price"},
		{cart{Odd: []any{bad}}, `["a.b"][0]`},
		{map[string]any{"cart": map[string]any{"also": 1, "items": []line{{1}, {2}, {3}, {bad}}}}, "{0}{1}[3].price"},
		{[]any{[]any{bad}}, "[0][0]"},
		{map[string]any{"a b": bad}, "{0}"},
		{map[string]any{"a.b": []any{bad}}, "{0}[0]"},
		{map[string]any{"": bad}, "{0}"},
		{map[int]any{5: 1, 7: bad}, "{1}"},
		{serializer.NewDict(serializer.Item{Key: "d", Value: serializer.NewDict(serializer.Item{Key: int64(1), Value: bad})}), "{0}{0}"},
		{map[string]any{strings.Repeat("k", 100): bad}, "{0}"},
	}
	for _, tt := range tests {
		_, err := serializer.JSON{}.Freeze(tt.v)
		var ce *serializer.ConvertError
		if !errors.As(err, &ce) || ce.Path != tt.want {
			t.Errorf("got path %q in %v, want %q", ce.Path, err, tt.want)
		}
	}
}

// Freeze encodes at once: what is done to the value afterwards changes nothing.
func TestFreezeTakesASnapshot(t *testing.T) {
	list := []string{"a"}
	frozen, err := serializer.JSON{}.Freeze(map[string]any{"list": list})
	if err != nil {
		t.Fatal(err)
	}
	list[0] = "b"
	d := serializer.NewDict().With("k", frozen)
	if got, want := dumps(t, d), `{"k":{"list":["a"]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
