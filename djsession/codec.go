package djsession

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/go-djsession/go-djsession/internal/unverified"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// saltPrefix begins the salt of every session, before the name of the class.
const saltPrefix = "django.contrib.sessions"

// codec is SessionBase.encode and decode.
type codec struct {
	serializer serializer.Serializer
	limits     Limits
	signer     *signer.TimestampSigner
	legacy     *legacyCodec // nil if Keys hold no key for it
	reads      formats
	writes     formats
}

type formats uint8

const (
	legacyFormat formats = 1 << iota // before Django 3.1
	signedFormat                     // from Django 3.1
)

func newCodec(set *Settings) (codec, error) {
	c := codec{serializer: set.Serializer, limits: set.Limits}
	switch v := set.Django; {
	case v.Before(3, 1):
		c.reads, c.writes = legacyFormat, legacyFormat
	case v.Before(4, 0):
		c.reads, c.writes = signedFormat|legacyFormat, signedFormat
	default:
		c.reads, c.writes = signedFormat, signedFormat
	}
	if set.LegacyHashing {
		if c.reads != signedFormat|legacyFormat {
			return codec{}, fmt.Errorf("%w: LegacyHashing is for Django 3.1 and 3.2", ErrConfig)
		}
		c.writes = legacyFormat
	}

	var err error
	c.legacy, err = newLegacyCodec(set)
	if err != nil && c.reads&legacyFormat != 0 {
		return codec{}, fmt.Errorf("%w: keys for the format of Django before 3.1: %w", ErrConfig, err)
	}
	if c.reads&signedFormat == 0 {
		return c, nil
	}
	c.signer, err = signer.NewTimestamp(set.Keys, signer.Options{
		Salt:       saltPrefix + "." + set.StoreClass,
		LegacySHA1: c.reads&legacyFormat != 0,
		Limits:     signer.Limits{MaxPayload: set.Limits.Payload, MaxDecompressed: set.Limits.Data.Size},
	})
	if err != nil {
		return codec{}, fmt.Errorf("%w: keys: %w", ErrConfig, err)
	}
	c.signer.Now = set.Now
	return c, nil
}

// buffers hold serialized sessions while they are signed.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 512)
	return &b
}}

// maxBuffer is the largest buffer that is used again, in bytes.
const maxBuffer = 1 << 20

func (c *codec) encode(d *serializer.Dict) (string, error) {
	buf := buffers.Get().(*[]byte)
	data, err := c.serializer.Dumps((*buf)[:0], d)
	if err != nil {
		return "", fmt.Errorf("serialize session: %w", err)
	}
	defer func() {
		// data may be a slice that the Serializer keeps: only our own is used again.
		if len(data) > cap(*buf) && len(data) <= maxBuffer {
			*buf = make([]byte, 0, len(data)+len(data)/4)
		}
		buffers.Put(buf)
	}()
	if c.writes == legacyFormat {
		return c.legacy.encode(data), nil
	}
	text, err := c.signer.SignObject(data, true)
	if errors.Is(err, signer.ErrTooLarge) {
		return "", fmt.Errorf("sign session: %w: %w", ErrTooLarge, err)
	}
	if err != nil {
		return "", fmt.Errorf("sign session: %w", err)
	}
	return text, nil
}

func (c *codec) decode(text string) (*serializer.Dict, error) {
	if len(text) > c.limits.Payload {
		return nil, fmt.Errorf("decode session: %w: %w", ErrCorrupt, signer.ErrTooLarge)
	}
	data, err := c.unsign(text)
	if errors.Is(err, signer.ErrBadSignature) || errors.Is(err, ErrLegacy) {
		err = unverified.Wrap(text, err)
	}
	if err != nil {
		return nil, fmt.Errorf("decode session: %w", err)
	}
	d, err := c.serializer.Loads(data)
	if err != nil {
		return nil, fmt.Errorf("decode session: %w: %w", ErrCorrupt, err)
	}
	return d, nil
}

// unsign verifies text in the formats that the site's Django reads. Text that verifies in
// the old format, which this Django does not read, is ErrLegacy: its remedy differs from
// that for a wrong key.
func (c *codec) unsign(text string) ([]byte, error) {
	err := signer.ErrBadSignature
	if c.reads&signedFormat != 0 {
		var data []byte
		if data, _, err = c.signer.UnsignObject(text); err == nil {
			return data, nil
		}
	}
	if c.legacy != nil && errors.Is(err, signer.ErrBadSignature) {
		if data, ok := c.legacy.decode(text); ok {
			if c.reads&legacyFormat == 0 {
				return nil, ErrLegacy
			}
			return data, nil
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// legacyCodec is SessionBase._legacy_encode and _legacy_decode, which were encode and
// decode before Django 3.1: base64 of the hex HMAC-SHA1, a colon and the serialized dict.
type legacyCodec struct {
	mac *signer.MAC
}

func newLegacyCodec(set *Settings) (*legacyCodec, error) {
	// Here the salt has the class's __name__, not its __qualname__, and no dot.
	class := set.StoreClass[strings.LastIndexByte(set.StoreClass, '.')+1:]
	mac, err := signer.NewMAC(set.Keys, saltPrefix+class, signer.SHA1)
	if err != nil {
		return nil, err
	}
	return &legacyCodec{mac}, nil
}

func (c *legacyCodec) encode(data []byte) string {
	return base64.StdEncoding.EncodeToString([]byte(c.mac.HexSum(string(data)) + ":" + string(data)))
}

// decode verifies and unpacks text.
//
// Unlike Django, whose base64 skips unknown characters and ignores bits left over, decode
// accepts only what encode writes.
func (c *legacyCodec) decode(text string) (data []byte, ok bool) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	sum, rest, ok := strings.Cut(string(raw), ":")
	if !ok {
		return nil, false
	}
	if _, err := c.mac.Verify(rest, sum); err != nil {
		return nil, false
	}
	return []byte(rest), true
}
