package serializer

import (
	"encoding"
	"math/big"
	"reflect"
	"slices"
	"strings"
)

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
	b := NewBuilder(len(members))
	for _, m := range members {
		value, err := p.reflected(m.value, depth+1)
		if err != nil {
			return nil, err.in(keyName(m.key))
		}
		b.Add(m.key, value)
	}
	return b.Dict(), nil
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
	b := NewBuilder(len(info.fields))
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
			text, err := textOf(value)
			if err != nil {
				return nil, err.in(name)
			}
			value = string(text)
		}
		b.AddName(name, value)
	}
	return b.Dict(), nil
}
