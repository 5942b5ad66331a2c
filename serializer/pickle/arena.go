package pickle

import (
	"math"
	"math/big"
	"slices"
	"sync"
	"unsafe"

	"github.com/go-djsession/go-djsession/serializer"
)

// An arena holds the objects of one pickle as nodes that refer to each other by number:
// one slice of small structs and one slice of references, for any pickle. Text and bytes
// stay where they are in the input.
//
// It knows which objects Python would have made, not their meaning: a datetime is still
// the class, its argument and the call. So a node can be written as it was read. A maker
// turns it into a Go value.
//
// An arena does not change after it was read.
type arena struct {
	text      string // the input, through STOP and the end of its frame
	end       int    // behind STOP
	nodes     []node
	items     []ref // the content of the containers, each in one run
	objs      []object
	unescaped []string // text that had to be unescaped
	dicts     int      // how many there are
	pairs     int      // in all of them
	proto     int      // 0 if there is no PROTO
	// firstMemo is the first number of the memo: 1 if Python 2's cPickle wrote it.
	firstMemo int
	// tinyFrames says that frames too small to be of use have a header as well:
	// Python 3.6 and before.
	tinyFrames bool
	root       ref

	// Room for the nodes of small pickles, to save allocations.
	nodeBuf [12]node
	itemBuf [8]ref
	lazyBuf [4]lazy
}

// ref is the number of a node.
type ref uint32

// These values are so common that every arena begins with a node for each.
const (
	refNone ref = iota
	refTrue
	refFalse
	refEmptyTuple
	firstRef
)

type kind uint8

const (
	kindNone kind = iota
	kindTrue
	kindFalse
	kindInt       // a, b: the low and high half; c: offset of the opcode
	kindBig       // a, b: offset and length of its two's complement, little-endian; c: offset of the opcode
	kindBigText   // a, b: offset and length of its digits; c: offset of the opcode
	kindFloat     // a, b: the low and high half of its bits
	kindStr       // a, b: offset and length in the input, or a: index in unescaped (flagUnescaped)
	kindStr2      // likewise
	kindBytes     // likewise
	kindByteArray // likewise
	kindGlobal    // a, b, c: offset and length of the module, length of the name on the next line; or
	// (flagStackGlobal) a, b: their nodes
	kindList      // a, b, c: start, length and capacity of the run in items
	kindTuple     // likewise
	kindDict      // likewise: key, value, key, value
	kindSet       // likewise
	kindFrozenSet // likewise
	kindObject    // a: index in objs
)

// node is an object of a pickle.
type node struct {
	kind    kind
	flags   flags
	depth   uint16 // how deep containers nest in it, itself included, as far as known at its first filling
	a, b, c uint32
}

type flags uint8

const (
	flagMemoised    flags = 1 << iota // has a number in the memo of the pickle
	flagShared                        // is referred to more than once
	flagUnescaped                     // text is in unescaped
	flagStackGlobal                   // made by STACK_GLOBAL
	flagUnhashable                    // cannot be the key of a dict
	flagRepeats                       // a dict that may hold equal keys
	flagOddKeys                       // a dict with keys other than text, an object with unhashable ones
)

// object is a node that a call makes.
type object struct {
	how    construction
	class  ref
	args   ref
	kwargs ref // of NEWOBJ_EX
	list   run // appended afterwards
	dict   run // set afterwards: key, value, key, value
	built  bool
	state  ref
	setter ref // not None: was called with the object and the state
}

// construction is the opcode that makes an object.
type construction = byte

// run is a part of items.
type run struct{ start, n, most uint32 }

// newArena returns an arena for a small pickle.
func newArena(in string) *arena {
	a := &arena{text: in, firstMemo: -1}
	a.nodes, a.items = a.nodeBuf[:0], a.itemBuf[:0]
	a.begin()
	return a
}

// begin makes the nodes that every arena has.
func (a *arena) begin() {
	a.nodes = append(a.nodes, node{kind: kindNone}, node{kind: kindTrue}, node{kind: kindFalse}, node{kind: kindTuple})
}

// arenas are reused, so that most pickles are read without allocating memory for nodes.
var arenas = sync.Pool{New: func() any { return new(arena) }}

// usedArena returns an arena to read a pickle into. Give it back by release, or keep it.
func usedArena(in string) *arena {
	a := arenas.Get().(*arena)
	*a = arena{text: in, nodes: a.nodes[:0], items: a.items[:0], objs: a.objs[:0], firstMemo: -1}
	// Room for about the expected number. The rest grows on the way: a hostile pickle may
	// fail early, and should not have cost much by then.
	a.nodes = slices.Grow(a.nodes, min(len(in)/8, poolMost))
	a.items = slices.Grow(a.items, min(len(in)/4, poolMost))
	a.begin()
	return a
}

// poolMost is the most nodes of an arena that is reused.
const poolMost = 4096

