package serializer

import (
	"cmp"
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// Ordinary Go values, in the order of the package documentation: this package's
// own types, json.Marshaler, encoding.TextMarshaler, then by kind.

// goType describes a Go type that may be written.
type goType struct {
	own       bool // encoder.value has a case for it
	asJSON    bool // a json.Marshaler
	asText    bool // an encoding.TextMarshaler
	byPointer bool // the methods have a pointer receiver
}

var goTypes sync.Map // of reflect.Type to goType

func goTypeOf(t reflect.Type) goType {
	if info, ok := goTypes.Load(t); ok {
		return info.(goType)
	}
	info := goType{own: isOwn(t)}
	if t.Kind() != reflect.Interface {
		info.methods(t)
		if p := reflect.PointerTo(t); !info.asJSON && !info.asText && t.Kind() != reflect.Pointer {
			info.methods(p)
			info.byPointer = true
		}
	}
	goTypes.Store(t, info)
	return info
}

func (g *goType) methods(t reflect.Type) {
	g.asJSON = t.Implements(reflect.TypeFor[json.Marshaler]())
	g.asText = t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func isOwn(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[*Dict](), reflect.TypeFor[[]any](), reflect.TypeFor[big.Int](),
		reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](), reflect.TypeFor[json.Number]():
		return true
	}
	return isPython(t) || t.Kind() != reflect.Interface && t.Implements(reflect.TypeFor[Lazy]())
}

// isPython reports whether t is one of the types that stand for Python's.
func isPython(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == reflect.TypeFor[Dict]().PkgPath()
}

// goValue appends a value that is already counted and for which encoder.value has no
// case.
func (e *encoder) goValue(v any, depth int) *ConvertError {
	switch v := v.(type) {
	case json.Number:
		return e.number(string(v))
	case big.Int:
		return e.bigInt(&v)
	case *OrderedDict, *DefaultDict: // subclasses of dict
		d, _ := asDict(v)
		return e.dict(d, depth)
	case SafeString, Str2: // subclasses of str, and Python 2's own
		if text, ok := jsonText(v); ok {
			return e.str(text)
		}
	}
	if isPython(reflect.TypeOf(v)) {
		if in, ok := standIn(v); ok && e.lenient {
			return e.value(in, depth)
		}
		return wrongType("a Python %s", kindOf(v))
	}
	return e.reflect(reflect.ValueOf(v), depth)
}

// jsonText returns the text that json.dumps writes for v. The json.dumps of Python 2
// reads the bytes of a str as UTF-8.
func jsonText(v any) (string, bool) {
	if s, ok := v.(Str2); ok {
		return string(s), utf8.ValidString(string(s))
	}
	return Text(v)
}

// reflected appends a value found by reflection.
func (e *encoder) reflected(v reflect.Value, depth int) *ConvertError {
	if v.CanInterface() && goTypeOf(v.Type()).own {
		return e.value(v.Interface(), depth)
	}
	if err := e.node(); err != nil {
		return err
	}
	return e.reflect(v, depth)
}

// reflect is reflected for a value that is already counted and not of our own types. It
// follows pointers until it finds a value with methods or of another kind.
func (e *encoder) reflect(v reflect.Value, depth int) *ConvertError {
	for range maxDepth {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if v.IsNil() {
				return e.null()
			}
			if in := v.Elem(); in.CanInterface() && goTypeOf(in.Type()).own {
				return e.value(in.Interface(), depth)
			}
		}
		if v.Kind() != reflect.Interface && v.CanInterface() {
			if done, err := e.marshaler(v, depth); done {
				return err
			}
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			v = v.Elem()
		default:
			return e.kind(v, depth)
		}
	}
	return overLimit("a pointer to itself")
}

// marshaler appends the result of the methods of v, if it has any.
func (e *encoder) marshaler(v reflect.Value, depth int) (done bool, err *ConvertError) {
	info := goTypeOf(v.Type())
	if !info.asJSON && !info.asText {
		return false, nil
	}
	t := v.Type()
	if info.byPointer {
		v = addressable(v).Addr()
	}
	if info.asJSON {
		text, err := v.Interface().(json.Marshaler).MarshalJSON()
		if err != nil {
			return true, failedMethod("MarshalJSON", t, err)
		}
		return true, e.foreign(string(text), t, depth)
	}
	text, cause := v.Interface().(encoding.TextMarshaler).MarshalText()
	if cause != nil {
		return true, failedMethod("MarshalText", t, cause)
	}
	return true, e.str(string(text))
}

func failedMethod(name string, t reflect.Type, cause error) *ConvertError {
	return &ConvertError{Reason: name + " of " + t.String() + " failed", Err: ErrType, cause: causedBy(cause)}
}

// foreign appends JSON that another encoder wrote, in UTF-8, in the way that Python would
// write its value.
func (e *encoder) foreign(text string, t reflect.Type, depth int) *ConvertError {
	v, err := decodeText(text, true, e.lim)
	if err == nil {
		return e.value(v, depth)
	}
	failed := wrongType("MarshalJSON of %v did not return JSON", t)
	if err.Err == ErrLimit {
		failed = overLimit(err.Reason)
	}
	failed.cause = causedBy(err)
	return failed
}

