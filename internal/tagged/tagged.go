// Package tagged writes values of sessions with their Python types, for the command and for
// tests.
package tagged

// Append appends v, a value of a session, to dst together with its Python type, so that 1,
// 1.0, True and "1" stay different:
//
//	{"type":"list","value":[{"type":"int","value":"1"},{"type":"float","value":"1.0"}]}
//
// The types are none, bool, int, float, str, list, tuple, set, frozenset, dict (its value
// is a list of pairs), bytes, bytearray, datetime, date, time, timedelta (days, seconds and
// microseconds), decimal and uuid. wtf8 is text with a surrogate, in hex. Any other value
// is opaque, with only its name.
//
// Errors: serializer.ErrLimit for a value that holds itself, or that holds one list so
// often that the text grows out of proportion; serializer.ErrType for a value that no
// Serializer returns.
func Append(dst []byte, v any) ([]byte, error) { return lent(dst, v) }

var lent func(dst []byte, v any) ([]byte, error)

// Lend is for package serializer, which knows the values.
func Lend(appendTagged func(dst []byte, v any) ([]byte, error)) { lent = appendTagged }
