// Package serializer holds the values of Django sessions, and reads and writes
// them as django.contrib.sessions.serializers.JSONSerializer does. Its package
// pickle does the same for the PickleSerializer of older Djangos and for caches.
//
// A session is a Python dict. [JSON.Loads] checks the whole text and makes a
// [Dict] of it without decoding a value; [Field] reads one value with a Go type;
// [JSON.Freeze] encodes a Go value, which [Dict.With] puts into a new Dict; and
// [JSON.Dumps] writes that. Values that nobody touched go back byte for byte as
// they came.
//
// # Values
//
// What a value that was read is in Go, and what writes it:
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
// From a pickle, also: [Tuple], [Set], [FrozenSet], [Bytes], [ByteArray],
// [DateTime], [Date], [Time], [TimeDelta], [Decimal], [UUID], [OrderedDict] and the
// other types of this package, down to [Object] for anything else. JSON refuses
// those that Python's json refuses, by an [ErrType] that names the type.
//
// Freeze also takes ordinary Go values, tried in this order:
//
//   - The types above, [RawJSON], json.Number (written as Python writes the number
//     that it reads there), big.Int, and time.Time, which is written as
//     datetime.isoformat does: the offset of its zone, never Z, and six digits of a
//     second or none. Nanoseconds are cut off, and so is the name of the zone.
//     time.Duration is refused, as json.dumps refuses a timedelta: write its
//     seconds.
//   - json.Marshaler. Its output is read, and written anew as Python would.
//   - encoding.TextMarshaler, which gives a str.
//   - By kind: bools, integers, floats (a float32 by its shortest digits), strings,
//     slices, arrays, maps, structs, and pointers to all these. Fields of structs
//     have the names and options that encoding/json gives them: omitempty,
//     omitzero, string, "-", embedding. The keys of a map are strings, integers or
//     encoding.TextMarshalers; they are written as text and in sorted order, a
//     Dict's in its own. Nil pointers, slices and maps are None; a nil *Dict is an
//     empty dict.
//   - Refused are bytes in a slice or an array (JSON has none), strings that are
//     not UTF-8, structs that have fields but no exported one, channels, functions
//     and complex numbers.
//
// [Convert] says what fits which Go type when reading.
//
// # Compatibility
//
// What is written is what CPython writes by json.dumps(obj, separators=(",", ":")),
// byte for byte: ASCII only, with \u00e9 in lower case and surrogate pairs, \b \f
// \n \r \t short, DEL escaped, none of / < > & escaped; floats by repr (1.0, 1e+16,
// 1e-05, -0.0, NaN); keys that are no text as json.dumps turns them into text.
//
// What is read is what json.loads reads from the text decoded as latin-1, as
// Django does it: a byte from 0x80 in a string is the code point of that number.
// White space is space, tab, return and newline. 1E5 and 1e400 are floats, the
// latter infinite; -0 is the int 0; NaN, Infinity and -Infinity are floats, -NaN
// is an error. Of repeated keys the first gives the place, the last the value. A
// byte order mark and raw control characters are errors.
//
// CPython 2.7 to 3.13 agree in all that, but for three things, in which the newest
// is followed: 2.7 writes the keys True and False as "True" and "False", not as
// "true" and "false"; Pythons without the security fix of 2022 have no limit to the
// digits of an int; and Python gives up at another depth (some 990 levels up to
// 3.11, 1,500 in 3.12, 10,000 in 3.13, minus what its stack already holds).
//
// Unlike Django, whose JSONSerializer returns whatever value the text is, Loads
// refuses what is no dict ([ErrNotDict]): Django fails a little later.
//
// Unlike Python, the limits apply when writing too, so that what was written can
// be read again.
//
// # Errors
//
// [ErrSyntax], [ErrNotDict], [ErrLimit] and [ErrType] are matched by errors.Is.
// Those of reading bytes are a [*DecodeError] with the offset, those of converting
// a [*ConvertError] with the path (cart.items[3].price). What a program's own
// MarshalJSON or UnmarshalText returns is matched too, but not printed.
//
// # Security
//
// The signature of a payload is somebody else's business (package signer), but
// nothing here trusts it: text of any kind gives a Dict or an error, in time and
// memory in proportion to its length, within [Limits]. JSON has no references, and
// nothing in it is run or looked up.
//
// No value is in the text of an error, nor in what a Dict prints. The names of
// keys are: they are in the path.
//
// A RawJSON that a program makes of a string is checked before it is written, so
// that it cannot smuggle in a key.
package serializer
