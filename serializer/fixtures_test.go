package serializer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/fixtures"
)

// differences are the vectors whose outcome depends on the version of CPython. We
// do as the newest. Each prefix must be that of a vector of the set.
var differences = []struct{ set, prefix, why string }{
	{"django1.8", "dumps/name-true", py2Bool},
	{"django1.8", "dumps/name-false", py2Bool},
	{"django1.8", "dumps/bad-digits-4301", py2Digits},
	{"django1.8", "loads/bad-digits-4301", py2Digits},
	{"django1.11", "dumps/name-true", py2Bool},
	{"django1.11", "dumps/name-false", py2Bool},
	{"django1.11", "dumps/bad-digits-4301", py2Digits},
	{"django1.11", "loads/bad-digits-4301", py2Digits},
}

const (
	py2Bool   = `CPython 2.7 writes the key True as "True", not as "true"`
	py2Digits = "CPython 2.7 has no limit to the digits of an int"
)

func TestDjangoJSON(t *testing.T) {
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.JSON(set)
		if err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		for _, v := range vectors {
			skip := false
			for _, d := range differences {
				if d.set == set && strings.HasPrefix(v.Name, d.prefix) {
					skip, used[d.prefix] = true, true
				}
			}
			if skip {
				continue
			}
			t.Run(set+"/"+v.Name, func(t *testing.T) { checkVector(t, v) })
		}
		for _, d := range differences {
			if d.set == set && !used[d.prefix] {
				t.Errorf("%s has no vector %s", set, d.prefix)
			}
		}
	}
}

func checkVector(t *testing.T, v fixtures.Vector[fixtures.JSONIn, fixtures.JSONOut]) {
	t.Logf("why: %s", v.Why)
	var j JSON
	switch v.Op {
	case "dumps":
		got, err := j.Freeze(untag(t, *v.In.Value))
		if v.Bad {
			if !errors.Is(err, ErrType) && !errors.Is(err, ErrLimit) {
				t.Errorf("Freeze gave %v, want an ErrType or ErrLimit for %s", err, v.Out.Error)
			}
			return
		}
		if err != nil {
			t.Fatalf("Freeze failed: %v", err)
		}
		if string(got.(RawJSON)) != *v.Out.JSON {
			t.Errorf("got %s, want %s", got, *v.Out.JSON)
		}
	case "loads":
		checkLoads(t, v)
	case "again":
		value, err := decodeText(dataOf(t, v.In), false, Limits{}.WithDefaults())
		if err != nil {
			t.Fatal(err)
		}
		e := newEncoder(nil, Limits{})
		if err := e.value(value, 0); err != nil {
			t.Fatal(err)
		}
		if string(e.dst) != *v.Out.JSON {
			t.Errorf("got %s, want %s", e.dst, *v.Out.JSON)
		}
	case "dumps_depth":
		var value any
		for range v.In.Depth {
			if v.In.Shape == "list" {
				value = []any{value}
			} else {
				value = NewDict(Item{"a", value})
			}
		}
		e := newEncoder(nil, Limits{})
		checkDepth(t, v, e.value(value, 0) == nil)
	case "loads_depth":
		text := strings.Repeat("[", v.In.Depth) + strings.Repeat("]", v.In.Depth)
		if v.In.Shape == "dict" {
			text = strings.Repeat(`{"a":`, v.In.Depth) + "null" + strings.Repeat("}", v.In.Depth)
		}
		_, err := decodeText(text, false, Limits{}.WithDefaults())
		checkDepth(t, v, err == nil)
	case "dumps_cycle":
		list := []any{nil}
		list[0] = list
		if _, err := j.Freeze(list); !errors.Is(err, ErrLimit) {
			t.Errorf("got %v, want ErrLimit", err)
		}
	}
}

// checkDepth: where Python gives up depends on its version and on how deep its own
// stack is, so only what is far from that must agree.
func checkDepth(t *testing.T, v fixtures.Vector[fixtures.JSONIn, fixtures.JSONOut], ok bool) {
	if ok != v.Out.OK {
		t.Errorf("depth %d: got ok=%v, want %v", v.In.Depth, ok, v.Out.OK)
	}
}

