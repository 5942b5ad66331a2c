package serializer

import (
	"encoding"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"time"
)

// converter puts values that Loads and Freeze return into Go variables.
type converter struct {
	nodes int // visited
	bytes int // copied or written
	walk  budget
	// copies are the copies made for fields of type any: a list that occurs twice in the
	// value is one list in all of them.
	copies cloner
	// fresh says that the value at hand was just made and that nobody else has it: its
	// parts need not be copied.
	fresh bool
}

// spend counts visited values and copied bytes.
func (c *converter) spend(nodes, bytes int) *ConvertError {
	c.nodes += nodes
	c.bytes += bytes
	if c.nodes > c.walk.nodes || c.bytes > c.walk.bytes {
		return c.full()
	}
	return nil
}

// full is for what is over the walk's limits, unless these can be raised.
func (c *converter) full() *ConvertError {
	if !c.walk.allows(c.nodes, c.bytes) {
		return overLimit("too many values, or too long")
	}
	return nil
}

// clone copies v for an any, if it has to.
func (c *converter) clone(v any) (any, *ConvertError) {
	if c.fresh {
		return v, nil
	}
	before := c.copies.nodes
	v = c.copies.value(v)
	return v, c.spend(c.copies.nodes-before, 0)
}

// set puts v into dst, which must be addressable. depth is the nesting depth of v.
func (c *converter) set(dst reflect.Value, v any, depth int) *ConvertError {
	switch l := v.(type) {
	case RawJSON:
		if err := c.spend(0, len(l)); err != nil {
			return err
		}
		text, err := decodeText(string(l), false, noLimits)
		if err != nil {
			return &ConvertError{Reason: "a RawJSON that is not JSON", Err: ErrType, cause: causedBy(err)}
		}
		return c.setFresh(dst, text, depth)
	case Lazy:
		return c.setFresh(dst, l.Value(), depth)
	}
	return c.setDecoded(dst, v, depth)
}

// setFresh is set for a value that was just made.
func (c *converter) setFresh(dst reflect.Value, v any, depth int) *ConvertError {
	before := c.fresh
	c.fresh = true
	err := c.setDecoded(dst, v, depth)
	c.fresh = before
	return err
}

