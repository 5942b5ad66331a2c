package serializer

import (
	"encoding"
	"math/big"
	"reflect"
	"slices"
	"strings"
)

// reflect returns what is none of the types known by name.
func (p *plainer) reflect(v reflect.Value, depth int) (any, *ConvertError) {
	for range maxDepth {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if v.IsNil() {
				return nil, nil
			}
			if in := v.Elem(); in.CanInterface() && goTypeOf(in.Type()).own {
				return p.value(in.Interface(), depth)
			}
		}
		if v.Kind() != reflect.Interface && v.CanInterface() {
			if got, done, err := p.marshaler(v, depth); done {
				return got, err
			}
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			v = v.Elem()
		default:
			return p.kind(v, depth)
		}
	}
	return nil, overLimit("a pointer to itself")
}

// reflected returns a value found by reflection.
func (p *plainer) reflected(v reflect.Value, depth int) (any, *ConvertError) {
	if v.CanInterface() && goTypeOf(v.Type()).own {
		return p.value(v.Interface(), depth)
	}
	if p.nodes++; p.nodes > p.lim.Nodes {
		return nil, overLimit("too many values")
	}
	if depth > p.lim.Depth {
		return nil, overLimit("too deeply nested")
	}
	return p.reflect(v, depth)
}

// marshaler returns what the methods of v make of it, if it has any.
func (p *plainer) marshaler(v reflect.Value, depth int) (got any, done bool, err *ConvertError) {
	info := goTypeOf(v.Type())
	if !info.asJSON && !info.asText {
		return nil, false, nil
	}
	t := v.Type()
	if info.byPointer {
		v = addressable(v).Addr()
	}
	if !info.asJSON {
		text, cause := v.Interface().(encoding.TextMarshaler).MarshalText()
		if cause != nil {
			return nil, true, failedMethod("MarshalText", t, cause)
		}
		if err = p.write(len(text)); err != nil {
			return nil, true, err
		}
		got, err = p.text(string(text))
		return got, true, err
	}
	e := newEncoder(nil, p.lim)
	if _, err = e.marshaler(v, depth); err != nil {
		return nil, true, err
	}
	if err = p.write(len(e.dst)); err != nil {
		return nil, true, err
	}
	got, err = p.value(RawJSON(e.dst), depth)
	return got, true, err
}

// kind returns a value by its kind.
func (p *plainer) kind(v reflect.Value, depth int) (any, *ConvertError) {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return p.bigInt(new(big.Int).SetUint64(v.Uint()))
	case reflect.Float32:
		// The double with the digits of v, as under JSON.
		return floatValue(string(appendFloat(nil, v.Float(), 32))), nil
	case reflect.Float64:
		return v.Float(), nil
	case reflect.String:
		return p.text(v.String())
	case reflect.Slice, reflect.Array:
		return p.items(v, depth)
	case reflect.Map:
		return p.goMap(v, depth)
	case reflect.Struct:
		return p.goStruct(v, depth)
	}
	return nil, wrongType("a Go %v", v.Type())
}

func (p *plainer) items(v reflect.Value, depth int) (any, *ConvertError) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return nil, nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if err := p.write(v.Len()); err != nil {
			return nil, err
		}
		raw := make([]byte, v.Len())
		for i := range raw {
			raw[i] = byte(v.Index(i).Uint())
		}
		return Bytes(raw), nil
	}
	list := make([]any, v.Len(), max(v.Len(), 1))
	for i := range list {
		var err *ConvertError
		if list[i], err = p.reflected(v.Index(i), depth+1); err != nil {
			return nil, err.at(i)
		}
	}
	return list, nil
}

// goMap returns a map in the order of its keys: text by its bytes, ints by value.
func (p *plainer) goMap(v reflect.Value, depth int) (any, *ConvertError) {
	if v.IsNil() {
		return nil, nil
	}
	type member struct {
		key   any
		value reflect.Value
	}
	if v.Len() > p.lim.Nodes {
		return nil, overLimit("too many values")
	}
	members := make([]member, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		key, err := p.mapKey(it.Key())
		if err != nil {
			return nil, err
		}
		members = append(members, member{key, it.Value()})
	}
	slices.SortFunc(members, func(a, b member) int { return compareKeys(a.key, b.key) })
	b := newBuilder(len(members))
	for i, m := range members {
		value, err := p.reflected(m.value, depth+1)
		if err != nil {
			return nil, err.key(i)
		}
		b.add(m.key, value)
	}
	return b.dict(), nil
}

// mapKey returns the key of a Go map: text or an int.
func (p *plainer) mapKey(k reflect.Value) (any, *ConvertError) {
	if k.Kind() == reflect.String {
		return p.name(k.String())
	}
	if k.CanInterface() && (k.Kind() != reflect.Pointer || !k.IsNil()) {
		if m, ok := k.Interface().(encoding.TextMarshaler); ok {
			text, err := m.MarshalText()
			if err != nil {
				return nil, failedMethod("MarshalText", k.Type(), err)
			}
			return p.name(string(text))
		}
	}
	if k.Kind() == reflect.Interface && !k.IsNil() {
		return p.mapKey(k.Elem())
	}
	switch {
	case k.CanInt():
		return k.Int(), nil
	case k.CanUint():
		return p.bigInt(new(big.Int).SetUint64(k.Uint()))
	}
	return nil, wrongType("keys of the Go type %v", k.Type())
}

// compareKeys orders ints before text.
func compareKeys(a, b any) int {
	if as, ok := a.(string); ok {
		if bs, ok := b.(string); ok {
			return strings.Compare(as, bs)
		}
		return 1
	}
	if _, ok := b.(string); ok {
		return -1
	}
	return asBig(a).Cmp(asBig(b))
}

func asBig(v any) *big.Int {
	if n, ok := v.(*big.Int); ok {
		return n
	}
	n, _ := v.(int64)
	return big.NewInt(n)
}

func (p *plainer) goStruct(v reflect.Value, depth int) (any, *ConvertError) {
	info := structOf(v.Type())
	if info.hidden {
		return nil, wrongType("a %v, which has no exported field", v.Type())
	}
	b := newBuilder(len(info.fields))
	for i := range info.fields {
		f := &info.fields[i]
		fv, ok := fieldOf(v, f.index)
		if !ok || f.omitted(fv) {
			continue
		}
		name, err := p.name(f.name)
		if err != nil {
			return nil, err
		}
		value, err := p.reflected(fv, depth+1)
		if err != nil {
			return nil, err.in(name)
		}
		if f.quoted && value != nil {
			e := newEncoder(nil, p.lim)
			if err := e.value(value, 0); err != nil {
				return nil, err.in(name)
			}
			if err := p.write(len(e.dst)); err != nil {
				return nil, err.in(name)
			}
			value = string(e.dst)
		}
		b.addName(name, value)
	}
	return b.dict(), nil
}
