package pickle

import (
	"math"
	"math/bits"
	"sync"

	"github.com/go-djsession/go-djsession/serializer"
)

// machine is the stack machine that runs a pickle. Where Python would import a name or
// call something, it notes the callable and the arguments.
type machine struct {
	*arena
	lim   serializer.Limits
	stack []ref
	fence int      // the height of the stack below which nothing may be taken now
	marks []uint32 // those at the MARKs below the last one
	memo  []ref    // 1 + the number of the node, or 0
	known int      // how many of the memo are in use
	at    int      // offset of the opcode at work
	calls int      // offset of the last REDUCE

	shared  bool // whether a container is referred to more than once
	repeats bool // whether a dict or a set may hold equal keys
	keys    [few]ref
	alike   int // how many keys: those of the last dict that was found to have different ones
}

// read reads the pickle at the start of in. It ignores the rest of in.
func read(in string, lim serializer.Limits) (*arena, error) {
	if len(in) <= smallPickle {
		a := newArena(in)
		if err := readInto(a, lim); err != nil {
			return nil, err
		}
		return a, nil
	}
	a := usedArena(in)
	if err := readInto(a, lim); err != nil {
		a.release()
		return nil, err
	}
	return a.kept(), nil
}

// smallPickle is the length up to which the nodes of most pickles fit into the arena
// itself.
const smallPickle = 256

// readInto is read for the text of an empty arena.
func readInto(a *arena, lim serializer.Limits) error {
	in := a.text
	lim = lim.WithDefaults()
	if len(in) > min(lim.Size, math.MaxInt32) {
		return limitAt(0, "too many bytes")
	}
	if len(in) > min(scanFrom, lim.Nodes) {
		if _, err := scan(in, lim); err != nil {
			return err
		}
	}
	m := machines.Get().(*machine)
	defer m.release()
	m.arena, m.lim = a, lim
	m.lim.Depth = min(m.lim.Depth, math.MaxUint16-1)
	err := m.run()
	if err == nil {
		err = m.checkShared()
	}
	if err == nil {
		err = m.checkCalls()
	}
	if err == nil {
		err = m.dropRepeated()
	}
	if err != nil {
		return err
	}
	return nil
}

// machines are reused for their stacks: no value refers to those.
var machines = sync.Pool{New: func() any { return new(machine) }}

func (m *machine) release() {
	const most = 4096
	if cap(m.stack) > most || cap(m.marks) > most || cap(m.memo) > most {
		return
	}
	*m = machine{stack: m.stack[:0], marks: m.marks[:0], memo: m.memo[:0]}
	machines.Put(m)
}

// scanFrom is the length from which a pickle is scanned before it is read, so that a
// truncated or malformed one costs no memory. A shorter pickle can do no harm, because it
// has no more values than bytes.
const scanFrom = 32 << 10

