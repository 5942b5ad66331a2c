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
	// The entries and the index are behind pointers. If another package has a *Dict in an
	// unexported field, fmt prints the fields of the Dict under verbs such as %s, and of
	// a pointer in such a field only its address.
	list    *[]entry
	index   *map[string]int // of the text keys; nil for a small Dict
	source  any             // what withSource was given
	changed bool            // since then
}

// newDict returns a Dict of entries. It keeps the slice, and allocates once.
func newDict(list []entry) *Dict {
	d := &listed{list: list}
	d.Dict.list = &d.list
	return &d.Dict
}

// listed is a Dict and the list that it points to.
type listed struct {
	Dict
	list []entry
}

// all returns the entries.
func (d *Dict) all() []entry {
	if d == nil || d.list == nil {
		return nil
	}
	return *d.list
}

// set replaces the entries of a Dict that nobody else has yet.
func (d *Dict) set(list []entry) {
	if d.list == nil {
		d.list = new([]entry)
	}
	*d.list = list
}

// entry is a key with its value. Text keys, which nearly all keys are, and JSON text are
// not boxed, so that a login is read without an allocation for each key.
type entry struct {
	name  string  // the key, if other is nil
	other *any    // the key, if it is not text
	raw   RawJSON // the value, if not empty
	val   any     // the value, if raw is empty
}

func (e *entry) named() bool { return e.other == nil }

func (e *entry) key() any {
	if e.named() {
		return e.name
	}
	return *e.other
}

func (e *entry) stored() any {
	if e.raw != "" {
		return e.raw
	}
	return e.val
}

func (e *entry) value() any {
	if e.raw != "" {
		return e.raw.Value()
	}
	return force(e.val)
}

func (e *entry) set(v any) {
	if raw, ok := v.(RawJSON); ok {
		e.raw, e.val = raw, nil
		return
	}
	e.raw, e.val = "", v
}

// Lazy is a value in the form in which a [Serializer] read it. It was checked when it was
// read, so Value cannot fail. Each call of Value returns a new value that shares nothing
// with earlier ones.
type Lazy interface{ Value() any }

func force(v any) any {
	if l, ok := v.(Lazy); ok {
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
	i := d.find(name)
	if i < 0 {
		e := entry{name: name}
		e.set(v)
		n := newDict(make([]entry, 0, d.Len()+1))
		if d != nil {
			n.set(append(n.all(), d.all()...))
			n.source, n.changed = d.source, true
		}
		n.set(append(n.all(), e))
		n.reindex()
		return n
	}
	n := newDict(slices.Clone(d.all()))
	n.index, n.source, n.changed = d.index, d.source, true
	n.all()[i].set(v)
	return n
}

// Without returns d without the text key name.
func (d *Dict) Without(name string) *Dict {
	i := d.find(name)
	if i < 0 {
		return d
	}
	n := newDict(make([]entry, 0, d.Len()-1))
	n.source, n.changed = d.source, true
	old := d.all()
	n.set(append(append(n.all(), old[:i]...), old[i+1:]...))
	n.reindex()
	return n
}

// withSource is pydict.WithSource.
func (d *Dict) withSource(source any) *Dict {
	n := Dict{source: source}
	if d != nil {
		n.list, n.index = d.list, d.index
	}
	return &n
}

// noted is pydict.Source.
func (d *Dict) noted() (source any, changed bool) {
	if d == nil {
		return nil, false
	}
	return d.source, d.changed
}

func (d *Dict) find(name string) int {
	if d == nil {
		return -1
	}
	if d.index != nil {
		if i, ok := (*d.index)[name]; ok {
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
		if e := &entries[i]; !e.named() {
			if n, ok := k.Add(*e.other); ok && n == want {
				return i
			}
		}
	}
	return -1
}

func (d *Dict) reindex() {
	d.index = nil
	if len(d.all()) < indexFrom {
		return
	}
	index := make(map[string]int, len(d.all()))
	d.index = &index
	entries := d.all()
	for i := range entries {
		if entries[i].named() {
			index[entries[i].name] = i
		}
	}
}
