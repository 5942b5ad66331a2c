package deflate

import (
	"encoding/binary"
	"math/bits"
)

// The parameters of zlib's level 6.
const (
	minMatch = 3
	maxMatch = 258

	goodLength = 8    // with a match this long in hand, look for a better one only a quarter as far
	lazyLength = 16   // with a match this long in hand, do not look for a better one at all
	niceLength = 128  // do not look on after a match this long
	chainLimit = 128  // candidates that are tried
	tooFar     = 4096 // a match of minMatch bytes further away than this costs more than its literals

	hashBits  = 15
	hashShift = (hashBits + minMatch - 1) / minMatch
	hashMask  = 1<<hashBits - 1
)

// A symbol is a literal, or, with a distance, a match of value+minMatch bytes.
type symbol struct {
	dist  uint16
	value uint16
}

// A matcher finds repetitions as zlib's deflate_slow does. It follows chains of positions
// whose next three bytes have the same hash, and delays each match by a byte to see
// whether a longer one begins there. A position of 0 ends a chain, so nothing ever
// matches the very beginning of the data.
type matcher struct {
	head    [1 << hashBits]uint16 // the last position with a hash; all 0 between calls
	prev    [MaxSize]uint16       // the position before, by position
	symbols []symbol
}

// match turns data into symbols, which are valid until the next call.
func (m *matcher) match(data []byte) []symbol {
	m.symbols = m.symbols[:0]
	var (
		pending          bool // the byte before is not written yet
		length, at       int  // the match found at this position: how long, and where
		before, beforeAt int  // the one found at the position before
	)
	length = minMatch - 1
	for i := 0; i < len(data); {
		candidate := m.insert(data, i)
		before, beforeAt = length, at
		length = minMatch - 1
		if candidate != 0 && before < lazyLength {
			if length, at = longest(data, i, candidate, before, at, &m.prev); length == minMatch && i-at > tooFar {
				length = minMatch - 1
			}
		}
		switch {
		case before >= minMatch && length <= before:
			// The match at the position before is the better one.
			m.symbols = append(m.symbols, symbol{uint16(i - 1 - beforeAt), uint16(before - minMatch)})
			for end := i + before - 1; ; {
				if i++; i == end {
					break
				}
				m.insert(data, i)
			}
			pending, length = false, minMatch-1
		case pending:
			m.symbols = append(m.symbols, symbol{value: uint16(data[i-1])})
			i++
		default:
			pending = true
			i++
		}
	}
	if pending {
		m.symbols = append(m.symbols, symbol{value: uint16(data[len(data)-1])})
	}

	// Clear what insert set.
	if len(data) > len(m.head)/4 {
		clear(m.head[:])
	} else {
		for i := 0; i+minMatch <= len(data); i++ {
			m.head[hash(data, i)] = 0
		}
	}
	return m.symbols
}

// hash is zlib's rolling hash of three bytes.
func hash(data []byte, i int) uint {
	return (uint(data[i])<<(2*hashShift) ^ uint(data[i+1])<<hashShift ^ uint(data[i+2])) & hashMask
}

// insert puts position i at the head of its chain and returns the position that was
// there, or 0.
func (m *matcher) insert(data []byte, i int) int {
	if i+minMatch > len(data) {
		return 0
	}
	h := hash(data, i)
	candidate := m.head[h]
	m.prev[i] = candidate
	m.head[h] = uint16(i)
	return int(candidate)
}

// longest follows a chain from a candidate. It returns the longest match at position i
// that is longer than best, and where it is. If there is none, it returns best and
// bestAt, or the rest of the data if that is shorter.
func longest(data []byte, i, candidate, best, bestAt int, prev *[MaxSize]uint16) (length, at int) {
	left := len(data) - i
	if best >= left {
		return left, bestAt
	}
	limit := min(left, maxMatch)
	nice := min(left, niceLength)
	chain := chainLimit
	if best >= goodLength {
		chain /= 4
	}
	scan := data[i : i+limit]
	last, next := data[i+best-1], data[i+best]
	for ; candidate != 0 && chain > 0; chain-- {
		// A longer match also has the next byte.
		if data[candidate+best] == next && data[candidate+best-1] == last {
			if n := common(data[candidate:candidate+limit], scan); n > best {
				best, bestAt = n, candidate
				if n >= nice {
					break
				}
				last, next = data[i+best-1], data[i+best]
			}
		}
		candidate = int(prev[candidate])
	}
	return best, bestAt
}

// common returns the number of bytes that two slices of one length share at their
// beginning.
func common(a, b []byte) int {
	n := 0
	for ; len(a)-n >= 8; n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return n
}
