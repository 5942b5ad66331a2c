// Package base62 writes and reads integers in the base 62 of Django's timestamps: digits
// 0-9A-Za-z, most significant first, a leading "-" for negative numbers.
//
// Compatibility: [AppendInt] and [Parse] are b62_encode and b62_decode of
// django/core/signing.py (before Django 4.0 baseconv.base62 of django/utils/baseconv.py)
// for every integer of 64 bits. Like them Parse accepts leading zeros, "-0" and a lone
// "-", which is 0. Unlike Django, whose integers have no size, it returns [ErrRange] beyond
// 64 bits.
package base62

import (
	"errors"
	"math"
)

// Errors of [Parse]. Their texts hold nothing of the input.
var (
	// ErrSyntax: the text is empty or holds a character that is not a digit.
	ErrSyntax = errors.New("base62: not a base 62 integer")
	// ErrRange: the integer does not fit into 64 bits.
	ErrRange = errors.New("base62: integer out of range")
)

const (
	base   = 62
	digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	maxLen = 11 // digits in 2^63
)

// AppendInt is b62_encode: it appends the text of i to dst. It allocates only if dst
// lacks room.
func AppendInt(dst []byte, i int64) []byte {
	u := uint64(i)
	if i < 0 {
		dst = append(dst, '-')
		u = -u // right for the smallest integer too
	}
	var buf [maxLen]byte
	at := len(buf)
	for {
		at--
		buf[at] = digits[u%base]
		u /= base
		if u == 0 {
			return append(dst, buf[at:]...)
		}
	}
}

// Parse is b62_decode: it reads the whole text as one integer. With [ErrRange] it returns
// the nearest integer that fits.
func Parse[T string | []byte](text T) (int64, error) {
	if len(text) == 0 {
		return 0, ErrSyntax
	}
	negative := text[0] == '-'
	limit := uint64(math.MaxInt64)
	if negative {
		text = text[1:]
		limit++
	}
	var u uint64
	overflow := false
	for i := range len(text) {
		d, ok := digit(text[i])
		if !ok {
			return 0, ErrSyntax
		}
		// Divide the limit and do not multiply u: nothing wraps.
		if overflow = overflow || u > (limit-d)/base; !overflow {
			u = u*base + d
		}
	}
	var err error
	if overflow {
		u, err = limit, ErrRange
	}
	if negative {
		u = -u
	}
	return int64(u), err
}

// digit returns the value of one digit.
func digit(c byte) (uint64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'A' <= c && c <= 'Z':
		return uint64(c-'A') + 10, true
	case 'a' <= c && c <= 'z':
		return uint64(c-'a') + 36, true
	}
	return 0, false
}
