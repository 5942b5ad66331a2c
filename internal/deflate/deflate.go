// Package deflate compresses data that is whole in memory into zlib streams (RFC 1950, RFC
// 1951). The streams are those of zlib at its default level, byte for byte: the
// output of zlib.compress in CPython.
//
// It exists for two reasons. The compressed size decides whether a session is compressed at
// all and whether it fits into a cookie, so another size than zlib's would decide
// differently from Django. And compress/flate clears more than half a megabyte of tables
// for every stream, which takes longer than compressing a session.
//
// Compatibility: the streams are those of zlib 1.2 and 1.3 with level 6, a window of 32
// KB and memLevel 8, the defaults of deflateInit. Builds of CPython with another library
// (zlib-ng, Intel's, Cloudflare's) make different streams with the same content.
package deflate

import (
	"encoding/binary"
	"hash/adler32"
)

// A Compressor holds the tables that compression needs, about 200 KB. The zero value is
// ready. It is not safe for concurrent use.
type Compressor struct {
	matcher matcher
	lit     tree
	dist    tree
	lengths tree // of the code lengths of the other two
	runs    []run

	out []byte
	bit uint64 // bits not written yet, the next one lowest
	n   uint   // how many
}

// AppendZlib appends the compressed form of data to dst.
func (c *Compressor) AppendZlib(dst, data []byte) []byte {
	// 1. The header: deflate, a window of 32 KB, the default level.
	c.out, c.bit, c.n = append(dst, 0x78, 0x9c), 0, 0

	// 2. Blocks. zlib stores one only if all of it is still in its window.
	c.matcher.begin(data)
	for from, last := 0, false; !last; from = c.matcher.done {
		last = c.matcher.next()
		c.block(data[from:c.matcher.done], c.matcher.symbols, last, from >= c.matcher.base)
	}

	// 3. The Adler-32 of the data, big endian.
	dst = binary.BigEndian.AppendUint32(c.out, adler32.Checksum(data))
	c.out = nil
	return dst
}

// block writes data, which the symbols stand for, as one block, in the shortest of the
// three ways.
func (c *Compressor) block(data []byte, symbols []symbol, last, mayStore bool) {
	// 1. Count the symbols.
	c.lit.reset(&litCode)
	c.dist.reset(&distCode)
	c.lit.freq[endOfBlock] = 1
	for _, s := range symbols {
		if s.dist == 0 {
			c.lit.freq[s.value]++
			continue
		}
		c.lit.freq[lengthSymbol[s.value]]++
		c.dist.freq[distSymbol(s.dist)]++
	}

	// 2. Make codes for them, and a code for the lengths of those codes. All sizes are in
	// bits.
	dynamic, fixed := c.lit.build()
	d, f := c.dist.build()
	dynamic, fixed = dynamic+d, fixed+f
	c.lengths.reset(&lengthCode)
	c.runs = appendRuns(appendRuns(c.runs[:0], c.lit.length[:c.lit.size]), c.dist.length[:c.dist.size])
	for _, r := range c.runs {
		c.lengths.freq[r.symbol]++
	}
	d, _ = c.lengths.build()
	sent := len(codeOrder)
	for sent > 4 && c.lengths.length[codeOrder[sent-1]] == 0 {
		sent--
	}
	dynamic += d + 3*sent + 5 + 5 + 4

	// 3. Choose by whole bytes, with the three bits of the block's head.
	dynamicBytes, fixedBytes := (dynamic+3+7)/8, (fixed+3+7)/8
	final := uint64(0)
	if last {
		final = 1
	}
	switch best := min(dynamicBytes, fixedBytes); {
	case len(data)+4 <= best && mayStore:
		c.put(final|0<<1, 3)
		c.flush()
		c.out = binary.LittleEndian.AppendUint16(c.out, uint16(len(data)))
		c.out = binary.LittleEndian.AppendUint16(c.out, ^uint16(len(data)))
		c.out = append(c.out, data...)
		return
	case fixedBytes == best:
		c.put(final|1<<1, 3)
		c.lit.fix()
		c.dist.fix()
	default:
		c.put(final|2<<1, 3)
		c.put(uint64(c.lit.size-257), 5)
		c.put(uint64(c.dist.size-1), 5)
		c.put(uint64(sent-4), 4)
		for _, symbol := range codeOrder[:sent] {
			c.put(uint64(c.lengths.length[symbol]), 3)
		}
		for _, r := range c.runs {
			c.code(&c.lengths, int(r.symbol))
			c.put(uint64(r.extra), uint(lengthCode.extra[r.symbol]))
		}
	}

	// 4. The data, and the end of the block.
	for _, s := range symbols {
		if s.dist == 0 {
			c.code(&c.lit, int(s.value))
			continue
		}
		symbol := int(lengthSymbol[s.value])
		c.code(&c.lit, symbol)
		c.put(uint64(s.value-litCode.base[symbol]), uint(litCode.extra[symbol]))
		symbol = distSymbol(s.dist)
		c.code(&c.dist, symbol)
		c.put(uint64(s.dist-distCode.base[symbol]), uint(distCode.extra[symbol]))
	}
	c.code(&c.lit, endOfBlock)
	if last {
		c.flush()
	}
}

// code writes the Huffman code of a symbol.
func (c *Compressor) code(t *tree, symbol int) {
	c.put(uint64(t.code[symbol]), uint(t.length[symbol]))
}

// put writes the low count bits of v. count is at most 16, and v has no other bits.
func (c *Compressor) put(v uint64, count uint) {
	c.bit |= v << c.n
	if c.n += count; c.n >= 48 {
		c.out = binary.LittleEndian.AppendUint64(c.out, c.bit)[:len(c.out)+6]
		c.bit >>= 48
		c.n -= 48
	}
}

// flush writes the remaining bits, up to a byte boundary.
func (c *Compressor) flush() {
	for ; c.n > 0; c.n -= min(c.n, 8) {
		c.out = append(c.out, byte(c.bit))
		c.bit >>= 8
	}
}