// kind appends a value by its kind.
func (e *encoder) kind(v reflect.Value, depth int) *ConvertError {
	switch v.Kind() {
	case reflect.Bool:
		e.dst = strconv.AppendBool(e.dst, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.dst = strconv.AppendInt(e.dst, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.dst = strconv.AppendUint(e.dst, v.Uint(), 10)
	case reflect.Float32:
		e.dst = appendFloat(e.dst, v.Float(), 32)
	case reflect.Float64:
		e.dst = appendFloat(e.dst, v.Float(), 64)
	case reflect.String:
		return e.str(v.String())
	case reflect.Slice, reflect.Array:
		return e.items(v, depth)
	case reflect.Map:
		return e.goMap(v, depth)
	case reflect.Struct:
		return e.goStruct(v, depth)
	default:
		return wrongType("a Go %v", v.Type())
	}
	return e.size()
}

// items appends a slice or an array.
func (e *encoder) items(v reflect.Value, depth int) *ConvertError {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return wrongType("bytes: give text, or encode them as text")
	}
	if v.Kind() == reflect.Slice && v.IsNil() {
		return e.null()
	}
	if depth >= e.lim.Depth {
		return overLimit("too deeply nested")
	}
	e.dst = append(e.dst, '[')
	for i := range v.Len() {
		if i > 0 {
			e.comma()
		}
		if err := e.reflected(v.Index(i), depth+1); err != nil {
			return err.at(i)
		}
	}
	e.dst = append(e.dst, ']')
	return e.size()
}

// goMap appends a map in the order of its keys as text.
func (e *encoder) goMap(v reflect.Value, depth int) *ConvertError {
	if v.IsNil() {
		return e.null()
	}
	if depth >= e.lim.Depth {
		return overLimit("too deeply nested")
	}
	type member struct {
		name  string
		value reflect.Value
	}
	if v.Len() > e.lim.Nodes {
		return overLimit("too many values")
	}
	members := make([]member, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		name, err := mapKey(it.Key())
		if err != nil {
			return err
		}
		members = append(members, member{name, it.Value()})
	}
	slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	e.dst = append(e.dst, '{')
	for i, m := range members {
		if err := e.member(m.name, i == 0); err != nil {
			return err
		}
		if err := e.reflected(m.value, depth+1); err != nil {
			return err.key(i)
		}
	}
	e.dst = append(e.dst, '}')
	return e.size()
}

// mapKey returns the key of a Go map as text.
func mapKey(k reflect.Value) (string, *ConvertError) {
	if k.Kind() == reflect.String {
		return k.String(), nil
	}
	if k.CanInterface() && (k.Kind() != reflect.Pointer || !k.IsNil()) {
		if m, ok := k.Interface().(encoding.TextMarshaler); ok {
			text, err := m.MarshalText()
			if err != nil {
				return "", failedMethod("MarshalText", k.Type(), err)
			}
			return string(text), nil
		}
	}
	switch {
	case k.CanInt():
		return strconv.FormatInt(k.Int(), 10), nil
	case k.CanUint():
		return strconv.FormatUint(k.Uint(), 10), nil
	}
	return "", wrongType("keys of the Go type %v", k.Type())
}

func (e *encoder) goStruct(v reflect.Value, depth int) *ConvertError {
	info := structOf(v.Type())
	if info.hidden {
		return wrongType("a %v, which has no exported field", v.Type())
	}
	if depth >= e.lim.Depth {
		return overLimit("too deeply nested")
	}
	e.dst = append(e.dst, '{')
	first := true
	for i := range info.fields {
		f := &info.fields[i]
		fv, ok := fieldOf(v, f.index)
		if !ok || f.omitted(fv) {
			continue
		}
		if err := e.member(f.name, first); err != nil {
			return err
		}
		first = false
		from := len(e.dst)
		if err := e.reflected(fv, depth+1); err != nil {
			return err.in(f.name)
		}
		if text := string(e.dst[from:]); f.quoted && text != "null" {
			e.dst = e.dst[:from]
			if err := e.str(text); err != nil {
				return err.in(f.name)
			}
		}
	}
	e.dst = append(e.dst, '}')
	return e.size()
}

// fieldOf returns a field of v; ok is false if it is behind a nil pointer.
func fieldOf(v reflect.Value, index []int) (f reflect.Value, ok bool) {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}

// number appends a json.Number as Python would write the number that it reads there.
func (e *encoder) number(text string) *ConvertError {
	if text == "" { // the zero json.Number
		text = "0"
	}
	p := scanner{s: text, lim: e.lim}
	text, ok := p.whole(0)
	if !ok && p.err.Err == ErrLimit {
		return overLimit(p.err.Reason)
	}
	if !ok {
		return wrongType("a json.Number that is not a number")
	}
	if first, last := text[0], text[len(text)-1]; first != '-' && !isDigit(first) || !isDigit(last) {
		return wrongType("a json.Number that is not a number")
	}
	switch n := numberValue(text).(type) {
	case int64:
		e.dst = strconv.AppendInt(e.dst, n, 10)
	case *big.Int:
		return e.bigInt(n)
	case float64:
		e.dst = appendFloat(e.dst, n, 64)
	}
	return e.size()
}
