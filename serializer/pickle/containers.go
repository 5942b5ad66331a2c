package pickle

import (
	"github.com/go-djsession/go-djsession/serializer"
)

// toMark executes an opcode that takes all values down to the last MARK.
func (m *machine) toMark(op byte) *serializer.DecodeError {
	if len(m.marks) == 0 {
		return syntaxAt(m.at, "there is no mark")
	}
	from := m.unmark()
	switch op {
	case opAppends:
		return m.appendItems(from)
	case opSetItems:
		return m.setItems(from)
	case opAddItems:
		return m.addItems(from)
	case opTuple:
		return m.tuple(len(m.stack) - from)
	case opPopMark:
		m.stack = m.stack[:from]
		return nil
	case opObj:
		if len(m.stack) == from {
			return m.underflow()
		}
		class := m.stack[from]
		args := m.newTuple(m.stack[from+1:])
		return m.made(from, object{how: op, class: class, args: args})
	}

	// The others make a container of these values.
	items := m.stack[from:]
	n := node{flags: flagUnhashable, depth: 1}
	switch op {
	case opList:
		n.kind = kindList
	case opDict:
		n.kind = kindDict
		m.dicts++
	case opFrozenSet:
		n.kind, n.flags = kindFrozenSet, 0
		if !m.hashable(items) {
			return m.unhashable()
		}
	}
	var err *serializer.DecodeError
	if op == opDict {
		err = m.fillDict(&n, items)
	} else {
		m.grow(&n, items)
		err = m.deepen(&n, items)
		m.repeats = m.repeats || op == opFrozenSet
	}
	if err != nil {
		return err
	}
	m.stack = append(m.stack[:from], m.add(n))
	return nil
}

// tuple makes a tuple of the last n values.
func (m *machine) tuple(n int) *serializer.DecodeError {
	if !m.has(n) {
		return m.underflow()
	}
	from := len(m.stack) - n
	t := m.newTuple(m.stack[from:])
	m.stack = append(m.stack[:from], t)
	return m.tooDeep(m.nodes[t].depth)
}

func (m *machine) newTuple(items []ref) ref {
	if len(items) == 0 {
		return refEmptyTuple
	}
	n := node{kind: kindTuple, depth: 1}
	var r run
	m.extend(&r, items)
	n.a, n.b, n.c = r.start, r.n, r.most
	for _, item := range items {
		n.flags |= m.nodes[item].flags & flagUnhashable
		n.depth = max(n.depth, m.nodes[item].depth+1)
	}
	return m.add(n)
}

// appendItems appends the values from a height of the stack to the list below.
func (m *machine) appendItems(from int) *serializer.DecodeError {
	target, err := m.target(from)
	if err != nil {
		return err
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	n := &m.nodes[target]
	switch n.kind {
	case kindList:
		m.grow(n, items)
	case kindObject:
		o := &m.objs[n.a]
		if o.built || o.dict.n > 0 {
			return syntaxAt(m.at, "items for an object that has its state")
		}
		m.extend(&o.list, items)
	default:
		return syntaxAt(m.at, "items for what is no list")
	}
	return m.deepen(n, items)
}

// setItems sets pairs of values from a height of the stack in the dict below.
func (m *machine) setItems(from int) *serializer.DecodeError {
	target, err := m.target(from)
	if err != nil {
		return err
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	n := &m.nodes[target]
	switch n.kind {
	case kindDict:
		return m.fillDict(n, items)
	case kindObject:
		o := &m.objs[n.a]
		if o.built {
			return syntaxAt(m.at, "items for an object that has its state")
		}
		if len(items)%2 != 0 {
			return syntaxAt(m.at, "a key without a value")
		}
		for i := 0; i < len(items); i += 2 {
			if m.nodes[items[i]].flags&flagUnhashable != 0 {
				n.flags |= flagOddKeys // which only a class of its own can have
			}
		}
		m.extend(&o.dict, items)
		m.repeats = true
	default:
		return syntaxAt(m.at, "items for what is no dict")
	}
	return m.deepen(n, items)
}

// addItems adds the values from a height of the stack to the set below.
func (m *machine) addItems(from int) *serializer.DecodeError {
	target, err := m.target(from)
	if err != nil {
		return err
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	n := &m.nodes[target]
	if n.kind != kindSet {
		return syntaxAt(m.at, "items for what is no set")
	}
	if !m.hashable(items) {
		return m.unhashable()
	}
	m.grow(n, items)
	m.repeats = true
	return m.deepen(n, items)
}

// target returns the value under those from a height of the stack.
func (m *machine) target(from int) (ref, *serializer.DecodeError) {
	if from <= m.fence || from > len(m.stack) {
		return 0, m.underflow()
	}
	return m.stack[from-1], nil
}

// grow appends items to a container.
func (m *machine) grow(n *node, items []ref) {
	if n.c == 0 {
		n.a, n.b, n.c = uint32(len(m.items)), uint32(len(items)), uint32(len(items))
		m.items = append(m.items, items...)
		return
	}
	r := run{n.a, n.b, n.c}
	m.extend(&r, items)
	n.a, n.b, n.c = r.start, r.n, r.most
}

// fillDict puts pairs of a key and a value into a dict.
func (m *machine) fillDict(n *node, items []ref) *serializer.DecodeError {
	if len(items)%2 != 0 {
		return syntaxAt(m.at, "a key without a value")
	}
	// The dicts of a list mostly have the same keys, and then the same objects.
	alike := len(items) == 2*m.alike
	depth := n.depth
	for i := 0; i+1 < len(items); i += 2 {
		key, value := &m.nodes[items[i]], &m.nodes[items[i+1]]
		depth = max(depth, key.depth+1, value.depth+1)
		alike = alike && items[i] == m.keys[i/2]
		if key.kind == kindStr {
			continue
		}
		if key.flags&flagUnhashable != 0 {
			return m.unhashable()
		}
		if key.kind != kindStr2 || !serializer.Str2(m.str(key)).IsASCII() {
			n.flags |= flagOddKeys
		}
	}
	n.depth = depth
	m.pairs += len(items) / 2
	first := n.b == 0
	m.grow(n, items)
	// Nearly every dict is filled at once, with a few keys that are text.
	if !first || n.flags&flagOddKeys != 0 || !alike && !m.differ(items) {
		n.flags |= flagRepeats
		m.repeats = true
	}
	return m.tooDeep(depth)
}

func (m *machine) hashable(items []ref) bool {
	for _, r := range items {
		if m.nodes[r].flags&flagUnhashable != 0 {
			return false
		}
	}
	return true
}

func (m *machine) unhashable() *serializer.DecodeError {
	return syntaxAt(m.at, "an unhashable key")
}

// deepen notes that n now holds items.
func (m *machine) deepen(n *node, items []ref) *serializer.DecodeError {
	depth := n.depth
	for _, r := range items {
		depth = max(depth, m.nodes[r].depth+1)
	}
	n.depth = depth
	return m.tooDeep(depth)
}

func (m *machine) tooDeep(depth uint16) *serializer.DecodeError {
	if int(depth) > m.lim.Depth {
		return m.deep()
	}
	return nil
}
