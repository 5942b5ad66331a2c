package djcsrf

import (
	"crypto/rand"
	"crypto/subtle"
)

const (
	secretLen = 32            // CSRF_SECRET_LENGTH
	tokenLen  = 2 * secretLen // CSRF_TOKEN_LENGTH
)

// chars is CSRF_ALLOWED_CHARS; index is its inverse, plus one, 0 for all others.
const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

var index = func() (t [256]byte) {
	for i := range len(chars) {
		t[chars[i]] = byte(i) + 1
	}
	return t
}()

// wellFormed is _check_token_format: 32 or 64 letters and digits.
func wellFormed(text string) bool {
	if len(text) != secretLen && len(text) != tokenLen {
		return false
	}
	for i := range len(text) {
		if index[text[i]] == 0 {
			return false
		}
	}
	return true
}

// fill is _get_new_csrf_string.
func fill(b []byte) {
	var buf [tokenLen]byte
	for n := 0; n < len(b); {
		rand.Read(buf[:])
		for _, c := range buf {
			// 248 is the last multiple of 62: no character is likelier than another.
			if c < 248 && n < len(b) {
				b[n] = chars[c%62]
				n++
			}
		}
	}
}

func newSecret() string {
	var b [secretLen]byte
	fill(b[:])
	return string(b[:])
}

// mask is _mask_cipher_secret: a random mask, then the secret moved by it.
func mask(secret string) string {
	var b [tokenLen]byte
	fill(b[:secretLen])
	maskWith(&b, secret)
	return string(b[:])
}

// maskWith fills in the second half, for a mask in the first.
func maskWith(b *[tokenLen]byte, secret string) {
	for i := range secretLen {
		b[secretLen+i] = chars[(int(index[secret[i]])+int(index[b[i]])-2)%len(chars)]
	}
}

// secretOf is _unmask_cipher_token for 64 characters, and what it is given for 32.
func secretOf(text string) (secret [secretLen]byte) {
	if len(text) == secretLen {
		copy(secret[:], text)
		return secret
	}
	for i := range secret {
		secret[i] = chars[(int(index[text[secretLen+i]])-int(index[text[i]])+len(chars))%len(chars)]
	}
	return secret
}

// fits is _does_token_match, for two well formed texts.
func fits(token, stored string) bool {
	a, b := secretOf(token), secretOf(stored)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
