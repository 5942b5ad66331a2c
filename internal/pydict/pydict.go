// Package pydict is what the formats of this module can do with the values of package
// serializer, and nobody else has to: fill a Dict in place, note where it was read from,
// compare keys, and share a value without copying it.
//
// Package serializer knows how, and this package cannot import it. So serializer hands over
// the functions in its init.
package pydict

// Slab makes Dicts for a reader that knows their keys to differ, and takes memory for many
// of them at once.
type Slab interface {
	// Dict returns a *Dict and the places of its values, which the caller fills. names are
	// its keys, which must differ; many dicts may share them, and they must never change. The
	// other arguments are as for Builder. It is for less than 64 keys, all of them text.
	Dict(names *[]string, dicts, values int) (d any, vals []any)
	// Builder returns a Builder with room for n keys. The caller expects to ask for that
	// many dicts, with that many values in all, this one included.
	Builder(n, dicts, values int) Builder
}

// Builder makes a Dict of at most as many keys as its [Slab] was told.
type Builder interface {
	// Add adds a text key that is not there yet, with a value that is no RawJSON.
	Add(name string, v any)
	// AddKey adds a key that is not there yet and is not text.
	AddKey(key, v any)
	// Dict returns the *Dict, which is empty as yet: it may become a part of its own
	// values. Nobody may look into it before Done.
	Dict() any
	// Done is called when all keys were added. source is as for [WithSource], or nil.
	Done(source any)
}

// Keys decides which values are one key of a dict, or one item of a set, in Python. Numbers
// are equal across types (1, 1.0, True and Decimal("1.00")), tuples item by item, frozensets
// as sets, and, as in Python 2, an ASCII Str2 and a string. Any other Str2 equals the Bytes
// that it becomes when it is written for Python 3.
//
// Unlike Python, aware datetimes of one moment in two time zones are two keys, an Object
// equals only itself, and a Decimal with an exponent beyond 400 equals only Decimals.
//
// The work is linear in the memory that the values occupy: a tuple that is held many times
// is looked at once.
type Keys interface {
	// Add returns a number that all equal keys share. ok is false for a value that Python
	// cannot use as a key: a list, dict, set or bytearray.
	Add(v any) (number int, ok bool)
	// AddText is Add for text.
	AddText(s string) int
}

// Functions are those that package serializer hands over.
type Functions struct {
	NewSlab    func() Slab
	NewRoot    func(n int) Builder
	NewKeys    func() Keys
	WithSource func(d, source any) any
	Source     func(d any) (source any, changed bool)
	At         func(d any, i int) (name string, key *any, stored any)
	Hold       func(v any) any
	Held       func(v any) (any, bool)
}

var lent Functions

// Lend is for package serializer.
func Lend(f Functions) { lent = f }

// NewSlab returns an empty [Slab].
func NewSlab() Slab { return lent.NewSlab() }

// NewRoot returns a Builder for one Dict of at most n keys, which gets a note.
func NewRoot(n int) Builder { return lent.NewRoot(n) }

// NewKeys returns an empty set of keys.
func NewKeys() Keys { return lent.NewKeys() }

// WithSource returns d, a *Dict, with a note for the Serializer that read it, such as the
// bytes that it was read from. With and Without keep the note.
func WithSource[D any](d D, source any) D { return lent.WithSource(d, source).(D) }

// Source returns the note of d, a *Dict, and whether d was changed since.
func Source(d any) (source any, changed bool) { return lent.Source(d) }

// At returns the key and the value at place i of d, a *Dict that has so many, as
// Dict.AllStored yields them, but without allocating memory for a key that is text: then
// key is nil.
func At(d any, i int) (name string, key *any, stored any) { return lent.At(d, i) }

// Hold returns a Lazy of v, a value that was just read and that nobody else holds. It copies
// nothing, so that what is one object in several such values stays one. Each look at the
// Lazy gets a copy.
func Hold(v any) any { return lent.Hold(v) }

// Held returns what a Lazy of [Hold] or of serializer.Freeze holds. The caller must not
// change it.
func Held(v any) (any, bool) { return lent.Held(v) }
