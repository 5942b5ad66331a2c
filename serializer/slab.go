package serializer

import (
	"github.com/go-djsession/go-djsession/internal/boxes"
	"github.com/go-djsession/go-djsession/internal/pydict"
)

// slab is a pydict.Slab.
type slab struct {
	first [1]filled // the only dict of most slabs
	dicts boxes.Room[filled]
	vals  boxes.Room[any]
}

func newSlab() pydict.Slab {
	s := new(slab)
	s.dicts.Use(s.first[:])
	return s
}

// Dict implements pydict.Slab.
func (s *slab) Dict(names *[]string, dicts, vals int) (any, []any) {
	room := s.vals.Take(len(*names), vals)
	return s.dicts.Take(1, dicts)[0].dict(names, room), room
}

// Builder implements pydict.Slab.
func (s *slab) Builder(n, dicts, vals int) pydict.Builder {
	names := make([]string, 0, n)
	return slabBuilder{s.dicts.Take(1, dicts)[0].dict(&names, s.vals.Take(n, vals)[:0])}
}

// root is the Dict at the top of a session with its note, in one allocation.
type root struct {
	listed
	note  note
	names [4]string
	vals  [4]any
}

func newRoot(n int) pydict.Builder {
	r := new(root)
	r.list = r.names[:0]
	vals := r.vals[:0]
	if n > len(r.vals) {
		r.list, vals = make([]string, 0, n), make([]any, 0, n)
	}
	r.dict(&r.list, vals)
	return r
}

// A root is its own pydict.Builder.

func (r *root) Add(name string, v any) { slabBuilder{&r.listed.Dict}.Add(name, v) }

func (r *root) AddKey(key, v any) { slabBuilder{&r.listed.Dict}.AddKey(key, v) }

func (r *root) Dict() any { return &r.listed.Dict }

func (r *root) Done(source any) {
	r.more = r.note.of(source)
	r.reindex()
}

// slabBuilder is a pydict.Builder. As the only field is a pointer, an interface holds it
// without allocating memory.
type slabBuilder struct{ d *Dict }

func (b slabBuilder) Add(name string, v any) {
	*b.d.in.names = append(*b.d.in.names, name)
	b.d.in.vals = append(b.d.in.vals, v)
}

func (b slabBuilder) AddKey(key, v any) { b.Add("", &keyed{key, v}) }

func (b slabBuilder) Dict() any { return b.d }

func (b slabBuilder) Done(source any) {
	if source != nil {
		b.d.more = &more{source: source}
	}
	b.d.reindex()
}
