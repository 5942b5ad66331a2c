package pickle

import (
	"math"
	"math/bits"
	"sync"

	"github.com/go-djsession/go-djsession/serializer"
)

// machine is the stack machine that a pickle is a program for. Where Python would
// import a name or call something, it notes what was to be called with what.
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
	alike   int // twice the number of keys, in the last dict that was found to have different ones
}

// read reads the pickle at the start of in. What follows it is not looked at.
func read(in string, lim serializer.Limits) (*arena, error) {
	lim = lim.WithDefaults()
	if len(in) > min(lim.Size, math.MaxInt32) {
		return nil, limitAt(0, "too many bytes")
	}
	if len(in) > min(scanFrom, lim.Nodes) {
		if _, err := scan(in, lim); err != nil {
			return nil, err
		}
	}
	m := machines.Get().(*machine)
	defer m.release()
	m.arena, m.lim = newArena(in), lim
	m.lim.Depth = min(m.lim.Depth, math.MaxUint16-1)
	err := m.run()
	if err == nil {
		err = m.checkShared()
	}
	if err == nil {
		err = m.dropRepeated()
	}
	if err != nil {
		return nil, err
	}
	return m.arena, nil
}

// machines are used again, for their stacks: no value refers to these.
var machines = sync.Pool{New: func() any { return new(machine) }}

func (m *machine) release() {
	const most = 4096
	if cap(m.stack) > most || cap(m.marks) > most || cap(m.memo) > most {
		return
	}
	*m = machine{stack: m.stack[:0], marks: m.marks[:0], memo: m.memo[:0]}
	machines.Put(m)
}

// scanFrom is the length from which a pickle is scanned before it is read: what is
// cut short or otherwise wrong then costs no memory. Less than this can do no harm,
// and there are not more values in it than bytes.
const scanFrom = 32 << 10

