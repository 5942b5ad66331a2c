package deflate

import "math/bits"

const (
	endOfBlock = 256
	maxSymbols = 288 // in the fixed code, which defines two that no block may use
	maxBits    = 15
)

// A code describes the symbols of one of deflate's three codes.
type code struct {
	symbols int
	limit   int      // the longest code, in bits
	extra   []uint8  // extra bits behind each symbol
	base    []uint16 // what the extra bits are added to
	fixed   []uint8  // lengths in the fixed code, nil when there is none
}

// codeOrder is the order in which the lengths of the code length code are sent.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// The three codes of RFC 1951, 3.2.5 to 3.2.7. Lengths are counted from minMatch.
var (
	litCode = func() code {
		c := code{symbols: 286, limit: maxBits, extra: make([]uint8, 286), base: make([]uint16, 286), fixed: make([]uint8, maxSymbols)}
		base := 0
		for i := range 28 {
			extra := max(i/4-1, 0)
			c.extra[257+i], c.base[257+i] = uint8(extra), uint16(base)
			base += 1 << extra
		}
		c.base[285] = maxMatch - minMatch
		for i := range c.fixed {
			switch {
			case i < 144:
				c.fixed[i] = 8
			case i < 256:
				c.fixed[i] = 9
			case i < 280:
				c.fixed[i] = 7
			default:
				c.fixed[i] = 8
			}
		}
		return c
	}()
	distCode = func() code {
		c := code{symbols: 30, limit: maxBits, extra: make([]uint8, 30), base: make([]uint16, 30), fixed: make([]uint8, 30)}
		base := 1
		for i := range c.fixed {
			extra := max(i/2-1, 0)
			c.extra[i], c.base[i], c.fixed[i] = uint8(extra), uint16(base), 5
			base += 1 << extra
		}
		return c
	}()
	lengthCode = code{symbols: len(codeOrder), limit: 7, extra: []uint8{16: 2, 17: 3, 18: 7}}
)

// lengthSymbol has the symbol of each match, by its bytes beyond minMatch.
var lengthSymbol = func() (symbols [maxMatch - minMatch + 1]uint16) {
	for s := 257; s < litCode.symbols; s++ {
		for i := int(litCode.base[s]); i < min(int(litCode.base[s])+1<<litCode.extra[s], len(symbols)); i++ {
			symbols[i] = uint16(s) // 285 overwrites the last of 284
		}
	}
	return symbols
}()

// distSymbol returns the symbol of a distance.
func distSymbol(dist uint16) int {
	d := uint(dist) - 1
	if d < 4 {
		return int(d)
	}
	n := bits.Len(d) - 2 // extra bits
	return 2*n + int(d>>n)
}

// A tree makes the Huffman code for the frequencies of symbols. Of several equally good
// codes it makes the one that zlib makes, which follows from the order of its heap.
type tree struct {
	spec   *code
	freq   [2 * maxSymbols]uint16 // of symbols, then of inner nodes
	length [maxSymbols]uint8      // of each code in bits, 0 without one
	code   [maxSymbols]uint16     // first bit lowest
	size   int                    // symbols up to the last one that has a code

	parent [2 * maxSymbols]uint16
	depth  [2 * maxSymbols]uint8 // of the tree below a node, in bits for inner nodes too once they are known
	heap   [maxSymbols + 1]uint16
	count  int                    // nodes in heap[1:]
	order  [2 * maxSymbols]uint16 // nodes as they left the heap
}

func (t *tree) reset(spec *code) {
	t.spec = spec
	clear(t.freq[:])
	clear(t.length[:])
}

// smaller orders the heap.
func (t *tree) smaller(a, b uint16) bool {
	return t.freq[a] < t.freq[b] || t.freq[a] == t.freq[b] && t.depth[a] <= t.depth[b]
}

// down moves the node at k of the heap to its place.
func (t *tree) down(k int) {
	v := t.heap[k]
	for j := 2 * k; j <= t.count; j = 2 * k {
		if j < t.count && t.smaller(t.heap[j+1], t.heap[j]) {
			j++
		}
		if t.smaller(v, t.heap[j]) {
			break
		}
		t.heap[k] = t.heap[j]
		k = j
	}
	t.heap[k] = v
}

