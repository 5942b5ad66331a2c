package rediscache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

func packXZ(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := xz.WriterConfig{DictCap: max(len(data), lzma.MinDictCap), CheckSum: xz.CRC64}.NewWriter(&b)
	if err != nil {
		return nil, err
	}
	return finish(&b, w, data)
}

// unpackXZ reads the container .xz, or .lzma.
//
// It does not use the reader of package xz, which allocates as much memory as a header of
// 12 bytes asks for: up to 4 GiB. The index at the end holds the size before anything is
// decompressed, and no dictionary need be larger than that. Python writes one stream of
// one block; unpackXZ reads nothing else.
func unpackXZ(data []byte, limit int) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte("\xfd7zXZ\x00")) {
		return unpackLZMA(data, limit)
	}
	x, ok := parseXZ(data)
	if !ok {
		return nil, errNotCompressed
	}
	if x.size > uint64(limit) {
		return nil, errBomb
	}
	block := bytes.NewReader(x.block)
	r, err := lzma.Reader2Config{DictCap: max(int(min(x.dict, x.size)), lzma.MinDictCap)}.NewReader2(block)
	if err != nil {
		return nil, err
	}
	raw, err := all(r, int(x.size))
	if err != nil {
		return nil, err
	}
	if uint64(len(raw)) != x.size || block.Len() != 0 || !bytes.Equal(x.check, x.sum(raw)) {
		return nil, errNotCompressed
	}
	return raw, nil
}

// xzBlock is the only block of a stream.
type xzBlock struct {
	dict  uint64 // size of the dictionary
	size  uint64 // of what was compressed
	block []byte // the compressed bytes
	check []byte
	sum   func([]byte) []byte // computes check
}

// parseXZ reads the structure around the compressed bytes: "The .xz File Format", version
// 1.2.1, from the end to the beginning.
func parseXZ(data []byte) (x xzBlock, ok bool) {
	const headerSize, footerSize = 12, 12
	if len(data) < headerSize+footerSize+8 || len(data)%4 != 0 {
		return x, false
	}
	// 2.1.1 and 2.1.2: header and footer have the same flags, each with its CRC32.
	header, footer := data[:headerSize], data[len(data)-footerSize:]
	flags := header[6:8]
	if !sealed(flags, header[8:]) || !sealed(footer[4:10], footer) || !bytes.Equal(footer[8:10], flags) || string(footer[10:]) != "YZ" || flags[0] != 0 {
		return x, false
	}
	checkSize := 0
	switch flags[1] { // 2.1.1.2
	case 0:
		x.sum = func([]byte) []byte { return nil }
	case 1:
		checkSize, x.sum = 4, func(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
	case 4:
		checkSize, x.sum = 8, func(b []byte) []byte {
			return binary.LittleEndian.AppendUint64(nil, crc64.Checksum(b, crc64.MakeTable(crc64.ECMA)))
		}
	case 10:
		checkSize, x.sum = 32, func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	default:
		return x, false
	}
	// 4: the index is a zero, the number of blocks and the two sizes of each.
	indexSize := (uint64(binary.LittleEndian.Uint32(footer[4:])) + 1) * 4
	body := data[headerSize : len(data)-footerSize]
	if indexSize > uint64(len(body)) || indexSize < 8 {
		return x, false
	}
	index := body[uint64(len(body))-indexSize:]
	body = body[:uint64(len(body))-indexSize]
	if !sealed(index[:len(index)-4], index[len(index)-4:]) || index[0] != 0 || index[1] != 1 {
		return x, false
	}
	rest := index[2 : len(index)-4]
	unpadded, rest, ok1 := xzNumber(rest)
	size, rest, ok2 := xzNumber(rest)
	if !ok1 || !ok2 || len(rest) > 3 || unpadded > uint64(len(body)) || (unpadded+3)/4*4 != uint64(len(body)) || unpadded < uint64(checkSize) {
		return x, false
	}
	x.size = size
	// Between the block and its check there may be zeros. They do not count.
	padded := body[:len(body)-checkSize]
	x.check = body[len(padded):]
	if body = padded[:unpadded-uint64(checkSize)]; len(bytes.Trim(padded[len(body):], "\x00")) > 0 {
		return x, false
	}
	// 3.1: the header of the block, with LZMA2 as its only filter.
	if len(body) == 0 {
		return x, false
	}
	blockHeader := (int(body[0]) + 1) * 4
	if body[0] == 0 || blockHeader > len(body) || !sealed(body[:blockHeader-4], body[blockHeader-4:blockHeader]) {
		return x, false
	}
	fields := body[2 : blockHeader-4]
	for _, bit := range []byte{0x40, 0x80} { // the two sizes, which are also in the index
		if body[1]&bit != 0 {
			if _, fields, ok = xzNumber(fields); !ok {
				return x, false
			}
		}
	}
	if body[1]&0x3f != 0 || len(fields) < 3 || fields[0] != 0x21 || fields[1] != 1 {
		return x, false
	}
	dict, err := lzma.DecodeDictCap(fields[2])
	if err != nil {
		return x, false
	}
	x.dict, x.block = uint64(dict), body[blockHeader:]
	return x, true
}

// sealed reports whether sum begins with the CRC32 of data.
func sealed(data, sum []byte) bool {
	return crc32.ChecksumIEEE(data) == binary.LittleEndian.Uint32(sum)
}

// xzNumber reads a number of section 1.2: seven bits a byte, as in a Uvarint.
func xzNumber(b []byte) (n uint64, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || size > 9 {
		return 0, nil, false
	}
	return n, b[size:], true
}

// unpackLZMA reads the older container: a byte of properties, the size of the
// dictionary, the size of the content or -1, and the compressed bytes.
func unpackLZMA(data []byte, limit int) ([]byte, error) {
	const headerSize = 13
	if len(data) < headerSize || data[0] >= 9*5*5 {
		return nil, errNotCompressed
	}
	// The container has no magic number. At its place other data has the size of a
	// dictionary that does not exist: Python's liblzma takes 2^n and 2^n + 2^(n-1) only.
	dict := binary.LittleEndian.Uint32(data[1:])
	if !roundDict(dict) {
		return nil, errNotCompressed
	}
	header := bytes.Clone(data[:headerSize])
	size := binary.LittleEndian.Uint64(data[5:])
	most := uint64(limit)
	if size != 1<<64-1 {
		if size >= 1<<38 { // liblzma again
			return nil, errNotCompressed
		}
		if size > most {
			return nil, errBomb
		}
		most = size
	}
	// No dictionary need be larger than the content.
	binary.LittleEndian.PutUint32(header[1:], uint32(max(min(uint64(dict), most), lzma.MinDictCap)))
	r, err := lzma.NewReader(io.MultiReader(bytes.NewReader(header), bytes.NewReader(data[headerSize:])))
	if err != nil {
		return nil, err
	}
	return all(r, limit)
}

func roundDict(n uint32) bool {
	if n == 1<<32-1 {
		return true
	}
	for bits := range 32 {
		if power := uint32(1) << bits; n == power || n == power|power>>1 {
			return true
		}
	}
	return false
}
