package signer

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-djsession/go-djsession/internal/secret"
)

// Unverified is what a signed object claims to be. Nothing in it was checked against any key: whoever sent the text chose it. It is
// for people who look into values, never for deciding anything. It prints its size and no more, wherever it stands.
type Unverified struct {
	// HasTimestamp tells whether the signed text ends in a timestamp: objects of a Signer have none. Timestamp is it in Unix seconds.
	HasTimestamp bool
	Timestamp    int64
	// Compressed tells whether there is said to be zlib under the base64.
	Compressed bool

	signed, signature, framed, data secret.Text
}

// Signed is what the signature covers.
func (u Unverified) Signed() string { return u.signed.Reveal() }

// Signature is the text after the last separator.
func (u Unverified) Signature() string { return u.signature.Reveal() }

// Framed is what is signed without its timestamp: base64, after a dot when compressed.
func (u Unverified) Framed() string { return u.framed.Reveal() }

// Data is the data, decoded and decompressed. It belongs to the caller.
func (u Unverified) Data() []byte { return []byte(u.data.Reveal()) }

// String tells how much data there is.
func (u Unverified) String() string { return fmt.Sprintf("unverified, %d bytes", u.data.Len()) }

// Format prints what String gives, whatever the verb.
func (u Unverified) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText gives String. There is no way back.
func (u Unverified) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// InspectUnverified takes a signed object apart without verifying it, under the separator and the limits of opts. Django has no
// such function. After an error the result holds what was found up to there; the error is ErrNoSeparator, ErrMalformed, ErrTooLarge or
// ErrSeparator.
func InspectUnverified(text string, opts Options) (Unverified, error) {
	var u Unverified
	sep := opts.sep()
	if unsafeSeparator(sep) {
		return u, ErrSeparator
	}
	if len(text) > opts.Limits.maxPayload() {
		return u, ErrTooLarge
	}
	signed, signature, ok := cutLast([]byte(text), sep)
	if !ok {
		return u, ErrNoSeparator
	}
	u.signed, u.signature = secret.New(string(signed)), secret.New(string(signature))
	framed := signed
	if value, stamp, ok := cutLast(signed, sep); ok {
		t, err := parseTimestamp(stamp)
		if err != nil {
			return u, err
		}
		framed, u.HasTimestamp, u.Timestamp = value, true, t
	}
	u.framed = secret.New(string(framed))
	u.Compressed = bytes.HasPrefix(framed, []byte("."))
	sc := getScratch()
	defer sc.put()
	data, _, err := unframe(sc, framed, opts.Limits)
	u.data = secret.New(string(data))
	return u, err
}
