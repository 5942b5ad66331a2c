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
	in   *content // nil for an empty one
	more *more    // nil for most
}

// content is what a Dict holds: in each place a name and a value. It does not change once
// the Dict has it. Dicts may share their names: those of a list mostly have the same.
type content struct {
	names *[]string // the keys that are text, and "" for any other
	vals  []any     // as many; a *keyed is a key that is not text, with its value
}

// more is what few Dicts have. It does not change once a Dict has it.
type more struct {
	index   map[string]int // of the text keys; nil for a small Dict
	source  any            // what withSource was given
	changed bool           // since then
	later   *more          // once something under these keys is changed, or nil
}

// note is a more with its later one.
type note [2]more

// of returns the more of a source.
func (n *note) of(source any) *more {
	n[1] = more{source: source, changed: true}
	n[0] = more{source: source, later: &n[1]}
	return &n[0]
}

// after returns the more of a Dict with the same keys and another value.
func (m *more) after() *more {
	switch {
	case m == nil || m.source == nil || m.changed:
		return m
	case m.later != nil:
		return m.later
	}
	return &more{index: m.index, source: m.source, changed: true}
}

// filled is a Dict and the content that it points to.
type filled struct {
	Dict
	in content
}

// dict returns the Dict of f, and keeps both slices.
func (f *filled) dict(names *[]string, vals []any) *Dict {
	f.in = content{names, vals}
	f.Dict.in = &f.in
	return &f.Dict
}

// listed is a Dict whose names no other one has yet.
type listed struct {
	filled
	list []string
}

// few is the number of keys up to which a Dict takes one allocation.
const few = 6

// newNamed returns a Dict with names, and the places of its values.
func newNamed(names *[]string) (*Dict, []any) {
	n := len(*names)
	if n > few {
		vals := make([]any, n)
		return new(filled).dict(names, vals), vals
	}
	d := &struct {
		filled
		vals [few]any
	}{}
	return d.dict(names, d.vals[:n]), d.vals[:n]
}

// newPlaces returns a Dict with the places of n names and n values.
func newPlaces(n int) (d *Dict, names []string, vals []any) {
	if n > few {
		s := &listed{list: make([]string, n)}
		vals = make([]any, n)
		return s.dict(&s.list, vals), s.list, vals
	}
	s := &struct {
		listed
		names [few]string
		vals  [few]any
	}{}
	s.list = s.names[:n]
	return s.dict(&s.list, s.vals[:n]), s.list, s.vals[:n]
}

// parts returns the names and the values.
func (d *Dict) parts() (names []string, vals []any) {
	if d == nil || d.in == nil {
		return nil, nil
	}
	return *d.in.names, d.in.vals
}

// at returns the key and the value in place i.
func (d *Dict) at(i int) entry { return entry{(*d.in.names)[i], d.in.vals[i]} }

// index returns the places of the text keys, or nil.
func (d *Dict) index() map[string]int {
	if d.more == nil {
		return nil
	}
	return d.more.index
}

// entry is a key with its value, in the parts of a content.
type entry struct {
	name string // the key, unless val is a *keyed
	val  any
}

// keyed is the value of a key that is not text. It does not change.
type keyed struct{ key, val any }

func (e entry) named() bool { return isNamed(e.val) }

// isNamed reports whether the key of a value in a content is text.
func isNamed(val any) bool {
	_, other := val.(*keyed)
	return !other
}

func (e entry) key() any {
	if k, ok := e.val.(*keyed); ok {
		return k.key
	}
	return e.name
}

// stored returns the value as it is stored: it may be a Lazy.
func (e entry) stored() any { return storedIn(e.val) }

// storedIn is entry.stored for a value in a content.
func storedIn(val any) any {
	if k, ok := val.(*keyed); ok {
		return k.val
	}
	return val
}

func (e entry) value() any { return force(e.stored()) }

// put sets the value in a place of a content, and leaves the key. A RawJSON of nothing
// becomes None.
func put(val *any, v any) {
	if raw, ok := v.(RawJSON); ok && raw == "" {
		v = nil
	}
	if k, ok := (*val).(*keyed); ok {
		v = &keyed{k.key, v}
	}
	*val = v
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
	_, vals := d.parts()
	return len(vals)
}

