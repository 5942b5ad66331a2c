package serializer

// Slab makes Dicts for a reader that knows their keys to differ, and takes memory
// for many of them at once. The zero value is ready to use.
type Slab struct {
	dicts   []listed
	entries []entry
	// What the next allocation is for. It grows, so that a single small dict costs
	// little and a thousand take few allocations.
	moreDicts, moreEntries int
}

// Most of an allocation, in bytes some 30,000: larger ones cost Go more.
const (
	mostDicts   = 256
	mostEntries = 512
)

// Builder returns a Builder with room for n keys. The caller expects to ask for
// that many dicts, with that many entries in all, this one included.
func (s *Slab) Builder(n, dicts, entries int) SlabBuilder {
	if len(s.dicts) == 0 {
		s.moreDicts = min(max(1, 8*s.moreDicts), mostDicts)
		s.dicts = make([]listed, max(1, min(s.moreDicts, dicts)))
	}
	l := &s.dicts[0]
	l.Dict.list = &l.list
	d := &l.Dict
	s.dicts = s.dicts[1:]
	if len(s.entries) < n {
		s.moreEntries = max(n, min(8*s.moreEntries, mostEntries))
		s.entries = make([]entry, max(n, min(s.moreEntries, entries)))
	}
	d.set(s.entries[:0:n])
	s.entries = s.entries[n:]
	return SlabBuilder{d}
}

// SlabBuilder makes a [Dict] of at most as many keys as its [Slab] was told.
type SlabBuilder struct{ d *Dict }

// Add adds a text key that is not there yet, with a value that is no [RawJSON].
func (b SlabBuilder) Add(name string, v any) {
	n := len(b.d.all())
	b.d.set(b.d.all()[:n+1])
	e := &b.d.all()[n]
	e.name, e.val = name, v
}

// AddKey adds a key that is not there yet and is not text.
func (b SlabBuilder) AddKey(key, v any) {
	n := len(b.d.all())
	b.d.set(b.d.all()[:n+1])
	e := &b.d.all()[n]
	e.other, e.val = &key, v
}

// Dict returns the Dict, which is empty as yet: it may become a part of its own
// values. Nobody may look into it before [SlabBuilder.Done].
func (b SlabBuilder) Dict() *Dict { return b.d }

// SetSource makes the [Dict] one that WithSource was called on.
func (b SlabBuilder) SetSource(source any) { b.d.source = source }

// Done is called when all keys were added.
func (b SlabBuilder) Done() { b.d.reindex() }
