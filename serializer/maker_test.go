package serializer

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
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
		for _, v := range slices.Concat(used.values[:cap(used.values)], used.under[:cap(used.under)]) {
			if v != nil {
				t.Errorf("%s: holds %v", text, v)
			}
		}
		for _, name := range used.names[:cap(used.names)] {
			if name != "" {
				t.Errorf("%s: holds %q", text, name)
			}
		}
	}
}

// The fast way to read a number agrees with the slow one.
func TestShortNumbers(t *testing.T) {
	texts := []string{
		"0", "-0", "7", "-7", "255", "256", "123456789012345678", "-123456789012345678",
		"1234567890123456789", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
		"1.5", "-0.0", "0.1", "1e2", "-1E-2", "1.5e3", "12345678901234567.5", "0.000000000000000001", "0.0000000000000000001",
		"9007199254740991.0", "9007199254740992.0", "9007199254740993.0", "900719925474099.3", "0.9007199254740993",
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		digits := strconv.FormatUint(r.Uint64()>>r.UintN(64), 10)
		at := r.IntN(len(digits)) + 1
		text := digits[:at]
		if at < len(digits) {
			text += "." + digits[at:]
		}
		texts = append(texts, strings.Repeat("-", r.IntN(2))+text)
	}
	for _, text := range texts {
		got, err := decodeText(text, false, noLimits)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := numberValue(text)
		f, isFloat := want.(float64)
		if g, _ := got.(float64); !reflect.DeepEqual(got, want) || isFloat && math.Signbit(f) != math.Signbit(g) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"01", "-", "-01", "1.", ".5", "1.e2", "1e", "1.5e", "+1", "00", "0x1", "1_0", "1.2.3", "--1", "1-"} {
		if v, err := decodeText(text, false, noLimits); err == nil {
			t.Errorf("%s: got %v", text, v)
		}
	}
	lim := Limits{Digits: 3}.WithDefaults()
	for text, good := range map[string]bool{"123": true, "-123": true, "1234": false, "-1234": false, "1234.5": true} {
		if _, err := decodeText(text, false, lim); good != (err == nil) {
			t.Errorf("%s with at most three digits: %v", text, err)
		}
	}
}

// A dict behind another one is read as it is alone, whatever keys they have in common.
func TestDictsThatAreAlike(t *testing.T) {
	var many strings.Builder
	for i := range 70 {
		fmt.Fprintf(&many, `"k%d":%d,`, i, i)
	}
	texts := []string{
		`{}`, `{ }`, `{"a":1}`, `{"a":2,"b":3}`, `{"a":2,"b":3,"c":4}`, `{"b":3,"a":2}`, `{"a":2,"c":3}`, `{"a":1,"a":2}`,
		`{"a":1,"b":2,"a":3}`, `{"a":1,"b":2,"b":3}`, `{"a":1,"b":2,"c":3,"a":4}`, `{"a" :1,"b": 2}`, `{"a":1 , "b":2 }`,
		`{"\u0061":1,"b":2}`, `{"é":1}`, "{\"\xc3\xa9\":1}", "{\"\xe9\":1}", `{"\u00e9":1}`, `{"":1}`, `{"":1,"":2}`, `{"a":{"a":1,"b":2},"b":[{"a":1},{"a":2}]}`,
		`{"ab":1}`, `{"a\"":1}`, `{"a":1.5,"b":null}`, `{` + many.String() + `"a":1}`, `{` + many.String()[:180] + `"a":1}`,
	}
	for _, isUTF8 := range []bool{false, true} {
		read := func(text string) any {
			v, err := decodeText(text, isUTF8, noLimits)
			if err != nil {
				return err.Reason
			}
			return v
		}
		for _, a := range texts {
			for _, b := range texts {
				list, ok := read("[" + a + "," + b + "," + a + "," + b + "]").([]any)
				for i, text := range []string{a, b, a, b} {
					alone := read(text)
					if _, bad := alone.(string); bad {
						if ok {
							t.Fatalf("%s, %s: no error", a, b)
						}
						break
					}
					if ok && !reflect.DeepEqual(list[i], alone) {
						t.Fatalf("%s, %s: item %d is %#v", a, b, i, list[i])
					}
				}
			}
		}
	}
	// What is no dict in the middle of one is refused as it is alone.
	for _, text := range []string{`{"a":1,"b":}`, `{"a":1,"b"2}`, `{"a":1,"b":2`, `{"a":1,`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a"`, `{"a":`, `{"a":01}`} {
		_, alone := decodeText(text, false, noLimits)
		_, behind := decodeText(`[{"a":1,"b":2},`+text+"]", false, noLimits)
		if alone == nil || behind == nil {
			t.Fatalf("%s: %v and %v", text, alone, behind)
		}
	}
}
