package serializer

import "slices"

// Builder makes a [Dict], key by key. Serializers read into it.
type Builder struct {
	d *Dict
	// seen holds a bit for every name added so far, by its hash. If the bit of a name is
	// not set, the Dict need not be searched.
	seen [4]uint64
	// others are the keys that are not text, after the first Add of one.
	others *otherKeys
}

// otherKeys finds keys that are not text.
type otherKeys struct {
	keys Keys
	at   map[int]int // their numbers, to where they are in the Dict
}

func (o *otherKeys) add(key any, i int) {
	if n, ok := o.keys.Add(key); ok {
		o.at[n] = i
	}
}

// NewBuilder returns a [Builder] with room for n keys.
func NewBuilder(n int) Builder {
	const few = 6
	if 0 < n && n <= few {
		b := &struct { // one allocation for a session that holds a login
			listed
			entries [few]entry
		}{}
		b.Dict.list = &b.listed.list
		b.set(b.entries[:0])
		return Builder{d: &b.Dict}
	}
	return Builder{d: newDict(make([]entry, 0, n))}
}

// AddName sets the text key name to v, as With does.
func (b *Builder) AddName(name string, v any) {
	b.slot(name).set(v)
}

// AddRaw is [Builder.AddName] for a value in JSON, without boxing it.
func (b *Builder) AddRaw(name string, raw RawJSON) {
	e := b.slot(name)
	e.raw, e.val = raw, nil
}

// Add is [Builder.AddName] for a key of any type.
func (b *Builder) Add(key, v any) {
	if name, ok := key.(string); ok {
		b.AddName(name, v)
		return
	}
	if b.others == nil {
		b.others = &otherKeys{at: map[int]int{}}
		entries := b.d.all()
		for i := range entries {
			if e := &entries[i]; !e.named() {
				b.others.add(*e.other, i)
			}
		}
	}
	if n, ok := b.others.keys.Add(key); ok {
		if i, ok := b.others.at[n]; ok {
			b.d.all()[i].set(v)
			return
		}
	}
	b.Append(key, v)
}

// Append adds a key that is not text. The caller must know that it is new.
func (b *Builder) Append(key, v any) {
	if b.others != nil {
		b.others.add(key, b.d.Len())
	}
	e := entry{other: &key}
	e.set(v)
	b.d.set(append(b.d.all(), e))
}

// room makes room for n keys.
func (b *Builder) room(n int) {
	b.d.set(slices.Grow(b.d.all(), max(0, n-len(b.d.all()))))
}

// Dict returns the finished Dict. The Builder must not be used afterwards.
func (b *Builder) Dict() *Dict { return b.d }

// slot returns the entry of name. If there is none it appends one.
func (b *Builder) slot(name string) *entry {
	d := b.d
	h := hash(name)
	if word, bit := h>>6, uint64(1)<<(h&63); b.seen[word]&bit == 0 {
		b.seen[word] |= bit
	} else {
		if d.index == nil && len(d.all()) >= indexFrom {
			d.reindex()
		}
		if i := d.find(name); i >= 0 {
			return &d.all()[i]
		}
	}
	if d.index != nil {
		(*d.index)[name] = len(d.all())
	}
	d.set(append(d.all(), entry{name: name}))
	return &d.all()[len(d.all())-1]
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