// build makes the code. It returns the size in bits of all counted symbols with their
// extra bits, under this code and under the fixed one.
func (t *tree) build() (size, fixed int) {
	// 1. Make a heap of the symbols that occur. There are always two codes, so that a
	// tree exists.
	spec := t.spec
	t.count, t.size = 0, 0
	for s := range spec.symbols {
		if t.freq[s] > 0 {
			t.push(s)
		}
	}
	for t.count < 2 {
		s := 0
		if t.size < 3 {
			s = t.size
		}
		t.push(s)
		t.freq[s] = 1
		size-- // it does not occur
		if spec.fixed != nil {
			fixed -= int(spec.fixed[s])
		}
	}
	for k := t.count / 2; k >= 1; k-- {
		t.down(k)
	}

	// 2. Join the two rarest nodes until one is left, the root.
	node, left := spec.symbols, 0
	for t.count >= 2 {
		a := t.heap[1]
		t.heap[1] = t.heap[t.count]
		t.count--
		t.down(1)
		b := t.heap[1]
		t.order[left], t.order[left+1] = a, b
		left += 2
		t.freq[node] = t.freq[a] + t.freq[b]
		t.depth[node] = max(t.depth[a], t.depth[b]) + 1
		t.parent[a], t.parent[b] = uint16(node), uint16(node)
		t.heap[1] = uint16(node)
		node++
		t.down(1)
	}

	// 3. Lengths, from the root down. From here on depth is the distance from the root.
	var counts [maxBits + 1]int
	overflow := 0
	t.depth[node-1] = 0
	for i := left - 1; i >= 0; i-- {
		n := t.order[i]
		l := int(t.depth[t.parent[n]]) + 1
		if l > spec.limit {
			l = spec.limit
			overflow++
		}
		t.depth[n] = uint8(l)
		if int(n) >= spec.symbols {
			continue
		}
		t.length[n] = uint8(l)
		counts[l]++
	}
	if overflow > 0 {
		t.shorten(&counts, overflow, left)
	}
	for s := range t.size {
		if l := int(t.length[s]); l > 0 {
			extra := int(spec.extra[s])
			size += int(t.freq[s]) * (l + extra)
			if spec.fixed != nil {
				fixed += int(t.freq[s]) * (int(spec.fixed[s]) + extra)
			}
		}
	}
	t.number()
	return size, fixed
}

// push puts a symbol at the end of the heap. down then orders it.
func (t *tree) push(s int) {
	t.count++
	t.heap[t.count] = uint16(s)
	t.depth[s] = 0
	t.size = max(t.size, s+1)
}

// shorten repairs a code in which overflow nodes were cut to the longest length. It moves
// leaves down from shorter lengths to make room, and then assigns the lengths again, the
// longest to the rarest symbols.
func (t *tree) shorten(counts *[maxBits + 1]int, overflow, left int) {
	limit := t.spec.limit
	for ; overflow > 0; overflow -= 2 {
		l := limit - 1
		for counts[l] == 0 {
			l--
		}
		counts[l]--
		counts[l+1] += 2
		counts[limit]--
	}
	i := 0
	for l := limit; l > 0; l-- {
		for n := counts[l]; n > 0; i++ {
			if s := t.order[i]; int(s) < t.spec.symbols {
				t.length[s] = uint8(l)
				n--
			}
		}
	}
}

// fix takes the fixed code in place of the built one.
func (t *tree) fix() {
	t.size = copy(t.length[:], t.spec.fixed)
	t.number()
}

// number assigns the codes to the lengths, in the order of RFC 1951, 3.2.2.
func (t *tree) number() {
	var counts, next [maxBits + 2]uint16
	for _, l := range t.length[:t.size] {
		counts[l]++
	}
	counts[0] = 0
	for l := 1; l <= maxBits; l++ {
		next[l+1] = (next[l] + counts[l]) << 1
	}
	for s, l := range t.length[:t.size] {
		if l > 0 {
			t.code[s] = bits.Reverse16(next[l]) >> (16 - l)
			next[l]++
		}
	}
}

// A run is one symbol of the code length code: a length, or a repetition with its count in extra bits.
type run struct{ symbol, extra uint8 }

// appendRuns encodes lengths the way zlib does.
func appendRuns(runs []run, lengths []uint8) []run {
	before := -1
	for i := 0; i < len(lengths); {
		l := lengths[i]
		most, least := 7, 4 // the first of a run is sent as it is, then 3 to 6 are repeated
		switch {
		case l == 0:
			most, least = 138, 3
		case int(l) == before:
			most, least = 6, 3
		}
		n := 1
		for n < most && i+n < len(lengths) && lengths[i+n] == l {
			n++
		}
		i += n
		switch {
		case n < least:
			for range n {
				runs = append(runs, run{symbol: l})
			}
		case l != 0:
			if int(l) != before {
				runs = append(runs, run{symbol: l})
				n--
			}
			runs = append(runs, run{16, uint8(n - 3)})
		case n <= 10:
			runs = append(runs, run{17, uint8(n - 3)})
		default:
			runs = append(runs, run{18, uint8(n - 11)})
		}
		before = int(l)
	}
	return runs
}
