package serializer_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// A walk is what one exported function does with a value, or with bytes that hold
// one. Its result and its error don't matter here, but what they cost does.
type walk struct {
	value func(v any)              // nil if the function takes no value
	dict  func(d *serializer.Dict) // of a dict with the value under "x"
	bytes func(data []byte)

	fields []func(d *serializer.Dict) // many of dict
}

func field[T any](d *serializer.Dict) { _, _ = serializer.Field(d, "x", *new(T)) }

// fields are Field with the types that a program may ask for.
var fields = []func(*serializer.Dict){
	field[any], field[[]any], field[[][]any], field[map[string]any], field[map[any]any], field[map[string][]any], field[*serializer.Dict],
	field[[]*serializer.Dict], field[serializer.Tuple], field[[]serializer.Tuple],
	field[json.RawMessage], field[[]json.RawMessage], field[map[string]json.RawMessage], field[serializer.RawJSON], field[[]serializer.RawJSON],
	field[jsonIn], field[*jsonIn], field[[]jsonIn], field[map[string]jsonIn], field[spelledIn], field[[]spelledIn], field[map[string]spelledIn],
	field[listOfIt], field[mapOfIt], field[member], field[[]member], field[[][]byte], field[[]byte], field[[]string], field[string],
	field[[]big.Int], field[[]*big.Int], field[[]json.Number], field[[]serializer.ByteArray], field[[]serializer.Decimal], field[[]time.Time],
}

// edit leaves the value alone, and then has it changed by fn.
func edit[T any](fn func(*T)) func(*serializer.Dict) {
	return func(d *serializer.Dict) {
		_, _ = serializer.Edit(d, pickle.Serializer{}, "x", func(*T) error { return nil })
		_, _ = serializer.Edit(d, pickle.Serializer{}, "x", func(v *T) error { fn(v); return nil })
	}
}

func reversed[S ~[]E, E any](s *S) {
	slices.Reverse(*s)
	if len(*s) > 1 {
		*s = append((*s)[1:], *new(E))
	}
}

var edits = []func(*serializer.Dict){
	edit(func(v *any) { *v = []any{*v, *v} }), edit(reversed[[]any]), edit(reversed[[][]any]), edit(reversed[listOfIt]), edit(reversed[[]json.RawMessage]),
	edit(reversed[[]*serializer.Dict]), edit(reversed[[]string]), edit(reversed[[]member]), edit(func(m *member) { m.A, m.B = m.B, m.A }),
	edit(func(m *mapOfIt) { *m = mapOfIt{"new": *m} }), edit(func(m *map[string]any) { delete(*m, "a") }), edit(func(m *map[any]any) { clear(*m) }),
}

// jsonIn, spelledIn and the recursive types are types that a program may ask for.
type (
	jsonIn     struct{ n int }
	spelledIn  struct{ n int }
	listOfIt   []listOfIt
	mapOfIt    map[string]mapOfIt
	member     struct{ A, B *member }
	jsonOut    struct{}
	spelledOut struct{ text string }
)

func (a *jsonIn) UnmarshalJSON(b []byte) error    { a.n = len(b); return nil }
func (a *spelledIn) UnmarshalText(b []byte) error { a.n = len(b); return nil }
func (m jsonOut) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strings.Repeat("x", 1<<16) + `"`), nil
}
func (m spelledOut) MarshalText() ([]byte, error) { return []byte(m.text), nil }
func convert[T any](v any)                        { _, _ = serializer.Convert[T](v) }
func limit[T any](f func(T) (any, error)) func(T) { return func(v T) { _, _ = f(v) } }

