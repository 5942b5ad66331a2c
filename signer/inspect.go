package signer

import (
	"bytes"
	"fmt"
	"io"

	"github.com/go-djsession/go-djsession/internal/secret"
)

// Unverified is what a signed object claims to be. No key has checked it: whoever sent
// the text chose all of it. Use it to look into values, never to decide anything. It
// prints its size and no more, wherever it stands.
type Unverified struct {
	// HasTimestamp reports whether the signed text ends in a timestamp. Objects of a
	// [Signer] have none. Timestamp is in Unix seconds.
	HasTimestamp bool
	Timestamp    int64
	// Compressed reports whether the object claims to hold zlib under the base64.
	Compressed bool

	signed, signature, framed, data secret.Text
}

// Signed returns the text that the signature covers.
func (u Unverified) Signed() string { return u.signed.Reveal() }

// Signature returns the text after the last separator.
func (u Unverified) Signature() string { return u.signature.Reveal() }

// Framed returns the signed text without its timestamp: base64, with a dot before it if
// the data is compressed.
func (u Unverified) Framed() string { return u.framed.Reveal() }

// Data returns the decoded and decompressed data. It belongs to the caller.
func (u Unverified) Data() []byte { return []byte(u.data.Reveal()) }

// String returns the size of the data.
func (u Unverified) String() string { return fmt.Sprintf("unverified, %d bytes", u.data.Len()) }

// Format prints the text of [Unverified.String], whatever the verb.
func (u Unverified) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText returns the text of [Unverified.String]. Nothing can be read back from it.
func (u Unverified) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// InspectUnverified takes a signed object apart without verifying it, by the separator
// and the limits of opts. Django has no such function. After an error the result holds
// the parts that were found before it. The error is [ErrNoSeparator], [ErrMalformed],
// [ErrTooLarge] or [ErrSeparator].
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
