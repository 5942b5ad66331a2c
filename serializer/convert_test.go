package serializer_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// fit converts one value to T, from its JSON and decoded.
type fit struct {
	name string
	text string
	want any   // a T
	err  error // or this
	run  func(v any) (any, error)
}

func to[T any](name, text string, want T) fit {
	return fit{name, text, want, nil, func(v any) (any, error) { return serializer.Convert[T](v) }}
}

func no[T any](name, text string) fit {
	return fit{name, text, nil, serializer.ErrType, func(v any) (any, error) { return serializer.Convert[T](v) }}
}

type (
	item struct {
		SKU   string  `json:"sku"`
		Price float64 `json:"price"`
		Qty   *int    `json:"qty"`
	}
	cart struct {
		Items []item         `json:"items"`
		Extra map[string]any `json:"extra"`
	}
	// upper reads text in its own way, given JSON or text.
	upper      struct{ s string }
	upperText  struct{ s string }
	loud       struct{}
	withPtr    struct{ *hiddenPart }
	hiddenPart struct{ A int }
)

func (u *upper) UnmarshalJSON(b []byte) error     { u.s = strings.ToUpper(string(b)); return nil }
func (u *upperText) UnmarshalText(b []byte) error { u.s = strings.ToUpper(string(b)); return nil }
func (*loud) UnmarshalJSON(b []byte) error        { return errors.New("cannot read " + string(b)) }

