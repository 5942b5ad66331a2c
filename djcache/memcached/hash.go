package memcached

import "math/bits"

// murmur3 is MurmurHash3 for 32 bits with the seed 0, as pymemcache computes it: over
// code points and not over bytes. Of a code point the lowest eight bits count, and of
// every fourth one all bits.
func murmur3(text string) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	var h, k, n uint32
	for _, r := range text {
		c := uint32(r)
		if n%4 != 3 {
			c &= 0xff
		}
		k |= c << (n % 4 * 8)
		if n++; n%4 == 0 {
			h ^= bits.RotateLeft32(k*c1, 15) * c2
			h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
			k = 0
		}
	}
	if n%4 != 0 {
		h ^= bits.RotateLeft32(k*c1, 15) * c2
	}
	h ^= n
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}

// oneAtATime is the hash of Bob Jenkins, the default of libmemcached. Its bytes are
// signed, as char is in C on most machines.
func oneAtATime(text string) uint32 {
	var h uint32
	for i := range len(text) {
		h += uint32(int8(text[i]))
		h += h << 10
		h ^= h >> 6
	}
	h += h << 3
	h ^= h >> 11
	return h + h<<15
}
