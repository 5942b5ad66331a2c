// Package inflate decompresses zlib streams (RFC 1950, RFC 1951) that are whole in
// memory, as session payloads are.
//
// It exists because compress/zlib reads byte by byte through an interface and prepares a
// 32 KB window for every stream, which is most of the time of verifying a session. Here
// the output is its own window, and a [Decoder] can be used again and again without
// allocating.
//
// Compatibility: it accepts and refuses the same streams as Python's zlib.decompress. It
// ignores bytes after the end of the stream. A preset dictionary is an error, and so are
// the incomplete Huffman codes that zlib refuses.
//
// Security: no input makes it panic or write more than the caller's limit. Memory grows
// with the output that it really produced, never with the size that the input announces.
package inflate

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"math"
)

// Errors of [Decoder.AppendZlib]. Their texts hold nothing of the input.
var (
	// ErrCorrupt: not a zlib stream, or a wrong checksum.
	ErrCorrupt = errors.New("inflate: corrupt zlib stream")
	// ErrTruncated: the input ends before the stream does.
	ErrTruncated = errors.New("inflate: truncated zlib stream")
	// ErrTooLarge: the output would exceed the limit.
	ErrTooLarge = errors.New("inflate: decompressed data too large")
)

// A Decoder holds the tables that decompression needs, about 12 KB. The zero value is ready. It is not safe for concurrent use.
type Decoder struct {
	src []byte
	pos int    // next byte of src that is not in bits
	bit uint64 // bits not used yet, the next one lowest
	n   uint   // how many of them count; what is above is either 0 or what src[pos:] holds

	out   []byte // the output so far is out[:w]
	w     int
	start int // where this stream's output begins in out
	max   int // out may not grow past this

	lit, dist, lengths table
}

// AppendZlib appends the decompressed form of src to dst and returns the extended slice,
// which never holds more than limit bytes after dst. It may write to all of dst's
// capacity. After an error the result is dst, perhaps in a larger array.
func (d *Decoder) AppendZlib(dst, src []byte, limit int) ([]byte, error) {
	d.src, d.pos, d.bit, d.n = src, 0, 0, 0
	d.start, d.w = len(dst), len(dst)
	d.max = d.start + min(max(limit, 0), math.MaxInt-d.start)
	d.out = dst[:max(min(cap(dst), d.max), d.start)]
	err := d.stream()
	out := d.out[:d.w]
	if err != nil {
		out = out[:d.start]
	}
	d.src, d.out = nil, nil
	return out, err
}

// stream reads header, blocks and checksum.
func (d *Decoder) stream() error {
	// 1. Two bytes of header: deflate with a window of at most 32 KB, no preset dictionary, divisible by 31.
	if len(d.src) < 2 {
		return ErrTruncated
	}
	cmf, flg := d.src[0], d.src[1]
	if (uint(cmf)<<8|uint(flg))%31 != 0 || cmf&0x0f != 8 || cmf>>4 > 7 || flg&0x20 != 0 {
		return ErrCorrupt
	}
	d.pos = 2

	// 2. Blocks, until one is marked as the last.
	for last := false; !last; {
		head, err := d.take(3)
		if err != nil {
			return err
		}
		last = head&1 != 0
		switch head >> 1 {
		case 0:
			err = d.stored()
		case 1:
			fixed := fixedTables()
			err = d.compressed(&fixed.lit, &fixed.dist)
		case 2:
			if err = d.readTables(); err == nil {
				err = d.compressed(&d.lit, &d.dist)
			}
		default:
			err = ErrCorrupt
		}
		if err != nil {
			return err
		}
	}

	// 3. The Adler-32 of the output, big endian, on a byte boundary.
	d.align()
	if len(d.src)-d.pos < 4 {
		return ErrTruncated
	}
	if binary.BigEndian.Uint32(d.src[d.pos:]) != adler32.Checksum(d.out[d.start:d.w]) {
		return ErrCorrupt
	}
	return nil
}

// stored copies a block that is not compressed.
func (d *Decoder) stored() error {
	d.align()
	if len(d.src)-d.pos < 4 {
		return ErrTruncated
	}
	size := binary.LittleEndian.Uint16(d.src[d.pos:])
	if ^size != binary.LittleEndian.Uint16(d.src[d.pos+2:]) {
		return ErrCorrupt
	}
	d.pos += 4
	n := int(size)
	if len(d.src)-d.pos < n {
		return ErrTruncated
	}
	if err := d.grow(n); err != nil {
		return err
	}
	d.w += copy(d.out[d.w:d.w+n], d.src[d.pos:])
	d.pos += n
	return nil
}

