// Package tagged writes values of sessions with their Python types spelled out, for the
// command and for tests.
package tagged

// Append appends v, a value that came out of a session, to dst with its Python type
// spelled out, so that 1, 1.0, True and "1" never blur:
//
//	{"type":"list","value":[{"type":"int","value":"1"},{"type":"float","value":"1.0"}]}
//
// The types are none, bool, int, float, str, list, tuple, set, frozenset, dict
// (its value is a list of pairs), bytes, bytearray, datetime, date, time, timedelta
// (days, seconds and microseconds), decimal and uuid. wtf8 is a text that holds a
// surrogate, in hex. What has no type of its own is opaque, and only named.
//
// Errors: serializer.ErrLimit for a value that holds itself, or one list so often that the
// text is out of all proportion to the value; serializer.ErrType for a value that no
// Serializer returns.
func Append(dst []byte, v any) ([]byte, error) { return lent(dst, v) }

var lent func(dst []byte, v any) ([]byte, error)

// Lend is called by package serializer, which knows the values.
func Lend(appendTagged func(dst []byte, v any) ([]byte, error)) { lent = appendTagged }
