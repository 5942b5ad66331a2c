package rediscache

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/go-djsession/go-djsession/internal/deflate"
	"github.com/go-djsession/go-djsession/internal/inflate"
	"github.com/go-djsession/go-djsession/serializer"
)

// The compressors of django-redis, OPTIONS["COMPRESSOR"]. Each wraps the Serializer of
// the values, and compresses values that are longer than its min_length. Reading tries to
// decompress. If that fails it takes the bytes as they are, as django-redis does.
// lim.Size bounds the decompressed size: a larger value is a serializer.ErrLimit.
//
// The compressed bytes differ from those that Python makes (except for Zlib), with the
// same value in them. An unchanged value is the same byte for byte.

// Zlib is django_redis.compressors.zlib.ZlibCompressor: level 6, from 16 bytes on.
func Zlib(inner serializer.Serializer, lim serializer.Limits) serializer.Serializer {
	return compressed{inner, lim.WithDefaults().Size, 15, packZlib, unpackZlib}
}

// Gzip is django_redis.compressors.gzip.GzipCompressor (6.0): from 16 bytes on.
func Gzip(inner serializer.Serializer, lim serializer.Limits) serializer.Serializer {
	return compressed{inner, lim.WithDefaults().Size, 15, packGzip, unpackGzip}
}

// LZMA is django_redis.compressors.lzma.LzmaCompressor: the container .xz, from
// 101 bytes on. The older container .lzma is read as well.
func LZMA(inner serializer.Serializer, lim serializer.Limits) serializer.Serializer {
	return compressed{inner, lim.WithDefaults().Size, 100, packXZ, unpackXZ}
}

// LZ4 is django_redis.compressors.lz4.Lz4Compressor: a frame with the size, from 16 bytes
// on.
func LZ4(inner serializer.Serializer, lim serializer.Limits) serializer.Serializer {
	return compressed{inner, lim.WithDefaults().Size, 15, packLZ4, unpackLZ4}
}

// Zstd is django_redis.compressors.zstd.ZStdCompressor (5.1): a frame with the size, from
// 16 bytes on.
func Zstd(inner serializer.Serializer, lim serializer.Limits) serializer.Serializer {
	z := zstdCodec{limit: lim.WithDefaults().Size}
	var err error
	if z.enc, err = zstd.NewWriter(nil, zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true)); err != nil {
		panic(err) // the options are constant
	}
	if z.dec, err = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(uint64(z.limit)), zstd.WithDecoderLowmem(true)); err != nil {
		panic(err)
	}
	return compressed{inner, z.limit, 15, z.pack, z.unpack}
}

// compressed is a compressor around a Serializer.
type compressed struct {
	serializer.Serializer
	limit  int // bytes
	min    int // a value that is not longer stays as it is
	pack   func(data []byte) ([]byte, error)
	unpack func(data []byte, limit int) ([]byte, error)
}

// Loads decompresses data and passes the result to the Serializer.
func (c compressed) Loads(data []byte) (*serializer.Dict, error) {
	raw, err := c.unpack(data, c.limit)
	switch {
	case errors.Is(err, serializer.ErrLimit):
		return nil, err
	case err != nil:
		raw = data
	}
	return c.Serializer.Loads(raw)
}

// Dumps compresses the output of the Serializer.
func (c compressed) Dumps(dst []byte, d *serializer.Dict) ([]byte, error) {
	raw, err := c.Serializer.Dumps(nil, d)
	if err != nil {
		return dst, err
	}
	if len(raw) > c.min {
		if raw, err = c.pack(raw); err != nil {
			return dst, fmt.Errorf("compress: %w", err)
		}
	}
	return append(dst, raw...), nil
}

// errBomb: the decompressed value is larger than the limit.
var errBomb error = &serializer.DecodeError{Reason: "too long when decompressed", Err: serializer.ErrLimit}

// errNotCompressed: another compressor made the value, or none.
var errNotCompressed error = &serializer.DecodeError{Reason: "not compressed like this", Err: serializer.ErrSyntax}

// all reads r to its end, or fails at the limit.
func all(r io.Reader, limit int) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, int64(min(limit, math.MaxInt-1))+1))
	if len(raw) > limit {
		return nil, errBomb
	}
	return raw, err
}

func packZlib(data []byte) ([]byte, error) {
	return new(deflate.Compressor).AppendZlib(nil, data), nil
}

func unpackZlib(data []byte, limit int) ([]byte, error) {
	raw, err := new(inflate.Decoder).AppendZlib(nil, data, limit)
	if errors.Is(err, inflate.ErrTooLarge) {
		err = errBomb
	}
	return raw, err
}

func packGzip(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression) // the default of Python's gzip.compress
	if err != nil {
		return nil, err
	}
	return finish(&b, w, data)
}

func unpackGzip(data []byte, limit int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return all(r, limit)
}

func packLZ4(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w := lz4.NewWriter(&b)
	block := lz4.Block64Kb
	if len(data) > 64<<10 {
		block = lz4.Block4Mb
	}
	if err := w.Apply(lz4.SizeOption(uint64(len(data))), lz4.ChecksumOption(false), lz4.BlockSizeOption(block), lz4.ConcurrencyOption(1)); err != nil {
		return nil, err
	}
	return finish(&b, w, data)
}

func unpackLZ4(data []byte, limit int) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte{0x04, 0x22, 0x4d, 0x18}) {
		return nil, errNotCompressed
	}
	return all(lz4.NewReader(bytes.NewReader(data)), limit)
}

func finish(b *bytes.Buffer, w io.WriteCloser, data []byte) ([]byte, error) {
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// zstdCodec holds the parts that are expensive to make. Both are safe for concurrent use.
type zstdCodec struct {
	enc   *zstd.Encoder
	dec   *zstd.Decoder
	limit int
}

func (z zstdCodec) pack(data []byte) ([]byte, error) { return z.enc.EncodeAll(data, nil), nil }

func (z zstdCodec) unpack(data []byte, limit int) ([]byte, error) {
	raw, err := z.dec.DecodeAll(data, nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) || len(raw) > limit {
		return nil, errBomb
	}
	return raw, err
}
