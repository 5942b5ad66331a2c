package pickle

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/serializer"
)

// writer writes one pickle, opcode for opcode as CPython's C pickler would.
type writer struct {
	dst     []byte
	start   int // length of dst before
	proto   int
	lim     serializer.Limits
	a       *arena // where the nodes are that are written
	same    bool   // whether a is of the same protocol
	python2 bool   // whether Python 2's cPickle wrote it, which counts from 1
	depth   int
	err     error // of what cannot fail where it is written

	frame   int // offset of the header of the open frame
	reframe int // length of dst from which the next value gets a new frame

	memo    uint32 // numbers given out
	ids     idTable
	classes map[serializer.Global]uint32
	modules map[string]uint32
	zones   map[any]uint32
}

const (
	frameHeader = 9
	frameTarget = 64 << 10
	frameLeast  = 4
	batchSize   = 1000
)

// thing is a value to be written: a node of the writer's arena, or a Go value.
type thing struct {
	v    any
	r    ref
	node bool
}

func aNode(r ref) thing  { return thing{r: r, node: true} }
func aValue(v any) thing { return thing{v: v} }

func (t thing) isNone() bool { return t.node && t.r == refNone || !t.node && t.v == nil }

// things are the items of a container.
type things struct {
	refs   []ref
	values []any
}

func (t things) len() int { return max(len(t.refs), len(t.values)) }

func (t things) at(i int) thing {
	if t.refs != nil {
		return aNode(t.refs[i])
	}
	return aValue(t.values[i])
}

// begin writes what stands before the value.
func (w *writer) begin() {
	w.start = len(w.dst)
	w.dst = append(w.dst, opProto, byte(w.proto))
	w.reframe = math.MaxInt
	if w.a != nil {
		w.same = w.a.proto == w.proto
		w.python2 = w.same && w.a.firstMemo == 1
		if w.python2 {
			w.memo = 1
		}
	}
	w.openFrame()
}

// end writes what stands behind it.
func (w *writer) end() error {
	w.dst = append(w.dst, opStop)
	w.closeFrame()
	if w.err != nil {
		return w.err
	}
	if n := len(w.dst) - w.start; n > w.lim.Size || n > math.MaxInt32 {
		return limitError("too many bytes")
	}
	return nil
}

// openFrame begins a frame. CPython does so with the first opcode in it, which
// comes to the same: one that stays empty has its header removed.
func (w *writer) openFrame() {
	if w.proto < 4 {
		return
	}
	w.frame = len(w.dst)
	w.reframe = w.frame + frameHeader + frameTarget
	w.dst = append(w.dst, opFrame, 0, 0, 0, 0, 0, 0, 0, 0)
}

func (w *writer) closeFrame() {
	if w.proto < 4 {
		return
	}
	from := w.frame + frameHeader
	if n := len(w.dst) - from; n >= frameLeast || w.same && w.a.tinyFrames {
		binary.LittleEndian.PutUint64(w.dst[w.frame+1:], uint64(n))
		return
	}
	w.dst = slices.Delete(w.dst, w.frame, from)
}

// boundary is where a frame may end: before every value.
func (w *writer) boundary() {
	if len(w.dst) >= w.reframe {
		w.closeFrame()
		w.openFrame()
	}
}

func (w *writer) op(op byte) { w.dst = append(w.dst, op) }

// counted writes an opcode with a length of width bytes and the data, which
// stands outside of the frames if it is large.
func (w *writer) counted(op byte, width int, data string) {
	large := len(data) >= frameTarget
	if large {
		w.closeFrame()
	}
	w.op(op)
	for i := range width {
		w.op(byte(uint64(len(data)) >> (8 * i)))
	}
	w.dst = append(w.dst, data...)
	if large {
		w.openFrame()
	}
}

// deeper bounds the recursion. A session that was read is within the limit, but
// values made in Go may hold themselves.
func (w *writer) deeper() error {
	w.depth++
	if w.depth > 2*w.lim.Depth {
		return limitError("too deeply nested")
	}
	return nil
}

// put gives the object that was just written a number.
func (w *writer) put(o id) {
	if o.kind == idUnmemoised {
		return
	}
	w.ids.add(o, w.putNumber())
}

func (w *writer) putNumber() uint32 {
	n := w.memo
	w.memo++
	switch {
	case w.proto >= 4:
		w.op(opMemoize)
	case n < 256:
		w.dst = append(w.dst, opBinPut, byte(n))
	default:
		w.dst = binary.LittleEndian.AppendUint32(append(w.dst, opLongBinPut), n)
	}
	return n
}

// got writes a reference to an object that has a number.
func (w *writer) got(o id) bool {
	n, ok := w.ids.find(o)
	if ok {
		w.get(n)
	}
	return ok
}

func (w *writer) get(n uint32) {
	if n < 256 {
		w.dst = append(w.dst, opBinGet, byte(n))
		return
	}
	w.dst = binary.LittleEndian.AppendUint32(append(w.dst, opLongBinGet), n)
}

func (w *writer) int(v int64) {
	switch {
	case v >= 0 && v < 1<<8:
		w.dst = append(w.dst, opBinInt1, byte(v))
	case v >= 0 && v < 1<<16:
		w.dst = append(w.dst, opBinInt2, byte(v), byte(v>>8))
	case v >= math.MinInt32 && v <= math.MaxInt32:
		w.dst = binary.LittleEndian.AppendUint32(append(w.dst, opBinInt), uint32(v))
	default:
		n := 8
		for ; n > 1 && v>>(8*n-9) == v>>63; n-- {
		}
		w.dst = append(w.dst, opLong1, byte(n))
		for i := range n {
			w.op(byte(v >> (8 * i)))
		}
	}
}