func checkLoads(t *testing.T, v fixtures.Vector[fixtures.JSONIn, fixtures.JSONOut]) {
	data := dataOf(t, v.In)
	d, loadErr := JSON{}.Loads([]byte(data))
	value, err := decodeText(data, false, Limits{}.WithDefaults())
	if err != nil {
		if !v.Bad {
			t.Fatalf("refused: %v", err)
		}
		if !errors.Is(loadErr, err.Err) || d != nil {
			t.Errorf("Loads gave %v, decoding gave %v", loadErr, err)
		}
		return
	}
	if v.Out.Error != "" {
		t.Fatalf("accepted, want %s", v.Out.Error)
	}
	checkTagged(t, value, *v.Out.Value)
	if v.Out.Value.Type != "dict" && v.Out.Value.Type != "unordered-dict" {
		if !errors.Is(loadErr, ErrNotDict) {
			t.Errorf("Loads gave %v, want ErrNotDict", loadErr)
		}
		return
	}
	if loadErr != nil {
		t.Fatalf("Loads failed: %v", loadErr)
	}
	checkTagged(t, d, *v.Out.Value)
}

func dataOf(t *testing.T, in fixtures.JSONIn) string {
	t.Helper()
	data, err := in.Data.Text()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkTagged compares the tags of a value with those of a fixture.
func checkTagged(t *testing.T, v any, want fixtures.Tagged) {
	t.Helper()
	got, err := appendTagged(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	var tagged fixtures.Tagged
	if err := json.Unmarshal(got, &tagged); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	ordered := !bytes.Contains(want.Value, []byte(`"unordered-dict"`)) && want.Type != "unordered-dict"
	if g, w := canonical(t, tagged, ordered), canonical(t, want, ordered); g != w {
		t.Errorf("got %s, want %s", g, w)
	}
}

// canonical writes tags without what does not matter: the spelling of the JSON and
// the order of dicts that have none.
func canonical(t *testing.T, v fixtures.Tagged, ordered bool) string {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(strings.TrimPrefix(v.Type, "unordered-") + " ")
	switch v.Type {
	case "list", "tuple", "set", "frozenset":
		var items []fixtures.Tagged
		unmarshal(t, v.Value, &items)
		for _, in := range items {
			b.WriteString(canonical(t, in, ordered) + ",")
		}
	case "dict", "unordered-dict":
		var pairs [][2]fixtures.Tagged
		unmarshal(t, v.Value, &pairs)
		var texts []string
		for _, in := range pairs {
			texts = append(texts, canonical(t, in[0], ordered)+":"+canonical(t, in[1], ordered))
		}
		if !ordered {
			slices.Sort(texts)
		}
		b.WriteString(strings.Join(texts, ","))
	default:
		if err := json.Compact(&b, v.Value); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func unmarshal(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
}

// untag returns the value that tags stand for.
func untag(t *testing.T, v fixtures.Tagged) any {
	t.Helper()
	text := func() string {
		var s string
		unmarshal(t, v.Value, &s)
		return s
	}
	list := func() []any {
		var items []fixtures.Tagged
		unmarshal(t, v.Value, &items)
		list := []any{}
		for _, in := range items {
			list = append(list, untag(t, in))
		}
		return list
	}
	switch v.Type {
	case "none":
		return nil
	case "bool":
		return string(v.Value) == "true"
	case "int":
		if n, err := strconv.ParseInt(text(), 10, 64); err == nil {
			return n
		}
		n, ok := new(big.Int).SetString(text(), 10)
		if !ok {
			t.Fatalf("bad int %s", v.Value)
		}
		return n
	case "float":
		f, err := strconv.ParseFloat(text(), 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	case "str", "wtf8":
		s, err := v.Text()
		if err != nil {
			t.Fatal(err)
		}
		return s
	case "list":
		return list()
	case "tuple":
		return Tuple(list())
	case "set":
		return Set(list())
	case "frozenset":
		return FrozenSet(list())
	case "dict", "unordered-dict":
		var pairs [][2]fixtures.Tagged
		unmarshal(t, v.Value, &pairs)
		items := make([]Item, len(pairs))
		for i, p := range pairs {
			items[i] = Item{untag(t, p[0]), untag(t, p[1])}
		}
		return NewDict(items...)
	case "bytes", "bytearray":
		raw, err := hex.DecodeString(text())
		if err != nil {
			t.Fatal(err)
		}
		if v.Type == "bytearray" {
			return ByteArray(raw)
		}
		return Bytes(raw)
	case "datetime":
		return DateTime{Date: Date{Year: 2030, Month: 1, Day: 2}}
	case "date":
		return Date{Year: 2030, Month: 1, Day: 2}
	case "time":
		return Time{}
	case "timedelta":
		return TimeDelta{}
	case "decimal":
		return Decimal(text())
	case "uuid":
		return UUID{}
	case "complex", "opaque":
		return &Object{}
	}
	t.Fatalf("no value for the type %q", v.Type)
	return nil
}