// walks are the exported functions and methods of packages serializer and pickle
// that walk over values.
var walks = map[string]walk{
	"tagged.Append": {value: func(v any) { _, _ = tagged.Append(nil, v) }},
	"serializer.AppendText": {value: func(v any) {
		_, _ = serializer.AppendText(nil, v, "")
		_, _ = serializer.AppendText(nil, v, "  ")
	}},
	"serializer.Convert": {value: func(v any) {
		convert[any](v)
		convert[[]any](v)
		convert[map[string]any](v)
		convert[map[any]any](v)
		convert[*serializer.Dict](v)
	}},
	"serializer.Edit":  {fields: edits},
	"serializer.Field": {fields: fields},
	"serializer.Freeze": {value: func(v any) {
		frozen, err := serializer.Freeze(v, serializer.Limits{})
		if err == nil {
			force(frozen)
			pydict.Held(frozen)
		}
	}},
	"serializer.FromMap": {value: func(v any) { serializer.FromMap(map[string]any{"x": v, "y": v}) }},
	"serializer.NewDict": {value: func(v any) { serializer.NewDict(items(v)...) }},
	"serializer.Text":    {value: func(v any) { serializer.Text(v) }},
	"Dict.All":           {dict: func(d *serializer.Dict) { count2(d.All()) }},
	"Dict.AllStored":     {dict: func(d *serializer.Dict) { count2(d.AllStored()) }},
	"Dict.Get":           {dict: func(d *serializer.Dict) { d.Get("x") }},
	"Dict.GetKey":        {dict: func(d *serializer.Dict) { v, _ := d.Get("x"); d.GetKey(v); d.GetKey("x") }, value: func(v any) { serializer.NewDict(items(v)...).GetKey(v) }},
	"Dict.Keys": {dict: func(d *serializer.Dict) {
		for range d.Keys() {
			continue
		}
	}},
	"Dict.With":    {dict: func(d *serializer.Dict) { v, _ := d.Get("x"); d.With("y", v).With("x", v) }},
	"Dict.Without": {dict: func(d *serializer.Dict) { d.Without("x") }},
	"JSON.Dumps":   {dict: func(d *serializer.Dict) { _, _ = serializer.JSON{}.Dumps(nil, d) }},
	"JSON.Freeze":  {value: limit(serializer.JSON{}.Freeze)},
	"JSON.Loads":   {bytes: func(b []byte) { d, _ := serializer.JSON{}.Loads(b); count2(d.All()) }},
	"pydict.Hold":  {value: func(v any) { force(pydict.Hold(v)) }},
	"pydict.NewKeys": {value: func(v any) {
		k := pydict.NewKeys()
		k.Add(v)
		for _, it := range items(v) {
			k.Add(it.Key)
			s, _ := serializer.Text(it.Key)
			k.AddText(s)
		}
	}},
	"Object.Attr":   {value: func(v any) { (&serializer.Object{State: v}).Attr("x") }},
	"RawJSON.Value": {bytes: func(b []byte) { serializer.RawJSON(b).Value() }},
	"pickle.Append": {value: func(v any) {
		_, _ = pickle.Append(nil, v, nil)
		_, _ = pickle.Append(nil, v, &pickle.Options{Protocol: 2})
	}},
	"pickle.Load":       {bytes: func(b []byte) { _, _ = pickle.Load(b, nil) }},
	"pickle.LoadPrefix": {bytes: func(b []byte) { _, _, _ = pickle.LoadPrefix(b, nil) }},
	"pickle.Sniff":      {bytes: func(b []byte) { pickle.Sniff(b) }},
	"pickle.Serializer.Dumps": {dict: func(d *serializer.Dict) {
		_, _ = pickle.Serializer{}.Dumps(nil, d)
		_, _ = pickle.Serializer{}.Dumps(nil, d.With("y", 1))
	}},
	"pickle.Serializer.Freeze": {value: limit(pickle.Serializer{}.Freeze)},
	"pickle.Serializer.Loads":  {bytes: func(b []byte) { _, _ = pickle.Serializer{}.Loads(b) }},
}

// noWalks are the other exported functions and methods, with the reason.
var noWalks = map[string]string{
	"tagged.Lend": "takes a function", "pydict.Lend": "takes functions", "pydict.Held": "returns what is there", "pydict.NewSlab": "its Dicts hold what they are given", "pydict.Source": "returns what is there", "pydict.WithSource": "keeps what it is given",
	"ConvertError.Error": "a path of at most 1000 bytes and a reason", "ConvertError.Unwrap": "errors", "DecodeError.Error": "a reason", "DecodeError.Unwrap": "errors",
	"Date.Valid": "three numbers", "DateTime.Aware": "a look at the zone", "DateTime.ISO": "a moment", "DateTime.Moment": "a moment", "DateTime.Valid": "numbers",
	"serializer.NewDateTime": "a moment", "serializer.NewNaive": "a moment", "serializer.NewTimeDelta": "a number", "Time.Valid": "numbers", "TimeDelta.Duration": "numbers", "TimeDelta.Valid": "numbers",
	"Decimal.Rat": "bounds its exponent", "Fraction.Rat": "one text", "Global.String": "two texts", "Path.String": "its parts", "UUID.String": "16 bytes", "Str2.IsASCII": "one text",
	"Dict.Has": "a name", "Dict.Len": "a number", "Limits.WithDefaults": "numbers", "Object.Is": "a name",
}

