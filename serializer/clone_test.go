package serializer

import (
	"math/big"
	"reflect"
	"testing"
)

// every is a value of each type that can be changed after it was made.
func every() []any {
	d := NewDict(Item{"a", []any{int64(1)}}, Item{int64(1), RawJSON("[1]")})
	return []any{
		[]any{int64(1)}, Tuple{[]any{}}, Set{"a"}, FrozenSet{"a"}, ByteArray("a"), big.NewInt(1), d,
		&OrderedDict{Dict: d}, &DefaultDict{Factory: Global{"builtins", "int"}, Dict: d},
		Message{Level: 20, Message: "m"}, Path{Class: Global{"pathlib", "Path"}, Parts: []string{"a"}},
		DateTime{Time: Time{Zone: &Object{Args: Tuple{"a"}}}}, Time{Zone: &Object{}},
		&Object{Class: Global{"a", "B"}, Args: Tuple{"a"}, Kwargs: d, Items: []any{"a"}, SetItems: []Item{{"a", []any{}}}, Built: true, State: d},
		(*Dict)(nil), (*Object)(nil), (*big.Int)(nil), []any(nil), []any{}, Bytes("a"), nil,
	}
}

func TestCloneIsEqualAndShares(t *testing.T) {
	for _, v := range every() {
		got := clone(v)
		if d, ok := v.(*Dict); ok {
			a, _ := appendTagged(nil, d)
			b, _ := appendTagged(nil, got)
			if string(a) != string(b) {
				t.Errorf("got %s, want %s", b, a)
			}
			continue
		}
		if !reflect.DeepEqual(got, v) {
			t.Errorf("got %#v, want %#v", got, v)
		}
	}
}

func TestCloneKeepsIdentity(t *testing.T) {
	shared := []any{int64(1)}
	o := &Object{State: shared}
	list := []any{shared, shared, o, o}
	got := clone(list).([]any)
	got[0].([]any)[0] = "changed"
	if got[1].([]any)[0] != "changed" || got[2].(*Object).State.([]any)[0] != "changed" || got[2] != got[3] {
		t.Error("what was one value is two")
	}
	if shared[0] != int64(1) {
		t.Error("the original changed")
	}
	o.State = o
	if got := clone(o).(*Object); got.State != any(got) || got == o {
		t.Error("the copy of what holds itself does not hold itself")
	}
}
