package djmessages

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/signer"
)

const (
	// cookieName is CookieStorage.cookie_name.
	cookieName = "messages"
	// cookieSalt is CookieStorage.key_salt, and the key_salt before Django 3.1.
	cookieSalt = "django.contrib.messages"
	// maxCookieSize is CookieStorage.max_cookie_size, in bytes.
	maxCookieSize = 2048
	// notFinished is CookieStorage.not_finished.
	notFinished = "__messagesnotfinished__"
)

// cookieFormat is the encoding of CookieStorage in one Django version.
type cookieFormat struct {
	json   messageJSON
	signer *signer.TimestampSigner // nil before 3.1
	hash   *signer.MAC             // nil from 4.0
	plain  bool                    // 3.1 writes JSON without base64; up to 4.0 it is read
	pack   bool                    // base64 is written, from 3.2
}

// newCookieFormat derives the keys. The error is signer.ErrNoKey.
func newCookieFormat(site *djsession.Site, json messageJSON) (*cookieFormat, error) {
	set := site.Settings()
	v := set.Django
	c := &cookieFormat{
		json:  json,
		plain: !v.Before(3, 1) && v.Before(4, 1),
		pack:  !v.Before(3, 2),
	}
	var err error
	if v.Before(4, 0) {
		if c.hash, err = signer.NewMAC(set.Keys, cookieSalt, signer.SHA1); err != nil && !v.Before(3, 1) && errors.Is(err, signer.ErrNoKey) {
			c.hash, err = nil, nil // only to read cookies that Djangos before 3.1 left behind
		}
	}
	if err == nil && !v.Before(3, 1) {
		opts := signer.Options{Salt: cookieSalt, LegacySHA1: v.Before(4, 0), Limits: signer.Limits{
			MaxPayload: set.Limits.Payload, MaxDecompressed: set.Limits.Data.Size,
		}}
		if set.LegacyHashing {
			opts.Algorithm = signer.SHA1
		}
		c.signer, err = signer.NewTimestamp(set.Keys.ForCookies(), opts)
		if errors.Is(err, signer.ErrNoKey) && opts.LegacySHA1 && !set.LegacyHashing {
			opts.LegacySHA1 = false // the same
			c.signer, err = signer.NewTimestamp(set.Keys.ForCookies(), opts)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make signer of the messages cookie: %w", err)
	}
	if c.signer != nil {
		c.signer.Now = site.Now
	}
	return c, nil
}

// encode is CookieStorage._encode_parts: it returns the value for these messages in JSON.
// ok is false for a value that exceeds the limits, which would not fit into a cookie
// anyway.
func (c *cookieFormat) encode(parts []string) (value string, ok bool) {
	text := "[" + strings.Join(parts, ",") + "]"
	switch {
	case c.signer == nil:
		return c.hash.HexSum(text) + "$" + text, true
	case !c.pack:
		return c.signer.Sign(text), true
	}
	value, err := c.signer.SignObject([]byte(text), true)
	return value, err == nil
}

// fits encodes parts, with the mark behind them if mark is set, and reports whether the
// cookie may be that long.
func (c *cookieFormat) fits(parts []string, mark bool) (value string, ok bool) {
	if mark {
		parts = append(parts[:len(parts):len(parts)], `"`+notFinished+`"`)
	}
	value, ok = c.encode(parts)
	return value, ok && httpcookie.QuotedLen(value) <= maxCookieSize
}

// store is the part of CookieStorage._store that makes the value. It returns the value,
// "" for none, and the number of messages in it: the last ones if dropOldest is set, else
// the first.
func (c *cookieFormat) store(list []*entry, dropOldest bool) (value string, kept int) {
	n := len(list)
	if n == 0 {
		return "", 0
	}
	parts := make([]string, n)
	for i, e := range list {
		parts[i] = string(c.json.append(nil, e, ","))
	}
	if value, ok := c.fits(parts, false); ok {
		return value, n
	}
	// bisect_keep_left and bisect_keep_right. Djangos before 5.0 remove one message after
	// the other, with the same result.
	low, high := 0, n
	for low < high {
		middle := (low + high) / 2
		if dropOldest {
			if _, ok := c.fits(parts[middle:], true); ok {
				high = middle
			} else {
				low = middle + 1
			}
		} else {
			if _, ok := c.fits(parts[:middle+1], true); ok {
				low = middle + 1
			} else {
				high = middle
			}
		}
	}
	if dropOldest {
		value, _ = c.fits(parts[low:], true)
		return value, n - low
	}
	value, _ = c.fits(parts[:low], true)
	return value, low
}

// decode is CookieStorage._decode, and the check of its end in _get.
//
// Errors: signer.ErrBadSignature and signer.ErrMalformed, for which Django behaves as
// without a cookie; errCorrupt for a well-signed value that holds no messages.
func (c *cookieFormat) decode(value string) (list []*entry, more bool, err error) {
	if c.signer == nil {
		return c.decodeHashed(value)
	}
	if c.pack {
		var data []byte
		if data, _, err = c.signer.UnsignObject(value); err == nil {
			if list, more, err = c.json.read(string(data)); err == nil {
				return list, more, nil
			}
		}
	} else {
		err = signer.ErrMalformed
	}
	if c.plain && !errors.Is(err, signer.ErrBadSignature) {
		var text string
		if text, _, err = c.signer.Unsign(value); err == nil {
			return c.json.readText(text)
		}
	}
	if errors.Is(err, signer.ErrBadSignature) && c.hash != nil {
		return c.decodeHashed(value)
	}
	return nil, false, err
}

// decodeHashed is CookieStorage._legacy_decode, the _decode of Django before 3.1.
func (c *cookieFormat) decodeHashed(value string) (list []*entry, more bool, err error) {
	sum, text, ok := strings.Cut(value, "$")
	if !ok {
		return nil, false, signer.ErrNoSeparator
	}
	if _, err := c.hash.Verify(text, sum); err != nil {
		return nil, false, err
	}
	return c.json.readText(text)
}