// run executes the pickle.
func (m *machine) run() *serializer.DecodeError {
	in, most := m.text, maxOpen*m.lim.Depth
	frame := 0 // where the last one ends
	for pos := 0; pos < len(in); {
		op := in[pos]
		m.at = pos
		pos++
		// The least length of an argument. Counted data is checked below.
		if len(in)-pos < int(forms[op].least) {
			return m.cut()
		}
		// The stack grows only as deep as containers nest, except above a MARK.
		if len(m.stack) > most && len(m.marks) == 0 {
			return m.deep()
		}
		var err *serializer.DecodeError
		switch op {
		case opStop:
			if m.fence >= len(m.stack) {
				return m.underflow()
			}
			m.root = m.stack[len(m.stack)-1]
			// Without what a last frame has behind STOP, that frame would be cut short.
			m.text, m.end = in[:max(pos, frame)], pos
			return nil

		case opShortBinUnicode:
			if pos, err = m.pushText(kindStr, pos+1, uint64(in[pos])); err == nil {
				pos = m.memoized(pos)
			}
		case opBinGet:
			err = m.get(int(in[pos]))
			pos++
		case opMemoize:
			err = m.put(m.known)
		case opBinPut:
			err = m.put(int(in[pos]))
			pos++
		case opBinInt1:
			m.pushInt(int64(in[pos]))
			pos++
		case opBinInt2:
			m.pushInt(int64(in[pos]) | int64(in[pos+1])<<8)
			pos += 2
		case opBinInt:
			m.pushInt(int64(int32(le32(in[pos:]))))
			pos += 4
		case opBinFloat:
			n := node{kind: kindFloat}
			n.setInt(int64(bits.ReverseBytes64(le64(in[pos:]))))
			m.push(m.add(n))
			pos += 8
		case opNone:
			m.push(refNone)
		case opNewTrue:
			m.push(refTrue)
		case opNewFalse:
			m.push(refFalse)

		case opMark:
			err = m.mark()
		case opEmptyDict:
			m.dicts++
			m.push(m.add(node{kind: kindDict, flags: flagUnhashable, depth: 1}))
			pos = m.memoized(pos)
		case opEmptyList:
			m.push(m.add(node{kind: kindList, flags: flagUnhashable, depth: 1}))
			pos = m.memoized(pos)
		case opEmptySet:
			m.push(m.add(node{kind: kindSet, flags: flagUnhashable, depth: 1}))
		case opEmptyTuple:
			m.push(refEmptyTuple)
		case opSetItem:
			err = m.setItems(len(m.stack) - 2)
		case opAppend:
			err = m.appendItems(len(m.stack) - 1)
		case opSetItems, opAppends, opAddItems, opDict, opList, opTuple, opFrozenSet, opObj, opPopMark:
			err = m.toMark(op)
		case opTuple1:
			err = m.tuple(1)
		case opTuple2:
			err = m.tuple(2)
		case opTuple3:
			err = m.tuple(3)

		case opBinUnicode:
			pos, err = m.pushText(kindStr, pos+4, uint64(le32(in[pos:])))
		case opBinUnicode8:
			pos, err = m.pushText(kindStr, pos+8, le64(in[pos:]))
		case opShortBinBytes:
			pos, err = m.pushBytes(kindBytes, pos+1, uint64(in[pos]))
		case opBinBytes:
			pos, err = m.pushBytes(kindBytes, pos+4, uint64(le32(in[pos:])))
		case opBinBytes8:
			pos, err = m.pushBytes(kindBytes, pos+8, le64(in[pos:]))
		case opByteArray8:
			pos, err = m.pushBytes(kindByteArray, pos+8, le64(in[pos:]))
		case opShortBinString:
			pos, err = m.pushBytes(kindStr2, pos+1, uint64(in[pos]))
		case opBinString:
			// From 2^31 on the number is negative; there is never so much data.
			pos, err = m.pushBytes(kindStr2, pos+4, uint64(le32(in[pos:])))
		case opLong1:
			pos, err = m.pushLong(pos+1, uint64(in[pos]))
		case opLong4:
			pos, err = m.pushLong(pos+4, uint64(le32(in[pos:])))
		case opLongBinGet:
			err = m.get(int(le32(in[pos:])))
			pos += 4
		case opLongBinPut:
			err = m.put(int(le32(in[pos:])))
			pos += 4

		case opStackGlobal:
			err = m.stackGlobal()
		case opReduce:
			m.calls = m.at
			err = m.call(op)
		case opNewObj:
			err = m.call(op)
		case opNewObjEx:
			err = m.callEx()
		case opBuild:
			err = m.build()
		case opPop:
			err = m.pop()
		case opDup:
			err = m.dup()
		case opProto:
			if in[pos] > MaxProtocol {
				return syntaxAt(m.at, "a protocol that does not exist")
			}
			m.proto = int(in[pos])
			pos++
		case opFrame:
			n := le64(in[pos:])
			pos += 8
			if n > uint64(len(in)-pos) {
				return m.cut()
			}
			frame = pos + int(n)
			m.tinyFrames = m.tinyFrames || n < frameLeast

		default:
			pos, err = m.line(op, pos)
		}
		if err != nil {
			return err
		}
	}
	return syntaxAt(len(in), endMissing)
}
