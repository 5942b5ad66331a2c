package serializer

import (
	"math"
	"math/big"
	"reflect"
	"unsafe"
)

// budget bounds a walk over a value in memory. Such a value may hold one list very often:
// a few bytes of a pickle can become gigabytes for a walk over all of it.
//
// A walk may always visit freeNodes values and write freeBytes. After that the budget
// measures how much memory the value occupies, with a shared list counted once, and the
// walk may continue in proportion to that. So a value of any size that shares little
// passes, and the usual small value is never measured.
type budget struct {
	root     any
	nodes    int // that may be visited
	bytes    int // that may be written
	measured bool
}

const (
	freeNodes = 100_000
	freeBytes = 4 << 20

	// Each value in memory allows a walk so much. Printers write a value, with its type
	// or on a line of its own, in far less than bytesPerNode; text grows at most six
	// times.
	visitsPerNode = 4
	bytesPerNode  = 96
	bytesPerByte  = 8
)

func newBudget(root any) budget { return budget{root: root, nodes: freeNodes, bytes: freeBytes} }

// allows reports whether a walk may have visited this many values and written this many
// bytes.
func (b *budget) allows(nodes, bytes int) bool {
	if nodes <= b.nodes && bytes <= b.bytes {
		return true
	}
	if b.measured {
		return false
	}
	b.measured = true
	var m measurer
	m.value(b.root, 0)
	b.root = nil
	b.nodes = plusTimes(freeNodes, m.nodes, visitsPerNode)
	b.bytes = plusTimes(plusTimes(freeBytes, m.nodes, bytesPerNode), m.bytes, bytesPerByte)
	return nodes <= b.nodes && bytes <= b.bytes
}

// plusTimes returns a+b*c, or the greatest int if the result does not fit.
func plusTimes(a, b, c int) int {
	if b > (math.MaxInt-a)/c {
		return math.MaxInt
	}
	return a + b*c
}

// held is a [Lazy] that knows the value that it is a part of: one of package pickle.
type held interface {
	Lazy
	// Held returns that value, which == distinguishes from others, and the number of
	// values and bytes in all of it.
	Held() (in any, nodes, bytes int)
}

// measurer counts the values and bytes that a value occupies in memory.
type measurer struct {
	nodes, bytes int
	seen         map[identity]bool
	held         map[any]bool
}

// first reports whether id is new to it.
func (m *measurer) first(id identity) bool {
	if m.seen[id] {
		return false
	}
	if m.seen == nil {
		m.seen = map[identity]bool{}
	}
	m.seen[id] = true
	return true
}

// longText is the length from which the measurer remembers the address of a text.
const longText = 64

func (m *measurer) text(s string) {
	if len(s) >= longText && !m.first(textIdentity(s)) {
		return
	}
	m.bytes += len(s)
}

// raw counts the values of r. It also counts a comma in a text as a value.
func (m *measurer) raw(r RawJSON) {
	before := m.bytes
	if m.text(string(r)); m.bytes == before {
		return
	}
	for _, c := range []byte(r) {
		switch c {
		case ',', ':', '[', '{':
			m.nodes++
		}
	}
}

func textIdentity(s string) identity {
	return identity{at: unsafe.Pointer(unsafe.StringData(s)), len: len(s)}
}

func (m *measurer) value(v any, depth int) {
	m.nodes++
	if depth > maxDepth {
		return
	}
	if items, ok := asList(v); ok {
		m.items(items, depth)
		return
	}
	switch v := v.(type) {
	case string:
		m.text(v)
	case RawJSON:
		m.raw(v)
	case *frozen:
		m.value(*v.v, depth)
	case held:
		in, nodes, bytes := v.Held()
		if m.held[in] {
			return
		}
		if m.held == nil {
			m.held = map[any]bool{}
		}
		m.held[in] = true
		m.nodes, m.bytes = m.nodes+nodes, m.bytes+bytes
	case Bytes:
		m.text(string(v))
	case Str2:
		m.text(string(v))
	case Decimal:
		m.text(string(v))
	case SafeString:
		m.text(v.Text)
	case Fraction:
		m.text(v.Text)
	case ByteArray:
		if m.first(identity{reflect.TypeFor[ByteArray](), unsafe.Pointer(unsafe.SliceData(v)), len(v)}) {
			m.bytes += len(v)
		}
	case *big.Int:
		if v != nil && m.first(identity{t: reflect.TypeFor[big.Int](), at: unsafe.Pointer(v)}) {
			m.bytes += v.BitLen()/3 + 1
		}
	case *Dict:
		m.dict(v, depth)
	case *OrderedDict:
		if v != nil {
			m.dict(v.Dict, depth)
		}
	case *DefaultDict:
		if v != nil {
			m.dict(v.Dict, depth)
		}
	case Message:
		m.nodes += 2
		for _, part := range []any{v.Message, v.ExtraTags} {
			text, _ := Text(part)
			m.text(text)
		}
	case *Object:
		m.object(v, depth)
	case Path:
		for _, part := range v.Parts {
			m.text(part)
		}
	}
}

func (m *measurer) items(items []any, depth int) {
	if len(items) == 0 || !m.first(identity{at: unsafe.Pointer(unsafe.SliceData(items)), len: len(items), t: reflect.TypeFor[[]any]()}) {
		return
	}
	for _, v := range items {
		m.value(v, depth+1)
	}
}

func (m *measurer) object(o *Object, depth int) {
	if o == nil || !m.first(identity{t: reflect.TypeFor[Object](), at: unsafe.Pointer(o)}) {
		return
	}
	m.items(o.Args, depth)
	m.items(o.Items, depth)
	m.dict(o.Kwargs, depth)
	for _, it := range o.SetItems {
		m.value(it.Key, depth+1)
		m.value(it.Value, depth+1)
	}
	for _, v := range []any{o.Class, o.State, o.Setter} {
		m.value(v, depth+1)
	}
}

func (m *measurer) dict(d *Dict, depth int) {
	if d == nil || !m.first(identity{t: reflect.TypeFor[Dict](), at: unsafe.Pointer(d)}) {
		return
	}
	for i := range d.Len() {
		e := d.at(i)
		if other, ok := e.val.(*keyed); ok {
			m.value(other.key, depth+1)
		} else {
			m.nodes++
			m.text(e.name)
		}
		m.value(e.stored(), depth+1)
	}
}
