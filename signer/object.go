package signer

import (
	"encoding/base64"
	"errors"
	"fmt"
	"sync"

	"github.com/go-djsession/go-djsession/internal/deflate"
	"github.com/go-djsession/go-djsession/internal/inflate"
)

// DumpsSalt is the default salt of django.core.signing.dumps and loads.
const DumpsSalt = "django.core.signing"

// Dumps is django.core.signing.dumps for data that is already serialized:
// [TimestampSigner.SignObject] with the default salt "django.core.signing". For more than
// one value a [TimestampSigner] is faster. The error is [ErrNoKey], [ErrSeparator],
// [ErrAlgorithm] or [ErrTooLarge].
func Dumps(keys Keys, data []byte, opts Options, compress bool) (string, error) {
	s, err := NewTimestamp(keys, opts.forDumps())
	if err != nil {
		return "", err
	}
	return s.SignObject(data, compress)
}

// Loads is django.core.signing.loads without max_age. It returns the bytes and does not
// deserialize them: it is [TimestampSigner.UnsignObject] with the default salt
// "django.core.signing". For more than one value, and to limit the age, use a
// [TimestampSigner]. The error is [ErrNoKey], [ErrSeparator], [ErrAlgorithm] or one of
// UnsignObject.
func Loads(keys Keys, text string, opts Options) ([]byte, Info, error) {
	s, err := NewTimestamp(keys, opts.forDumps())
	if err != nil {
		return nil, Info{}, err
	}
	return s.UnsignObject(text)
}

// forDumps sets the default salt of dumps and loads.
func (o Options) forDumps() Options {
	if o.Salt == "" {
		o.Salt = DumpsSalt
	}
	return o
}

// maxKept is the largest buffer that a pool keeps, in bytes. Making one anew by doubling
// takes more memory than all else, and the garbage collector empties pools.
const maxKept = 1 << 20

// scratch is the memory in which one value is taken apart or put together. Nothing that
// the package returns points into it.
type scratch struct {
	text    []byte // the signed text
	bin     []byte // what its base64 holds
	data    []byte // decompressed, or compressed
	inflate inflate.Decoder
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func getScratch() *scratch { return scratches.Get().(*scratch) }

func (sc *scratch) put() {
	if cap(sc.text) > maxKept || cap(sc.bin) > maxKept || cap(sc.data) > maxKept {
		*sc = scratch{}
	}
	scratches.Put(sc)
}

// frame puts data into sc.text as sign_object does, unsigned.
func (s *Signer) frame(sc *scratch, data []byte, compress bool) error {
	if len(data) > s.limits.maxDecompressed() {
		return ErrTooLarge
	}
	sc.text = sc.text[:0]
	// 1. zlib, if it saves more than one byte. A leading dot, inside of the signature,
	// says so.
	if compress {
		if sc.data = appendZlib(sc.data[:0], data); len(sc.data) < len(data)-1 {
			data = sc.data
			sc.text = append(sc.text, '.')
		}
	}
	// 2. URL-safe base64 without padding.
	sc.text = base64.RawURLEncoding.AppendEncode(sc.text, data)
	return nil
}

// unframe undoes frame. It returns a new slice.
func unframe(sc *scratch, framed []byte, limits Limits) (data []byte, compressed bool, err error) {
	limit := limits.maxDecompressed()
	// 1. A leading dot means zlib under the base64.
	if len(framed) > 0 && framed[0] == '.' {
		compressed = true
		framed = framed[1:]
	}
	// 2. URL-safe base64.
	if sc.bin, err = appendBase64(sc.bin[:0], framed); err != nil {
		return nil, compressed, err
	}
	out := sc.bin
	// 3. zlib.
	if compressed {
		if sc.data, err = sc.inflate.AppendZlib(sc.data[:0], sc.bin, limit); err != nil {
			if errors.Is(err, inflate.ErrTooLarge) {
				return nil, compressed, ErrTooLarge
			}
			return nil, compressed, fmt.Errorf("decompress: %w: %w", ErrMalformed, err)
		}
		out = sc.data
	}
	if len(out) > limit {
		return nil, compressed, ErrTooLarge
	}
	data = make([]byte, len(out))
	copy(data, out)
	return data, compressed, nil
}

var compressors = sync.Pool{New: func() any { return new(deflate.Compressor) }}

// appendZlib is zlib.compress with the default level, as in sign_object. The output is the
// same, byte for byte.
func appendZlib(dst, data []byte) []byte {
	c := compressors.Get().(*deflate.Compressor)
	defer compressors.Put(c)
	return c.AppendZlib(dst, data)
}
