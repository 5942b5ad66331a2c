// Package serializer holds the values of Django sessions, and reads and writes them as
// django.contrib.sessions.serializers.JSONSerializer does. Package pickle, beside it,
// does the same for the PickleSerializer of older Djangos and for caches.
//
// A session is a Python dict. [JSON.Loads] checks the whole text and makes a [Dict] of it
// without decoding a value; [Field] reads one value with a Go type; [JSON.Freeze] encodes
// a Go value, which [Dict.With] puts into a new Dict; and [JSON.Dumps] writes that Dict.
// Values that nobody changed are written byte for byte as they were read.
//
// # Values
//
// The table shows the Go types of the values that were read, which are also the types to
// write:
//
//	Python                    Go
//	None                      nil
//	bool                      bool
//	int                       int64, or *big.Int if it does not fit; never a float
//	float                     float64; 1.0 stays a float; NaN and infinities are legal
//	str                       string, UTF-8; a surrogate without its other half has
//	                          the three bytes of its number (U+D800 is ED A0 80)
//	list                      []any
//	dict                      *Dict, in order
//
// A pickle has also [Tuple], [Set], [FrozenSet], [Bytes], [ByteArray], [DateTime],
// [Date], [Time], [TimeDelta], [Decimal], [UUID], [OrderedDict], the other types of this
// package, and [Object] for everything else. JSON refuses those that Python's json
// refuses, with an [ErrType] that names the type.
//
// Freeze also takes ordinary Go values. It tries these in order:
//
//   - The types above; [RawJSON]; json.Number, which is written as Python writes the number
//     that it reads there; big.Int; and time.Time, which is written as by
//     datetime.isoformat: with the offset of its zone, never Z, and with six digits of a
//     second or none. Nanoseconds and the name of the zone are cut off.
//     time.Duration is refused, as json.dumps refuses a timedelta: write its
//     seconds.
//   - json.Marshaler. Freeze reads its output and writes it as Python would.
//   - encoding.TextMarshaler, which makes a str.
//   - By kind: bools, integers, floats (a float32 by its shortest digits), strings,
//     slices, arrays, maps, structs, and pointers to all these. Fields of structs
//     have the names and options of encoding/json: omitempty,
//     omitzero, string, "-", embedding. The keys of a map are strings, integers or
//     encoding.TextMarshalers; they are written as text and in sorted order, those of a
//     Dict in its own order. Nil pointers, slices and maps are None; a nil *Dict is an
//     empty dict.
//   - Freeze refuses bytes in a slice or an array (JSON has none), strings that are
//     not UTF-8, structs that have fields but no exported one, channels, functions
//     and complex numbers.
//
// [Convert] says which values fit which Go types.
//
// # Compatibility
//
// The output is that of json.dumps(obj, separators=(",", ":")) in CPython, byte for byte:
// ASCII only, with \u00e9 in lower case and surrogate pairs, \b \f \n \r \t short, DEL
// escaped, none of / < > & escaped; floats by repr (1.0, 1e+16, 1e-05, -0.0, NaN); keys
// that are no text as the text that json.dumps makes of them.
//
// The input is read as by json.loads from the text decoded as latin-1, as Django does it:
// a byte from 0x80 in a string is the code point of that number. White space is space,
// tab, return and newline. 1E5 and 1e400 are floats, the latter infinite; -0 is the int
// 0; NaN, Infinity and -Infinity are floats, -NaN is an error. Of repeated keys the first
// sets the place and the last the value. A byte order mark and raw control characters are
// errors.
//
// CPython 2.7 to 3.13 agree in all this, with three exceptions, in which the package
// follows the newest: 2.7 writes the keys True and False as "True" and "False", not as
// "true" and "false"; Pythons without the security fix of 2022 do not limit the digits of
// an int; and Python gives up at a different depth (some 990 levels up to 3.11, 1,500 in
// 3.12, 10,000 in 3.13, less those that its stack already holds).
//
// Unlike Django, whose JSONSerializer returns any value that the text holds, Loads
// refuses a text that is no dict ([ErrNotDict]): Django fails a little later.
//
// Unlike Python, the limits also apply to writing, so that everything that was written
// can be read again.
//
// # Errors
//
// errors.Is matches [ErrSyntax], [ErrNotDict], [ErrLimit] and [ErrType]. An error of
// reading bytes is a [*DecodeError] with the offset, an error of converting a
// [*ConvertError] with the path (cart.items[3].price). errors.Is also matches the errors
// of a program's own MarshalJSON and UnmarshalText, but they are not printed.
//
// # Security
//
// Package signer verifies the signature of a payload, but nothing here trusts that: text
// of any kind gives a Dict or an error, in time and memory in proportion to its length,
// within [Limits]. JSON has no references, and nothing in it is run or looked up.
//
// No value is in the text of an error, and none is printed by a Dict. The path of an
// error holds names of keys.
//
// A [RawJSON] that a program makes of a string is checked before it is written, so that it
// cannot smuggle in a key.
package serializer
