// Package unverified carries the text of a session whose signature fits no key from where
// it is decoded to where somebody has to know whose it would be under another key.
//
// What such a text says must never be believed. But whoever could sign it could not change
// whose it is: see [Error.Dict].
package unverified

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/go-djsession/go-djsession/internal/secret"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Error is the error of a text whose signature fits no key. It prints as Err.
type Error struct {
	Err  error
	text secret.Text
}

// Wrap returns an Error for text, which it keeps.
func Wrap(text string, err error) *Error { return &Error{err, secret.New(text)} }

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// ErrNobody means that the text verifies under no key at all: it does not have the form of a
// signed session.
var ErrNobody = errors.New("unverified: not the form of a signed session")

// Dict returns what Django would read from the text if it had the key. The errors are
// ErrNobody, and any other if that cannot be told.
func (e *Error) Dict(s serializer.Serializer, limits signer.Limits) (*serializer.Dict, error) {
	text := e.text.Reveal()
	u, err := signer.InspectUnverified(text, signer.Options{Limits: limits})
	n := len(u.Signature())
	fits := n == 43 || n == 27 // HMAC-SHA256 and HMAC-SHA1 in base64
	data, isLegacy := legacy(text)
	switch {
	case fits && err == nil:
		return s.Loads(u.Data())
	case isLegacy:
		return s.Loads([]byte(data))
	case fits, errors.Is(err, signer.ErrTooLarge):
		return nil, err
	}
	return nil, ErrNobody
}

// legacy returns the data of a text in the format before Django 3.1: base64 of 40
// hexadecimal digits, a colon and the data. Python's base64 skips other characters, and
// ends at an equals sign, so that it reads this or less of it.
func legacy(text string) (data string, ok bool) {
	text = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '+' || r == '/' {
			return r
		}
		return -1
	}, text)
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil { // a digit too many: what comes before it is what counts
		raw, _ = base64.RawStdEncoding.DecodeString(text[:len(text)-len(text)%4])
	}
	sum, data, ok := strings.Cut(string(raw), ":")
	return data, ok && len(sum) == 40
}
