// Package hostile has values and texts that are small in memory and would be huge if a walk
// over them followed every reference. Tests feed them to every function that takes a value.
package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

type (
	jsonOut    struct{}
	spelledOut struct{ text string }
)

func (m jsonOut) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strings.Repeat("x", 1<<16) + `"`), nil
}
func (m spelledOut) MarshalText() ([]byte, error) { return []byte(m.text), nil }

// Repeat returns a list that holds v n times.
func Repeat(v any, n int) []any { return slices.Repeat([]any{v}, n) }

// Nested returns v in that many lists, one in the other.
func Nested(v any, depth int) any {
	for range depth {
		v = []any{v}
	}
	return v
}

// Graph returns a value that holds an inner one twice, which holds another one
// twice, and so on.
func Graph(inner any, join func(v any) any) any {
	for range 40 {
		inner = join(inner)
	}
	return inner
}

// Ints returns a list of n ints.
func Ints(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = int64(i) + 1000
	}
	return list
}

// Values are small in memory, or at least in proportion to what
// they do.
func Values() map[string]any {
	long := strings.Repeat("é", 1<<19)
	digits, _ := new(big.Int).SetString(strings.Repeat("9", 4200), 10)
	cycle := []any{nil, "x"}
	cycle[0] = cycle
	var named, numbered []serializer.Item
	for i := range 12_000 {
		named = append(named, serializer.Item{Key: fmt.Sprint("name", i), Value: int64(i)})
		numbered = append(numbered, serializer.Item{Key: int64(i), Value: int64(i)})
	}
	names, numbers := serializer.NewDict(named...), serializer.NewDict(numbered...)
	const n = 12_000
	return map[string]any{
		"graph of lists":       Graph([]any{}, func(v any) any { return []any{v, v} }),
		"graph of tuples":      Graph(serializer.Tuple{}, func(v any) any { return serializer.Tuple{v, v} }),
		"graph of sets":        Graph(serializer.FrozenSet{}, func(v any) any { return serializer.FrozenSet{v, serializer.Tuple{v}} }),
		"graph of unhashables": Graph([]any{}, func(v any) any { return serializer.Tuple{v, v} }),
		"graph of dicts": Graph(serializer.NewDict(), func(v any) any {
			return serializer.NewDict(serializer.Item{Key: "A", Value: v}, serializer.Item{Key: "B", Value: v})
		}),
		"graph of keys": Graph(int64(1), func(v any) any { return serializer.Tuple{v, v, "k"} }),
		"graph of objects": Graph(nil, func(v any) any {
			return &serializer.Object{Class: serializer.Global{Module: "m", Name: "C"}, Args: serializer.Tuple{v, v}, State: v}
		}),
		"graph of OrderedDicts": Graph(nil, func(v any) any {
			return &serializer.OrderedDict{Dict: serializer.NewDict(serializer.Item{Key: "A", Value: v}, serializer.Item{Key: "B", Value: v})}
		}),
		"list of one list":    Repeat(Ints(n), n),
		"list of one tuple":   Repeat(serializer.Tuple(Ints(n)), n),
		"list of one dict":    Repeat(names, n),
		"list of one text":    Repeat(long, n),
		"tuple of one text":   serializer.Tuple(Repeat(long, n)),
		"list of one bytes":   Repeat(serializer.Bytes(long), n),
		"tuple of one bytes":  serializer.Tuple(Repeat(serializer.Bytes(long), n)),
		"one bytearray":       Repeat(serializer.ByteArray(long), n),
		"one str of Python 2": Repeat(serializer.Str2(long), n),
		"one SafeString":      Repeat(serializer.SafeString{Text: long}, n),
		"one Decimal":         Repeat(serializer.Decimal(strings.Repeat("1", 1<<20)), n),
		"one large int":       Repeat(digits, n),
		"one json.Marshaler":  Repeat(jsonOut{}, n),
		"one TextMarshaler":   Repeat(spelledOut{long}, n),
		"one RawJSON":         Repeat(serializer.RawJSON(`"`+strings.Repeat("x", 1<<20)+`"`), n),
		"one Go slice":        Repeat([]byte(long), n),
		"map of ints":         mapOfInts(n),
		"wide list":           Ints(10 * n),
		"wide dict":           names,
		"wide dict of ints":   numbers,
		"deep and wide":       Nested(Ints(10*n), 900),
		"deep":                Nested(nil, 9_000),
		"long":                strings.Repeat("\u0001\\", 1<<20),
		"holds itself":        cycle,
	}
}

