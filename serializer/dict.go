package serializer

import (
	"iter"
	"maps"
	"slices"
)

// Dict is a Python dict: ordered by insertion, with keys of any hashable Python type.
//
// A Dict never changes. With and Without return a new one, which shares its unchanged
// part with the old one. So a Dict is safe for concurrent use. A nil *Dict is an empty
// dict.
//
// A Dict may keep a value in the form in which it was read (see [Lazy]) until somebody asks
// for it. Every reading method decodes it again, so the value that it returns belongs to
// the caller.
type Dict struct {
	// Both are behind pointers. If another package has a *Dict in an unexported field, fmt
	// prints the fields of the Dict under verbs such as %s, and of a pointer in such a
	// field only its address.
	list *[]entry
	more *more // nil for most
}

// more is what few Dicts have. It does not change once a Dict has it.
type more struct {
	index   map[string]int // of the text keys; nil for a small Dict
	source  any            // what withSource was given
	changed bool           // since then
}

// newDict returns a Dict of entries. It keeps the slice, and allocates once.
func newDict(list []entry) *Dict { return new(listed).dict(list) }

// listed is a Dict and the list that it points to.
type listed struct {
	Dict
	list []entry
}

// dict returns the Dict of l, which holds entries.
func (l *listed) dict(entries []entry) *Dict {
	l.list = entries
	l.Dict.list = &l.list
	return &l.Dict
}

// newList returns a Dict with room for n entries. Few take one allocation with it.
func newList(n int) (*Dict, []entry) {
	const few = 6
	if n > few {
		return newDict(nil), make([]entry, 0, n)
	}
	d := &struct {
		listed
		entries [few]entry
	}{}
	return d.dict(nil), d.entries[:0]
}

// all returns the entries.
func (d *Dict) all() []entry {
	if d == nil || d.list == nil {
		return nil
	}
	return *d.list
}

// index returns the places of the text keys, or nil.
func (d *Dict) index() map[string]int {
	if d.more == nil {
		return nil
	}
	return d.more.index
}

// entry is a key with its value. A text key, which nearly all keys are, is not boxed, so
// that it needs no allocation.
type entry struct {
	name string // the key, unless val is a *keyed
	val  any
}

// keyed is the value of a key that is not text. It does not change.
type keyed struct{ key, val any }

func (e *entry) named() bool {
	_, other := e.val.(*keyed)
	return !other
}

func (e *entry) key() any {
	if k, ok := e.val.(*keyed); ok {
		return k.key
	}
	return e.name
}

// stored returns the value as it is stored: it may be a Lazy.
func (e *entry) stored() any {
	if k, ok := e.val.(*keyed); ok {
		return k.val
	}
	return e.val
}

func (e *entry) value() any { return force(e.stored()) }

// set sets the value of a key. A RawJSON of nothing becomes None.
func (e *entry) set(v any) {
	if raw, ok := v.(RawJSON); ok && raw == "" {
		v = nil
	}
	if k, ok := e.val.(*keyed); ok {
		v = &keyed{k.key, v}
	}
	e.val = v
}

// Lazy is a value in the form in which a [Serializer] read it. It was checked when it was
// read, so Value cannot fail. Each call of Value returns a new value that shares nothing
// with earlier ones.
type Lazy interface{ Value() any }

func force(v any) any {
	switch l := v.(type) {
	case RawJSON:
		return l.Value()
	case nil, string: // without the search for a method
		return v
	case Lazy:
		return l.Value()
	}
	return v
}

// Item is a key of a [Dict] with its value.
type Item struct{ Key, Value any }

// indexFrom is the number of entries from which an index of the names pays. Looking at 60
// entries costs about as much as three look-ups in a map, and making the map as much as
// two hundred.
const indexFrom = 64

// NewDict returns a [Dict] of the items in their order. As in a Python literal, a repeated
// key keeps its first place and takes its last value. Keys are compared as in Python: 1,
// 1.0 and True are one key.
func NewDict(items ...Item) *Dict {
	b := newBuilder(len(items))
	for _, it := range items {
		b.add(it.Key, it.Value)
	}
	return b.dict()
}

// FromMap returns a [Dict] of m in the order of the sorted keys.
func FromMap(m map[string]any) *Dict {
	b := newBuilder(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b.addName(k, m[k])
	}
	return b.dict()
}

// Len returns the number of keys.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return len(d.all())
}

// Has reports whether d holds the text key name.
func (d *Dict) Has(name string) bool { return d.find(name) >= 0 }

