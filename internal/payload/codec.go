package payload

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

// Codec decodes and encodes signed sessions.
type Codec struct {
	Signer *signer.TimestampSigner
	MaxAge *time.Duration  // refuse older signatures
	Site   *djsession.Site // for the format before Django 3.1; nil if the salt is not that of a session
	Old    bool            // write the format before Django 3.1
	Blind  bool            // do not verify

	Serializer serializer.Serializer // the serializer to write with
}

// Decode returns the session in text.
func (p *Codec) Decode(text string) (*serializer.Dict, error) {
	data, err := p.unsign(text)
	if err != nil {
		return nil, err
	}
	return Any{}.Loads(data)
}

// unsign verifies and removes the signature.
func (p *Codec) unsign(text string) (data []byte, err error) {
	switch {
	case text == "":
		return nil, console.Refused("there is no value: the input is empty", "give it as an argument, by --file or on standard input")
	case p.Blind:
		return unverified(text)
	case BarePickle(text) != nil:
		return nil, console.Refused("this is a bare pickle, as a cache keeps it: it has no signature", "djsession decode --no-verify reads it, without running it")
	case (isLegacy(text) || p.Old) && p.Site != nil:
		if p.MaxAge != nil {
			return nil, console.Refused("the format of Django before 3.1 has no timestamp, so that --max-age cannot be checked", "leave --max-age out")
		}
		if _, _, ok := CutLegacy(text); !ok {
			return nil, signer.ErrNoSeparator
		}
		// Verify with Site.Decode before taking text apart.
		if _, err := p.Site.Decode(text); errors.Is(err, djsession.ErrCorrupt) && !errors.Is(err, djsession.ErrLegacy) {
			return nil, signer.ErrBadSignature
		} else if err != nil {
			return nil, err
		}
		return unverified(text)
	case p.MaxAge != nil:
		data, _, err = p.Signer.UnsignObjectMaxAge(text, *p.MaxAge)
	default:
		data, _, err = p.Signer.UnsignObject(text)
	}
	return data, err
}

// isLegacy reports whether text must be in the format before Django 3.1: it has no colon,
// and every other format has one.
func isLegacy(text string) bool { return !strings.Contains(text, ":") }

// unverified removes the signature without checking it.
func unverified(text string) ([]byte, error) {
	if data := BarePickle(text); data != nil {
		return data, nil
	}
	if isLegacy(text) {
		if _, data, ok := CutLegacy(text); ok {
			return data, nil
		}
	}
	u, err := signer.InspectUnverified(text, signer.Options{})
	if err != nil && !errors.Is(err, signer.ErrNoSeparator) {
		return nil, console.Because(err, "the value does not decode", "djsession explain tells more about this value")
	}
	return u.Data(), err
}

// BarePickle returns the pickle in text as it comes out of a cache: the bytes themselves,
// base64 as in the table of DatabaseCache, or hexadecimal as databases print bytes. It
// returns nil for anything else.
func BarePickle(text string) []byte {
	if data := []byte(text); pickle.Sniff(data) {
		return data
	}
	if data, err := base64.StdEncoding.DecodeString(text); err == nil && pickle.Sniff(data) {
		return data
	}
	for _, prefix := range []string{`\x`, "0x", ""} {
		digits, ok := strings.CutPrefix(text, prefix)
		if data, err := hex.DecodeString(digits); ok && err == nil && pickle.Sniff(data) {
			return data
		}
	}
	return nil
}

// CutLegacy splits a value of the format before Django 3.1, which is base64 of a signature
// in hexadecimal, a colon, and the serialized session.
func CutLegacy(text string) (signature string, data []byte, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", nil, false
	}
	signature, rest, ok := strings.Cut(string(raw), ":")
	if len(signature) != 40 || strings.Trim(signature, "0123456789abcdef") != "" {
		return "", nil, false
	}
	return signature, []byte(rest), ok
}

// Encode signs a session as Django does.
func (p *Codec) Encode(d *serializer.Dict) (string, error) {
	if p.Old {
		return p.Site.Encode(d)
	}
	data, err := p.Serializer.Dumps(nil, d)
	if err != nil {
		return "", err
	}
	return p.Signer.SignObject(data, true)
}

// Parse reads JSON that a user wrote. It is in UTF-8; Django's own is ASCII.
func Parse(text string) (*serializer.Dict, error) {
	v, err := ParseValue(text)
	if err != nil {
		return nil, err
	}
	d, err := serializer.JSON{}.Loads([]byte(v))
	if err != nil {
		return nil, inputProblem(err)
	}
	return d, nil
}

// ParseValue is Parse for any value.
func ParseValue(text string) (serializer.RawJSON, error) {
	v, err := serializer.JSON{}.Freeze(json.RawMessage(strings.TrimSpace(text)))
	if err != nil {
		return "", inputProblem(err)
	}
	return v.(serializer.RawJSON), nil
}

// JSONHint is the hint for text that is not JSON.
const JSONHint = "in JSON, text and names stand in double quotes"

// inputProblem returns the problem for an error in JSON that the user wrote.
func inputProblem(err error) error {
	var at *serializer.DecodeError
	switch {
	case errors.As(err, &at) && errors.Is(err, serializer.ErrNotDict):
		return console.Because(err, "a session is a JSON object, and this is none", `it looks like {"visits": 1}`)
	case errors.As(err, &at):
		return console.Because(err, fmt.Sprintf("this is not JSON: %s, at offset %d", at.Reason, at.Offset), JSONHint)
	}
	return console.Because(err, "this is not JSON", JSONHint)
}
