package serializer

import (
	"encoding/hex"
	"fmt"
)

// AppendText appends v, a value that came out of a session, to dst as JSON for
// people to read: on lines of their own and indented, unless indent is empty. It
// is ASCII with the escapes of json.dumps, and what JSON can hold reads back as
// it was; NaN and the infinities stand as Python writes them.
//
// What only a pickle can hold becomes the nearest: lists for tuples and sets, text
// for dates, decimals, UUIDs and other keys than text, and for anything else text
// that names it.
//
// Errors: ErrLimit for a value that holds itself, ErrType for one that no
// Serializer returns.
func AppendText(dst []byte, v any, indent string) ([]byte, error) {
	e := newEncoder(nil, decoded)
	e.lenient = true
	if err := e.value(v, 0); err != nil {
		return dst, err
	}
	if indent == "" {
		return append(dst, e.dst...), nil
	}
	return appendIndented(dst, e.dst, indent), nil
}

// standIn returns what AppendText shows for a value that JSON cannot hold.
func standIn(v any) (any, bool) {
	if items, ok := asList(v); ok {
		return append([]any{}, items...), true
	}
	switch v := v.(type) {
	case DateTime:
		if text, err := v.ISO(); err == nil {
			return text, true
		}
		v.Zone = nil
		text, _ := v.ISO()
		return text + " in a time zone that is not known", true
	case Date:
		return isoDate(v), true
	case Time:
		text, _ := isoClock(Time{Hour: v.Hour, Minute: v.Minute, Second: v.Second, Microsecond: v.Microsecond})
		return text, true
	case TimeDelta:
		return fmt.Sprintf("%d days, %d.%06d seconds", v.Days, v.Seconds, v.Microseconds), true
	case Bytes:
		return "bytes " + hex.EncodeToString([]byte(v)), true
	case ByteArray:
		return "bytearray " + hex.EncodeToString(v), true
	case Str2: // not UTF-8, or it would be text
		return "bytes " + hex.EncodeToString([]byte(v)), true
	}
	if text, ok := textIn(v); ok {
		return text, true
	}
	name, ok := className(v)
	return "<" + name + ">", ok
}

// appendIndented appends compact JSON with a line for each item.
func appendIndented(dst, text []byte, indent string) []byte {
	depth, quoted := 0, false
	newline := func() {
		dst = append(dst, '\n')
		for range depth {
			dst = append(dst, indent...)
		}
	}
	for i, c := range text {
		switch {
		case quoted:
			dst = append(dst, c)
			quoted = c != '"' || escaped(text, i)
		case c == '"':
			dst = append(dst, c)
			quoted = true
		case c == '{' || c == '[':
			dst = append(dst, c)
			depth++
			if text[i+1] != c+2 { // its closing bracket
				newline()
			}
		case c == '}' || c == ']':
			depth--
			if text[i-1] != c-2 {
				newline()
			}
			dst = append(dst, c)
		case c == ',':
			dst = append(dst, c)
			newline()
		case c == ':':
			dst = append(dst, ": "...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// escaped tells whether an odd number of backslashes stands before text[i].
func escaped(text []byte, i int) bool {
	n := 0
	for n < i && text[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
