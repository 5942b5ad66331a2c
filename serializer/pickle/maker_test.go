package pickle

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/go-djsession/go-djsession/serializer"
)

// Dicts whose keys are the same objects share their names, and no others do.
func TestDictsThatAreAlike(t *testing.T) {
	names := make([]string, 140)
	for i := range names {
		names[i] = fmt.Sprintf("name %d", i)
	}
	dict := func(first, n int, more ...serializer.Item) *serializer.Dict {
		var items []serializer.Item
		for i := range n {
			items = append(items, serializer.Item{Key: names[first+i], Value: int64(1000*first + i)})
		}
		return serializer.NewDict(append(items, more...)...)
	}
	var list []any
	for _, n := range []int{0, 1, 2, 7, 8, 9, 15, 16, 62, 63, 64, 70} {
		for range 2 {
			list = append(list,
				dict(0, n), dict(0, n), dict(1, n), dict(n, n), dict(0, n),
				dict(0, n, serializer.Item{Key: int64(7), Value: "seven"}),
				dict(0, n, serializer.Item{Key: "in", Value: dict(0, n)}),
				dict(0, n, serializer.Item{Key: "", Value: names[n%8]}, serializer.Item{Key: nil, Value: names[n%8]}),
				dict(0, n, serializer.Item{Key: "in", Value: []any{names[0], names[8], names[0], names[n]}}),
			)
		}
	}
	for protocol := 2; protocol <= 5; protocol++ {
		raw, err := Append(nil, list, &Options{Protocol: protocol})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Load(raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.([]any) {
			if have, want := itemsOf(v), itemsOf(list[i]); !reflect.DeepEqual(have, want) {
				t.Fatalf("protocol %d, dict %d: got %v, want %v", protocol, i, have, want)
			}
			// The names are also found.
			for _, it := range itemsOf(v) {
				found, ok := v.(*serializer.Dict).GetKey(it.Key)
				if _, isDict := found.(*serializer.Dict); isDict {
					found = itemsOf(found)
				}
				if !ok || !reflect.DeepEqual(found, it.Value) {
					t.Fatalf("protocol %d, dict %d: got %v for %v", protocol, i, found, it.Key)
				}
			}
		}
		// A dict that is changed changes no other one.
		all := got.([]any)
		for i, v := range all {
			d := v.(*serializer.Dict)
			d.With(names[0], "changed").With("more", "more").Without(names[1])
			if have, want := itemsOf(all[i]), itemsOf(list[i]); !reflect.DeepEqual(have, want) {
				t.Fatalf("protocol %d, dict %d changed: %v", protocol, i, have)
			}
		}
	}
}

// itemsOf returns the items of a dict in their order, also of those in it, or v.
func itemsOf(v any) []serializer.Item {
	d, ok := v.(*serializer.Dict)
	if !ok {
		return []serializer.Item{{Value: v}}
	}
	items := []serializer.Item{}
	for k, x := range d.All() {
		if _, ok := x.(*serializer.Dict); ok {
			x = itemsOf(x)
		}
		items = append(items, serializer.Item{Key: k, Value: x})
	}
	return items
}

// TestReadAllAllocates bounds what reading all of a pickle costs: a cart of a hundred items.
func TestReadAllAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var cart []any
	for i := range 100 {
		cart = append(cart, serializer.NewDict(
			serializer.Item{Key: "product_id", Value: int64(1000 + i)},
			serializer.Item{Key: "sku", Value: fmt.Sprintf("SKU-%05d", i)},
			serializer.Item{Key: "name", Value: fmt.Sprintf("Product number %d", i)},
			serializer.Item{Key: "quantity", Value: int64(i%9 + 1)},
			serializer.Item{Key: "price", Value: fmt.Sprintf("%d.%02d", i, i)},
			serializer.Item{Key: "gift", Value: i%7 == 0},
			serializer.Item{Key: "options", Value: serializer.NewDict(serializer.Item{Key: "size", Value: "SML"[i%3 : i%3+1]})},
		))
	}
	raw, err := Append(nil, serializer.NewDict(serializer.Item{Key: "cart", Value: cart}), nil)
	if err != nil {
		t.Fatal(err)
	}
	read := func() {
		d, err := Serializer{}.Loads(raw)
		if err != nil {
			t.Fatal(err)
		}
		for range d.All() {
		}
	}
	if got := testing.AllocsPerRun(20, read); got > 50 {
		t.Errorf("got %v allocations, want at most 50", got)
	}
	least := uint64(math.MaxUint64)
	for range 20 { // no other test allocates in one of them
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if most := uint64(9 * len(raw)); least > most {
		t.Errorf("%d bytes, want at most %d", least, most)
	}
}
