package signer

import (
	"encoding/base64"
	"fmt"
	"slices"
)

// appendBase64 is b64_decode of django.core.signing: it decodes URL-safe base64 without
// padding and appends the bytes to dst.
func appendBase64(dst, text []byte) ([]byte, error) {
	// The standard library decodes everything that Django writes. It also skips newlines,
	// which Python treats differently: for text with newlines or anything odd, the slow
	// decoder decides.
	n := base64.RawURLEncoding.DecodedLen(len(text))
	start := len(dst)
	dst = slices.Grow(dst, n)
	if got, err := base64.RawURLEncoding.Decode(dst[start:start+n], text); err == nil && got == n {
		return dst[:start+n], nil
	}
	return appendLenientBase64(dst[:start], text)
}

// appendLenientBase64 decodes odd text as base64.urlsafe_b64decode does in Python 3.
// binascii.a2b_base64 is not strict there: it skips characters outside of the alphabet,
// ignores unused bits at the end, and stops at a full padding.
func appendLenientBase64(dst, text []byte) ([]byte, error) {
	var (
		quad  uint // characters of the current group of four
		left  byte // bits of it that are not written yet
		pads  uint // padding characters in a row
		extra = -len(text) & 3
	)
	for i := range len(text) + extra { // b64_decode pads by the length of the text, whatever is in it
		c := byte('=')
		if i < len(text) {
			c = text[i]
		}
		if c == '=' {
			// Padding counts where a group of two or three ends; elsewhere it is skipped.
			if quad >= 2 {
				if pads++; quad+pads >= 4 {
					return dst, nil
				}
			}
			continue
		}
		v, ok := base64Value(c)
		if !ok {
			continue
		}
		pads = 0
		switch quad {
		case 1:
			dst = append(dst, left<<2|v>>4)
		case 2:
			dst = append(dst, left<<4|v>>2)
		case 3:
			dst = append(dst, left<<6|v)
		}
		left = v
		quad = (quad + 1) % 4
	}
	if quad != 0 {
		return dst, fmt.Errorf("decode base64: %w", ErrMalformed)
	}
	return dst, nil
}

// base64Value returns the value of one character of either alphabet: urlsafe_b64decode
// turns "-_" into "+/" and keeps "+/" as it is.
func base64Value(c byte) (byte, bool) {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A', true
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26, true
	case '0' <= c && c <= '9':
		return c - '0' + 52, true
	case c == '+' || c == '-':
		return 62, true
	case c == '/' || c == '_':
		return 63, true
	}
	return 0, false
}
