package pickle

import (
	"github.com/go-djsession/go-djsession/internal/boxes"
	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
)

// lazy is a value of a dict, as a node of an arena.
type lazy struct {
	a    *arena
	text string // if the value is text
	r    ref
}

var _ serializer.Lazy = (*lazy)(nil)

// Held is for package serializer. It returns the pickle that the value is a part of, and
// the number of its values and bytes.
func (l *lazy) Held() (in any, nodes, bytes int) {
	return l.a, len(l.a.nodes) + len(l.a.items), len(l.a.text)
}

// Value returns the value, made anew.
func (l *lazy) Value() any {
	if l.a.nodes[l.r].kind == kindStr {
		return boxes.Any(&l.text, typeOfText)
	}
	m := maker{arena: l.a}
	return m.make(l.r)
}

// maker turns nodes into Go values. One object of the arena is one value of a maker.
type maker struct {
	*arena
	done  map[ref]any // what is referred to more than once and has an identity
	later []filling
	depth int
	slab  pydict.Slab // nil before the first dict

	texts  boxes.Of[string]
	ints   boxes.Of[int64]
	floats boxes.Of[float64]

	// The names of the last dicts, by how many they are: those of a list mostly have the
	// same. keys and shapes are memory for the next ones.
	alike [8]struct {
		held  []ref // keys and values of such a dict
		names *[]string
	}
	// Texts with more than one reference that were made lately, by their number.
	often [8]struct {
		r     ref // no text has the number 0
		value any
	}
	keys   boxes.Room[string]
	shapes boxes.Room[[]string]
	// The number of dicts and pairs made so far.
	madeDicts, madePairs int
}

func newMaker(a *arena) *maker { return &maker{arena: a} }

// filling is a value that exists but is still empty. This way values can hold themselves.
type filling struct {
	n      *node
	items  []any              // of a list, tuple, set or frozenset
	dict   pydict.Builder     // of a dict
	object *serializer.Object // of anything else
}

// goDeep is the depth to which recursion fills values, which is the fastest way. Deeper
// values wait for their turn, so that no pickle can exhaust the stack.
const goDeep = 100

var (
	typeOfText  = boxes.TypeOf("")
	typeOfInt   = boxes.TypeOf(int64(0))
	typeOfFloat = boxes.TypeOf(0.0)
)

// make returns the value of a node.
func (m *maker) make(r ref) any {
	v := m.value(r)
	for len(m.later) > 0 {
		f := m.later[len(m.later)-1]
		m.later = m.later[:len(m.later)-1]
		m.fill(&f)
	}
	return v
}

// value returns the value of a node. Its content may follow later.
func (m *maker) value(r ref) any {
	n := &m.nodes[r]
	switch n.kind {
	case kindNone:
		return nil
	case kindTrue:
		return true
	case kindFalse:
		return false
	case kindInt:
		if v := n.int(); uint64(v) >= 256 { // Go has the smaller ones ready
			return m.ints.Box(v, typeOfInt)
		}
		return n.int()
	case kindBig, kindBigText:
		return m.bigInt(n)
	case kindFloat:
		return m.floats.Box(n.float(), typeOfFloat)
	case kindStr:
		return m.boxed(r, n)
	case kindStr2:
		return serializer.Str2(m.str(n))
	case kindBytes:
		return serializer.Bytes(m.str(n))
	case kindGlobal:
		return m.globalValue(r)
	case kindDict:
		// The same as below, in the shape of most dicts.
		if n.flags&(flagShared|flagOddKeys) == 0 && m.depth < goDeep && n.b < 2*mostNamed {
			return m.dict(m.held(n))
		}
	}
	shared := n.flags&flagShared != 0
	if shared {
		if v, ok := m.done[r]; ok {
			return v
		}
	}
	v, f := m.start(r, n)
	if shared {
		if m.done == nil {
			m.done = map[ref]any{}
		}
		m.done[r] = v
	}
	if f.n == nil {
		return v
	}
	if m.depth >= goDeep {
		m.later = append(m.later, f)
		return v
	}
	m.depth++
	m.fill(&f)
	m.depth--
	return v
}

// start makes a value with an identity, without its content.
func (m *maker) start(r ref, n *node) (any, filling) {
	switch n.kind {
	case kindByteArray:
		return newByteArray(m.str(n)), filling{}
	case kindObject:
		return m.object(n)
	case kindDict:
		b := m.builder(int(n.b) / 2)
		return b.Dict(), filling{n: n, dict: b}
	}
	// With a capacity, so that empty ones have an identity.
	items := make([]any, n.b, max(n.b, 1))
	f := filling{n: n, items: items}
	switch n.kind {
	case kindList:
		return items, f
	case kindSet:
		return serializer.Set(items), f
	case kindFrozenSet:
		return serializer.FrozenSet(items), f
	}
	return serializer.Tuple(items), f
}

