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

// The parameters of zlib's default window and memLevel.
const (
	windowSize = 1 << 15
	windowMask = windowSize - 1
	// maxDistance is how far back a match may begin: zlib wants to see so much of the data
	// ahead of any position.
	minLookahead = maxMatch + minMatch + 1
	maxDistance  = windowSize - minLookahead
	// blockSymbols is the number of symbols that end a block.
	blockSymbols = 1<<14 - 1
)

// A matcher finds repetitions as zlib's deflate_slow does. It follows chains of positions
// whose next three bytes have the same hash, and delays each match by a byte to see
// whether a longer one begins there.
//
// Positions are counted from base, as zlib counts them from the beginning of its buffer
// of two windows. Now and then it moves base by a window. A position of 0 ends a chain, so
// nothing ever matches the very beginning.
type matcher struct {
	head    [1 << hashBits]uint16 // the last position with a hash; all 0 between calls
	prev    [windowSize]uint16    // the position before, by position modulo windowSize
	symbols []symbol              // of the block at hand

	data []byte
	base int // offset in data from which positions are counted
	done int // offset in data to which the symbols lead

	i       int  // the next position
	pending bool // the byte before is not written yet
	length  int  // the match found at the position before
	at      int  // where it is
}

// begin prepares the matcher for data.
func (m *matcher) begin(data []byte) {
	m.data, m.base, m.done = data, 0, 0
	m.i, m.pending, m.length, m.at = 0, false, minMatch-1, 0
	if m.symbols == nil {
		m.symbols = make([]symbol, 0, min(len(data)+1, blockSymbols+1))
	}
}

// next makes the symbols of the next block, and reports whether it is the last one.
func (m *matcher) next() (last bool) {
	m.symbols = m.symbols[:0]
	data := m.data[m.base:]
	i, pending, length, at := m.i, m.pending, m.length, m.at
	for i < len(data) {
		// zlib moves its window when too little of the data ahead is in its buffer.
		if min(len(data), 2*windowSize)-i < minLookahead && i >= windowSize+maxDistance {
			m.slide()
			data = m.data[m.base:]
			i, at = i-windowSize, at-windowSize
		}
		candidate := m.insert(data, i)
		before, beforeAt := length, at
		length = minMatch - 1
		if candidate != 0 && before < lazyLength && i-candidate <= maxDistance {
			if length, at = m.longest(data, i, candidate, before, at); length == minMatch && i-at > tooFar {
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
			m.done = m.base + i
		case pending:
			m.symbols = append(m.symbols, symbol{value: uint16(data[i-1])})
			m.done = m.base + i
			i++
		default:
			pending = true
			i++
			continue
		}
		if len(m.symbols) == blockSymbols {
			m.i, m.pending, m.length, m.at = i, pending, length, at
			return false
		}
	}
	if pending {
		m.symbols = append(m.symbols, symbol{value: uint16(data[len(data)-1])})
	}
	m.done = len(m.data)
	m.end()
	return true
}

// end clears what insert set.
func (m *matcher) end() {
	if len(m.data) > len(m.head)/4 {
		clear(m.head[:])
	} else {
		for i := 0; i+minMatch <= len(m.data); i++ {
			m.head[hash(m.data, i)] = 0
		}
	}
	m.data = nil
}

// slide moves base by a window. Positions before it become 0.
func (m *matcher) slide() {
	m.base += windowSize
	slide(m.head[:])
	slide(m.prev[:])
}

func slide(positions []uint16) {
	for i, p := range positions {
		// The highest bit is the window. It becomes a mask of the bits below it.
		positions[i] = p & (p&windowSize - p>>15)
	}
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
	m.prev[i&windowMask] = candidate
	m.head[h] = uint16(i)
	return int(candidate)
}

// longest follows a chain from a candidate. It returns the longest match at position i
// that is longer than best, and where it is. If there is none, it returns best and
// bestAt, or the rest of the data if that is shorter.
func (m *matcher) longest(data []byte, i, candidate, best, bestAt int) (length, at int) {
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
	oldest := max(0, i-maxDistance) // the candidates are after it, but for the first
	scan := data[i : i+limit]
	last, next := data[i+best-1], data[i+best]
	for ; chain > 0; chain-- {
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
		if candidate = int(m.prev[candidate&windowMask]); candidate <= oldest {
			break
		}
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