func TestConvert(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	at := time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
	tests := []fit{
		to("string", `"a\u00e9\ud83d"`, "aé\xed\xa0\xbd"),
		to("a named string", `"a"`, status("a")),
		to("bool", `true`, true),
		to("bool false", `false`, false),
		to("int", `-7`, -7),
		to("int64", `9223372036854775807`, int64(math.MaxInt64)),
		to("-0", `-0`, 0),
		to("int8", `-128`, int8(-128)),
		to("a named int", `3`, level(3)),
		to("uint64", `18446744073709551615`, uint64(math.MaxUint64)),
		to("float64", `1.5`, 1.5),
		to("1e400", `1e400`, math.Inf(1)),
		to("-Infinity", `-Infinity`, math.Inf(-1)),
		to("an int as float", `3`, 3.0),
		to("an int as float32", `16777216`, float32(16777216)),
		to("float32", `0.1`, float32(0.1)),
		to("infinite float32", `Infinity`, float32(math.Inf(1))),
		to("big.Int", `123456789012345678901234567890`, *huge),
		to("*big.Int", `123456789012345678901234567890`, huge),
		to("a small big.Int", `5`, *big.NewInt(5)),
		to("json.Number of an int", `12`, json.Number("12")),
		to("json.Number of a float", `1E5`, json.Number("100000.0")),

		to("null as pointer", `null`, (*int)(nil)),
		to("null as any", `null`, any(nil)),
		to("null as slice", `null`, []int(nil)),
		to("null as map", `null`, map[string]int(nil)),
		to("null as json.RawMessage", `null`, json.RawMessage("null")),
		to("a pointer", `5`, ptr(5)),
		to("a pointer to a pointer", `5`, ptr(ptr(5))),

		to("any", `[1,"a",1.0]`, any([]any{int64(1), "a", 1.0})),
		to("[]any", `[1,null]`, []any{int64(1), nil}),
		to("an empty list", `[]`, []int{}),
		to("[]string", `["a","b"]`, []string{"a", "b"}),
		to("[][]int", `[[1],[]]`, [][]int{{1}, {}}),
		to("small ints", `[0,255]`, []byte{0, 255}),
		to("an array", `[1,2]`, [2]int{1, 2}),
		to("map[string]any", `{"a":1}`, map[string]any{"a": int64(1)}),
		to("map[string]int", `{"a":1,"a":2}`, map[string]int{"a": 2}),
		to("map of ints", `{"-1":"a"}`, map[int]string{-1: "a"}),
		to("map of uints", `{"1":"a"}`, map[uint8]string{1: "a"}),
		to("map of addresses", `{"::1":1}`, map[netip.Addr]int{netip.MustParseAddr("::1"): 1}),
		to("map[any]any", `{"a":1}`, map[any]any{"a": int64(1)}),
		to("RawJSON", `{"a" : 1E5}`, serializer.RawJSON(`{"a":100000.0}`)),
		to("json.RawMessage", `{"a" : "é"}`, json.RawMessage(`{"a":"\u00c3\u00a9"}`)),

		to("a struct", `{"items":[{"sku":"A","price":1.5,"qty":2},{"sku":"B","price":2}],"extra":{"x":[1]},"unknown":1}`,
			cart{Items: []item{{"A", 1.5, ptr(2)}, {"B", 2, nil}}, Extra: map[string]any{"x": []any{int64(1)}}}),
		to("names of another case are others", `{"SKU":"A"}`, item{}),
		to("null within a struct", `{"items":null,"extra":null}`, cart{}),

		to("UnmarshalJSON", `{"a":"é"}`, upper{`{"A":"\U00C3\U00A9"}`}),
		to("UnmarshalText", `"a"`, upperText{"A"}),
		to("an address", `"10.0.0.1"`, netip.MustParseAddr("10.0.0.1")),

		to("time", `"2030-01-02T03:04:05.000006+00:00"`, at),
		to("time without a fraction", `"2030-01-02T03:04:05+00:00"`, at.Truncate(time.Second)),
		to("time as DjangoJSONEncoder writes it", `"2030-01-02T03:04:05.120Z"`, at.Truncate(time.Second).Add(120*time.Millisecond)),
		to("time as str() writes it", `"2030-01-02 03:04:05+00:00"`, at.Truncate(time.Second)),

		no[string]("int as string", `1`),
		no[string]("null as string", `null`),
		no[bool]("int as bool", `1`),
		no[bool]("null as bool", `null`),
		no[bool]("string as bool", `"true"`),
		no[int]("1.0 as int", `1.0`),
		no[int]("1e2 as int", `1e2`),
		no[int]("bool as int", `true`),
		no[int]("string as int", `"1"`),
		no[int]("null as int", `null`),
		no[int]("list as int", `[]`),
		no[int64]("too large for int64", `9223372036854775808`),
		no[int8]("too large for int8", `128`),
		no[uint]("negative as uint", `-1`),
		no[uint64]("too large for uint64", `18446744073709551616`),
		no[float64]("bool as float", `true`),
		no[float64]("string as float", `"1.5"`),
		no[float64]("null as float", `null`),
		no[float64]("an int that float64 rounds", `9007199254740993`),
		no[float64]("an int larger than floats", strings.Repeat("9", 400)),
		no[float32]("an int that float32 rounds", `16777217`),
		no[float32]("too large for float32", `1e300`),
		no[big.Int]("1.0 as big.Int", `1.0`),
		no[big.Int]("null as big.Int", `null`),
		no[json.Number]("NaN as json.Number", `NaN`),
		no[json.Number]("string as json.Number", `"1"`),
		no[[]int]("dict as slice", `{}`),
		no[[]int]("string as slice", `"a"`),
		no[[]byte]("string as bytes", `"YQ=="`),
		no[[2]int]("a list of another length", `[1]`),
		no[[2]int]("null as array", `null`),
		no[map[string]int]("list as map", `[]`),
		no[map[int]int]("text as key that is an int", `{"a":1}`),
		no[map[int8]int]("a key that is out of range", `{"128":1}`),
		no[map[uint]int]("a negative key", `{"-1":1}`),
		no[map[bool]int]("a key of a type that is no key", `{"true":1}`),
		no[map[netip.Addr]int]("a key that UnmarshalText refuses", `{"x":1}`),
		no[item]("null as struct", `null`),
		no[item]("list as struct", `[]`),
		no[never]("a struct that shows nothing", `{}`),
		no[withPtr]("an embedded pointer that nobody can set", `{"A":1}`),
		no[*serializer.Dict]("null as Dict", `null`),
		no[*serializer.Dict]("list as Dict", `[]`),
		no[error]("an interface with methods", `"a"`),
		no[chan int]("a channel", `1`),
		no[complex128]("a complex number", `1`),
		no[upper]("null for UnmarshalJSON", `null`),
		no[loud]("UnmarshalJSON that fails", `"a"`),
		no[upperText]("int for UnmarshalText", `1`),
		no[netip.Addr]("UnmarshalText that fails", `"x"`),
		no[time.Time]("int as time", `1`),
		no[time.Time]("null as time", `null`),
		no[time.Time]("a naive time", `"2030-01-02T03:04:05"`),
		no[time.Time]("a date", `"2030-01-02"`),
		no[time.Time]("no time", `"soon"`),
		no[time.Time]("a comma", `"2030-01-02T03:04:05,5+00:00"`),
		no[time.Duration]("int as duration", `1`),
		no[serializer.Bytes]("string as Python's bytes", `"a"`),
	}
	if strconv.IntSize == 32 {
		tests = append(tests, no[int]("too large for int", `4294967297`))
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := serializer.RawJSON(tt.text)
			for form, v := range map[string]any{"JSON": raw, "decoded": raw.Value()} {
				got, err := tt.run(v)
				if tt.err != nil {
					var ce *serializer.ConvertError
					if !errors.Is(err, tt.err) || !errors.As(err, &ce) {
						t.Fatalf("%s: got %v, %v, want %v", form, got, err, tt.err)
					}
					if got != nil && !reflect.ValueOf(got).IsZero() {
						t.Errorf("%s: got %v with an error", form, got)
					}
					if strings.Contains(err.Error(), "cannot read") {
						t.Errorf("%q quotes what a method returned", err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", form, err)
				}
				if !reflect.DeepEqual(got, tt.want) {
					t.Errorf("%s: got %#v, want %#v", form, got, tt.want)
				}
			}
		})
	}
	if f, err := serializer.Convert[float64](serializer.RawJSON("NaN")); err != nil || !math.IsNaN(f) {
		t.Errorf("NaN: got %v, %v", f, err)
	}
	d, err := serializer.Convert[*serializer.Dict](serializer.RawJSON(`{"a":[1]}`))
	if err != nil || dumps(t, d) != `{"a":[1]}` {
		t.Errorf("Dict: got %v, %v", d, err)
	}
	east, err := serializer.Convert[time.Time](serializer.RawJSON(`"2030-01-02T08:34:05.000006+05:30"`))
	if _, offset := east.Zone(); err != nil || !east.Equal(at) || offset != 5*3600+1800 {
		t.Errorf("a time elsewhere: got %v, %v", east, err)
	}
}

