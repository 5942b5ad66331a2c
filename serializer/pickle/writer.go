package pickle

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"github.com/go-djsession/go-djsession/serializer"
)

// writer writes one pickle, opcode for opcode as CPython's C pickler would.
type writer struct {
	dst     []byte
	start   int // length of dst before
	most    int // length that dst may reach
	proto   int
	lim     serializer.Limits
	a       *arena // where the nodes are that are written
	same    bool   // whether a is of the same protocol
	python2 bool   // whether Python 2's cPickle wrote it, which counts from 1
	depth   int
	decoded int   // bytes of JSON that were values
	err     error // of a step that has no error to return

	frame   int // offset of the header of the open frame
	reframe int // length of dst from which the next value gets a new frame

	memo    memo
	classes map[serializer.Global]uint32
	modules map[string]uint32
	zones   map[any]uint32
}

// writers are reused for their memo.
var writers = sync.Pool{New: func() any { return new(writer) }}

func newWriter(dst []byte, protocol int, lim serializer.Limits) *writer {
	w := writers.Get().(*writer)
	w.dst, w.proto, w.lim = dst, protocol, lim.WithDefaults()
	return w
}

// finish ends the pickle and returns dst with it. After a failure it returns dst as it
// was before. The writer must not be used afterwards.
func (w *writer) finish(dst []byte, err error) ([]byte, error) {
	if err == nil {
		err = w.end()
	}
	if err == nil {
		dst = w.dst
	}
	w.memo.close()
	*w = writer{memo: w.memo}
	writers.Put(w)
	return dst, err
}

const (
	frameHeader = 9
	frameTarget = 64 << 10
	frameLeast  = 4
	batchSize   = 1000
)

// thing is a value to write: a node of the writer's arena, or a Go value.
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

// begin writes the opcodes before the value.
func (w *writer) begin() {
	w.start = len(w.dst)
	w.most = w.start + min(w.lim.Size, math.MaxInt32-w.start)
	w.dst = append(w.dst, opProto, byte(w.proto))
	w.reframe = math.MaxInt
	if w.a == nil {
		w.memo.open(0)
	} else {
		w.memo.open(len(w.a.nodes))
		w.same = w.a.proto == w.proto
		w.python2 = w.same && w.proto == 2 && w.a.firstMemo == 1
		if w.python2 {
			w.memo.next = 1
		}
	}
	w.openFrame()
}

// end writes the opcodes behind the value.
func (w *writer) end() error {
	w.dst = append(w.dst, opStop)
	w.closeFrame()
	if w.err != nil {
		return w.err
	}
	return w.size()
}

// size checks how much was written. It is called for each value: a value that is no
// object with a number, such as a Decimal, is written again each time.
func (w *writer) size() error {
	if len(w.dst) > w.most {
		return limitError("too many bytes")
	}
	return nil
}

// openFrame begins a frame. CPython does so with the first opcode of the frame, with the
// same result: the header of a frame that stays empty is removed.
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

// boundary is called before every value: a frame may end there.
func (w *writer) boundary() {
	if len(w.dst) >= w.reframe {
		w.closeFrame()
		w.openFrame()
	}
}

func (w *writer) op(op byte) { w.dst = append(w.dst, op) }

// counted writes an opcode with a length of width bytes and the data. Large data stands
// outside of the frames.
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

// put assigns a number to the object that was just written.
func (w *writer) put(o id) {
	if o.kind() != idUnmemoised {
		w.memo.add(o, w.putNumber())
	}
}

func (w *writer) putNumber() uint32 {
	n := w.memo.next
	w.memo.next++
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
	n, ok := w.memo.find(o)
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
