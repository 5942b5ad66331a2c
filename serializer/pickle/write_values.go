package pickle

import (
	"math"
	"math/big"
	"unsafe"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/internal/pyobject"
	"github.com/go-djsession/go-djsession/serializer"
)

// value writes a Go value.
func (w *writer) value(v any) error {
	w.boundary()
	if len(w.dst) > w.most {
		return w.size()
	}
	switch v := v.(type) {
	case nil:
		w.op(opNone)
	case bool:
		if v {
			w.op(opNewTrue)
		} else {
			w.op(opNewFalse)
		}
	case int64:
		w.int(v)
	case int:
		w.int(int64(v))
	case *big.Int:
		if v == nil {
			w.op(opNone)
		} else {
			w.bigInt(v)
		}
	case float64:
		w.float(pythonNaN(v))
	case string:
		return w.textValue(v)
	case serializer.Bytes:
		w.bytes(bytesID(v), string(v))
	case serializer.ByteArray:
		w.byteArray(byteArrayID(v), unsafe.String(unsafe.SliceData(v), len(v)))
	case serializer.Str2:
		w.str2Value(v)
	case serializer.Global:
		w.class(v)
	case *lazy:
		if v.a == w.a {
			return w.node(v.r)
		}
		return w.value(v.Value())
	case serializer.RawJSON:
		if w.decoded += len(v); w.decoded > w.lim.Size {
			return limitError("too many bytes")
		}
		return w.value(v.Value())
	case serializer.Lazy:
		if held, ok := pydict.Held(v); ok {
			return w.value(held)
		}
		return w.value(v.Value())
	default:
		return w.container(v)
	}
	return nil
}

// textValue writes a str. One that has a number was already checked.
func (w *writer) textValue(s string) error {
	o := textID(s)
	if w.got(o) {
		return nil
	}
	if !validText(s) {
		return typeError("a string that is not UTF-8")
	}
	w.firstText(o, s)
	return nil
}

// pythonNaN returns f. For the NaN that Go makes it returns float("nan").
func pythonNaN(f float64) float64 {
	if math.Float64bits(f) == math.Float64bits(math.NaN()) {
		return math.Float64frombits(nanBits)
	}
	return f
}

// nanBits is float("nan").
const nanBits = 0x7FF8000000000000

// str2Value writes a str of Python 2. Python 3 has no such type: if only Python 3 will
// read it, ASCII becomes text and all else bytes.
func (w *writer) str2Value(v serializer.Str2) {
	switch {
	case w.proto <= 2:
		w.str2(str2ID(v), string(v))
	case v.IsASCII():
		w.text(textID(string(v)), string(v))
	default:
		w.bytes(bytesID(serializer.Bytes(v)), string(v))
	}
}

// container writes a value that holds other values, or that a call makes.
func (w *writer) container(v any) error {
	if err := w.deeper(); err != nil {
		return err
	}
	err := w.content(v)
	w.depth--
	return err
}

func (w *writer) content(v any) error {
	var o id
	switch v := v.(type) {
	case []any:
		o = sliceID(idList, v)
		if !w.got(o) {
			return w.list(o, things{values: v})
		}
	case serializer.Tuple:
		o = sliceID(idTuple, v)
		if !w.got(o) {
			return w.tuple(o, things{values: v})
		}
	case serializer.Set:
		o = sliceID(idSet, v)
		if !w.got(o) {
			return w.set(o, things{values: v})
		}
	case serializer.FrozenSet:
		o = sliceID(idFrozenSet, v)
		if !w.got(o) {
			return w.frozenSet(o, things{values: v})
		}
	case *serializer.Dict:
		o = pointerID(v)
		if v == nil {
			o = freshID
		}
		if !w.got(o) {
			return w.dict(o, v)
		}
	case *serializer.OrderedDict:
		o = pointerID(v)
		if !w.got(o) {
			return w.object(o, &call{how: opReduce, class: aValue(classOrderedDict), pairs: w.pairsOf(v.Dict)})
		}
	case *serializer.DefaultDict:
		o = pointerID(v)
		if !w.got(o) {
			c := call{how: opReduce, class: aValue(classDefaultDict), pairs: w.pairsOf(v.Dict)}
			if v.Factory != nil {
				c.args.values = []any{v.Factory}
			}
			return w.object(o, &c)
		}
	case *serializer.Object:
		o = pointerID(v)
		if !w.got(o) {
			return w.objectValue(o, v)
		}
	default:
		ok, err := w.namedValue(v)
		if ok || err != nil {
			return err
		}
		frozen, err := serializer.Freeze(v, w.lim)
		if err != nil {
			return err
		}
		return w.value(frozen)
	}
	return nil
}

