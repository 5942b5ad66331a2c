package pickle

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// keyEqual finds the node of a key that was read. Rows are one key to Python, and values of
// different rows are different keys.
func TestKeyEqual(t *testing.T) {
	big70 := new(big.Int).Lsh(big.NewInt(1), 70)
	rows := [][]any{
		{nil}, {int64(0), false, 0.0, serializer.Decimal("0.00")}, {int64(1), true, 1.0}, {int64(-1)}, {int64(math.MaxInt64)},
		{big70, math.Ldexp(1, 70)}, {0.5, serializer.Fraction{Text: "1/2"}},
		{"a", serializer.Str2("a"), serializer.SafeString{Text: "a"}}, {serializer.Bytes("a")}, {"1"}, {serializer.Str2("\xff"), serializer.Bytes("\xff")},
		{serializer.Tuple{}}, {serializer.Tuple{int64(1), "x"}, serializer.Tuple{true, "x"}}, {serializer.FrozenSet{int64(1), int64(2)}, serializer.FrozenSet{int64(2), 1.0}},
		{serializer.Date{Year: 2030, Month: 1, Day: 2}}, {serializer.UUID{1}}, {serializer.Global{Module: "m", Name: "x"}},
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
	for _, v := range []any{[]any{}, serializer.NewDict(), serializer.Set{}, serializer.ByteArray{}, serializer.Tuple{[]any{}}, math.NaN()} {
		if keyEqual(v, v) {
			t.Errorf("%T is a key", v)
		}
	}
}

// keyEqual looks once at a tuple that is held many times.
func TestKeyEqualShared(t *testing.T) {
	tower := func() any {
		var a, b any = serializer.Tuple{int64(1)}, serializer.Tuple{int64(2)}
		for range 60 {
			a, b = serializer.Tuple{a, b}, serializer.Tuple{b, a, int64(3)}
		}
		return a
	}
	start := time.Now()
	if !keyEqual(tower(), tower()) {
		t.Error("two equal towers differ")
	}
	if keyEqual(tower(), serializer.Tuple{tower(), tower()}) {
		t.Error("two different towers are equal")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
