package serializer

import (
	"slices"
	"unsafe"

	"github.com/go-djsession/go-djsession/internal/boxes"
)

// builder makes a [Dict], key by key.
type builder struct {
	d     *Dict
	list  hiddenList // of d, which gets it by dict
	names names
	// others are the keys that are not text, after the first add of one.
	others *otherKeys
	raws   boxes.Of[RawJSON]
}

// hiddenList has the memory of a []entry. Package fmt, which prints the fields of a builder
// in somebody else's struct, finds an address in it.
type hiddenList struct {
	data unsafe.Pointer
	_    [2]int // length and capacity
}

func (l *hiddenList) entries() []entry    { return *(*[]entry)(unsafe.Pointer(l)) }
func (l *hiddenList) set(entries []entry) { *(*[]entry)(unsafe.Pointer(l)) = entries }

// otherKeys finds keys that are not text.
type otherKeys struct {
	keys keys
	at   map[int]int // their numbers, to where they are in the Dict
}

func (o *otherKeys) add(key any, i int) {
	if n, ok := o.keys.Add(key); ok {
		o.at[n] = i
	}
}

// newBuilder returns a builder with room for n keys.
func newBuilder(n int) builder {
	const few = 6
	var b builder
	if 0 < n && n <= few {
		d := &struct { // one allocation for a session that holds a login
			listed
			entries [few]entry
			raws    [few]RawJSON
		}{}
		b.d = d.dict(nil)
		b.list.set(d.entries[:0])
		b.raws.Use(d.raws[:])
		return b
	}
	b.d = newDict(nil)
	b.list.set(make([]entry, 0, n))
	return b
}

// addName sets the text key name to v, as With does.
func (b *builder) addName(name string, v any) {
	b.slot(name).set(v)
}

// addRaw is addName for a value in JSON.
func (b *builder) addRaw(name string, raw RawJSON) {
	b.slot(name).val = b.raws.Box(raw, typeOfRaw)
}

var typeOfRaw = boxes.TypeOf(RawJSON(""))

// add is addName for a key of any type.
func (b *builder) add(key, v any) {
	if name, ok := key.(string); ok {
		b.addName(name, v)
		return
	}
	if b.others == nil {
		b.others = &otherKeys{at: map[int]int{}}
		entries := b.list.entries()
		for i := range entries {
			if other, ok := entries[i].val.(*keyed); ok {
				b.others.add(other.key, i)
			}
		}
	}
	if n, ok := b.others.keys.Add(key); ok {
		if i, ok := b.others.at[n]; ok {
			b.list.entries()[i].set(v)
			return
		}
	}
	b.append(key, v)
}

// append adds a key that is not text. The caller must know that it is new.
func (b *builder) append(key, v any) {
	if b.others != nil {
		b.others.add(key, len(b.list.entries()))
	}
	e := entry{val: &keyed{key: key}}
	e.set(v)
	b.list.set(append(b.list.entries(), e))
}

// dict returns the finished Dict. The builder must not be used afterwards.
func (b *builder) dict() *Dict {
	*b.d.list = b.list.entries()
	if b.names.index != nil {
		b.d.more = &more{index: b.names.index}
	}
	return b.d
}

// slot returns the entry of name. If there is none it appends one.
func (b *builder) slot(name string) *entry {
	entries := b.list.entries()
	if old := b.names.find(entries, name); old != nil {
		return old
	}
	n := len(entries)
	if n == cap(entries) {
		entries = slices.Grow(entries, max(2, n)) // a dict of one key is rare
	}
	entries = entries[:n+1]
	b.list.set(entries)
	e := &entries[n]
	e.name = name
	return e
}
