package serializer_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/internal/testkit/hostile"
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
	jsonIn    struct{ n int }
	spelledIn struct{ n int }
	listOfIt  []listOfIt
	mapOfIt   map[string]mapOfIt
	member    struct{ A, B *member }
)

func (a *jsonIn) UnmarshalJSON(b []byte) error    { a.n = len(b); return nil }
func (a *spelledIn) UnmarshalText(b []byte) error { a.n = len(b); return nil }
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
		_, _ = pickle.Serializer{}.Dumps(nil, d.Without("x").With("y", 1)) // compares keys that are not text
	}},
	"pickle.Serializer.Freeze": {value: limit(pickle.Serializer{}.Freeze)},
	"pickle.Serializer.Loads":  {bytes: func(b []byte) { _, _ = pickle.Serializer{}.Loads(b) }},
}

// noWalks are the other exported functions and methods, with the reason.
var noWalks = map[string]string{
	"tagged.Lend": "takes a function", "pydict.Lend": "takes functions", "pydict.Held": "returns what is there", "pydict.At": "returns what is there", "pydict.NewRoot": "its Dict holds what it is given", "pydict.NewSlab": "its Dicts hold what they are given", "pydict.Source": "returns what is there", "pydict.WithSource": "keeps what it is given",
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

// No exported function takes much time or memory for what is small, whatever it
// holds how often.
func TestWalksAreBounded(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a quarter of the time
	values, data, dicts := hostile.Values(), hostile.Bytes(), hostile.Dicts(t)
	for name, w := range walks {
		t.Run(name, func(t *testing.T) {
			if w.value == nil && w.dict == nil && w.bytes == nil && w.fields == nil {
				t.Fatal("it is fed with nothing")
			}
			if w.value != nil {
				for of, v := range values {
					hostile.Bounded(t, of, func() { w.value(v) })
				}
			}
			if w.dict != nil {
				for of, d := range dicts {
					hostile.Bounded(t, of, func() { w.dict(d) })
				}
			}
			for i, f := range w.fields {
				for of, d := range dicts {
					hostile.Bounded(t, fmt.Sprint(of, ", type ", i), func() { f(d) })
				}
			}
			if w.bytes != nil {
				for of, text := range data {
					hostile.Bounded(t, of, func() { w.bytes(slices.Clone(text)) })
				}
			}
		})
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
