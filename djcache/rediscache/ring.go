package rediscache

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Ring chooses the server of a key as django_redis.client.ShardClient does, by
// django_redis.hash_ring.HashRing. It never changes.
type Ring struct {
	points []ringPoint
}

type ringPoint struct {
	hash   [sha256.Size]byte
	server int
}

// NewRing returns the ring of servers. Each URL must be the text in LOCATION, including
// its password, because that text is hashed. Each server is at 128 points.
func NewRing(urls []string) *Ring {
	const replicas = 128
	r := &Ring{make([]ringPoint, 0, len(urls)*replicas)}
	for i, url := range urls {
		for n := range replicas {
			r.points = append(r.points, ringPoint{sha256.Sum256([]byte(url + ":" + strconv.Itoa(n))), i})
		}
	}
	slices.SortStableFunc(r.points, func(a, b ringPoint) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	return r
}

// Pick returns the index of the server of a key, which is one that djcache.Keys makes. It
// returns -1 if there are no servers. If the key has text in braces, only that text
// counts.
func (r *Ring) Pick(key string) int {
	if len(r.points) == 0 {
		return -1
	}
	hash := sha256.Sum256([]byte(tag(key)))
	// The last point that is not above the hash, and the last of all below the first.
	above := sort.Search(len(r.points), func(i int) bool { return bytes.Compare(r.points[i].hash[:], hash[:]) > 0 })
	return r.points[(above+len(r.points)-1)%len(r.points)].server
}

// tag returns the group of the regular expression .*\{(.*)\}.* if that matches, else the
// key.
func tag(key string) string {
	line, _, _ := strings.Cut(key, "\n") // a point does not match a line break
	if end := strings.LastIndexByte(line, '}'); end >= 0 {
		if begin := strings.LastIndexByte(line[:end], '{'); begin >= 0 {
			return line[begin+1 : end]
		}
	}
	return key
}