// maxLitBits and maxDistBits are the most bits that a symbol takes, with its extra bits.
const (
	maxLitBits  = maxBits + 5
	maxDistBits = maxBits + 13
)

// compressed decodes one block of Huffman codes. It works on copies of the bit reader and the output, which the compiler can
// keep in registers, and stores them back at its end.
func (d *Decoder) compressed(lit, dist *table) error {
	src, pos, bit, n := d.src, d.pos, d.bit, d.n
	out, w := d.out, d.w
	var err error
	for {
		// 1. A literal, the end of the block, or the length of a match.
		if n < maxLitBits {
			pos, bit, n = refill(src, pos, bit, n)
		}
		e := lit.fast[bit&lit.mask&fastMask]
		if e == 0 {
			e = lit.slow(bit)
		}
		k := e.total()
		if k > n {
			err = ErrTruncated
			break
		}
		rest := bit >> k
		n -= k
		if e&literal != 0 {
			if uint(w) >= uint(len(out)) {
				d.w = w
				if err = d.grow(1); err != nil {
					break
				}
				out = d.out
			}
			out[w] = e.literal()
			w++
			bit = rest
			continue
		}
		if e&match == 0 {
			bit = rest
			if e&invalid != 0 {
				err = ErrCorrupt
			}
			break
		}
		length := e.base() + int(bit>>e.bits()&(1<<e.extra()-1))
		bit = rest

		// 2. The distance of the match.
		if n < maxDistBits {
			pos, bit, n = refill(src, pos, bit, n)
		}
		e = dist.fast[bit&dist.mask&fastMask]
		if e == 0 {
			e = dist.slow(bit)
		}
		if e&invalid != 0 {
			err = ErrCorrupt
			break
		}
		if k = e.total(); k > n {
			err = ErrTruncated
			break
		}
		distance := e.base() + int(bit>>e.bits()&(1<<e.extra()-1))
		bit >>= k
		n -= k
		if distance > w-d.start {
			err = ErrCorrupt
			break
		}

		// 3. Copy it: sixteen bytes at a time where there is room for the last sixteen,
		// else exactly. A match that overlaps itself repeats: copy what is there, then
		// continue with twice as much.
		if length > len(out)-w {
			d.w = w
			if err = d.grow(length); err != nil {
				break
			}
			out = d.out
		}
		from := w - distance
		if distance >= 16 && len(out)-w >= length+16 {
			end := w + length
			for {
				*(*[16]byte)(out[w:]) = *(*[16]byte)(out[from:])
				if w += 16; w >= end {
					break
				}
				from += 16
			}
			w = end
			continue
		}
		for length > 0 {
			c := copy(out[w:w+length], out[from:w])
			w += c
			length -= c
		}
	}
	d.pos, d.bit, d.n, d.w = pos, bit, n, w
	return err
}

// refill reads ahead until at least 56 bits count, or all that are left. It reads the
// bits above the n that count again.
func refill(src []byte, pos int, bit uint64, n uint) (int, uint64, uint) {
	if len(src)-pos >= 8 {
		return pos + int(63-n)>>3, bit | binary.LittleEndian.Uint64(src[pos:])<<n, n | 56
	}
	return refillEnd(src, pos, bit, n)
}

// refillEnd is refill for the last eight bytes of the input.
func refillEnd(src []byte, pos int, bit uint64, n uint) (int, uint64, uint) {
	for ; n <= 56 && pos < len(src); pos++ {
		bit |= uint64(src[pos]) << n
		n += 8
	}
	return pos, bit, n
}

// take reads count bits, at most 16, lowest first.
func (d *Decoder) take(count uint) (uint, error) {
	for ; d.n < count; d.n += 8 {
		if d.pos >= len(d.src) {
			return 0, ErrTruncated
		}
		d.bit |= uint64(d.src[d.pos]) << d.n
		d.pos++
	}
	v := uint(d.bit) & (1<<count - 1)
	d.bit >>= count
	d.n -= count
	return v, nil
}

// align drops the rest of the current byte and returns whole bytes that were read ahead
// to src.
func (d *Decoder) align() {
	d.pos -= int(d.n >> 3)
	d.bit, d.n = 0, 0
}

// grow makes room for n more bytes of output.
func (d *Decoder) grow(n int) error {
	need := d.w + n
	if need > d.max {
		return ErrTooLarge
	}
	if need <= len(d.out) {
		return nil
	}
	out := make([]byte, min(max(need, 2*len(d.out), 512), d.max))
	copy(out, d.out[:d.w])
	d.out = out
	return nil
}
