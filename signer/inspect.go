package signer

import "bytes"

// Unverified is what a signed object claims to be. Nothing in it was checked against any key: whoever sent the text chose it. It is
// for people who look into values, never for deciding anything.
type Unverified struct {
	// Signed is what the signature covers, Signature the text after the last separator.
	Signed, Signature string
	// Framed is Signed without its timestamp: base64, after a dot when compressed.
	Framed string
	// HasTimestamp tells whether Signed ends in a timestamp: objects of a Signer have none. Timestamp is it in Unix seconds.
	HasTimestamp bool
	Timestamp    int64
	// Compressed tells whether Framed says that there is zlib under its base64.
	Compressed bool
	// Data is the data, decoded and decompressed.
	Data []byte
}

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
	u.Signed, u.Signature = string(signed), string(signature)
	framed := signed
	if value, stamp, ok := cutLast(signed, sep); ok {
		t, err := parseTimestamp(stamp)
		if err != nil {
			return u, err
		}
		framed, u.HasTimestamp, u.Timestamp = value, true, t
	}
	u.Framed = string(framed)
	u.Compressed = bytes.HasPrefix(framed, []byte("."))
	sc := getScratch()
	defer sc.put()
	var err error
	u.Data, _, err = unframe(sc, framed, opts.Limits)
	return u, err
}