func items(v any) []serializer.Item {
	var items []serializer.Item
	switch v := v.(type) {
	case []any:
		for _, v := range v {
			items = append(items, serializer.Item{Key: v, Value: v})
		}
	case *serializer.Dict:
		for k, v := range v.AllStored() {
			items = append(items, serializer.Item{Key: k, Value: v})
		}
	default:
		items = append(items, serializer.Item{Key: v, Value: v})
	}
	return items
}

func count2(seq func(func(any, any) bool)) {
	for range seq {
		continue
	}
}

func force(v any) {
	if l, ok := v.(serializer.Lazy); ok {
		l.Value()
	}
}

func repeat(v any, n int) []any { return slices.Repeat([]any{v}, n) }

// nested returns v in depth listOfIt.
func nested(v any, depth int) any {
	for range depth {
		v = []any{v}
	}
	return v
}

// graph returns a value that holds an inner one twice, which holds another one
// twice, and so on.
func graph(inner any, join func(v any) any) any {
	for range 40 {
		inner = join(inner)
	}
	return inner
}

func ints(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = int64(i) + 1000
	}
	return list
}

// hostile are values that are small in memory, or at least in proportion to what
// they do.
func hostile() map[string]any {
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
		"graph of lists":       graph([]any{}, func(v any) any { return []any{v, v} }),
		"graph of tuples":      graph(serializer.Tuple{}, func(v any) any { return serializer.Tuple{v, v} }),
		"graph of sets":        graph(serializer.FrozenSet{}, func(v any) any { return serializer.FrozenSet{v, serializer.Tuple{v}} }),
		"graph of unhashables": graph([]any{}, func(v any) any { return serializer.Tuple{v, v} }),
		"graph of dicts": graph(serializer.NewDict(), func(v any) any {
			return serializer.NewDict(serializer.Item{Key: "A", Value: v}, serializer.Item{Key: "B", Value: v})
		}),
		"graph of keys": graph(int64(1), func(v any) any { return serializer.Tuple{v, v, "k"} }),
		"graph of objects": graph(nil, func(v any) any {
			return &serializer.Object{Class: serializer.Global{Module: "m", Name: "C"}, Args: serializer.Tuple{v, v}, State: v}
		}),
		"graph of OrderedDicts": graph(nil, func(v any) any {
			return &serializer.OrderedDict{Dict: serializer.NewDict(serializer.Item{Key: "A", Value: v}, serializer.Item{Key: "B", Value: v})}
		}),
		"list of one list":    repeat(ints(n), n),
		"list of one tuple":   repeat(serializer.Tuple(ints(n)), n),
		"list of one dict":    repeat(names, n),
		"list of one text":    repeat(long, n),
		"tuple of one text":   serializer.Tuple(repeat(long, n)),
		"list of one bytes":   repeat(serializer.Bytes(long), n),
		"tuple of one bytes":  serializer.Tuple(repeat(serializer.Bytes(long), n)),
		"one bytearray":       repeat(serializer.ByteArray(long), n),
		"one str of Python 2": repeat(serializer.Str2(long), n),
		"one SafeString":      repeat(serializer.SafeString{Text: long}, n),
		"one Decimal":         repeat(serializer.Decimal(strings.Repeat("1", 1<<20)), n),
		"one large int":       repeat(digits, n),
		"one json.Marshaler":  repeat(jsonOut{}, n),
		"one TextMarshaler":   repeat(spelledOut{long}, n),
		"one RawJSON":         repeat(serializer.RawJSON(`"`+strings.Repeat("x", 1<<20)+`"`), n),
		"one Go slice":        repeat([]byte(long), n),
		"map of ints":         mapOfInts(n),
		"wide list":           ints(10 * n),
		"wide dict":           names,
		"wide dict of ints":   numbers,
		"deep and wide":       nested(ints(10*n), 900),
		"deep":                nested(nil, 9_000),
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

// hostileBytes are pickles and JSON.
func hostileBytes() map[string][]byte {
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
	deep := `{"x":` + strings.Repeat("[", 990) + "0" + strings.Repeat(",0", 110_000) + strings.Repeat("]", 990) + "}"
	return map[string][]byte{
		"graph": tuples.Bytes(), "one list under many keys": fan.Bytes(), "deep and wide JSON": []byte(deep),
		"wide JSON": []byte(`{"x":[` + strings.Repeat("0,", 150_000) + "0]}"), "long JSON": []byte(`{"x":"` + strings.Repeat(`\u00e9`, 1<<19) + `"}`),
		"JSON of dicts": []byte(`{"x":[` + strings.Repeat(`{"A":{}},`, 40_000) + "0]}"), "wide pickle": []byte("\x80\x04}\x8c\x01x](" + strings.Repeat("N", 300_000) + "es."),
	}
}

// No exported function takes much time or memory for what is small, whatever it
// holds how often.
func TestWalksAreBounded(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a quarter of the time
	values, data := hostile(), hostileBytes()
	dicts := map[string]*serializer.Dict{}
	for name, v := range values {
		dicts[name] = serializer.NewDict(serializer.Item{Key: "x", Value: v})
	}
	for name, text := range data {
		if d, errPickle := (pickle.Serializer{}).Loads(text); errPickle == nil {
			dicts[name] = d
		} else if d, err := (serializer.JSON{}).Loads(text); err == nil {
			dicts[name] = d
		} else {
			t.Errorf("%s: %v, %v", name, errPickle, err)
		}
	}
	for name, w := range walks {
		t.Run(name, func(t *testing.T) {
			if w.value == nil && w.dict == nil && w.bytes == nil && w.fields == nil {
				t.Fatal("it is fed with nothing")
			}
			if w.value != nil {
				for of, v := range values {
					bounded(t, of, func() { w.value(v) })
				}
			}
			if w.dict != nil {
				for of, d := range dicts {
					bounded(t, of, func() { w.dict(d) })
				}
			}
			for i, f := range w.fields {
				for of, d := range dicts {
					bounded(t, fmt.Sprint(of, ", type ", i), func() { f(d) })
				}
			}
			if w.bytes != nil {
				for of, text := range data {
					bounded(t, of, func() { w.bytes(slices.Clone(text)) })
				}
			}
		})
	}
}

// bounded fails if f takes out of proportion. What is shared without a bound would
// take hours and terabytes.
func bounded(t *testing.T, of string, f func()) {
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

// Every exported function and method of both packages is in one of the tables.
func TestWalksAreAll(t *testing.T) {
	found := map[string]bool{}
	for pkg, dir := range map[string]string{"serializer": ".", "pickle": "pickle", "tagged": "../internal/tagged", "pydict": "../internal/pydict"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+e.Name(), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				if name, ok := exported(pkg, decl); ok {
					found[name] = true
				}
			}
		}
	}
	for name := range found {
		_, isWalk := walks[name]
		_, isNone := noWalks[name]
		if isWalk == isNone {
			t.Errorf("%s: in the table of walks %v, in that of the others %v: want one", name, isWalk, isNone)
		}
	}
	for name := range walks {
		if !found[name] {
			t.Errorf("there is no %s", name)
		}
	}
	for name := range noWalks {
		if !found[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

// exported returns the name of an exported function, or method of an exported type.
func exported(pkg string, decl ast.Decl) (string, bool) {
	f, ok := decl.(*ast.FuncDecl)
	// What encoders and verbs print is no walk: it says that there is something, and no
	// more, as the test of package internal/secret shows for every type.
	printers := []string{"Format", "GobEncode", "GoString", "LogValue", "MarshalText"}
	if !ok || !f.Name.IsExported() || f.Recv != nil && slices.Contains(printers, f.Name.Name) {
		return "", false
	}
	if f.Recv == nil {
		return pkg + "." + f.Name.Name, true
	}
	recv := f.Recv.List[0].Type
	if star, ok := recv.(*ast.StarExpr); ok {
		recv = star.X
	}
	name, ok := recv.(*ast.Ident)
	if !ok || !name.IsExported() {
		return "", false
	}
	if pkg == "pickle" {
		return "pickle." + name.Name + "." + f.Name.Name, true
	}
	return name.Name + "." + f.Name.Name, true
}
