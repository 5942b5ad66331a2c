package serializer

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
)

// Edit returns d with the value of the text key name changed by fn, which is called with
// the value as a T. A missing value is the zero T; if fn leaves a nil one, it stays
// missing. ser freezes what fn made, so that later changes to it change nothing.
//
// What fn leaves alone stays as it is stored: byte for byte in JSON, with its type in a
// pickle. What T has no field for stays too, at any depth: a struct changes the keys of
// a dict that it names, a Go map those that it got or lost. Of a list, each element that
// fn made belongs to one that is stored:
//
//   - the one that it has a text, a pointer, a slice or a map from, so that fn may move,
//     copy and remove elements;
//   - else an equal one;
//   - else, if no element was moved or removed, the one that stood at its place.
//
// An element that belongs to none is new. Where that cannot be told and something would be
// lost that T has no field for, Edit returns an ErrType: use pointers as elements, or
// remove elements in one Edit and change them in another.
//
// The error is that of fn, a *ConvertError as by Field, or that of ser.Freeze; d comes
// with it.
func Edit[T any](d *Dict, ser Serializer, name string, fn func(*T) error) (*Dict, error) {
	var after T
	i := d.find(name)
	if i < 0 {
		if err := fn(&after); err != nil {
			return d, err
		}
		if isNil(reflect.ValueOf(&after).Elem()) {
			return d, nil
		}
		return d.withFrozen(ser, name, after)
	}
	stored := d.at(i).stored()
	before, failed := convert[T](stored)
	if failed == nil {
		after, failed = convert[T](stored)
	}
	if failed != nil {
		return d, failed.in(name)
	}
	m := merger{walk: converter{walk: newBudget(stored)}}
	was, is := reflect.ValueOf(&before).Elem(), reflect.ValueOf(&after).Elem()
	m.note(was, is)
	if err := fn(&after); err != nil {
		return d, err
	}
	merged, changed, failed := m.merge(was, is, stored)
	switch {
	case failed != nil:
		return d, failed.in(name)
	case !changed:
		return d, nil
	}
	return d.withFrozen(ser, name, merged)
}

// withFrozen returns d with name set to v as ser freezes it.
func (d *Dict) withFrozen(ser Serializer, name string, v any) (*Dict, error) {
	frozen, err := ser.Freeze(v)
	if err != nil {
		var failed *ConvertError
		if errors.As(err, &failed) {
			return d, failed.in(name)
		}
		return d, err
	}
	return d.With(name, frozen), nil
}

// merger puts what a function changed in a Go value into the value that it was read from.
type merger struct {
	walk   converter // converts keys
	traces map[identity][]trace
}

// merge returns stored with what differs between before and after, two values of one
// type, and whether anything does.
func (m *merger) merge(before, after reflect.Value, stored any) (any, bool, *ConvertError) {
	if isAtom(after.Type()) || isNil(before) || isNil(after) {
		if m.same(before, after) {
			return stored, false, nil
		}
		return after.Interface(), true, nil
	}
	if after.Kind() == reflect.Pointer {
		return m.merge(before.Elem(), after.Elem(), stored)
	}
	v, changed, err := m.mergeParts(before, after, opened(stored))
	if !changed {
		v = stored
	}
	return v, changed, err
}

func (m *merger) mergeParts(before, after reflect.Value, stored any) (any, bool, *ConvertError) {
	switch after.Kind() {
	case reflect.Struct:
		return m.mergeStruct(before, after, stored)
	case reflect.Map:
		return m.mergeMap(before, after, stored)
	case reflect.Slice:
		return m.mergeSlice(before, after, stored)
	}
	items, _ := asList(stored)
	at := make([]int, after.Len()) // of an array
	for i := range at {
		at[i] = i
	}
	return m.mergeItems(before, after, stored, items, at)
}

func (m *merger) mergeStruct(before, after reflect.Value, stored any) (any, bool, *ConvertError) {
	old, _ := asDict(stored)
	d := old
	for _, f := range structOf(after.Type()).fields {
		was, had := fieldOf(before, f.index)
		is, has := fieldOf(after, f.index)
		has = has && !f.omitted(is)
		v, there := old.stored(f.name)
		switch {
		case !has && !there:
		case !has:
			if !had || !f.omitted(was) {
				d = d.Without(f.name)
			}
		case had && (!there || f.quoted) && m.same(was, is):
		case had && there && !f.quoted:
			v, changed, err := m.merge(was, is, v)
			if err != nil {
				return nil, false, err.in(f.name)
			}
			if changed {
				d = d.With(f.name, v)
			}
		case f.quoted:
			e := newEncoder(nil, Limits{})
			if err := e.reflected(is, 0); err != nil {
				return nil, false, err.in(f.name)
			}
			if v = nil; string(e.dst) != "null" {
				v = string(e.dst)
			}
			d = d.With(f.name, v)
		default:
			d = d.With(f.name, is.Interface())
		}
	}
	return redone(stored, d), d != old, nil
}

