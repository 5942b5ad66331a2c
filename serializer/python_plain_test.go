package serializer_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
)

type marshaledText string

func (u marshaledText) MarshalText() ([]byte, error) { return []byte("text " + string(u)), nil }

type marshaledList struct{ n int }

func (j marshaledList) MarshalJSON() ([]byte, error) { return json.Marshal([]int{j.n, j.n}) }

type failingText struct{}

func (failingText) MarshalText() ([]byte, error) { return nil, errors.New("hunter2") }

// plain returns the Python value of v as Freeze keeps it.
func plain(v any, lim serializer.Limits) (any, error) {
	frozen, err := serializer.Freeze(v, lim)
	if held, ok := pydict.Held(frozen); ok {
		return held, nil
	}
	return frozen, err
}

func TestPlain(t *testing.T) {
	type embedded struct {
		E int `json:"e"`
	}
	type record struct {
		embedded
		Name  string  `json:"name"`
		Price float32 `json:"price"`
		Zero  int     `json:"zero,omitempty"`
		Text  int     `json:"text,string"`
		Any   any     `json:"any"`
	}
	n := 7
	for _, c := range []struct {
		name string
		v    any
		want any
	}{
		{"small ints", []any{int8(1), uint16(2), 3, int64(4)}, []any{int64(1), int64(2), int64(3), int64(4)}},
		{"uint64", uint64(1 << 63), new(big.Int).SetUint64(1 << 63)},
		{"a big int that is small", big.NewInt(5), int64(5)},
		{"big.Int by value", *big.NewInt(5), int64(5)},
		{"no big int", (*big.Int)(nil), nil},
		{"float32 by its digits", float32(0.1), 0.1},
		{"json.Number", []any{json.Number("1"), json.Number("1.0"), json.Number("1e400")}, nil},
		{"a kind of string", marshaledText("x"), "text x"},
		{"MarshalText", netip.MustParseAddr("10.0.0.1"), "10.0.0.1"},
		{"MarshalJSON", marshaledList{3}, []any{int64(3), int64(3)}},
		{"array", [2]string{"a", "b"}, []any{"a", "b"}},
		{"no slice", []int(nil), nil},
		{"no map", map[string]int(nil), nil},
		{"pointers", &n, int64(7)},
		{"bytes", []byte("ab"), serializer.Bytes("ab")},
		{"bytes of another name", json.RawMessage(`[1]`), []any{int64(1)}},
		{"tuple", serializer.Tuple{1, "a"}, serializer.Tuple{int64(1), "a"}},
		{"set", serializer.Set{1}, serializer.Set{int64(1)}},
		{"message", serializer.Message{Level: 20, Message: "x"}, serializer.Message{Level: 20, Message: "x"}},
		{"datetime", time.Date(2030, 1, 2, 3, 0, 0, 0, time.UTC), serializer.NewDateTime(time.Date(2030, 1, 2, 3, 0, 0, 0, time.UTC))},
		{"duration", -time.Second, serializer.TimeDelta{Days: -1, Seconds: 86399}},
		{"RawJSON", serializer.RawJSON(`{"a":1.0}`), serializer.NewDict(serializer.Item{Key: "a", Value: 1.0})},
		{"struct", record{embedded{1}, "x", 0.5, 0, 4, nil}, serializer.NewDict(
			serializer.Item{Key: "e", Value: int64(1)}, serializer.Item{Key: "name", Value: "x"}, serializer.Item{Key: "price", Value: 0.5}, serializer.Item{Key: "text", Value: "4"}, serializer.Item{Key: "any", Value: nil})},
		{"map of anything", map[any]int{2: 1, "b": 2, "a": 3}, serializer.NewDict(serializer.Item{Key: int64(2), Value: int64(1)}, serializer.Item{Key: "a", Value: int64(3)}, serializer.Item{Key: "b", Value: int64(2)})},
		{"lone surrogate", "a\xed\xa0\x80", "a\xed\xa0\x80"},
	} {
		got, err := plain(c.v, serializer.Limits{})
		if c.name == "json.Number" {
			if l, ok := got.([]any); !ok || l[0] != int64(1) || l[1] != 1.0 {
				t.Errorf("%s: got %v, %v", c.name, got, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d, ok := got.(*serializer.Dict); ok {
			w := c.want.(*serializer.Dict)
			if !equalDicts(d, w) {
				t.Errorf("%s: got %v, want %v", c.name, items2(d), items2(w))
			}
			continue
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %#v, want %#v", c.name, got, c.want)
		}
	}
}

func items2(d *serializer.Dict) (items []serializer.Item) {
	for k, v := range d.All() {
		items = append(items, serializer.Item{Key: k, Value: v})
	}
	return items
}

func equalDicts(a, b *serializer.Dict) bool { return reflect.DeepEqual(items2(a), items2(b)) }

func TestPlainErrors(t *testing.T) {
	cycle := map[string]any{}
	cycle["x"] = cycle
	for _, c := range []struct {
		name string
		v    any
		lim  serializer.Limits
		want error
		path string
	}{
		{"channel", []any{1, make(chan int)}, serializer.Limits{}, serializer.ErrType, "[1]"},
		{"not UTF-8", map[string]any{"a": "\xff"}, serializer.Limits{}, serializer.ErrType, "{0}"},
		{"a key that is not UTF-8", map[string]any{"\xff": 1}, serializer.Limits{}, serializer.ErrType, ""},
		{"keys of another kind", map[float64]int{1: 1}, serializer.Limits{}, serializer.ErrType, ""},
		{"a struct with nothing to see", struct{ x int }{1}, serializer.Limits{}, serializer.ErrType, ""},
		{"a failingText method", failingText{}, serializer.Limits{}, serializer.ErrType, ""},
		{"a map that holds itself", cycle, serializer.Limits{}, serializer.ErrLimit, ""},
		{"nodes", []int{1, 2, 3}, serializer.Limits{Nodes: 3}, serializer.ErrLimit, "[2]"},
		{"digits", new(big.Int).Exp(big.NewInt(10), big.NewInt(50), nil), serializer.Limits{Digits: 50}, serializer.ErrLimit, ""},
	} {
		_, err := plain(c.v, c.lim)
		var typed *serializer.ConvertError
		if !errors.Is(err, c.want) || !errors.As(err, &typed) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.path != "" && typed.Path != c.path {
			t.Errorf("%s: path %q, want %q", c.name, typed.Path, c.path)
		}
	}
}

// TestPlainIdentity: one list is one list, and equal keys are one string.
func TestPlainIdentity(t *testing.T) {
	shared := []any{"x"}
	o := &serializer.Object{Class: serializer.Global{"m", "C"}}
	o.State = serializer.NewDict(serializer.Item{Key: "me", Value: o})
	got, err := plain([]any{shared, shared, o, o}, serializer.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	l := got.([]any)
	a, b := l[0].([]any), l[1].([]any)
	if a[0] = "changed"; b[0] != "changed" {
		t.Error("one list has become two")
	}
	if shared[0] != "x" {
		t.Error("the copy shares memory with what it was made of")
	}
	if c := l[2].(*serializer.Object); c == o || c != l[3].(*serializer.Object) {
		t.Error("one object has become two, or is not copied")
	} else if me, _ := c.Attr("me"); me != any(c) {
		t.Error("the object does not hold itself any more")
	}
}

func TestFrozen(t *testing.T) {
	for _, v := range []any{nil, true, "x", int64(1), 1.5, serializer.Bytes("x"), serializer.Decimal("1"), serializer.UUID{}, serializer.Global{}} {
		if got, err := serializer.Freeze(v, serializer.Limits{}); err != nil || got != v {
			t.Errorf("%v: got %v, %v", v, got, err)
		}
	}
	f, err := serializer.Freeze(map[string]any{"a": []int{1}}, serializer.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := serializer.Freeze(f, serializer.Limits{})
	if err != nil || again != f {
		t.Error("a frozen value is frozen once more")
	}
	d := serializer.NewDict(serializer.Item{Key: "v", Value: f})
	got, _ := d.Get("v")
	inner, _ := got.(*serializer.Dict).Get("a")
	inner.([]any)[0] = "changed"
	got, _ = d.Get("v")
	if inner, _ := got.(*serializer.Dict).Get("a"); inner.([]any)[0] != int64(1) {
		t.Error("a frozen value was changed")
	}
}
