package serializer

import (
	"math/big"
	"reflect"
	"slices"
	"unsafe"
)

// clone returns a copy of a decoded value. The copy shares only values that never change
// with v. A list that v holds twice is held twice by the copy, and not copied twice: a
// value may hold itself.
func clone(v any) any {
	c := cloner{}
	return c.value(v)
}

// cloner maps values to their copies. It recurses as deep as the value is nested, which
// the readers limit.
type cloner struct {
	seen  map[identity]any
	nodes int // copied
}

// identity distinguishes changeable values.
type identity struct {
	t   reflect.Type
	at  unsafe.Pointer
	len int
}

func (c *cloner) value(v any) any {
	c.nodes++
	switch v := v.(type) {
	case RawJSON:
		return v
	case Lazy:
		return v.Value()
	case *big.Int:
		if v == nil {
			return v
		}
		return once(c, v, func(n *big.Int) { n.Set(v) })
	case []any:
		return items(c, v)
	case Tuple:
		return items(c, v)
	case Set:
		return items(c, v)
	case FrozenSet:
		return items(c, v)
	case ByteArray:
		return c.byteArray(v)
	case Message:
		v.Message, v.ExtraTags = c.value(v.Message), c.value(v.ExtraTags)
		return v
	case Path:
		v.Parts = slices.Clone(v.Parts)
		return v
	case DateTime:
		v.Zone = c.value(v.Zone)
		return v
	case Time:
		v.Zone = c.value(v.Zone)
		return v
	case *Dict:
		return c.dict(v)
	case *OrderedDict:
		return once(c, v, func(n *OrderedDict) { n.Dict = c.dict(v.Dict) })
	case *DefaultDict:
		return once(c, v, func(n *DefaultDict) { n.Factory, n.Dict = c.value(v.Factory), c.dict(v.Dict) })
	case *Object:
		return once(c, v, func(n *Object) {
			*n = *v
			n.Class = c.value(v.Class)
			n.Args, n.Items = items(c, v.Args), items(c, v.Items)
			n.Kwargs = c.dict(v.Kwargs)
			n.SetItems = slices.Clone(v.SetItems)
			for i, it := range n.SetItems {
				n.SetItems[i] = Item{c.value(it.Key), c.value(it.Value)}
			}
			n.State, n.Setter = c.value(v.State), c.value(v.Setter)
		})
	}
	return v
}

// once returns the copy of *v. If there is none yet, it makes one by fill.
func once[T any](c *cloner, v *T, fill func(*T)) *T {
	if v == nil {
		return nil
	}
	id := identity{t: reflect.TypeFor[T](), at: unsafe.Pointer(v)}
	if n, ok := c.seen[id]; ok {
		return n.(*T)
	}
	n := new(T)
	c.note(id, n)
	fill(n)
	return n
}

func (c *cloner) dict(d *Dict) *Dict {
	return once(c, d, func(n *Dict) {
		if d.in == nil {
			return
		}
		vals := slices.Clone(d.in.vals)
		n.in, n.more = &content{d.in.names, vals}, d.more
		c.nodes += len(vals)
		for i := range vals {
			switch v := storedIn(vals[i]).(type) {
			case nil, bool, int64, float64, string, Lazy: // which never change
			default:
				put(&vals[i], c.value(v))
			}
		}
	})
}

func items[S ~[]any](c *cloner, s S) S {
	if len(s) == 0 {
		return append(s[:0:0], s...)
	}
	id := identity{reflect.TypeFor[S](), unsafe.Pointer(unsafe.SliceData(s)), len(s)}
	if n, ok := c.seen[id]; ok {
		return n.(S)
	}
	n := make(S, len(s))
	c.note(id, n)
	for i, v := range s {
		n[i] = c.value(v)
	}
	return n
}

func (c *cloner) byteArray(b ByteArray) ByteArray {
	if len(b) == 0 {
		return slices.Clone(b)
	}
	id := identity{reflect.TypeFor[ByteArray](), unsafe.Pointer(unsafe.SliceData(b)), len(b)}
	if n, ok := c.seen[id]; ok {
		return n.(ByteArray)
	}
	n := slices.Clone(b)
	c.note(id, n)
	return n
}

func (c *cloner) note(id identity, n any) {
	if c.seen == nil {
		c.seen = map[identity]any{}
	}
	c.seen[id] = n
}