func mapOfInts(n int) map[int]int {
	m := map[int]int{}
	for i := range n {
		m[i] = i
	}
	return m
}

// Bytes are pickles and JSON that make such values.
func Bytes() map[string][]byte {
	get := func(i int) string { return "j" + string(binary.LittleEndian.AppendUint32(nil, uint32(i))) }
	var tuples, fan bytes.Buffer
	tuples.WriteString("\x80\x04}\x8c\x01x]\x94")
	for i := range 40 {
		tuples.WriteString(get(i) + "\x86\x94") // the last one and itself
	}
	tuples.WriteString("s.")
	// One list under many keys, each of which is a Lazy.
	fan.WriteString("\x80\x04}(\x8c\x01x](" + strings.Repeat("K\x01", 2_000) + "e\x94")
	for i := range 50 {
		fmt.Fprintf(&fan, "\x8c\x04%04d%s", i, get(0))
	}
	fan.WriteString("u.")
	// One tuple in many keys of a dict.
	var keys bytes.Buffer
	keys.WriteString("\x80\x04}(\x8c\x01xN")
	for i := range 8_000 {
		fmt.Fprintf(&keys, "M%s", binary.LittleEndian.AppendUint16(nil, uint16(i)))
		if i == 0 {
			keys.WriteString("(" + strings.Repeat("K\x01", 100) + "t\x94")
		} else {
			keys.WriteString(get(0))
		}
		keys.WriteString("\x86N")
	}
	keys.WriteString("u.")
	deep := `{"x":` + strings.Repeat("[", 990) + "0" + strings.Repeat(",0", 110_000) + strings.Repeat("]", 990) + "}"
	return map[string][]byte{
		"graph": tuples.Bytes(), "one list under many keys": fan.Bytes(), "one tuple in many keys": keys.Bytes(), "deep and wide JSON": []byte(deep),
		"wide JSON": []byte(`{"x":[` + strings.Repeat("0,", 150_000) + "0]}"), "long JSON": []byte(`{"x":"` + strings.Repeat(`\u00e9`, 1<<19) + `"}`),
		"JSON of dicts": []byte(`{"x":[` + strings.Repeat(`{"A":{}},`, 40_000) + "0]}"), "wide pickle": []byte("\x80\x04}\x8c\x01x](" + strings.Repeat("N", 300_000) + "es."),
	}
}

// Dicts are Dicts with a value of [Values] under "x", and those that [Bytes] are read as.
func Dicts(t *testing.T) map[string]*serializer.Dict {
	t.Helper()
	dicts := map[string]*serializer.Dict{}
	for name, v := range Values() {
		dicts[name] = serializer.NewDict(serializer.Item{Key: "x", Value: v})
	}
	for name, text := range Bytes() {
		if d, errPickle := (pickle.Serializer{}).Loads(text); errPickle == nil {
			dicts[name] = d
		} else if d, err := (serializer.JSON{}).Loads(text); err == nil {
			dicts[name] = d
		} else {
			t.Errorf("%s: %v, %v", name, errPickle, err)
		}
	}
	return dicts
}

// Bounded fails if f takes out of proportion. What is shared without a bound would
// take hours and terabytes.
func Bounded(t *testing.T, of string, f func()) {
	t.Helper()
	const most, memory = 20 * time.Second, 512 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(3 * most):
		t.Fatalf("%s: still at work after %v", of, time.Since(start))
	}
	d := time.Since(start)
	runtime.ReadMemStats(&after)
	got := after.TotalAlloc - before.TotalAlloc
	if os.Getenv("WALKS") != "" {
		t.Logf("%-24s %8v %6d MiB", of, d.Round(time.Millisecond), got>>20)
	}
	if d > most {
		t.Errorf("%s: took %v", of, d)
	}
	if got > memory {
		t.Errorf("%s: took %d MiB of memory", of, got>>20)
	}
}