// setDecoded is set for a value that is no Lazy.
func (c *converter) setDecoded(dst reflect.Value, v any, depth int) *ConvertError {
	if err := c.spend(1, 0); err != nil {
		return err
	}
	if depth > maxDepth {
		return overLimit("too deeply nested")
	}
	t := dst.Type()
	if t.Kind() == reflect.Interface {
		return c.setInterface(dst, v)
	}
	if v == nil {
		return c.setNone(dst)
	}
	var at any // a pointer to dst
	if dst.CanInterface() {
		at = dst.Addr().Interface()
	}
	if done, err := c.setKnown(dst, at, v); done {
		return err
	}
	if t.Kind() == reflect.Pointer {
		p := reflect.New(t.Elem())
		if err := c.set(p.Elem(), v, depth+1); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
	if done, err := c.unmarshaler(dst, at, v); done {
		return err
	}
	return c.setKind(dst, v, depth)
}

func (c *converter) setInterface(dst reflect.Value, v any) *ConvertError {
	if v == nil {
		dst.SetZero()
		return nil
	}
	if dst.NumMethod() > 0 {
		return wrongType("%s does not fit %v", kindOf(v), dst.Type())
	}
	v, err := c.clone(v)
	if err != nil {
		return err
	}
	dst.Set(reflect.ValueOf(v))
	return nil
}

// setNone puts None into dst, which is no interface.
func (c *converter) setNone(dst reflect.Value) *ConvertError {
	switch dst.Kind() {
	case reflect.Slice, reflect.Map:
		if dst.CanInterface() {
			if done, err := c.unmarshaler(dst, dst.Addr().Interface(), nil); done {
				return err // such as json.RawMessage
			}
		}
		dst.SetZero()
		return nil
	case reflect.Pointer:
		if dst.Type() == reflect.TypeFor[*Dict]() {
			break // an empty dict is not None
		}
		dst.SetZero()
		return nil
	}
	return wrongType("None does not fit %v", dst.Type())
}

// setKnown sets the types that it knows by name. at points to dst, or is nil.
func (c *converter) setKnown(dst reflect.Value, at, v any) (done bool, err *ConvertError) {
	fits := false
	switch to := at.(type) {
	case nil:
		return false, nil
	case *time.Time:
		if *to, fits = asTime(v); !fits {
			return true, wrongType("%s that is no aware moment does not fit %v", kindOf(v), dst.Type())
		}
	case *time.Duration:
		if d, ok := v.(TimeDelta); ok {
			*to, fits = d.Duration()
		}
	case *big.Int:
		switch n := v.(type) {
		case int64:
			to.SetInt64(n)
			fits = true
		case *big.Int:
			to.Set(n)
			if err := c.spend(0, n.BitLen()/8); err != nil {
				return true, err
			}
			fits = true
		}
	case *json.Number:
		if f, ok := v.(float64); kindOf(v) == "int" || ok && f-f == 0 {
			text, err := c.textOf(v)
			*to = json.Number(text)
			return true, err
		}
	case *RawJSON:
		text, err := c.textOf(v)
		*to = RawJSON(text)
		return true, err
	case **Dict:
		var d *Dict
		if d, fits = asDict(v); fits && c.fresh {
			*to = d
		} else if fits {
			before := c.copies.nodes
			*to = c.copies.dict(d)
			if err := c.spend(c.copies.nodes-before, 0); err != nil {
				return true, err
			}
		}
	default:
		if !isPython(dst.Type()) {
			return false, nil
		}
		if fits = reflect.TypeOf(v) == dst.Type(); fits {
			if v, err = c.clone(v); err != nil {
				return true, err
			}
			dst.Set(reflect.ValueOf(v))
		}
	}
	if !fits {
		return true, misfit(v, dst)
	}
	return true, nil
}

func misfit(v any, dst reflect.Value) *ConvertError {
	return wrongType("%s does not fit %v", kindOf(v), dst.Type())
}

// textOf returns the JSON of v.
func (c *converter) textOf(v any) ([]byte, *ConvertError) {
	walk := c.walk // a copy, so that c need not be on the heap
	e := newWalker(&walk, c.nodes)
	e.most = max(0, e.most-c.bytes)
	err := e.value(v, 0)
	c.walk = walk
	if err == nil {
		// Charge the encoder's output to the whole budget.
		err = c.spend(e.nodes-c.nodes, len(e.dst))
	}
	if err != nil {
		return nil, err
	}
	return e.dst, nil
}

// unmarshaler passes v to the methods of dst, to which at points, if it has any. It passes
// the JSON of v, or its text if JSON cannot hold v or dst has only UnmarshalText.
func (c *converter) unmarshaler(dst reflect.Value, at, v any) (done bool, err *ConvertError) {
	asJSON, isJSON := at.(json.Unmarshaler)
	asText, isText := at.(encoding.TextUnmarshaler)
	if !isJSON && !isText {
		return false, nil
	}
	if isJSON {
		text, err := c.textOf(v)
		if err == nil {
			if cause := asJSON.UnmarshalJSON(text); cause != nil {
				return true, failedMethod("UnmarshalJSON", dst.Type(), cause)
			}
			return true, nil
		}
		if !isText || err.Err == ErrLimit {
			return true, err
		}
	}
	text, ok := textIn(v)
	if !ok || !isText {
		return true, misfit(v, dst)
	}
	if err := c.spend(0, len(text)); err != nil {
		return true, err
	}
	if err := asText.UnmarshalText([]byte(text)); err != nil {
		return true, failedMethod("UnmarshalText", dst.Type(), err)
	}
	return true, nil
}

// setKind sets all other types, by their kind.
func (c *converter) setKind(dst reflect.Value, v any, depth int) *ConvertError {
	fits := false
	switch dst.Kind() {
	case reflect.Bool:
		var b bool
		if b, fits = v.(bool); fits {
			dst.SetBool(b)
		}
	case reflect.String:
		var s string
		if s, fits = Text(v); fits {
			dst.SetString(s)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		switch n := v.(type) {
		case int64:
			if dst.OverflowInt(n) {
				return outOfRange(dst)
			}
			dst.SetInt(n)
			fits = true
		case *big.Int:
			return outOfRange(dst)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		switch n := v.(type) {
		case int64:
			if n < 0 || dst.OverflowUint(uint64(n)) {
				return outOfRange(dst)
			}
			dst.SetUint(uint64(n))
			fits = true
		case *big.Int:
			if !n.IsUint64() || dst.OverflowUint(n.Uint64()) {
				return outOfRange(dst)
			}
			dst.SetUint(n.Uint64())
			fits = true
		}
	case reflect.Float32, reflect.Float64:
		return setFloat(dst, v)
	case reflect.Slice:
		return c.setSlice(dst, v, depth)
	case reflect.Array:
		return c.setArray(dst, v, depth)
	case reflect.Map:
		return c.setMap(dst, v, depth)
	case reflect.Struct:
		return c.setStruct(dst, v, depth)
	}
	if !fits {
		return misfit(v, dst)
	}
	return nil
}

func outOfRange(dst reflect.Value) *ConvertError {
	return wrongType("an int that is out of the range of %v", dst.Type())
}

// setFloat takes floats, rounded if dst is a float32, and ints that dst can hold
// exactly.
func setFloat(dst reflect.Value, v any) *ConvertError {
	switch n := v.(type) {
	case float64:
		if dst.OverflowFloat(n) && !math.IsInf(n, 0) {
			return wrongType("a float that is out of the range of %v", dst.Type())
		}
		dst.SetFloat(n)
		return nil
	case int64:
		v = big.NewInt(n)
	}
	n, ok := v.(*big.Int)
	if !ok {
		return misfit(v, dst)
	}
	f, exact := new(big.Float).SetInt(n).Float64()
	if dst.Kind() == reflect.Float32 && float64(float32(f)) != f || exact != big.Exact {
		return wrongType("an int that %v cannot hold exactly", dst.Type())
	}
	dst.SetFloat(f)
	return nil
}
