package memcached

import (
	"cmp"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// Rendezvous chooses as pymemcache does, which PyMemcacheCache uses: the server whose
// name hashes highest together with the key. The name is the text in LOCATION, not the
// address that it resolves to. There are no weights.
//
// Errors: [djsession.ErrConfig].
func Rendezvous(addresses ...string) (*Servers, error) {
	servers, err := parse(addresses)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(servers))
	for i, s := range servers {
		if s.weight != 1 {
			return nil, fmt.Errorf("%w: PyMemcacheCache has no weights", djsession.ErrConfig)
		}
		if names[i] = s.host; s.port != 0 { // HashClient._make_client_key; an IPv6 address has no brackets
			names[i] += ":" + strconv.Itoa(s.port)
		}
	}
	pick := func(key string) int {
		best, score := 0, uint32(0)
		for i, name := range names {
			h := murmur3(name + "-" + key)
			if i == 0 || h > score || h == score && name > names[best] {
				best, score = i, h
			}
		}
		return best
	}
	return &Servers{servers: servers, pick: pick}, nil
}

// Modula chooses as libmemcached does by default, and so PyLibMCCache without behaviors:
// by the hash of the key modulo the number of servers. It ignores weights.
//
// Errors: [djsession.ErrConfig].
func Modula(addresses ...string) (*Servers, error) {
	servers, err := parse(addresses)
	if err != nil {
		return nil, err
	}
	n := uint32(len(servers))
	return &Servers{servers: servers, pick: func(key string) int { return int(oneAtATime(key) % n) }}, nil
}

// PythonMemcached chooses as python-memcached does, which MemcachedCache uses. Its
// addresses may begin with "inet:" or "inet6:".
//
// Errors: [djsession.ErrConfig].
func PythonMemcached(addresses ...string) (*Servers, error) {
	plain := make([]string, len(addresses))
	for i, a := range addresses {
		plain[i] = strings.TrimPrefix(strings.TrimPrefix(a, "inet6:"), "inet:")
	}
	servers, err := parse(plain)
	if err != nil {
		return nil, err
	}
	var buckets []int
	for i, s := range servers {
		buckets = append(buckets, slices.Repeat([]int{i}, s.weight)...)
	}
	pick := func(key string) int {
		h := crc32.ChecksumIEEE([]byte(key)) >> 16 & 0x7fff
		return buckets[max(h, 1)%uint32(len(buckets))]
	}
	return &Servers{servers: servers, pick: pick}, nil
}

// Ketama chooses as libmemcached does with the behavior ketama, or with the distribution
// "consistent" or "consistent ketama". If an address has a weight above 1, the points are
// those of [KetamaWeighted]; only the hash of the key is different.
//
// Errors: [djsession.ErrConfig].
func Ketama(addresses ...string) (*Servers, error) {
	servers, err := parse(addresses)
	if err != nil {
		return nil, err
	}
	weighted := slices.ContainsFunc(servers, func(s server) bool { return s.weight > 1 })
	return continuum(servers, weighted, oneAtATime), nil
}

// KetamaWeighted chooses as libmemcached does with the behavior ketama_weighted.
//
// Errors: [djsession.ErrConfig].
func KetamaWeighted(addresses ...string) (*Servers, error) {
	servers, err := parse(addresses)
	if err != nil {
		return nil, err
	}
	hash := func(key string) uint32 { return md5Words(key)[0] }
	return continuum(servers, true, hash), nil
}

// point is a place of a server on the circle of hashes.
type point struct {
	hash   uint32
	server int
}

// continuum chooses the server of the first point that is not below the hash of the key.
func continuum(servers []server, weighted bool, hash func(string) uint32) *Servers {
	var points []point
	total := 0
	for _, s := range servers {
		total += s.weight
	}
	for i, s := range servers {
		if !weighted {
			for n := range 100 {
				points = append(points, point{oneAtATime(s.pointName(n)), i})
			}
			continue
		}
		for n := range weightedPoints(s.weight, total, len(servers)) {
			for _, h := range md5Words(s.pointName(n)) {
				points = append(points, point{h, i})
			}
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.hash, b.hash) })
	return &Servers{servers: servers, pick: func(key string) int {
		h := hash(key)
		i := sort.Search(len(points), func(i int) bool { return points[i].hash >= h })
		return points[i%len(points)].server
	}}
}

// pointName returns the text to hash for the point n of s, or for four of them. It omits
// the default port.
func (s server) pointName(n int) string {
	if s.port == defaultPort {
		return s.host + "-" + strconv.Itoa(n)
	}
	return s.host + ":" + strconv.Itoa(s.port) + "-" + strconv.Itoa(n)
}

// weightedPoints returns how many times four points a server has: 40 if all are equal.
// The conversions are those of libmemcached: its floats decide when a product is close to
// a whole number.
func weightedPoints(weight, total, n int) int {
	share := float32(weight) / float32(total)
	quarter := float32(float32(share*160) / 4)
	return int(math.Floor(float64(float32(float64(float32(quarter*float32(n))) + 0.0000000001))))
}

// md5Words returns the MD5 of text as four numbers.
func md5Words(text string) [4]uint32 {
	sum := md5.Sum([]byte(text))
	var words [4]uint32
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(sum[4*i:])
	}
	return words
}
