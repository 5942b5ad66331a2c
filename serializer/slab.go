package serializer

import "github.com/go-djsession/go-djsession/internal/pydict"

// slab is a pydict.Slab.
type slab struct {
	first   [1]listed // the only dict of most slabs
	dicts   []listed
	entries []entry
	// What the next allocation is for. It grows, so that a single small dict costs
	// little and a thousand take few allocations.
	moreDicts, moreEntries int
}

func newSlab() pydict.Slab {
	s := &slab{moreDicts: 1}
	s.dicts = s.first[:]
	return s
}

// Most of an allocation, in bytes some 30,000: larger ones cost Go more.
const (
	mostDicts   = 256
	mostEntries = 512
)

// Builder implements pydict.Slab.
func (s *slab) Builder(n, dicts, entries int) pydict.Builder {
	if len(s.dicts) == 0 {
		s.moreDicts = min(8*s.moreDicts, mostDicts)
		s.dicts = make([]listed, max(1, min(s.moreDicts, dicts)))
	}
	l := &s.dicts[0]
	s.dicts = s.dicts[1:]
	if len(s.entries) < n {
		s.moreEntries = max(n, min(8*s.moreEntries, mostEntries))
		s.entries = make([]entry, max(n, min(s.moreEntries, entries)))
	}
	d := l.dict(s.entries[:0:n])
	s.entries = s.entries[n:]
	return slabBuilder{d}
}

// root is the Dict at the top of a session with its note, in one allocation.
type root struct {
	listed
	note    more
	entries [4]entry
}

func newRoot(n int) pydict.Builder {
	r := new(root)
	entries := r.entries[:0]
	if n > cap(entries) {
		entries = make([]entry, 0, n)
	}
	r.dict(entries)
	return r
}

// A root is its own pydict.Builder.

func (r *root) Add(name string, v any) { slabBuilder{&r.listed.Dict}.Add(name, v) }

func (r *root) AddKey(key, v any) { slabBuilder{&r.listed.Dict}.AddKey(key, v) }

func (r *root) Dict() any { return &r.listed.Dict }

func (r *root) Done(source any) {
	r.note.source = source
	r.more = &r.note
	r.reindex()
}

// slabBuilder is a pydict.Builder. As the only field is a pointer, an interface holds it
// without allocating memory.
type slabBuilder struct{ d *Dict }

func (b slabBuilder) Add(name string, v any) { *b.next() = entry{name, v} }

func (b slabBuilder) AddKey(key, v any) { b.next().val = &keyed{key, v} }

// next returns the next entry, for which there is room.
func (b slabBuilder) next() *entry {
	n := len(*b.d.list)
	*b.d.list = (*b.d.list)[:n+1]
	return &(*b.d.list)[n]
}

func (b slabBuilder) Dict() any { return b.d }

func (b slabBuilder) Done(source any) {
	if source != nil {
		b.d.more = &more{source: source}
	}
	b.d.reindex()
}