// dict writes a plain dict.
func (w *writer) dict(o id, d *serializer.Dict) error {
	w.op(opEmptyDict)
	w.put(o)
	return w.pairs(batchDict, d)
}

// pairs writes the keys and values of a dict in batches.
func (w *writer) pairs(form batchForm, d *serializer.Dict) error {
	b := batch{writer: w, form: form, n: d.Len()}
	for i := range b.n {
		name, key, v := pydict.At(d, i)
		b.before()
		if err := w.key(name, key); err != nil {
			return err
		}
		if err := w.value(v); err != nil {
			return err
		}
		b.after()
	}
	return nil
}

// key writes the key of a dict, as pydict.At returns it.
func (w *writer) key(name string, key *any) error {
	if key != nil {
		return w.value(*key)
	}
	w.boundary()
	return w.textValue(name)
}

func (w *writer) pairsOf(d *serializer.Dict) func() error {
	return func() error { return w.pairs(batchDictItems, d) }
}

// changed writes a dict that was read from the writer's arena and changed since. Its
// remaining keys are the same objects as before: other values of the arena may refer to
// them, and to the dict.
func (w *writer) changed(d *serializer.Dict) error {
	w.boundary()
	root := &w.a.nodes[w.a.root]
	w.op(opEmptyDict)
	w.put(nodeID(w.a.root, root))
	old := w.a.held(root)
	b := batch{writer: w, form: batchDict, n: d.Len()}
	for i := range b.n {
		name, key, v := pydict.At(d, i)
		b.before()
		r, rest, ok := w.sameKey(old, name, key)
		var err error
		if ok {
			err = w.node(r)
		} else {
			err = w.key(name, key)
		}
		if err != nil {
			return err
		}
		old = rest
		if err := w.value(v); err != nil {
			return err
		}
		b.after()
	}
	return nil
}

// sameKey looks for the node of a key. Keys never move, so the node is among those after
// the last one that was found; those before it were removed. A new key comes after all
// old ones.
func (w *writer) sameKey(old []ref, name string, key *any) (r ref, rest []ref, ok bool) {
	for i := 0; i < len(old); i += 2 {
		text, isText := w.a.isText(old[i])
		if key == nil && isText && text == name || key != nil && !isText && keyEqual(newMaker(w.a).make(old[i]), *key) {
			return old[i], old[i+2:], true
		}
	}
	return 0, nil, false
}

// keyEqual reports whether a and b are one key of a dict in Python.
func keyEqual(a, b any) bool {
	// The most common keys that are not text.
	if a, ok := a.(int64); ok {
		if b, ok := b.(int64); ok {
			return a == b
		}
	}
	k := pydict.NewKeys()
	ai, aok := k.Add(a)
	bi, bok := k.Add(b)
	return aok && bok && ai == bi
}

// objectValue writes an object that has no type of its own.
func (w *writer) objectValue(o id, v *serializer.Object) error {
	c := call{
		class:  aValue(v.Class),
		args:   things{values: v.Args},
		list:   things{values: v.Items},
		built:  v.Built,
		state:  aValue(v.State),
		setter: aValue(v.Setter),
	}
	switch v.How {
	case pyobject.Called:
		c.how = opReduce
	case pyobject.New:
		c.how = opNewObj
	case pyobject.NewEx:
		c.how, c.kwargs = opNewObjEx, aValue(v.Kwargs)
	case pyobject.OldStyle:
		c.how = opObj
	default:
		return typeError("an object made in no known way")
	}
	if len(v.SetItems) > 0 {
		c.pairs = func() error { return w.setItems(v.SetItems) }
	}
	return w.object(o, &c)
}

func (w *writer) setItems(items []serializer.Item) error {
	b := batch{writer: w, form: batchDictItems, n: len(items)}
	for _, it := range items {
		b.before()
		if err := w.value(it.Key); err != nil {
			return err
		}
		if err := w.value(it.Value); err != nil {
			return err
		}
		b.after()
	}
	return nil
}
