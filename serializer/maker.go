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

	items   boxes.Room[any]
	keys    boxes.Room[string]
	shapes  boxes.Room[[]string] // the names of dicts
	dicts   boxes.Room[filled]
	chars   boxes.Room[byte]
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
	values []any
	// Of the dicts, the values as many as the names.
	names []string
	under []any
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
	if s == nil || cap(s.values) > most || cap(s.under) > most {
		return
	}
	clear(s.values) // what an error left behind
	clear(s.under)
	clear(s.names)
	s.values, s.under, s.names = s.values[:0], s.under[:0], s.names[:0]
	m.stacks = nil
	stackPool.Put(s)
}

// newList returns a list of the values on the stack from a height up. The caller expects to
// make some more values.
func (m *maker) newList(from, expected int) any {
	own := m.values[from:]
	list := m.items.Take(len(own), len(own)+expected)
	copy(list, own)
	clear(own)
	m.values = m.values[:from]
	return m.lists.Box(list, typeOfList)
}

// noNames are the names of empty dicts.
var noNames = []string{}

// newDict returns a dict of what is on the stacks from n on. The caller expects to make some
// more values.
func (m *maker) newDict(n *names, expected int) *Dict {
	names, under := m.names[n.from:], m.under[n.from:]
	shape := &noNames
	if len(names) > 0 {
		shape = &m.shapes.Take(1, expected)[0]
		*shape = m.keys.Take(len(names), len(names)+expected)
		copy(*shape, names)
	}
	vals := m.items.Take(len(under), len(under)+expected)
	copy(vals, under)
	clear(names)
	clear(under)
	m.names, m.under = m.names[:n.from], m.under[:n.from]
	d := m.dicts.Take(1, expected)[0].dict(shape, vals)
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
	text := m.chars.Take(len(m.scratch), 512)
	copy(text, m.scratch)
	return unsafe.String(unsafe.SliceData(text), len(text))
}

// names finds a name among those of a dict in the making: the ones from the height from
// of a stack up.
type names struct {
	from int
	// seen holds a bit for every name added so far, by its hash. If the bit of a name is
	// not set, the names need not be searched.
	seen  [4]uint64
	index map[string]int // of many names
}

// find returns the place of a name, or -1. Then the caller must append it.
func (n *names) find(stack []string, vals []any, name string) int {
	h := hash(name)
	word, bit := h>>6, uint64(1)<<(h&63)
	count := len(stack) - n.from
	if n.seen[word]&bit == 0 {
		n.seen[word] |= bit
		if n.index != nil {
			n.index[name] = count
		}
		return -1
	}
	own := stack[n.from:]
	if n.index == nil && count >= indexFrom {
		n.index = indexOf(own, vals[n.from:])
	}
	if n.index != nil {
		if i, ok := n.index[name]; ok {
			return i
		}
		n.index[name] = count
		return -1
	}
	for i := range own {
		if own[i] == name && (name != "" || isNamed(vals[n.from+i])) {
			return i
		}
	}
	return -1
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
