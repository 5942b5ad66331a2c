package serializer_test

import (
	"errors"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
)

func TestAppendTagged(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"None", nil, `{"type":"none","value":null}`},
		{"bool", true, `{"type":"bool","value":true}`},
		{"int", int64(-1), `{"type":"int","value":"-1"}`},
		{"large int", new(big.Int).Lsh(big.NewInt(1), 64), `{"type":"int","value":"18446744073709551616"}`},
		{"float", 1.0, `{"type":"float","value":"1.0"}`},
		{"NaN", math.NaN(), `{"type":"float","value":"nan"}`},
		{"infinity", math.Inf(1), `{"type":"float","value":"inf"}`},
		{"minus infinity", math.Inf(-1), `{"type":"float","value":"-inf"}`},
		{"str", "é\n", `{"type":"str","value":"\u00e9\n"}`},
		{"a lone surrogate", "a\xed\xa0\x80", `{"type":"wtf8","value":"61eda080"}`},
		{"list", []any{int64(1), "a"}, `{"type":"list","value":[{"type":"int","value":"1"},{"type":"str","value":"a"}]}`},
		{"dict", serializer.NewDict(kv("a", nil), kv(int64(1), true)),
			`{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"none","value":null}],[{"type":"int","value":"1"},{"type":"bool","value":true}]]}`},
		{"JSON", serializer.RawJSON(`[1E5]`), `{"type":"list","value":[{"type":"float","value":"100000.0"}]}`},
		{"tuple", serializer.Tuple{}, `{"type":"tuple","value":[]}`},
		{"set", serializer.Set{"a"}, `{"type":"set","value":[{"type":"str","value":"a"}]}`},
		{"frozenset", serializer.FrozenSet{}, `{"type":"frozenset","value":[]}`},
		{"bytes", serializer.Bytes("\x00\xff"), `{"type":"bytes","value":"00ff"}`},
		{"bytearray", serializer.ByteArray("\x00\xff"), `{"type":"bytearray","value":"00ff"}`},
		{"text of Python 2", serializer.Str2("a"), `{"type":"bytes","value":"61"}`},
		{"SafeString", serializer.SafeString{Text: "<b>"}, `{"type":"str","value":"<b>"}`},
		{"OrderedDict", &serializer.OrderedDict{}, `{"type":"dict","value":[]}`},
		{"datetime", serializer.NewDateTime(at), `{"type":"datetime","value":"2030-01-02T03:04:05.000006+00:00"}`},
		{"naive datetime", serializer.NewNaive(at), `{"type":"datetime","value":"2030-01-02T03:04:05.000006"}`},
		{"a datetime nowhere", serializer.DateTime{Time: serializer.Time{Zone: serializer.ZoneInfo{Key: "Nowhere"}}},
			`{"type":"opaque","value":"datetime.datetime in a time zone that is not known"}`},
		{"date", serializer.Date{Year: 30, Month: 1, Day: 2}, `{"type":"date","value":"0030-01-02"}`},
		{"time", serializer.Time{Hour: 3}, `{"type":"time","value":"03:00:00"}`},
		{"time with an offset", serializer.Time{Hour: 3, Zone: serializer.UTC}, `{"type":"time","value":"03:00:00+00:00"}`},
		{"time whose offset hangs on the day", serializer.Time{Zone: serializer.ZoneInfo{Key: "Europe/Paris"}}, `{"type":"opaque","value":"datetime.time in a time zone"}`},
		{"timedelta", serializer.NewTimeDelta(-time.Microsecond), `{"type":"timedelta","value":"-1 86399 999999"}`},
		{"Decimal", serializer.Decimal("1.50"), `{"type":"decimal","value":"1.50"}`},
		{"UUID", serializer.UUID{15: 1}, `{"type":"uuid","value":"00000000-0000-0000-0000-000000000001"}`},
		{"a class", serializer.Global{Module: "os", Name: "system"}, `{"type":"opaque","value":"os.system"}`},
		{"an object", &serializer.Object{Class: serializer.Global{Module: "a.b", Name: "C"}}, `{"type":"opaque","value":"a.b.C"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tagged.Append([]byte("x"), tt.v)
			if err != nil || string(got) != "x"+tt.want {
				t.Errorf("got %s, %v, want x%s", got, err, tt.want)
			}
		})
	}
}

func TestAppendText(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name, indent string
		v            any
		want         string
	}{
		{"compact", "", loads(t, "{\"a\" : [ 1 ,\t2.50], \"b\":\"\\/\xe9\\u00e9\"}"), `{"a":[1,2.5],"b":"/\u00e9\u00e9"}`},
		{"indented", "  ", loads(t, `{"a":[1,{"b":[]}],"c":{},"d":"x:{[\",\\"}`),
			"{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {},\n  \"d\": \"x:{[\\\",\\\\\"\n}"},
		{"a backslash before a quote", " ", []any{`\`, `\"`}, "[\n \"\\\\\",\n \"\\\\\\\"\"\n]"},
		{"nothing within", "  ", serializer.NewDict(), "{}"},
		{"floats", "", []any{math.NaN(), math.Inf(-1)}, `[NaN,-Infinity]`},
		{"large int", "", new(big.Int).Exp(big.NewInt(10), big.NewInt(4400), nil), "1" + string(zeros(4400))},
		{"Python's own", "", serializer.Tuple{serializer.Set{int64(1)}, serializer.FrozenSet{}, serializer.Bytes("\x01\xff"), serializer.ByteArray("a"),
			serializer.Decimal("1.50"), serializer.NewDateTime(at), serializer.Date{Year: 2030, Month: 1, Day: 2}, serializer.Time{Hour: 1},
			serializer.NewTimeDelta(-time.Microsecond), serializer.UUID{}, serializer.Str2("a"), serializer.Str2("\xff"), serializer.SafeString{Text: "s"}},
			`[[1],[],"bytes 01ff","bytearray 61","1.50","2030-01-02T03:04:05+00:00","2030-01-02","01:00:00",` +
				`"-1 days, 86399.999999 seconds","00000000-0000-0000-0000-000000000000","a","bytes ff","s"]`},
		{"objects", "", []any{&serializer.Object{Class: serializer.Global{Module: "a", Name: "B"}}, serializer.Global{Module: "os", Name: "system"}}, `["<a.B>","<os.system>"]`},
		{"a datetime nowhere", "", serializer.DateTime{Date: serializer.Date{Year: 2030, Month: 1, Day: 2}, Time: serializer.Time{Zone: serializer.ZoneInfo{Key: "Nowhere"}}},
			`"2030-01-02T00:00:00 in a time zone that is not known"`},
		{"keys of other types", "", serializer.NewDict(kv(int64(1), 1), kv(serializer.Tuple{int64(1), "a"}, 2), kv(serializer.Bytes("a"), 3), kv(serializer.Decimal("7"), 4)),
			`{"1":1,"[1,\"a\"]":2,"bytes 61":3,"7":4}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := serializer.AppendText([]byte("x"), tt.v, tt.indent)
			if err != nil || string(got) != "x"+tt.want {
				t.Errorf("got %s, %v, want x%s", got, err, tt.want)
			}
		})
	}
}

func zeros(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0'
	}
	return b
}

// Nothing in memory makes printing go on for ever, or end in a panic.
func TestPrintingIsBounded(t *testing.T) {
	list := []any{nil}
	list[0] = list
	wide := any(nil)
	for range 40 {
		wide = serializer.Tuple{wide, wide}
	}
	tests := []struct {
		name string
		v    any
		err  error
	}{
		{"a list that holds itself", list, serializer.ErrLimit},
		{"2^40 tuples", wide, serializer.ErrLimit},
		{"a key of 2^40 tuples", serializer.NewDict(kv(wide, true)), serializer.ErrLimit},
		{"a Go value", make(chan int), serializer.ErrType},
		{"no UTF-8", "\xff", serializer.ErrType},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tagged.Append([]byte("x"), tt.v); !errors.Is(err, tt.err) || string(got) != "x" {
				t.Errorf("AppendTagged gave %.20s, %v, want %v", got, err, tt.err)
			}
			if got, err := serializer.AppendText([]byte("x"), tt.v, " "); !errors.Is(err, tt.err) || string(got) != "x" {
				t.Errorf("AppendText gave %.20s, %v, want %v", got, err, tt.err)
			}
		})
	}
}