// run executes the pickle.
func (m *machine) run() *serializer.DecodeError {
	in := m.text
	for pos := 0; pos < len(in); {
		op := in[pos]
		m.at = pos
		pos++
		// What stands behind the opcode at least; what is counted is checked below.
		if len(in)-pos < int(forms[op].least) {
			return m.cut()
		}
		var err *serializer.DecodeError
		switch op {
		case opStop:
			if m.fence >= len(m.stack) {
				return m.underflow()
			}
			m.root = m.stack[len(m.stack)-1]
			m.text = in[:pos]
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
			m.push(m.add(node{kind: kindDict, flags: flagUnhashable}))
			pos = m.memoized(pos)
		case opEmptyList:
			m.push(m.add(node{kind: kindList, flags: flagUnhashable}))
			pos = m.memoized(pos)
		case opEmptySet:
			m.push(m.add(node{kind: kindSet, flags: flagUnhashable}))
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
			// From 2^31 on it is negative, but that much is never there.
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

// has reports whether n values may be taken from the stack.
func (m *machine) has(n int) bool { return len(m.stack)-m.fence >= n }

func (m *machine) push(r ref) { m.stack = append(m.stack, r) }

// maxOpen is how many values a container that is being filled has on the stack,
// if it opened no MARK: itself, a key, and for a call the callable and two of the
// three items of its arguments.
const maxOpen = 6

func (m *machine) mark() *serializer.DecodeError {
	// Every MARK is for a container within the one before.
	if len(m.marks) >= m.lim.Depth {
		return limitAt(m.at, "too deeply nested")
	}
	m.marks = append(m.marks, uint32(m.fence))
	m.fence = len(m.stack)
	return nil
}

// unmark removes the last MARK and returns its height.
func (m *machine) unmark() int {
	from := m.fence
	last := len(m.marks) - 1
	m.fence = int(m.marks[last])
	m.marks = m.marks[:last]
	return from
}

// grown checks the height of the stack after a container was pushed: they pile up
// only as far as they are nested, unless they are the items of a tuple.
func (m *machine) grown() *serializer.DecodeError {
	if len(m.marks) == 0 && len(m.stack) > maxOpen*m.lim.Depth {
		return limitAt(m.at, "too deeply nested")
	}
	return nil
}

func (m *machine) get(i int) *serializer.DecodeError {
	if uint(i) >= uint(len(m.memo)) || m.memo[i] == 0 {
		return syntaxAt(m.at, "nothing is memoised under this number")
	}
	r := m.memo[i] - 1
	n := &m.nodes[r]
	n.flags |= flagShared
	m.shared = m.shared || n.kind >= kindList
	m.push(r)
	return nil
}

func (m *machine) put(i int) *serializer.DecodeError {
	if !m.has(1) {
		return m.underflow()
	}
	r := m.stack[len(m.stack)-1]
	if i == len(m.memo) {
		m.memo = append(m.memo, 0)
	} else if uint(i) > uint(len(m.memo)) {
		// Every memo that was ever written counts up from 0 or 1.
		if uint(i) > uint(len(m.text)) {
			return limitAt(m.at, memoTooLarge)
		}
		m.memo = append(m.memo, make([]ref, i+1-len(m.memo))...)
	}
	if m.memo[i] == 0 {
		m.known++
	}
	if m.firstMemo < 0 && m.proto < 4 {
		m.firstMemo = i
	}
	m.memo[i] = r + 1
	m.nodes[r].flags |= flagMemoised
	return nil
}

// memoized executes a MEMOIZE at offset pos, for a node that was just made, and
// returns the offset behind it. It stands there nearly always.
func (m *machine) memoized(pos int) int {
	if pos == len(m.text) || m.text[pos] != opMemoize || m.known != len(m.memo) {
		return pos
	}
	last := len(m.nodes) - 1
	m.memo = append(m.memo, ref(last)+1)
	m.known++
	m.nodes[last].flags |= flagMemoised
	return pos + 1
}

func (m *machine) pop() *serializer.DecodeError {
	if len(m.marks) > 0 && m.fence == len(m.stack) {
		m.unmark()
		return nil
	}
	if !m.has(1) {
		return m.underflow()
	}
	if m.calls > 0 && m.calls == m.at-1 {
		m.noteSetter()
	}
	m.stack = m.stack[:len(m.stack)-1]
	return nil
}

func (m *machine) dup() *serializer.DecodeError {
	if !m.has(1) {
		return m.underflow()
	}
	r := m.stack[len(m.stack)-1]
	// Nothing but a number in the memo can say this when it is written.
	n := &m.nodes[r]
	n.flags |= flagShared | flagMemoised
	m.shared = m.shared || n.kind >= kindList
	m.push(r)
	return nil
}

func (m *machine) pushInt(v int64) {
	n := node{kind: kindInt, c: uint32(m.at)}
	n.setInt(v)
	m.push(m.add(n))
}

// pushLong pushes an int of n bytes, in two's complement from the lowest. As all
// that push counted data it returns the offset behind it.
func (m *machine) pushLong(from int, n uint64) (int, *serializer.DecodeError) {
	if n > uint64(len(m.text)-from) {
		return 0, m.cut()
	}
	end := from + int(n)
	if n > 8 {
		if float64(8*n-1)*math.Log10(2) > float64(m.lim.Digits) {
			return 0, limitAt(m.at, "too many digits")
		}
		m.push(m.add(node{kind: kindBig, a: uint32(from), b: uint32(n), c: uint32(m.at)}))
		return end, nil
	}
	var v uint64
	for i := end - 1; i >= from; i-- {
		v = v<<8 | uint64(m.text[i])
	}
	unused := 64 - 8*n
	m.pushInt(int64(v<<unused) >> unused)
	return end, nil
}

func (m *machine) pushText(k kind, from int, n uint64) (int, *serializer.DecodeError) {
	if n > uint64(len(m.text)-from) {
		return 0, m.cut()
	}
	end := from + int(n)
	if !validText(m.text[from:end]) {
		return 0, syntaxAt(m.at, "text that is not UTF-8")
	}
	m.push(m.add(node{kind: k, a: uint32(from), b: uint32(n)}))
	return end, nil
}

func (m *machine) pushBytes(k kind, from int, n uint64) (int, *serializer.DecodeError) {
	if n > uint64(len(m.text)-from) {
		return 0, m.cut()
	}
	node := node{kind: k, a: uint32(from), b: uint32(n)}
	if k == kindByteArray {
		node.flags = flagUnhashable
	}
	m.push(m.add(node))
	return from + int(n), nil
}

// What scan and run both find.
const (
	cutShort     = "the argument is cut short"
	endMissing   = "the end is missing"
	memoTooLarge = "the number of the memo is too large"
)

func (m *machine) cut() *serializer.DecodeError { return syntaxAt(m.at, cutShort) }

func syntaxAt(at int, reason string) *serializer.DecodeError {
	return &serializer.DecodeError{Offset: at, Reason: reason, Err: serializer.ErrSyntax}
}

func limitAt(at int, reason string) *serializer.DecodeError {
	return &serializer.DecodeError{Offset: at, Reason: reason, Err: serializer.ErrLimit}
}

func (m *machine) underflow() *serializer.DecodeError {
	return syntaxAt(m.at, "the stack holds too little for this")
}
