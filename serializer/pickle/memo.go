package pickle

// memo holds the numbers of the objects that a writer has written. Looking up and noting
// them is most of the work of a writer, so it is two tables of its own: a number for each
// node of an arena, and a hash table for Go values. Both are kept from one pickle to the
// next, and only what was used is cleared.
type memo struct {
	next  uint32
	nodes []uint32 // by ref: 1 + the number of the node, or 0

	ids   []numbered
	slots []uint32 // 1 + an index of ids, or 0; a power of two of them
	// The last id that was looked up in vain, and its slot.
	missed   id
	missedAt uint32
}

// numbered is the identity of a Go value with its number.
type numbered struct {
	id     id
	number uint32
}

// firstSlots is the size of the hash table of a small pickle. No small pickle looks at
// more memory because a large one came before.
const firstSlots = 64

// open prepares the memo for a pickle of an arena of that many nodes.
func (m *memo) open(nodes int) {
	if cap(m.nodes) < nodes {
		m.nodes = make([]uint32, nodes)
	}
	m.nodes = m.nodes[:nodes]
	if cap(m.slots) == 0 {
		m.slots = make([]uint32, firstSlots)
	}
	m.slots = m.slots[:firstSlots]
}

// keptNumbers bounds the tables that are kept for the next pickle: some 300 KB in all.
const keptNumbers = 8192

// close forgets all objects, so that the memo keeps none of them alive.
func (m *memo) close() {
	clear(m.nodes)
	clear(m.ids)
	clear(m.slots)
	kept := memo{nodes: m.nodes[:0], ids: m.ids[:0], slots: m.slots[:0]}
	if cap(m.nodes) > keptNumbers {
		kept.nodes = nil
	}
	if cap(m.ids) > keptNumbers {
		kept.ids, kept.slots = nil, nil
	}
	*m = kept
}

// find returns the number of an object, if it has one.
func (m *memo) find(o id) (uint32, bool) {
	switch o.kind() {
	case idFresh, idUnmemoised:
		return 0, false
	case idNode:
		n := m.nodes[o.number()]
		return n - 1, n > 0
	}
	at := m.slot(o)
	if i := m.slots[at]; i > 0 {
		return m.ids[i-1].number, true
	}
	m.missed, m.missedAt = o, at
	return 0, false
}

// add notes the number of an object.
func (m *memo) add(o id, number uint32) {
	switch o.kind() {
	case idFresh, idUnmemoised:
		return
	case idNode:
		m.nodes[o.number()] = number + 1
		return
	}
	if 2*len(m.ids) >= len(m.slots) {
		m.grow()
	}
	// Most objects are added right after they were looked up. The slot is still free,
	// unless another object took it meanwhile.
	at := m.missedAt
	if m.missed != o || m.slots[at] > 0 {
		at = m.slot(o)
	}
	if i := m.slots[at]; i > 0 {
		m.ids[i-1].number = number
		return
	}
	m.ids = append(m.ids, numbered{o, number})
	m.slots[at] = uint32(len(m.ids))
}

// slot returns the index of the slot of an object, or of the free one that it would take.
func (m *memo) slot(o id) uint32 {
	mask := uint32(len(m.slots) - 1)
	h := (uint64(uintptr(o.p)) + o.k) * 0x9E3779B97F4A7C15
	for at := uint32(h>>32) & mask; ; at = (at + 1) & mask {
		if i := m.slots[at]; i == 0 || m.ids[i-1].id == o {
			return at
		}
	}
}

// grow makes the hash table four times as large.
func (m *memo) grow() {
	n := 4 * len(m.slots)
	clear(m.slots)
	if cap(m.slots) < n {
		m.slots = make([]uint32, n)
	}
	m.slots = m.slots[:n]
	for i := range m.ids {
		m.slots[m.slot(m.ids[i].id)] = uint32(i) + 1
	}
	m.missed = id{}
}