func (a *arena) isLarge() bool {
	return cap(a.nodes) > poolMost || cap(a.items) > poolMost || cap(a.objs) > poolMost
}

func (a *arena) release() {
	if !a.isLarge() {
		*a = arena{nodes: a.nodes, items: a.items, objs: a.objs}
		arenas.Put(a)
	}
}

// kept returns an arena that stays in memory, and takes no more of it than it must.
func (a *arena) kept() *arena {
	if a.isLarge() {
		return a
	}
	k := new(arena)
	*k = *a
	k.nodes, k.items, k.objs = slices.Clone(a.nodes), slices.Clone(a.items), slices.Clone(a.objs)
	a.release()
	return k
}

func (a *arena) add(n node) ref {
	a.nodes = append(a.nodes, n)
	return ref(len(a.nodes) - 1)
}

// held returns the content of a container.
func (a *arena) held(n *node) []ref { return a.items[n.a : n.a+n.b] }

func (a *arena) heldRun(r run) []ref { return a.items[r.start : r.start+r.n] }

// extend puts more items at the end of r. A run that cannot grow where it is moves
// to the end of items, with room to double.
func (a *arena) extend(r *run, more []ref) {
	n := r.n + uint32(len(more))
	switch {
	case r.most == 0:
		*r = run{uint32(len(a.items)), n, n}
		a.items = append(a.items, more...)
	case n <= r.most:
		copy(a.items[r.start+r.n:], more)
	case int(r.start+r.most) == len(a.items):
		a.items = append(a.items[:r.start+r.n], more...)
		r.most = n
	default:
		old := a.heldRun(*r)
		r.start = uint32(len(a.items))
		r.most = max(n, 2*r.n)
		a.items = slices.Grow(a.items, int(r.most))
		a.items = append(append(a.items, old...), more...)
		a.items = a.items[:r.start+r.most]
		clear(a.items[r.start+n:])
	}
	r.n = n
}

// str returns the text or the bytes of a node.
func (a *arena) str(n *node) string {
	if n.flags&flagUnescaped != 0 {
		return a.unescaped[n.a]
	}
	return a.text[n.a : n.a+n.b]
}

func (n *node) setInt(v int64)     { n.a, n.b = uint32(v), uint32(uint64(v)>>32) }
func (n *node) int() int64         { return int64(uint64(n.a) | uint64(n.b)<<32) }
func (n *node) setFloat(f float64) { n.setInt(int64(math.Float64bits(f))) }
func (n *node) float() float64     { return math.Float64frombits(uint64(n.int())) }

// bigInt returns an int that does not fit into 64 bits, or that was written in that form.
func (a *arena) bigInt(n *node) *big.Int {
	digits := a.text[n.a : n.a+n.b]
	if n.kind == kindBigText {
		v, _ := new(big.Int).SetString(digits, 10)
		return v
	}
	le := []byte(digits)
	negative := len(le) > 0 && le[len(le)-1]&0x80 != 0
	slices.Reverse(le)
	v := new(big.Int).SetBytes(le)
	if negative {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(le))))
	}
	return v
}

// global returns the names of a global as they are in the pickle.
func (a *arena) global(n *node) (module, name string) {
	if n.flags&flagStackGlobal != 0 {
		return a.str(&a.nodes[n.a]), a.str(&a.nodes[n.b])
	}
	from := n.a + n.b + 1
	return a.text[n.a : n.a+n.b], a.text[from : from+n.c]
}

// isText reports whether a node is text as the key of a dict, and returns the text. An
// ASCII str of Python 2 counts as text.
func (a *arena) isText(r ref) (string, bool) {
	n := &a.nodes[r]
	switch n.kind {
	case kindStr:
		return a.str(n), true
	case kindStr2:
		s := a.str(n)
		return s, serializer.Str2(s).IsASCII()
	}
	return "", false
}

// isGlobal reports whether a node is the global of that name in Python 3.
func (a *arena) isGlobal(r ref, g serializer.Global) bool {
	return a.nodes[r].kind == kindGlobal && a.globalOf(r) == g
}

// globalValue is globalOf, but keeps a name of Python 2 if the way back leads to another
// one: int, the new name of long, leads back to int.
func (a *arena) globalValue(r ref) serializer.Global {
	g := a.globalOf(r)
	if a.proto >= 3 {
		return g
	}
	module, name := a.global(&a.nodes[r])
	if m, n := toPython2(g.Module, g.Name); m != module || n != name {
		return serializer.Global{Module: module, Name: name}
	}
	return g
}

// globalOf returns a global by its names in Python 3.
func (a *arena) globalOf(r ref) serializer.Global {
	module, name := a.global(&a.nodes[r])
	if a.proto < 3 || isPython2(module) {
		module, name = toPython3(module, name)
	}
	return serializer.Global{Module: module, Name: name}
}

// asString returns b as a string without copying it. Nobody may change b.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
