package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

// payloads reads and writes signed values as the flags of decode and encode say.
type payloads struct {
	signer *signer.TimestampSigner
	maxAge *time.Duration
	site   *djsession.Site // for the format before Django 3.1; nil if the salt is not of a session
	old    bool            // write that format
	blind  bool            // don't verify

	serializer serializer.Serializer // to write with
}

// payloads makes them; keys may be nil if nothing is to be verified.
func (f *formatFlags) payloads(a *app, keys *secrets) (*payloads, error) {
	p := &payloads{blind: keys == nil}
	if p.blind {
		return p, nil
	}
	v, err := f.version()
	if err != nil {
		return nil, err
	}
	oldDjango := v != djsession.DjangoVersion{} && v.Before(4, 0)
	opts := signer.Options{Salt: f.salt, LegacySHA1: oldDjango && !v.Before(3, 1)}
	if p.signer, err = signer.NewTimestamp(keys.keys, opts); err != nil {
		return nil, err
	}
	p.signer.Now = a.now
	if p.serializer, err = f.chosen(); err != nil {
		return nil, err
	}
	if _, ok := f.class(); !ok {
		return p, nil
	}
	set, err := f.settings(a, keys.keys)
	if err != nil {
		return nil, err
	}
	p.old = oldDjango && v.Before(3, 1)
	p.site, err = newSite(set)
	return p, err
}

// decode returns the session that text holds.
func (p *payloads) decode(text string) (*serializer.Dict, error) {
	data, err := p.unsign(text)
	if err != nil {
		return nil, err
	}
	return anySerializer{}.Loads(data)
}

// unsign takes the signature off.
func (p *payloads) unsign(text string) (data []byte, err error) {
	switch {
	case text == "":
		return nil, refused("there is no value: the input is empty", "give it as an argument, by --file or on standard input")
	case p.blind:
		return unverified(text)
	case barePickle(text) != nil:
		return nil, refused("this is a bare pickle, as a cache keeps it: it has no signature", "djsession decode --no-verify reads it, without running it")
	case (isLegacy(text) || p.old) && p.site != nil:
		if p.maxAge != nil {
			return nil, refused("the format of Django before 3.1 has no timestamp, so that --max-age cannot be checked", "leave --max-age out")
		}
		if _, _, ok := cutLegacy(text); !ok {
			return nil, signer.ErrNoSeparator
		}
		// Site.Decode verifies it, and only then is it taken apart.
		if _, err := p.site.Decode(text); errors.Is(err, djsession.ErrCorrupt) && !errors.Is(err, djsession.ErrLegacy) {
			return nil, signer.ErrBadSignature
		} else if err != nil {
			return nil, err
		}
		return unverified(text)
	case p.maxAge != nil:
		data, _, err = p.signer.UnsignObjectMaxAge(text, *p.maxAge)
	default:
		data, _, err = p.signer.UnsignObject(text)
	}
	return data, err
}

// isLegacy tells whether text can only be of the format before Django 3.1:
// base64 has no colon in it, and every other format has one.
func isLegacy(text string) bool { return !strings.Contains(text, ":") }

// unverified takes the signature off without looking at it.
func unverified(text string) ([]byte, error) {
	if data := barePickle(text); data != nil {
		return data, nil
	}
	if isLegacy(text) {
		if _, data, ok := cutLegacy(text); ok {
			return data, nil
		}
	}
	u, err := signer.InspectUnverified(text, signer.Options{})
	if err != nil && !errors.Is(err, signer.ErrNoSeparator) {
		return nil, &problem{exitRefused, "the value does not decode", "djsession explain tells more about this value", err}
	}
	return u.Data(), err
}

// barePickle returns the pickle that text is, as it comes out of a cache: the bytes
// themselves, base64 as in the table of DatabaseCache, or hexadecimal as databases
// print bytes. It is nil for anything else.
func barePickle(text string) []byte {
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

// cutLegacy takes a value of the format before Django 3.1 apart: base64 of a
// signature in hexadecimal, a colon, and the serialized session.
func cutLegacy(text string) (signature string, data []byte, ok bool) {
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

// encode signs a session as Django does.
func (p *payloads) encode(d *serializer.Dict) (string, error) {
	if p.old {
		return p.site.Encode(d)
	}
	data, err := p.serializer.Dumps(nil, d)
	if err != nil {
		return "", err
	}
	return p.signer.SignObject(data, true)
}

const jsonHint = "in JSON, text and names stand in double quotes"

// inputProblem is an error about JSON that the user wrote.
func inputProblem(err error) error {
	var at *serializer.DecodeError
	switch {
	case errors.As(err, &at) && errors.Is(err, serializer.ErrNotDict):
		return &problem{exitRefused, "a session is a JSON object, and this is none", `it looks like {"visits": 1}`, err}
	case errors.As(err, &at):
		return &problem{exitRefused, fmt.Sprintf("this is not JSON: %s, at offset %d", at.Reason, at.Offset), jsonHint, err}
	}
	return &problem{exitRefused, "this is not JSON", jsonHint, err}
}
