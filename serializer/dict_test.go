package serializer_test

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
)

func kv(key, value any) serializer.Item { return serializer.Item{Key: key, Value: value} }

// show lists the keys and values of d in order.
func show(d *serializer.Dict) string {
	var b strings.Builder
	for k, v := range d.All() {
		fmt.Fprintf(&b, "%v=%v ", k, v)
	}
	return strings.TrimSpace(b.String())
}

func numbered(n int) *serializer.Dict {
	var items []serializer.Item
	for i := range n {
		items = append(items, kv(fmt.Sprintf("key%03d", i), int64(i)))
	}
	return serializer.NewDict(items...)
}

func TestDictOrder(t *testing.T) {
	abc := serializer.NewDict(kv("a", 1), kv("b", 2), kv("c", 3))
	tests := []struct {
		name string
		d    *serializer.Dict
		want string
	}{
		{"as made", abc, "a=1 b=2 c=3"},
		{"a repeated key: first place, last value", serializer.NewDict(kv("a", 1), kv("b", 2), kv("a", 3)), "a=3 b=2"},
		{"a changed key keeps its place", abc.With("b", 9), "a=1 b=9 c=3"},
		{"a new key comes last", abc.With("d", 4), "a=1 b=2 c=3 d=4"},
		{"without the first", abc.Without("a"), "b=2 c=3"},
		{"without the last", abc.Without("c"), "a=1 b=2"},
		{"without what is not there", abc.Without("x"), "a=1 b=2 c=3"},
		{"deleted and set again comes last", abc.Without("a").With("a", 9), "b=2 c=3 a=9"},
		{"from a map: sorted", serializer.FromMap(map[string]any{"b": 1, "a": 2, "Z": 3}), "Z=3 a=2 b=1"},
		{"from a nil map", serializer.FromMap(nil), ""},
		{"nothing", serializer.NewDict(), ""},
		{"nil with a key", (*serializer.Dict)(nil).With("a", 1), "a=1"},
		{"nil without a key", (*serializer.Dict)(nil).Without("a"), ""},
		{"an empty name", serializer.NewDict(kv("", 1)).With("", 2), "=2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(tt.d); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got, want := tt.d.Len(), len(strings.Fields(tt.want)); got != want {
				t.Errorf("got length %d, want %d", got, want)
			}
		})
	}
	if got := show(abc); got != "a=1 b=2 c=3" {
		t.Errorf("the original changed to %s", got)
	}
}

// Keys are those of Python, where 1, 1.0 and True are one.
func TestDictKeys(t *testing.T) {
	big1 := new(big.Int).Lsh(big.NewInt(1), 70)
	d := serializer.NewDict(kv(int64(1), "a"), kv("1", "b"), kv(nil, "c"), kv(serializer.Tuple{int64(1), "x"}, "d"), kv(big1, "e"))
	tests := []struct {
		key  any
		want any // nil: not there
	}{
		{int64(1), "a"}, {1.0, "a"}, {true, "a"}, {"1", "b"}, {nil, "c"}, {serializer.Tuple{1.0, "x"}, "d"},
		{new(big.Int).Set(big1), "e"}, {int64(2), nil}, {"None", nil}, {serializer.Tuple{int64(1)}, nil}, {[]any{}, nil},
	}
	for _, tt := range tests {
		got, ok := d.GetKey(tt.key)
		if got != tt.want || ok != (tt.want != nil) {
			t.Errorf("GetKey(%v): got %v, %v, want %v", tt.key, got, ok, tt.want)
		}
	}
	if d.Has("x") || !d.Has("1") {
		t.Error("Has knows the wrong text keys")
	}
	if _, ok := d.Get("None"); ok {
		t.Error("the key None is no text")
	}
	repeated := serializer.NewDict(kv(int64(1), "a"), kv(true, "b"), kv(1.0, "c"))
	if got := show(repeated); got != "1=c" {
		t.Errorf("got %s, want 1=c", got)
	}
	if got := show(d.With("1", "B").Without("x")); !strings.HasPrefix(got, "1=a 1=B") {
		t.Errorf("got %s", got)
	}
}

// Small Dicts are searched, large ones have an index: both must be right at
// every size.
func TestDictSizes(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5, 6, 7, 12, 63, 64, 65, 66, 200} {
		d := numbered(n)
		for i := range n {
			name := fmt.Sprintf("key%03d", i)
			if v, ok := d.Get(name); !ok || v != int64(i) {
				t.Fatalf("of %d: %s is %v, %v", n, name, v, ok)
			}
			changed := d.With(name, "x")
			if v, _ := changed.Get(name); v != "x" || changed.Len() != n {
				t.Fatalf("of %d: With(%s) gave %v", n, name, v)
			}
			less := d.Without(name)
			if less.Has(name) || less.Len() != n-1 {
				t.Fatalf("of %d: Without(%s) left it", n, name)
			}
			if last := fmt.Sprintf("key%03d", n-1); i < n-1 && !less.Has(last) {
				t.Fatalf("of %d: Without(%s) lost %s", n, name, last)
			}
		}
		if d.Has("key") || d.Has("key999") {
			t.Fatalf("of %d: has a key that was not set", n)
		}
		more := d.With("new", 1)
		if v, _ := more.Get("new"); v != 1 || more.Len() != n+1 || d.Has("new") {
			t.Fatalf("of %d: With of a new key failed", n)
		}
	}
}