func (m *merger) mergeMap(before, after reflect.Value, stored any) (any, bool, *ConvertError) {
	old, _ := asDict(stored)
	changed := false
	b := newBuilder(after.Len())
	for i := range old.Len() {
		e := old.at(i)
		key := reflect.New(after.Type().Key()).Elem()
		if err := m.walk.setKey(key, e.key()); err != nil {
			return nil, false, err.key(i)
		}
		is := after.MapIndex(key)
		if !is.IsValid() {
			changed = true
			continue
		}
		v, different, err := m.merge(before.MapIndex(key), is, e.stored())
		if err != nil {
			return nil, false, err.key(i)
		}
		changed = changed || different
		b.add(e.key(), v)
	}
	p := plainer{lim: Limits{}.WithDefaults(), names: map[string]string{}}
	var added []Item
	for it := after.MapRange(); it.Next(); {
		if before.MapIndex(it.Key()).IsValid() {
			continue
		}
		key, err := p.mapKey(it.Key())
		if err != nil {
			return nil, false, err
		}
		added = append(added, Item{key, it.Value().Interface()})
	}
	slices.SortFunc(added, func(a, b Item) int { return compareKeys(a.Key, b.Key) })
	for _, it := range added {
		b.add(it.Key, it.Value)
	}
	return redone(stored, b.dict()), changed || len(added) > 0, nil
}

func (m *merger) mergeSlice(before, after reflect.Value, stored any) (any, bool, *ConvertError) {
	items, _ := asList(stored)
	at, ok := m.match(before, after, items)
	if !ok {
		return nil, false, wrongType("which elements of the list were kept cannot be told, and they hold what %v has no field for: use pointers as elements, or remove and change elements one after the other", after.Type().Elem())
	}
	return m.mergeItems(before, after, stored, items, at)
}

// mergeItems merges a list. at tells for each element of after which one it was, or -1.
func (m *merger) mergeItems(before, after reflect.Value, stored any, items []any, at []int) (any, bool, *ConvertError) {
	changed := len(items) != len(at)
	list := make([]any, len(at))
	for j, i := range at {
		if i < 0 {
			list[j], changed = after.Index(j).Interface(), true
			continue
		}
		v, different, err := m.merge(before.Index(i), after.Index(j), items[i])
		if err != nil {
			return nil, false, err.at(j)
		}
		list[j], changed = v, changed || different || i != j
	}
	switch stored.(type) {
	case Tuple:
		return Tuple(list), changed, nil
	case Set:
		return Set(list), changed, nil
	case FrozenSet:
		return FrozenSet(list), changed, nil
	}
	return list, changed, nil
}

// redone returns d as a dict of the type of stored.
func redone(stored any, d *Dict) any {
	switch v := stored.(type) {
	case *OrderedDict:
		return &OrderedDict{Dict: d}
	case *DefaultDict:
		return &DefaultDict{Factory: v.Factory, Dict: d}
	}
	return d
}

// opened decodes a stored value. The parts of JSON stay as they stand there.
func opened(v any) any {
	raw, ok := v.(RawJSON)
	if !ok {
		return force(v)
	}
	p := scanner{s: string(raw), lim: noLimits}
	if d, ok := p.top(); ok {
		return d
	}
	p = scanner{s: string(raw), lim: noLimits}
	i := p.begin()
	if i >= len(p.s) || p.s[i] != '[' {
		return raw.Value()
	}
	list := []any{}
	i, more := p.open(i, 1, ']')
	for more {
		from := i
		if i = p.value(i, 1); i < 0 {
			return raw.Value()
		}
		list = append(list, RawJSON(p.s[from:i]))
		i, more = p.comma(i, ']')
	}
	return list
}

// isAtom reports whether a value of type t changes as a whole: it has no parts, or only
// its methods know them.
func isAtom(t reflect.Type) bool {
	if t == reflect.TypeFor[[]any]() {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Struct, reflect.Map, reflect.Array:
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return true
		}
	default:
		return true
	}
	if info := goTypeOf(t); info.own || info.asJSON || info.asText {
		return true
	}
	p := reflect.PointerTo(t)
	return t.Kind() != reflect.Pointer &&
		(p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()))
}

// same reports whether a and b, two values of one type, are equal. If the walk over them
// is out of all proportion to the stored value, it is false.
func (m *merger) same(a, b reflect.Value) bool {
	if m.walk.spend(1, 0) != nil {
		return false
	}
	if isNil(a) || isNil(b) {
		return isNil(a) && isNil(b)
	}
	switch a.Kind() {
	case reflect.Interface:
		a, b = a.Elem(), b.Elem()
		return a.Type() == b.Type() && m.same(a, b)
	case reflect.Pointer:
		return a.Pointer() == b.Pointer() || m.same(a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !m.same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range a.NumField() {
			if !m.same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for it := a.MapRange(); it.Next(); {
			if other := b.MapIndex(it.Key()); !other.IsValid() || !m.same(it.Value(), other) {
				return false
			}
		}
		return true
	case reflect.Func:
		return false
	}
	return a.Equal(b)
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		return v.IsNil()
	}
	return false
}
