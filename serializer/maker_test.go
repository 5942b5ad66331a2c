package serializer

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// What a decoder makes many to an allocation does not overlap, whatever a caller does with
// it.
func TestMadeValuesAreApart(t *testing.T) {
	var b strings.Builder
	b.WriteString("[")
	for i := range 2000 {
		fmt.Fprintf(&b, `{"n%d":%d,"list":[%d,[],"é%d"],"f":%d.5,"text\u00e9%d":[{}]},`, i%7, i*1000, -i, i, i, i%300)
	}
	b.WriteString("[]]")
	text := b.String()
	decode := func() []any {
		v, err := decodeText(text, true, noLimits)
		if err != nil {
			t.Fatal(err)
		}
		return v.([]any)
	}

	// The values are those of encoding/json.
	var want []any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	list := decode()
	if got := plainOf(list); !reflect.DeepEqual(got, want) {
		t.Fatal("not the values of encoding/json")
	}

	// Appending to a list or changing an item changes no other value.
	other := decode()
	for i, v := range list[:2000] {
		in, _ := v.(*Dict).Get("list")
		items := in.([]any)
		_ = append(items, "more")
		items[0], items[1] = "changed", append(items[1].([]any), "more")
		_ = v.(*Dict).With("more", "more")
		if i%2 == 1 {
			continue
		}
		items[0], items[1] = int64(-i), []any{}
	}
	for i := 0; i < 2000; i += 2 {
		if !reflect.DeepEqual(list[i], other[i]) {
			t.Fatalf("item %d changed with another one", i)
		}
	}
}

// plainOf turns dicts into maps and ints into floats, as encoding/json reads them.
func plainOf(v any) any {
	switch v := v.(type) {
	case *Dict:
		m := map[string]any{}
		for k, x := range v.All() {
			m[k.(string)] = plainOf(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = plainOf(v[i])
		}
		return l
	case int64:
		return float64(v)
	}
	return v
}

// A repeated key keeps its first place and takes its last value, in a dict of any size.
func TestRepeatedNames(t *testing.T) {
	for _, n := range []int{1, 2, 3, 63, 64, 65, 300} {
		var b strings.Builder
		b.WriteString("{")
		for round := range 2 {
			for i := range n {
				fmt.Fprintf(&b, `"key %d":%d,`, i, i+round*1000)
			}
		}
		b.WriteString(`"last":{"last":1,"last":2}}`)
		v, err := decodeText(b.String(), false, noLimits)
		if err != nil {
			t.Fatal(err)
		}
		d := v.(*Dict)
		if d.Len() != n+1 {
			t.Fatalf("%d: got %d keys", n, d.Len())
		}
		i := 0
		for k, v := range d.All() {
			if i == n {
				if inner := v.(*Dict); inner.Len() != 1 {
					t.Errorf("%d: the inner dict has %d keys", n, inner.Len())
				}
				continue
			}
			if got, ok := d.Get(k.(string)); k != fmt.Sprintf("key %d", i) || v != int64(i+1000) || !ok || got != v {
				t.Fatalf("%d: got %v: %v and %v", n, k, v, got)
			}
			i++
		}
	}
}

// The stacks hold no value when they go back, also after an error.
func TestStacksKeepNothing(t *testing.T) {
	for _, text := range []string{`[1,[2,{"a":[3]}]]`, `[1,[2,{"a":[3`, `{"a":1,"b":{"c":[1,2`} {
		p := decoder{scanner: scanner{s: text, lim: noLimits}}
		p.stacks = new(stacks)
		used := p.stacks
		p.decode(0, 0)
		p.release()
		for _, v := range used.values[:cap(used.values)] {
			if v != nil {
				t.Errorf("%s: holds %v", text, v)
			}
		}
		for _, e := range used.entries[:cap(used.entries)] {
			if e != (entry{}) {
				t.Errorf("%s: holds %v", text, e)
			}
		}
	}
}

// The fast way to read an int agrees with the slow one.
func TestShortInts(t *testing.T) {
	for _, text := range []string{"0", "-0", "7", "-7", "255", "256", "123456789012345678", "-123456789012345678",
		"1234567890123456789", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.5", "1e2", "-1E-2", "12345678901234567.5"} {
		got, err := decodeText(text, false, noLimits)
		if err != nil {
			t.Fatal(err)
		}
		if want := numberValue(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}
