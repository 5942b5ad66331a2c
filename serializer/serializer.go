package serializer

import "errors"

// Serializer is a class that SESSION_SERIALIZER may name: it turns the dict of a session
// into bytes and back.
//
// Implementations must be safe for concurrent use. They must never panic on data, must
// bound everything by their [Limits] before they allocate, and must put no value into an
// error.
type Serializer interface {
	// Dumps appends the serialized d to dst. A value that the same Serializer read, and
	// that is unchanged, is written as it was.
	//
	// Errors: [ErrType] for a value that the format cannot hold.
	Dumps(dst []byte, d *Dict) ([]byte, error)

	// Loads checks all of data and returns its dict. The [Dict] may keep parts of data: the
	// caller must not change data afterwards.
	//
	// Errors: [ErrSyntax], [ErrNotDict], [ErrLimit].
	Loads(data []byte) (*Dict, error)

	// Freeze returns v as it will be read back. It encodes or copies an ordinary Go value
	// at once, so that later changes to v change nothing. The result may be a [Lazy]; pass
	// it to [Dict.With].
	//
	// Errors: [ErrType], [ErrLimit].
	Freeze(v any) (any, error)
}

// Errors of reading and writing values, to be matched by [errors.Is].
var (
	// ErrSyntax: the bytes violate the format.
	ErrSyntax = errors.New("serializer: invalid syntax")
	// ErrNotDict: the text is well-formed, but not a dict at the top.
	ErrNotDict = errors.New("serializer: not a dict")
	// ErrLimit: the value is larger or deeper than the [Limits] allow.
	ErrLimit = errors.New("serializer: over the limit")
	// ErrType: the format, or the Go type asked for, cannot hold the value.
	ErrType = errors.New("serializer: wrong type")
)

// Limits bound the input, and also the output, so that it can be read again. A field that
// is not positive means its default, which is far above the size of real sessions.
type Limits struct {
	Size   int // bytes of the serialized dict; default 16 MiB
	Depth  int // nested lists and dicts; default 1000, about where Python gives up; at most 10,000
	Nodes  int // values, keys included; default 1,000,000
	Digits int // decimal digits of one integer; default 4300, as in Python
}

// maxDepth keeps the recursion within every Go stack. CPython 3.13 gives up at about the
// same depth.
const maxDepth = 10_000

// WithDefaults returns l with every field set.
func (l Limits) WithDefaults() Limits {
	def := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	def(&l.Size, 16<<20)
	def(&l.Depth, 1000)
	def(&l.Nodes, 1_000_000)
	def(&l.Digits, 4300)
	l.Depth = min(l.Depth, maxDepth)
	return l
}