// What only pickles hold.
func TestConvertPythonTypes(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
	d := serializer.NewDict(serializer.Item{Key: int64(1), Value: "a"}, serializer.Item{Key: "2", Value: "b"})
	tests := []struct {
		name string
		v    any
		run  func(v any) (any, error)
		want any // nil: an ErrType
	}{
		{"tuple", serializer.Tuple{int64(1)}, to("", "", []int{}).run, []int{1}},
		{"set", serializer.Set{int64(1)}, to("", "", []int{}).run, []int{1}},
		{"frozenset as array", serializer.FrozenSet{int64(1)}, to("", "", [1]int{}).run, [1]int{1}},
		{"tuple as itself", serializer.Tuple{int64(1)}, to("", "", serializer.Tuple{}).run, serializer.Tuple{int64(1)}},
		{"tuple as another type of ours", serializer.Tuple{}, to("", "", serializer.Set{}).run, nil},
		{"bytes", serializer.Bytes("ab"), to("", "", []byte{}).run, []byte("ab")},
		{"bytearray", serializer.ByteArray("ab"), to("", "", []byte{}).run, []byte("ab")},
		{"bytes as string", serializer.Bytes("ab"), to("", "", "").run, nil},
		{"SafeString", serializer.SafeString{Text: "<b>"}, to("", "", "").run, "<b>"},
		{"text of Python 2", serializer.Str2("a"), to("", "", "").run, "a"},
		{"bytes of Python 2", serializer.Str2("\xff"), to("", "", "").run, nil},
		{"Decimal as text", serializer.Decimal("1.50"), to("", "", upperText{}).run, upperText{"1.50"}},
		{"Decimal as JSON", serializer.Decimal("1.50"), to("", "", upper{}).run, nil},
		{"Decimal as string", serializer.Decimal("1.50"), to("", "", "").run, nil},
		{"UUID as text", serializer.UUID{15: 1}, to("", "", upperText{}).run, upperText{"00000000-0000-0000-0000-000000000001"}},
		{"UUID as itself", serializer.UUID{15: 1}, to("", "", serializer.UUID{}).run, serializer.UUID{15: 1}},
		{"OrderedDict", &serializer.OrderedDict{Dict: d}, to("", "", map[int]string{}).run, map[int]string{1: "a", 2: "b"}},
		{"DefaultDict, with a key that is no text", &serializer.DefaultDict{Dict: d}, to("", "", map[string]string{}).run, nil},
		{"keys of all types", d, to("", "", map[any]string{}).run, map[any]string{int64(1): "a", "2": "b"}},
		{"a key that Go cannot hash", serializer.NewDict(serializer.Item{Key: serializer.Tuple{}, Value: 1}), to("", "", map[any]any{}).run, nil},
		{"datetime", serializer.NewDateTime(at), to("", "", time.Time{}).run, at},
		{"a naive datetime", serializer.NewNaive(at), to("", "", time.Time{}).run, nil},
		{"a datetime as itself", serializer.NewNaive(at), to("", "", serializer.DateTime{}).run, serializer.NewNaive(at)},
		{"timedelta", serializer.NewTimeDelta(-time.Second), to("", "", time.Duration(0)).run, -time.Second},
		{"a timedelta that is too long", serializer.TimeDelta{Days: 999_999_999}, to("", "", time.Duration(0)).run, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.run(tt.v)
			if tt.want == nil {
				if !errors.Is(err, serializer.ErrType) {
					t.Fatalf("got %v, %v, want ErrType", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func TestField(t *testing.T) {
	d := loads(t, `{"n":1,"none":null,"cart":{"items":[{"sku":"A","price":1},{"price":"free"}],"a.b":{"1":[true]}}}`)
	if n, err := serializer.Field(d, "n", 5); n != 1 || err != nil {
		t.Errorf("present: got %v, %v", n, err)
	}
	if n, err := serializer.Field(d, "absent", 5); n != 5 || err != nil {
		t.Errorf("absent: got %v, %v", n, err)
	}
	if n, err := serializer.Field[int](nil, "absent", 5); n != 5 || err != nil {
		t.Errorf("a nil Dict: got %v, %v", n, err)
	}
	if n, err := serializer.Field(d, "n", "def"); n != "def" || err == nil {
		t.Errorf("of another type: got %v, %v", n, err)
	}
	if p, err := serializer.Field(d, "none", ptr(5)); p != nil || err != nil {
		t.Errorf("None: got %v, %v", p, err)
	}
	if n, err := serializer.Field(d, "none", 5); n != 5 || !errors.Is(err, serializer.ErrType) {
		t.Errorf("None as int: got %v, %v", n, err)
	}
	decoded := d.With("cart", d2(t, d, "cart"))
	paths := []struct {
		want string
		get  func(d *serializer.Dict) error
	}{
		{"cart.items[1].price", func(d *serializer.Dict) error { _, err := serializer.Field(d, "cart", cart{}); return err }},
		{"cart{0}", func(d *serializer.Dict) error {
			_, err := serializer.Field(d, "cart", map[string]map[string]int{})
			return err
		}},
		{`cart["a.b"]{0}[0]`, func(d *serializer.Dict) error {
			_, err := serializer.Field(d, "cart", struct {
				AB map[int][]int `json:"a.b"`
			}{})
			return err
		}},
		{"cart", func(d *serializer.Dict) error { _, err := serializer.Field(d, "cart", 0); return err }},
		{"n", func(d *serializer.Dict) error { _, err := serializer.Field(d, "n", ""); return err }},
	}
	for _, tt := range paths {
		for form, d := range map[string]*serializer.Dict{"JSON": d, "decoded": decoded} {
			var ce *serializer.ConvertError
			if err := tt.get(d); !errors.As(err, &ce) || ce.Path != tt.want {
				t.Errorf("%s: got path %q of %v, want %q", form, ce.Path, err, tt.want)
			}
		}
	}
}

func d2(t *testing.T, d *serializer.Dict, name string) any {
	t.Helper()
	v, ok := d.Get(name)
	if !ok {
		t.Fatalf("no %s", name)
	}
	return v
}

// The result of Convert shares nothing with what it was made from.
func TestConvertCopies(t *testing.T) {
	n := big.NewInt(1)
	list := []any{[]any{int64(1)}, n, serializer.NewDict(serializer.Item{Key: "a", Value: []any{int64(1)}})}
	before := freeze(t, list)

	got, err := serializer.Convert[[]any](list)
	if err != nil {
		t.Fatal(err)
	}
	got[0].([]any)[0] = "changed"
	got[1].(*big.Int).SetInt64(99)
	in, _ := got[2].(*serializer.Dict).Get("a")
	in.([]any)[0] = "changed"

	d, err := serializer.Convert[*serializer.Dict](list[2])
	if err != nil {
		t.Fatal(err)
	}
	in, _ = d.Get("a")
	in.([]any)[0] = "changed"

	array := serializer.ByteArray("ab")
	b, err := serializer.Convert[[]byte](array)
	if err != nil {
		t.Fatal(err)
	}
	if b[0] = 'x'; string(array) != "ab" {
		t.Error("the bytearray changed")
	}
	bi, err := serializer.Convert[*big.Int](n)
	if err != nil {
		t.Fatal(err)
	}
	bi.SetInt64(99)
	if after := freeze(t, list); after != before {
		t.Errorf("was %s, is %s", before, after)
	}
}

func TestConvertOfWhatHoldsItself(t *testing.T) {
	list := []any{nil}
	list[0] = list
	got, err := serializer.Convert[any](list)
	if err != nil {
		t.Fatal(err)
	}
	in := got.([]any)[0].([]any)
	if in[0] = "x"; got.([]any)[0] != any("x") && list[0].([]any)[0] == any("x") {
		t.Error("the copy holds the original, not itself")
	}
	type deep []deep
	if _, err := serializer.Convert[deep](list); !errors.Is(err, serializer.ErrLimit) {
		t.Errorf("a list that holds itself: got %v, want ErrLimit", err)
	}
	wide := []any{}
	for range 40 {
		wide = []any{wide, wide}
	}
	if _, err := serializer.Convert[deep](wide); !errors.Is(err, serializer.ErrLimit) {
		t.Errorf("2^40 lists: got %v, want ErrLimit", err)
	}
	if _, err := serializer.Convert[any](wide); err != nil {
		t.Errorf("2^40 lists that are one: %v", err)
	}
}
