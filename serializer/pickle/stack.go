package pickle

import (
	"math"

	"github.com/go-djsession/go-djsession/serializer"
)

// has reports whether n values may be taken from the stack.
func (m *machine) has(n int) bool { return len(m.stack)-m.fence >= n }

func (m *machine) push(r ref) { m.stack = append(m.stack, r) }

// maxOpen is the most values that a container has on the stack while it is filled, if it
// opened no MARK: itself, a key, and for a call the callable and two of the three items
// of its arguments.
const maxOpen = 6

func (m *machine) mark() *serializer.DecodeError {
	// Every MARK belongs to a container within the one before.
	if len(m.marks) >= m.lim.Depth {
		return m.deep()
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
		// Every pickler counts the memo up from 0 or 1.
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

// memoized executes a MEMOIZE at offset pos, for a node that was just made, and returns
// the offset behind it. There nearly always is one.
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
	// Only the number in the memo can say this when the node is written.
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

// pushLong pushes an int of n bytes, in two's complement from the lowest. Like all
// methods that push counted data it returns the offset behind it.
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
