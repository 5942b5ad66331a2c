package serializer

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
)

// AppendText appends v, a value of a session, to dst as JSON for people to read. Unless
// indent is empty, values are on lines of their own and indented. The text is ASCII with
// the escapes of json.dumps. Values that JSON can hold read back as they were; NaN and
// the infinities stand as Python writes them.
//
// A value that only a pickle can hold becomes the nearest JSON: lists for tuples and
// sets, text for dates, decimals, UUIDs and keys that are no text, and for everything
// else a text that names it.
//
// Errors: [ErrLimit] for a value that holds itself, or that holds one list so often that
// the text is out of all proportion to the value, or that is nested so deeply that
// indenting would make more than 16 MiB and more than eight times the text; [ErrType] for a
// value that no [Serializer] returns.
func AppendText(dst []byte, v any, indent string) ([]byte, error) {
	walk := newBudget(v)
	e := newWalker(&walk, 0)
	e.lenient = true
	if err := e.value(v, 0); err != nil {
		return dst, err
	}
	if indent == "" {
		return append(dst, e.dst...), nil
	}
	size := indentedSize(e.dst, len(indent))
	if size > 16<<20+8*int64(len(e.dst)) || size > math.MaxInt32 {
		return dst, overLimit("too deeply nested to be indented")
	}
	return appendIndented(slices.Grow(dst, int(size)), e.dst, indent), nil
}

// indentedSize returns an upper bound of the length of appendIndented's output.
func indentedSize(text []byte, indent int) int64 {
	size, depth, quoted := int64(0), int64(0), false
	for i, c := range text {
		size++
		switch {
		case quoted:
			quoted = c != '"' || escaped(text, i)
			continue
		case c == '"':
			quoted = true
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':':
			size++
			continue
		case c != ',':
			continue
		}
		size += 1 + depth*int64(indent)
	}
	return size
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

// escaped reports whether an odd number of backslashes stands before text[i].
func escaped(text []byte, i int) bool {
	n := 0
	for n < i && text[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
