package serializer

import (
	"math"
	"math/big"
	"testing"
	"time"
)

func TestKeyEqual(t *testing.T) {
	big70 := new(big.Int).Lsh(big.NewInt(1), 70)
	o := &Object{}
	// Each row holds values that are one key to CPython 3.11 (and Str2 to 2.7);
	// those of different rows are different keys.
	rows := [][]any{
		{nil},
		{int64(0), false, 0.0, math.Copysign(0, -1), Decimal("0E-10"), Decimal("-0")},
		{int64(1), true, 1.0, Decimal("1.00"), Fraction{Text: "1"}, big.NewInt(1)},
		{int64(100), 100.0, Decimal("1E+2")},
		{0.5, Decimal("0.50"), Fraction{Text: "1/2", Pair: true}},
		{Decimal("0.1"), Fraction{Text: "1/10"}}, {0.1},
		{big70, math.Ldexp(1, 70), Decimal(big70.String())},
		{new(big.Int).Neg(big70)},
		{math.Inf(1), Decimal("Infinity")}, {math.Inf(-1), Decimal("-Infinity")},
		{Decimal("1E+99999"), Decimal("10E+99998")},
		{"a", Str2("a"), SafeString{Text: "a"}}, {Bytes("a")}, {Str2("\xe9"), Bytes("\xe9")}, {"é"},
		{Tuple{}}, {Tuple{int64(1), "x"}, Tuple{1.0, Str2("x")}}, {Tuple{"x", int64(1)}},
		{Tuple{Tuple{int64(1)}}}, {Tuple{int64(1)}},
		{FrozenSet{int64(1), int64(2)}, FrozenSet{2.0, true}, FrozenSet{int64(1), int64(2), int64(1)}}, {FrozenSet{}},
		{dateTime(2030, 1, 2, 3, 4, 5, 6, UTC)}, {dateTime(2030, 1, 2, 3, 4, 5, 6, nil)},
		{Date{2030, 1, 2}}, {UUID{1}}, {TimeDelta{Days: 1}}, {Global{"m", "x"}},
		{Path{Class: Global{"pathlib", "PurePath"}, Parts: []string{"a"}}, Path{Class: Global{"pathlib", "PurePath"}, Parts: []string{"a"}}},
		{o}, {&Object{}},
	}
	for i, row := range rows {
		for j, other := range rows {
			for _, a := range row {
				for _, b := range other {
					if got := keyEqual(a, b); got != (i == j) {
						t.Errorf("%#v and %#v: got %v", a, b, got)
					}
				}
			}
		}
	}
}

func TestNotHashable(t *testing.T) {
	deep := Tuple{nil}
	deep[0] = deep
	for _, v := range []any{
		[]any{}, &Dict{}, Set{}, ByteArray{}, &OrderedDict{}, &DefaultDict{}, Message{}, Tuple{[]any{}}, FrozenSet{Set{}},
		Tuple{Tuple{&Dict{}}}, DateTime{Time: Time{Zone: []any{}}}, deep, make(chan int), struct{}{},
	} {
		if keyEqual(v, v) {
			t.Errorf("%T equals itself as a key", v)
		}
	}
	for _, nan := range []any{math.NaN(), Decimal("NaN"), Decimal("-sNaN12")} {
		if keyEqual(nan, nan) {
			t.Errorf("%v equals itself", nan)
		}
	}
}

// TestKeysShared compares values that are far larger to walk over than in memory.
func TestKeysShared(t *testing.T) {
	tower := func(kind func(...any) any) any {
		var a, b any = kind(int64(1)), kind(int64(2))
		for range 60 {
			a, b = kind(a, b), kind(b, a, int64(3))
		}
		return kind(a, b)
	}
	for name, kind := range map[string]func(...any) any{
		"tuples":     func(v ...any) any { return Tuple(v) },
		"frozensets": func(v ...any) any { return FrozenSet(v) },
	} {
		start := time.Now()
		if !keyEqual(tower(kind), tower(kind)) {
			t.Errorf("%s: two equal ones differ", name)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestDictWithOddKeys(t *testing.T) {
	d := NewDict(Item{int64(1), "a"}, Item{true, "b"}, Item{Tuple{int64(1)}, "c"}, Item{"1", "d"})
	if d.Len() != 3 {
		t.Errorf("%d keys, want 3", d.Len())
	}
	for _, c := range []struct {
		key  any
		want any
	}{{int64(1), "b"}, {1.0, "b"}, {Tuple{1.0}, "c"}, {"1", "d"}} {
		if got, ok := d.GetKey(c.key); !ok || got != c.want {
			t.Errorf("%v: got %v, %v", c.key, got, ok)
		}
	}
	if _, ok := d.GetKey([]any{}); ok {
		t.Error("a list is a key")
	}
}

func keyEqual(a, b any) bool {
	var k keys
	ai, aok := k.Add(a)
	bi, bok := k.Add(b)
	return aok && bok && ai == bi
}