// mostNamed is the number of keys up to which a slab makes a dict without a builder.
const mostNamed = 63

// dict returns a dict of at most mostNamed keys that are all text.
func (m *maker) dict(held []ref) any {
	m.begin()
	d, vals := m.slab.Dict(m.names(held), m.dicts-m.madeDicts, m.pairs-m.madePairs)
	m.madeDicts++
	m.madePairs += len(vals)
	m.depth++
	for i := range vals {
		r := held[2*i+1]
		if n := &m.nodes[r]; n.kind == kindStr {
			vals[i] = m.boxed(r, n)
		} else {
			vals[i] = m.value(r)
		}
	}
	m.depth--
	return d
}

// boxed returns the value of a node that is text. Some texts are the value of very many
// keys.
func (m *maker) boxed(r ref, n *node) any {
	if n.flags&flagShared == 0 {
		return m.texts.Box(m.str(n), typeOfText)
	}
	last := &m.often[r%ref(len(m.often))]
	if last.r != r {
		last.r, last.value = r, m.texts.Box(m.str(n), typeOfText)
	}
	return last.value
}

// names returns the keys of a dict of text keys.
func (m *maker) names(held []ref) *[]string {
	last := &m.alike[len(held)/2%len(m.alike)]
	if last.names != nil && sameKeys(last.held, held) {
		return last.names
	}
	names := &m.shapes.Take(1, few)[0]
	*names = m.keys.Take(len(held)/2, m.pairs-m.madePairs)
	for i := range *names {
		(*names)[i], _ = m.isText(held[2*i])
	}
	last.held, last.names = held, names
	return names
}

// sameKeys reports whether two dicts have the same objects as keys.
func sameKeys(a, b []ref) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i += 2 {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// begin makes the slab.
func (m *maker) begin() {
	if m.slab == nil {
		m.slab = pydict.NewSlab()
	}
}

// builder returns a builder for a dict of n pairs.
func (m *maker) builder(n int) pydict.Builder {
	m.begin()
	b := m.slab.Builder(n, m.dicts-m.madeDicts, m.pairs-m.madePairs)
	m.madeDicts++
	m.madePairs += n
	return b
}

func newByteArray(s string) serializer.ByteArray {
	return append(make(serializer.ByteArray, 0, max(len(s), 1)), s...)
}

// fill fills a value.
func (m *maker) fill(f *filling) {
	if f.object != nil {
		m.fillObject(f.object, &m.objs[f.n.a])
		return
	}
	var held []ref
	if f.n.kind == kindObject { // a dict or a set that is made by a call
		held = m.contents(f.n)
	} else {
		held = m.held(f.n)
	}
	if f.items != nil {
		for i, r := range held {
			f.items[i] = m.value(r)
		}
		return
	}
	m.fillDict(f.dict, held)
}

func (m *maker) fillDict(b pydict.Builder, held []ref) {
	for i := 0; i+1 < len(held); i += 2 {
		var value any
		if n := &m.nodes[held[i+1]]; n.kind == kindStr {
			value = m.boxed(held[i+1], n)
		} else {
			value = m.value(held[i+1])
		}
		if key := &m.nodes[held[i]]; key.kind == kindStr {
			b.Add(m.str(key), value)
		} else if name, ok := m.isText(held[i]); ok {
			b.Add(name, value)
		} else {
			b.AddKey(m.value(held[i]), value)
		}
	}
	b.Done(nil)
}

// fillObject fills an object of a class without a type of its own.
func (m *maker) fillObject(v *serializer.Object, o *object) {
	v.Class = m.value(o.class)
	v.Args, _ = m.value(o.args).(serializer.Tuple)
	if o.how == opNewObjEx {
		v.Kwargs, _ = m.value(o.kwargs).(*serializer.Dict)
	}
	for _, r := range m.heldRun(o.list) {
		v.Items = append(v.Items, m.value(r))
	}
	pairs := m.heldRun(o.dict)
	for i := 0; i < len(pairs); i += 2 {
		v.SetItems = append(v.SetItems, serializer.Item{Key: m.value(pairs[i]), Value: m.value(pairs[i+1])})
	}
	v.Built = o.built
	if o.built {
		v.State, v.Setter = m.value(o.state), m.value(o.setter)
	}
}