// Get returns the value of the text key name, and whether there is one.
func (d *Dict) Get(name string) (any, bool) {
	i := d.find(name)
	if i < 0 {
		return nil, false
	}
	return d.all()[i].value(), true
}

// GetKey is [Dict.Get] for a key of any type.
func (d *Dict) GetKey(key any) (any, bool) {
	i := d.findKey(key)
	if i < 0 {
		return nil, false
	}
	return d.all()[i].value(), true
}

// stored is [Dict.Get] without decoding.
func (d *Dict) stored(name string) (any, bool) {
	i := d.find(name)
	if i < 0 {
		return nil, false
	}
	return d.all()[i].stored(), true
}

// All yields the keys and values in order.
func (d *Dict) All() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		if d == nil {
			return
		}
		entries := d.all()
		for i := range entries {
			if e := &entries[i]; !yield(e.key(), e.value()) {
				return
			}
		}
	}
}

// AllStored is [Dict.All] without decoding, for Serializers: a value may be a [Lazy] or a
// [RawJSON].
func (d *Dict) AllStored() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		if d == nil {
			return
		}
		entries := d.all()
		for i := range entries {
			if e := &entries[i]; !yield(e.key(), e.stored()) {
				return
			}
		}
	}
}

// Keys yields the keys in order.
func (d *Dict) Keys() iter.Seq[any] {
	return func(yield func(any) bool) {
		if d == nil {
			return
		}
		entries := d.all()
		for i := range entries {
			if !yield(entries[i].key()) {
				return
			}
		}
	}
}

// With returns d with the text key name set to v: in its old place, or at the end. With
// keeps v: the caller must not change it later.
func (d *Dict) With(name string, v any) *Dict {
	old := d.all()
	i := d.find(name)
	if i < 0 {
		e := entry{name: name}
		e.set(v)
		n, list := newList(len(old) + 1)
		return d.next(n, append(append(list, old...), e))
	}
	n, list := newList(len(old))
	*n.list, n.more = append(list, old...), d.more
	if d.more != nil && d.more.source != nil {
		n.more = &more{d.more.index, d.more.source, true}
	}
	n.all()[i].set(v)
	return n
}

// Without returns d without the text key name.
func (d *Dict) Without(name string) *Dict {
	i := d.find(name)
	if i < 0 {
		return d
	}
	old := d.all()
	n, list := newList(len(old) - 1)
	return d.next(n, append(append(list, old[:i]...), old[i+1:]...))
}

// next returns n with entries whose keys are not those of d, and with the note of d.
func (d *Dict) next(n *Dict, entries []entry) *Dict {
	*n.list = entries
	if source, _ := d.noted(); source != nil {
		n.more = &more{source: source, changed: true}
	}
	n.reindex()
	return n
}

// withSource is pydict.WithSource.
func (d *Dict) withSource(source any) *Dict {
	n := &Dict{more: &more{source: source}}
	if d != nil {
		n.list, n.more.index = d.list, d.index()
	}
	return n
}

// noted is pydict.Source.
func (d *Dict) noted() (source any, changed bool) {
	if d == nil || d.more == nil {
		return nil, false
	}
	return d.more.source, d.more.changed
}

func (d *Dict) find(name string) int {
	if d == nil {
		return -1
	}
	if index := d.index(); index != nil {
		if i, ok := index[name]; ok {
			return i
		}
		return -1
	}
	entries := d.all()
	for i := range entries {
		if e := &entries[i]; e.name == name && e.named() {
			return i
		}
	}
	return -1
}

func (d *Dict) findKey(key any) int {
	if name, ok := key.(string); ok {
		return d.find(name)
	}
	if d == nil {
		return -1
	}
	var k keys
	want, ok := k.Add(key)
	if !ok {
		return -1
	}
	entries := d.all()
	for i := range entries {
		if other, ok := entries[i].val.(*keyed); ok {
			if n, ok := k.Add(other.key); ok && n == want {
				return i
			}
		}
	}
	return -1
}

// reindex makes the index of a Dict that has none.
func (d *Dict) reindex() {
	entries := d.all()
	if len(entries) < indexFrom {
		return
	}
	n := &more{index: indexOf(entries)}
	if d.more != nil {
		n.source, n.changed = d.more.source, d.more.changed
	}
	d.more = n
}

// indexOf returns the places of the text keys.
func indexOf(entries []entry) map[string]int {
	index := make(map[string]int, len(entries))
	for i := range entries {
		if entries[i].named() {
			index[entries[i].name] = i
		}
	}
	return index
}
