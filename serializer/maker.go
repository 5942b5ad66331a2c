package serializer

import (
	"sync"
	"unsafe"

	"github.com/go-djsession/go-djsession/internal/boxes"
)

// maker makes the values that a decoder reads, many to an allocation. So a value may keep
// some of its neighbours alive.
type maker struct {
	*stacks // nil before the first list or dict

	texts  boxes.Of[string]
	ints   boxes.Of[int64]
	floats boxes.Of[float64]
	lists  boxes.Of[[]any]

	items   room[any]
	pairs   room[entry]
	dicts   room[listed]
	chars   room[byte]
	scratch []byte
}

var (
	typeOfText  = boxes.TypeOf("")
	typeOfInt   = boxes.TypeOf(int64(0))
	typeOfFloat = boxes.TypeOf(0.0)
	typeOfList  = boxes.TypeOf([]any(nil))
)

// stacks hold the content of the lists and dicts that a decoder is at work on, that of the
// inner ones at the end. When one is complete and its size is known, it is copied.
type stacks struct {
	values  []any
	entries []entry
}

var stackPool = sync.Pool{New: func() any { return new(stacks) }}

// begun is called when a list or a dict begins.
func (m *maker) begun() {
	if m.stacks == nil {
		m.stacks = stackPool.Get().(*stacks)
	}
}

// release gives the stacks back, unless they are large. They keep no value alive.
func (m *maker) release() {
	const most = 4096
	s := m.stacks
	if s == nil || cap(s.values) > most || cap(s.entries) > most {
		return
	}
	clear(s.values) // what an error left behind
	clear(s.entries)
	s.values, s.entries = s.values[:0], s.entries[:0]
	m.stacks = nil
	stackPool.Put(s)
}

// newList returns a list of the values on the stack from a height up.
func (m *maker) newList(from int) any {
	own := m.values[from:]
	list := m.items.take(len(own))
	copy(list, own)
	clear(own)
	m.values = m.values[:from]
	return m.lists.Box(list, typeOfList)
}

// newDict returns a dict of the entries on the stack from n on.
func (m *maker) newDict(n *names) *Dict {
	own := m.entries[n.from:]
	list := m.pairs.take(len(own))
	copy(list, own)
	clear(own)
	m.entries = m.entries[:n.from]
	d := m.dicts.take(1)[0].dict(list)
	if n.index != nil {
		d.more = &more{index: n.index}
	}
	return d
}

// unquoted is unquote.
func (m *maker) unquoted(quoted string, isUTF8 bool) string {
	if m.scratch == nil {
		m.scratch = appendUnquoted(make([]byte, 0, len(quoted)+16), quoted, isUTF8)
		return string(m.scratch)
	}
	m.scratch = appendUnquoted(m.scratch[:0], quoted, isUTF8)
	text := m.chars.take(len(m.scratch))
	copy(text, m.scratch)
	return unsafe.String(unsafe.SliceData(text), len(text))
}

// room is memory for many Ts. It takes just enough at first, and more at a time later.
type room[T any] struct {
	free []T
	last int // what was allocated last
}

// mostRoom is the most Ts that are allocated at a time, if nobody asks for more at once.
const mostRoom = 512

// take returns n new Ts that nothing can be appended to. It is never nil.
func (r *room[T]) take(n int) []T {
	if n > len(r.free) || r.free == nil {
		r.last = max(n, min(4*r.last, mostRoom))
		r.free = make([]T, r.last)
	}
	t := r.free[:n:n]
	r.free = r.free[n:]
	return t
}

// names finds a name among the entries on a stack, from the height from up.
type names struct {
	from int
	// seen holds a bit for every name added so far, by its hash. If the bit of a name is
	// not set, the entries need not be searched.
	seen  [4]uint64
	index map[string]int // of many names
}

// find returns the entry of a name, or nil. Then the caller must append one.
func (n *names) find(stack []entry, name string) *entry {
	own := stack[n.from:]
	h := hash(name)
	word, bit := h>>6, uint64(1)<<(h&63)
	if n.seen[word]&bit == 0 {
		n.seen[word] |= bit
		if n.index != nil {
			n.index[name] = len(own)
		}
		return nil
	}
	if n.index == nil && len(own) >= indexFrom {
		n.index = indexOf(own)
	}
	if n.index != nil {
		if i, ok := n.index[name]; ok {
			return &own[i]
		}
		n.index[name] = len(own)
		return nil
	}
	for i := range own {
		if e := &own[i]; e.name == name && e.named() {
			return e
		}
	}
	return nil
}

// hash distinguishes most names by their ends and their length. It is below 256.
func hash(name string) uint64 {
	h := uint64(len(name))
	if len(name) >= 8 {
		h += load8(name) ^ load8(name[len(name)-8:])<<1
	} else {
		for i := range len(name) {
			h = h<<8 | uint64(name[i])
		}
	}
	return h * 0x9E3779B97F4A7C15 >> 56
}
