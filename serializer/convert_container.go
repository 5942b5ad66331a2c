package serializer

import (
	"encoding"
	"reflect"
	"strconv"
	"time"
)

func (c *converter) setSlice(dst reflect.Value, v any, depth int) *ConvertError {
	if dst.Type().Elem().Kind() == reflect.Uint8 {
		switch b := v.(type) {
		case Bytes:
			dst.SetBytes([]byte(b))
			return c.spend(0, len(b))
		case ByteArray:
			dst.SetBytes(append([]byte{}, b...))
			return c.spend(0, len(b))
		}
	}
	items, ok := asList(v)
	if !ok {
		return misfit(v, dst)
	}
	if !c.walk.allows(c.nodes+len(items), c.bytes) {
		return overLimit("too many values")
	}
	s := reflect.MakeSlice(dst.Type(), len(items), len(items))
	for i, item := range items {
		if err := c.set(s.Index(i), item, depth+1); err != nil {
			return err.at(i)
		}
	}
	dst.Set(s)
	return nil
}

func (c *converter) setArray(dst reflect.Value, v any, depth int) *ConvertError {
	items, ok := asList(v)
	if !ok {
		return misfit(v, dst)
	}
	if len(items) != dst.Len() {
		return wrongType("%s of another length does not fit %v", kindOf(v), dst.Type())
	}
	for i, item := range items {
		if err := c.set(dst.Index(i), item, depth+1); err != nil {
			return err.at(i)
		}
	}
	return nil
}

func (c *converter) setMap(dst reflect.Value, v any, depth int) *ConvertError {
	d, ok := asDict(v)
	if !ok {
		return misfit(v, dst)
	}
	t := dst.Type()
	if !c.walk.allows(c.nodes+d.Len(), c.bytes) {
		return overLimit("too many values")
	}
	if t == reflect.TypeFor[map[string]any]() {
		return c.setAnyMap(dst, d, depth)
	}
	m := reflect.MakeMapWithSize(t, d.Len())
	for i := range d.Len() {
		e := d.at(i)
		key := reflect.New(t.Key()).Elem()
		if err := c.setKey(key, e.key()); err != nil {
			return err
		}
		value := reflect.New(t.Elem()).Elem()
		if err := c.set(value, e.stored(), depth+1); err != nil {
			return err.key(i)
		}
		m.SetMapIndex(key, value)
	}
	dst.Set(m)
	return nil
}

// setAnyMap is setMap for the most common map.
func (c *converter) setAnyMap(dst reflect.Value, d *Dict, depth int) *ConvertError {
	var name string
	var v any
	key, value := reflect.ValueOf(&name).Elem(), reflect.ValueOf(&v).Elem()
	m := make(map[string]any, d.Len())
	for i := range d.Len() {
		e := d.at(i)
		var err *ConvertError
		if name = e.name; e.named() {
			err = c.spend(1, len(name))
		} else {
			err = c.setKey(key, e.key())
		}
		if err != nil {
			return err
		}
		v = nil
		if err := c.set(value, e.stored(), depth+1); err != nil {
			return err.key(i)
		}
		m[name] = v
	}
	dst.Set(reflect.ValueOf(m))
	return nil
}

// setKey sets dst, the key of a Go map, to the key of a dict. Under JSON all keys are
// text, even those that were ints.
func (c *converter) setKey(dst reflect.Value, key any) *ConvertError {
	name, isText := Text(key)
	if err := c.spend(1, len(name)); err != nil {
		return err
	}
	n, isInt := key.(int64)
	if isText && dst.Kind() == reflect.String {
		dst.SetString(name)
		return nil
	}
	if m, ok := dst.Addr().Interface().(encoding.TextUnmarshaler); ok && isText {
		if err := m.UnmarshalText([]byte(name)); err != nil {
			return failedMethod("UnmarshalText", dst.Type(), err)
		}
		return nil
	}
	switch {
	case dst.Kind() == reflect.Interface && dst.NumMethod() == 0:
		if key == nil {
			return nil
		}
		copied, err := c.clone(key)
		if err != nil {
			return err
		}
		if k := reflect.ValueOf(copied); k.Comparable() {
			dst.Set(k)
			return nil
		}
	case dst.CanInt():
		if isText {
			var err error
			n, err = strconv.ParseInt(name, 10, 64)
			isInt = err == nil
		}
		if isInt && !dst.OverflowInt(n) {
			dst.SetInt(n)
			return nil
		}
	case dst.CanUint():
		u, fits := uint64(n), isInt && n >= 0
		if isText {
			var err error
			u, err = strconv.ParseUint(name, 10, 64)
			fits = err == nil
		}
		if fits && !dst.OverflowUint(u) {
			dst.SetUint(u)
			return nil
		}
	}
	return wrongType("a key that is %s does not fit %v", kindOf(key), dst.Type())
}

func (c *converter) setStruct(dst reflect.Value, v any, depth int) *ConvertError {
	d, ok := asDict(v)
	if !ok {
		return misfit(v, dst)
	}
	info := structOf(dst.Type())
	if info.hidden {
		return wrongType("%v has no exported field", dst.Type())
	}
	for i := range info.fields {
		f := &info.fields[i]
		v, ok := d.stored(f.name)
		if !ok {
			continue
		}
		to, ok := settable(dst, f.index)
		if !ok {
			return wrongType("%v has an embedded pointer to an unexported type", dst.Type()).in(f.name)
		}
		if err := c.setField(to, v, f.quoted, depth+1); err != nil {
			return err.in(f.name)
		}
	}
	return nil
}

// settable returns a field of v. It makes the embedded structs around the field.
func settable(v reflect.Value, index []int) (reflect.Value, bool) {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, false
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, v.CanSet()
}

// setField sets a field. It undoes the option string first.
func (c *converter) setField(dst reflect.Value, v any, quoted bool, depth int) *ConvertError {
	if !quoted {
		return c.set(dst, v, depth)
	}
	if v = force(v); v == nil {
		return c.set(dst, v, depth)
	}
	text, ok := v.(string)
	if !ok {
		return wrongType("%s does not fit %v with the option string", kindOf(v), dst.Type())
	}
	inner, err := decodeText(text, true, Limits{}.WithDefaults())
	if err != nil {
		e := wrongType("a str that holds no JSON does not fit %v with the option string", dst.Type())
		e.cause = causedBy(err)
		return e
	}
	return c.set(dst, inner, depth)
}

// asDict returns the content of a dict, or of a known subclass of it.
func asDict(v any) (*Dict, bool) {
	switch v := v.(type) {
	case *Dict:
		return v, true
	case *OrderedDict:
		return v.Dict, true
	case *DefaultDict:
		return v.Dict, true
	}
	return nil, false
}

// asList returns the items of a value that fits a slice.
func asList(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case Tuple:
		return v, true
	case Set:
		return v, true
	case FrozenSet:
		return v, true
	}
	return nil, false
}

// asTime returns the moment that v names, if that depends on no setting.
func asTime(v any) (time.Time, bool) {
	if d, ok := v.(DateTime); ok {
		t, err := d.Moment(nil)
		return t, err == nil && d.Aware() && d.Valid()
	}
	text, ok := Text(v)
	if !ok {
		return time.Time{}, false
	}
	return parseISOTime(text)
}

// textIn returns the text of v, or the text that Python's str() gives for it.
func textIn(v any) (string, bool) {
	switch v := v.(type) {
	case Decimal:
		return string(v), true
	case Fraction:
		return v.Text, true
	case UUID:
		return v.String(), true
	case Path:
		return v.String(), true
	}
	return Text(v)
}
