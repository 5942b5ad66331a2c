package serializer

import (
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

func (e *encoder) str(s string) *ConvertError {
	dst, ok := appendQuoted(e.dst, s)
	if !ok {
		return wrongType("a string that is not UTF-8")
	}
	e.dst = dst
	return e.size()
}

// appendQuoted appends s as json.dumps(s, ensure_ascii=True) does, DEL escaped and
// slashes not. It returns false if s is neither UTF-8 nor the three-byte form of a surrogate.
func appendQuoted(dst []byte, s string) ([]byte, bool) {
	dst = append(dst, '"')
	for {
		n := 0
		for n < len(s) && s[n] >= 0x20 && s[n] < 0x7F && s[n] != '"' && s[n] != '\\' {
			n++
		}
		dst = append(dst, s[:n]...)
		s = s[n:]
		if s == "" {
			return append(dst, '"'), true
		}
		if s[0] < 0x80 {
			dst = appendEscaped(dst, s[0])
			s = s[1:]
			continue
		}
		r, size := decodeWTF8(s)
		if size == 0 {
			return nil, false
		}
		if r >= 0x10000 {
			dst = appendUnit(dst, 0xD800+(r-0x10000)>>10)
			r = 0xDC00 + (r-0x10000)&0x3FF
		}
		dst = appendUnit(dst, r)
		s = s[size:]
	}
}

// appendEscaped appends an ASCII character that needs an escape.
func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return appendUnit(dst, rune(c))
}

// appendUnit appends \u and four hex digits.
func appendUnit(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// decodeWTF8 is utf8.DecodeRuneInString, but accepts surrogates. It returns size 0 for
// bytes that are neither UTF-8 nor a surrogate.
func decodeWTF8(s string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(s)
	if r != utf8.RuneError || size != 1 {
		return r, size
	}
	if len(s) >= 3 && s[0] == 0xED && s[1]&0xE0 == 0xA0 && s[2]&0xC0 == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return 0, 0
}

// appendFloat appends f as float.__repr__ does: the shortest digits that mean f, with an
// exponent below 1e-04 and from 1e+16, and always with a point or an exponent. Infinities
// and NaN are as json.dumps writes them.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	small := 1e-4
	if bits == 32 {
		small = float64(float32(small))
	}
	if abs := math.Abs(f); abs != 0 && (abs < small || abs >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
	if slices.Contains(dst[from:], '.') {
		return dst
	}
	return append(dst, ".0"...)
}