// Names that fall on the same bits of the builder's filter must stay apart.
func TestBuilderTellsNamesApart(t *testing.T) {
	var items []serializer.Item
	want := map[string]int{}
	for i := range 3000 {
		// Alike in length, in the first eight bytes and in the last eight.
		for _, name := range []string{fmt.Sprintf("prefix__%04d__suffix", i), fmt.Sprint(i)} {
			items = append(items, kv(name, i), kv(name, i+1))
			want[name] = i + 1
		}
	}
	d := serializer.NewDict(items...)
	if d.Len() != len(want) {
		t.Fatalf("got %d keys, want %d", d.Len(), len(want))
	}
	for k, v := range d.All() {
		if want[k.(string)] != v {
			t.Fatalf("%v is %v, want %v", k, v, want[k.(string)])
		}
	}
}

func TestNilDict(t *testing.T) {
	var d *serializer.Dict
	if d.Len() != 0 || d.Has("a") {
		t.Error("a nil Dict is not empty")
	}
	if _, ok := d.Get("a"); ok {
		t.Error("Get finds something in a nil Dict")
	}
	if _, ok := d.GetKey(int64(1)); ok {
		t.Error("GetKey finds something in a nil Dict")
	}
	for range d.All() {
		t.Error("All yields from a nil Dict")
	}
	for range d.AllStored() {
		t.Error("AllStored yields from a nil Dict")
	}
	for range d.Keys() {
		t.Error("Keys yields from a nil Dict")
	}
	if source, changed := pydict.Source(d); source != nil || changed {
		t.Error("a nil Dict has a source")
	}
	if d2 := pydict.WithSource(d, "x"); d2.Len() != 0 {
		t.Error("WithSource of a nil Dict is not empty")
	}
}

func TestDictIterationStops(t *testing.T) {
	d := numbered(3)
	n := 0
	for range d.All() {
		n++
		break
	}
	for range d.AllStored() {
		n++
		break
	}
	for range d.Keys() {
		n++
		break
	}
	if n != 3 {
		t.Errorf("got %d steps, want 3", n)
	}
	if got := slices.Collect(d.Keys()); !reflect.DeepEqual(got, []any{"key000", "key001", "key002"}) {
		t.Errorf("got the keys %v", got)
	}
}

func TestDictSource(t *testing.T) {
	d := pydict.WithSource(numbered(2), "bytes")
	check := func(name string, d *serializer.Dict, want bool) {
		t.Helper()
		if source, changed := pydict.Source(d); source != "bytes" || changed != want {
			t.Errorf("%s: got %v, %v, want bytes, %v", name, source, changed, want)
		}
	}
	check("as read", d, false)
	check("without what was not there", d.Without("x"), false)
	check("with", d.With("a", 1), true)
	check("with an old key", d.With("key000", 1), true)
	check("without", d.Without("key000"), true)
	check("read again", pydict.WithSource(d.With("a", 1), "bytes"), false)
}

func TestStoredIsNotDecoded(t *testing.T) {
	d := loads(t, `{"a":[1]}`)
	for _, v := range d.AllStored() {
		if v != any(serializer.RawJSON("[1]")) {
			t.Errorf("got %#v", v)
		}
	}
}

// One Dict is read and extended by many goroutines: run with -race.
func TestDictConcurrency(t *testing.T) {
	d := numbered(100)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			mine := d
			for j := range 50 {
				mine = mine.With(fmt.Sprintf("mine%d", j), i).Without(fmt.Sprintf("key%03d", j))
				mine.Get("key099")
				d.Get("key000")
			}
			if mine.Len() != 100 {
				t.Errorf("got %d keys, want 100", mine.Len())
			}
		})
	}
	wg.Wait()
	if d.Len() != 100 || !d.Has("key000") || d.Has("mine0") {
		t.Error("the shared Dict changed")
	}
}

// A Dict in a log line shows nothing of what it holds.
func TestDictDoesNotPrintValues(t *testing.T) {
	d := serializer.NewDict(kv("name", "hunter2"), kv("raw", serializer.RawJSON(`"hunter2"`)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, v := range []any{d, []*serializer.Dict{d}, struct{ D *serializer.Dict }{d}} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "hunter2") || strings.Contains(got, "name") {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
	if got := fmt.Sprint(d); got != "dict of 2 keys" {
		t.Errorf("got %s", got)
	}
}