// Has reports whether d holds the text key name.
func (d *Dict) Has(name string) bool { return d.find(name) >= 0 }

// Get returns the value of the text key name, and whether there is one.
func (d *Dict) Get(name string) (any, bool) {
	i := d.find(name)
	if i < 0 {
		return nil, false
	}
	return d.at(i).value(), true
}

// GetKey is [Dict.Get] for a key of any type.
func (d *Dict) GetKey(key any) (any, bool) {
	i := d.findKey(key)
	if i < 0 {
		return nil, false
	}
	return d.at(i).value(), true
}

// stored is [Dict.Get] without decoding.
func (d *Dict) stored(name string) (any, bool) {
	i := d.find(name)
	if i < 0 {
		return nil, false
	}
	return d.at(i).stored(), true
}

// All yields the keys and values in order.
func (d *Dict) All() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for i := range d.Len() {
			if e := d.at(i); !yield(e.key(), e.value()) {
				return
			}
		}
	}
}

// AllStored is [Dict.All] without decoding, for Serializers: a value may be a [Lazy] or a
// [RawJSON].
func (d *Dict) AllStored() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for i := range d.Len() {
			if e := d.at(i); !yield(e.key(), e.stored()) {
				return
			}
		}
	}
}

// Keys yields the keys in order.
func (d *Dict) Keys() iter.Seq[any] {
	return func(yield func(any) bool) {
		for i := range d.Len() {
			if !yield(d.at(i).key()) {
				return
			}
		}
	}
}

// With returns d with the text key name set to v: in its old place, or at the end. With
// keeps v: the caller must not change it later.
func (d *Dict) With(name string, v any) *Dict {
	names, vals := d.parts()
	i := d.find(name)
	if i < 0 {
		n, newNames, newVals := newPlaces(len(vals) + 1)
		newNames[copy(newNames, names)] = name
		put(&newVals[copy(newVals, vals)], v)
		return d.next(n)
	}
	n, newVals := newNamed(d.in.names)
	copy(newVals, vals)
	put(&newVals[i], v)
	n.more = d.more.after()
	return n
}

// Without returns d without the text key name.
func (d *Dict) Without(name string) *Dict {
	i := d.find(name)
	if i < 0 {
		return d
	}
	names, vals := d.parts()
	n, newNames, newVals := newPlaces(len(vals) - 1)
	copy(newNames, names[:i])
	copy(newNames[i:], names[i+1:])
	copy(newVals, vals[:i])
	copy(newVals[i:], vals[i+1:])
	return d.next(n)
}

// next returns n, whose keys are not those of d, with the note of d.
func (d *Dict) next(n *Dict) *Dict {
	if source, _ := d.noted(); source != nil {
		if n.more = d.more.after(); n.more.index != nil { // which is that of d
			n.more = &more{source: source, changed: true}
		}
	}
	n.reindex()
	return n
}

// withSource is pydict.WithSource.
func (d *Dict) withSource(source any) *Dict {
	n := new(struct {
		Dict
		note note
	})
	n.more = n.note.of(source)
	if d != nil {
		n.in = d.in
		n.note[0].index, n.note[1].index = d.index(), d.index()
	}
	return &n.Dict
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
	names, vals := d.parts()
	for i := range names {
		if names[i] == name && (name != "" || isNamed(vals[i])) {
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
	_, vals := d.parts()
	for i := range vals {
		if other, ok := vals[i].(*keyed); ok {
			if n, ok := k.Add(other.key); ok && n == want {
				return i
			}
		}
	}
	return -1
}

// reindex makes the index of a Dict that has none.
func (d *Dict) reindex() {
	names, vals := d.parts()
	if len(names) < indexFrom {
		return
	}
	n := &more{index: indexOf(names, vals)}
	if d.more != nil {
		n.source, n.changed = d.more.source, d.more.changed
	}
	d.more = n
}

// indexOf returns the places of the text keys.
func indexOf(names []string, vals []any) map[string]int {
	index := make(map[string]int, len(names))
	for i := range names {
		if isNamed(vals[i]) {
			index[names[i]] = i
		}
	}
	return index
}
