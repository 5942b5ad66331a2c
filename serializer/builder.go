package serializer

import (
	"slices"
	"unsafe"
)

// builder makes a [Dict], key by key.
type builder struct {
	d    *Dict
	list hiddenList // of d, which gets it by dict
	// seen holds a bit for every name added so far, by its hash. If the bit of a name is
	// not set, the Dict need not be searched.
	seen [4]uint64
	// others are the keys that are not text, after the first add of one.
	others *otherKeys
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
		}{}
		d.Dict.list = &d.listed.list
		b.d = &d.Dict
		b.list.set(d.entries[:0])
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

// addRaw is addName for a value in JSON, without boxing it.
func (b *builder) addRaw(name string, raw RawJSON) {
	e := b.slot(name)
	e.raw, e.val = raw, nil
}

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
			if e := &entries[i]; !e.named() {
				b.others.add(*e.other, i)
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
	e := entry{other: &key}
	e.set(v)
	b.list.set(append(b.list.entries(), e))
}

// dict returns the finished Dict. The builder must not be used afterwards.
func (b *builder) dict() *Dict {
	b.d.set(b.list.entries())
	return b.d
}

// slot returns the entry of name. If there is none it appends one.
func (b *builder) slot(name string) *entry {
	d, entries := b.d, b.list.entries()
	h := hash(name)
	if word, bit := h>>6, uint64(1)<<(h&63); b.seen[word]&bit == 0 {
		b.seen[word] |= bit
	} else {
		d.set(entries)
		if d.index == nil && len(entries) >= indexFrom {
			d.reindex()
		}
		if i := d.find(name); i >= 0 {
			return &entries[i]
		}
	}
	n := len(entries)
	if d.index != nil {
		(*d.index)[name] = n
	}
	if n == cap(entries) {
		entries = slices.Grow(entries, max(2, n)) // a dict of one key is rare
	}
	entries = entries[:n+1]
	b.list.set(entries)
	e := &entries[n]
	e.name = name
	return e
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