func (w *writer) bigInt(v *big.Int) {
	if v.IsInt64() {
		w.int(v.Int64())
		return
	}
	// The shortest two's complement: one bit more than the value, but -2^n has
	// room in n+1.
	bits := v.BitLen()
	if v.Sign() < 0 {
		bits = new(big.Int).Not(v).BitLen()
	}
	n := bits/8 + 1
	if v.Sign() < 0 {
		v = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	le := v.FillBytes(make([]byte, n))
	slices.Reverse(le)
	if n < 256 {
		w.counted(opLong1, 1, asString(le))
		return
	}
	w.op(opLong4)
	w.dst = binary.LittleEndian.AppendUint32(w.dst, uint32(n))
	w.dst = append(w.dst, le...)
}

func (w *writer) float(f float64) {
	w.dst = binary.BigEndian.AppendUint64(append(w.dst, opBinFloat), math.Float64bits(f))
}

// text writes a str, unless it has a number.
func (w *writer) text(o id, s string) {
	if w.got(o) {
		return
	}
	if len(s) < 256 && w.proto >= 4 {
		w.dst = append(w.dst, opShortBinUnicode, byte(len(s)))
		w.dst = append(w.dst, s...)
	} else {
		w.counted(opBinUnicode, 4, s)
	}
	w.put(o)
}

// bytes writes a bytes object, unless it has a number.
func (w *writer) bytes(o id, s string) {
	if w.got(o) {
		return
	}
	switch {
	case w.proto < 3 && s == "":
		w.class(classBytes)
		w.op(opEmptyTuple)
		w.op(opReduce)
	case w.proto < 3:
		// What Python 2 and 3 both understand: text, and how to encode it.
		latin1 := make([]byte, 0, len(s)+len(s)/2)
		for i := range len(s) {
			latin1 = appendRune(latin1, rune(s[i]))
		}
		w.class(classEncode)
		w.boundary()
		w.newText(string(latin1))
		w.text(textID(codecLatin1), codecLatin1)
		w.op(opTuple2)
		w.putNumber()
		w.op(opReduce)
	case len(s) < 256:
		w.counted(opShortBinBytes, 1, s)
	default:
		w.counted(opBinBytes, 4, s)
	}
	w.put(o)
}

const codecLatin1 = "latin1"

func (w *writer) byteArray(o id, s string) {
	if w.got(o) {
		return
	}
	if w.proto >= 5 {
		w.counted(opByteArray8, 8, s)
		w.put(o)
		return
	}
	w.class(serializer.Global{Module: "builtins", Name: "bytearray"})
	if s == "" {
		w.op(opEmptyTuple)
	} else {
		w.boundary()
		w.bytes(freshID, s)
		w.op(opTuple1)
		w.putNumber()
	}
	w.op(opReduce)
	w.put(o)
}

// str2 writes a str of Python 2.
func (w *writer) str2(o id, s string) {
	if w.got(o) {
		return
	}
	if len(s) < 256 {
		w.counted(opShortBinString, 1, s)
	} else {
		w.counted(opBinString, 4, s)
	}
	w.put(o)
}

// newText writes a str that CPython makes while it pickles, so that it is nobody
// else's, save for the shortest ones, of which there is one each.
func (w *writer) newText(s string) {
	o := textID(s)
	if o.p != nil {
		o = freshID
	}
	w.text(o, s)
}

// class writes a global by its names in Python 3.
func (w *writer) class(g serializer.Global) {
	w.boundary()
	if !validText(g.Module) || !validText(g.Name) {
		w.err = typeError("a name that is not UTF-8")
	}
	if n, ok := w.classes[g]; ok {
		w.get(n)
		return
	}
	if w.classes == nil {
		w.classes, w.modules = map[serializer.Global]uint32{}, map[string]uint32{}
	}
	switch {
	case w.proto >= 4:
		w.boundary()
		// The names of modules are interned: there is one of each. But functions
		// that are written in C have one of their own.
		module := g.Module
		if g == classGetattr {
			module += "()"
		}
		if n, ok := w.modules[module]; ok {
			w.get(n)
		} else {
			w.modules[module] = w.memo
			w.text(freshID, g.Module)
		}
		w.boundary()
		w.newText(g.Name)
		w.op(opStackGlobal)
	case nested(g.Name) >= 0:
		// Older protocols get at a class within a class by getattr.
		dot := nested(g.Name)
		w.class(classGetattr)
		w.class(serializer.Global{Module: g.Module, Name: g.Name[:dot]})
		w.boundary()
		w.newText(g.Name[dot+1:])
		w.op(opTuple2)
		w.putNumber()
		w.op(opReduce)
	default:
		w.globalOp(g)
	}
	w.classes[g] = w.putNumber()
}

// globalOp writes the opcode GLOBAL.
func (w *writer) globalOp(g serializer.Global) {
	if w.proto < 3 {
		g.Module, g.Name = toPython2(g.Module, g.Name)
	}
	// A line break in a name would end it, and begin another opcode.
	if strings.Contains(g.Module+g.Name, "\n") {
		w.err = typeError("a name that needs protocol 4")
	}
	w.op(opGlobal)
	w.dst = append(append(w.dst, g.Module...), '\n')
	w.dst = append(append(w.dst, g.Name...), '\n')
}

// nested returns where the last dot is in the name of a class within a class, or -1.
func nested(name string) int { return strings.LastIndexByte(name, '.') }
