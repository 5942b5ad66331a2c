package inflate

import (
	"math/bits"
	"sync"
)

const (
	maxLit  = 286 // literal and length symbols a block may define
	maxDist = 30  // distance symbols a block may define
	maxBits = 15  // longest Huffman code

	maxSymbols = 288 // in one code: the fixed one defines two that no block may use

	fastBits = 9
	fastMask = 1<<fastBits - 1
)

// An entry says what a Huffman code stands for. Bits 0-4 are the bits that it takes with
// the extra bits after it, 5-8 those of the code alone. Then comes the kind, and from bit
// 17 on the literal, or the number to which the extra bits are added.
type entry uint32

const (
	literal entry = 1 << (9 + iota)
	match         // the length or the distance of one
	stop          // end of block
	invalid       // no such code, or a symbol that RFC 1951 reserves
)

func (e entry) total() uint   { return uint(e & 31) }
func (e entry) bits() uint    { return uint(e >> 5 & 15) }
func (e entry) extra() uint   { return e.total() - e.bits() }
func (e entry) base() int     { return int(e >> 17) }
func (e entry) literal() byte { return byte(e >> 17) }

// coded adds the length of its code to the entry of a symbol, which has only its extra
// bits.
func (e entry) coded(l int) entry { return e + entry(l) + entry(l)<<5 }

// A table decodes one Huffman code: codes of up to fastBits bits by one look into fast,
// longer ones bit by bit. To make one, call reset, then add for every symbol that has a
// code, in order, then build.
type table struct {
	fast    [1 << fastBits]entry // by the next bits of the input; 0 when the code is longer, or there is none
	mask    uint64               // which of the next bits: as many as the longest code has, at most fastBits
	entries []entry              // by symbol, without the length of the code

	used    int                // symbols that have a code
	symbols [maxSymbols]uint16 // in the order of their codes, once built
	count   [maxBits + 1]int   // codes of each length
	added   [maxSymbols]struct {
		symbol uint16
		length uint8
	}
}

// reset begins a new code. entries say what its symbols stand for.
func (t *table) reset(entries []entry) {
	t.entries = entries
	t.used = 0
	t.count = [maxBits + 1]int{}
}

// add assigns a code of 1 to maxBits bits to the next symbol.
func (t *table) add(symbol int, length uint8) {
	t.added[t.used].symbol = uint16(symbol)
	t.added[t.used].length = length
	t.used++
	t.count[length]++
}

// build makes the table. A code that leaves bit patterns unused is an error, with two
// exceptions, as in zlib: it has no symbol at all, or single is set and it has one symbol
// of one bit.
func (t *table) build(single bool) error {
	// 1. Check that the code is neither over-subscribed nor incomplete, and find where each length begins in symbols.
	left, longest := 1, 0
	var index [maxBits + 2]int
	for l := 1; l <= maxBits; l++ {
		if left = left<<1 - t.count[l]; left < 0 {
			return ErrCorrupt
		}
		if t.count[l] > 0 {
			longest = l
		}
		index[l+1] = index[l] + t.count[l]
	}
	if left > 0 && t.used > 0 && !(single && longest == 1) {
		return ErrCorrupt
	}

	// 2. Sort the symbols by length. Those of one length stay in order.
	for _, a := range t.added[:t.used] {
		t.symbols[index[a.length]] = a.symbol
		index[a.length]++
	}

	// 3. Fill fast, length by length. The entries of the shorter codes are valid whatever
	// bits follow: double them, then set the codes of this length. Their bits come in the
	// order of the input, the first one lowest.
	t.fast[0] = 0
	code, next, size := 0, 0, 1
	for l := 1; l <= min(longest, fastBits); l++ {
		copy(t.fast[size:2*size], t.fast[:size])
		size *= 2
		code <<= 1
		for _, symbol := range t.symbols[next : next+t.count[l]] {
			t.fast[bits.Reverse16(uint16(code))>>(16-l)&fastMask] = t.entries[symbol].coded(l)
			code++
		}
		next += t.count[l]
	}
	t.mask = uint64(size - 1)
	return nil
}

// slow decodes the code at the low end of bit: it compares it with the first code of each
// length. If there is none it returns invalid with 0 bits.
func (t *table) slow(bit uint64) entry {
	code, first, index := 0, 0, 0
	for l := 1; l <= maxBits; l++ {
		code |= int(bit & 1)
		bit >>= 1
		count := t.count[l]
		if code-first < count {
			return t.entries[t.symbols[index+code-first]].coded(l)
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return invalid
}

// codeOrder is the order in which the lengths of the code length code are sent.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the two Huffman codes at the head of a dynamic block (RFC 1951, 3.2.7).
func (d *Decoder) readTables() error {
	// 1. Read how many code lengths there are of each kind.
	head, err := d.take(14)
	if err != nil {
		return err
	}
	lits, dists, codes := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if lits > maxLit || dists > maxDist {
		return ErrCorrupt
	}

	// 2. Read the code in which they are written.
	var codeLengths [len(codeOrder)]uint8
	for _, c := range codeOrder[:codes] {
		l, err := d.take(3)
		if err != nil {
			return err
		}
		codeLengths[c] = uint8(l)
	}
	set := symbolEntries()
	lengths := &d.lengths
	lengths.reset(set.code[:])
	for symbol, l := range codeLengths {
		if l > 0 {
			lengths.add(symbol, l)
		}
	}
	if err := lengths.build(false); err != nil {
		return err
	}

	// 3. Read the lengths. Those of the distances follow those of the literals.
	d.lit.reset(set.lit[:])
	d.dist.reset(set.dist[:])
	var last uint8
	canEnd := false
	for i := 0; i < lits+dists; {
		for d.n < 14 && d.pos < len(d.src) { // a code of 7 bits and 7 extra bits
			d.bit |= uint64(d.src[d.pos]) << d.n
			d.pos++
			d.n += 8
		}
		e := lengths.fast[d.bit&lengths.mask&fastMask]
		if e == 0 {
			return ErrCorrupt // no code, as none is longer than fast
		}
		if _, err := d.take(e.bits()); err != nil {
			return err
		}
		repeat := 1
		switch symbol := e.literal(); symbol {
		default:
			last = symbol
		case 16: // the one before, 3 to 6 times
			if i == 0 {
				return ErrCorrupt
			}
			more, err := d.take(2)
			if err != nil {
				return err
			}
			repeat = 3 + int(more)
		case 17, 18: // 0, 3 to 10 or 11 to 138 times
			last = 0
			more, err := d.take(3 + uint(symbol-17)*4)
			if err != nil {
				return err
			}
			repeat = 3 + int(symbol-17)*8 + int(more)
		}
		if repeat > lits+dists-i {
			return ErrCorrupt
		}
		if last == 0 {
			i += repeat
			continue
		}
		for ; repeat > 0; repeat-- {
			if i < lits {
				d.lit.add(i, last)
				canEnd = canEnd || i == 256
			} else {
				d.dist.add(i-lits, last)
			}
			i++
		}
	}

	// 4. Make their tables. A block that cannot end is an error at once.
	if !canEnd {
		return ErrCorrupt
	}
	if err := d.lit.build(true); err != nil {
		return err
	}
	return d.dist.build(true)
}

// entrySet says what the symbols of each code stand for.
type entrySet struct {
	lit  [maxSymbols]entry
	dist [32]entry
	code [len(codeOrder)]entry
}

// symbolEntries makes the entries of RFC 1951, 3.2.5, once.
var symbolEntries = sync.OnceValue(func() *entrySet {
	s := new(entrySet)
	for i := range 256 {
		s.lit[i] = literal | entry(i)<<17
	}
	s.lit[256] = stop
	base := 3
	for i := range 28 {
		extra := max(i/4-1, 0)
		s.lit[257+i] = match | entry(base)<<17 | entry(extra)
		base += 1 << extra
	}
	s.lit[285] = match | entry(258)<<17
	s.lit[286], s.lit[287] = invalid, invalid
	base = 1
	for i := range maxDist {
		extra := max(i/2-1, 0)
		s.dist[i] = match | entry(base)<<17 | entry(extra)
		base += 1 << extra
	}
	s.dist[30], s.dist[31] = invalid, invalid
	for i := range s.code {
		s.code[i] = literal | entry(i)<<17
	}
	return s
})

// fixedTables makes the codes of RFC 1951, 3.2.6, once.
var fixedTables = sync.OnceValue(func() *struct{ lit, dist table } {
	t := new(struct{ lit, dist table })
	t.lit.reset(symbolEntries().lit[:])
	for i := range 288 {
		switch {
		case i < 144:
			t.lit.add(i, 8)
		case i < 256:
			t.lit.add(i, 9)
		case i < 280:
			t.lit.add(i, 7)
		default:
			t.lit.add(i, 8)
		}
	}
	t.dist.reset(symbolEntries().dist[:])
	for i := range 32 {
		t.dist.add(i, 5)
	}
	// Both codes are complete: build cannot fail.
	_ = t.lit.build(false)
	_ = t.dist.build(false)
	return t
})
