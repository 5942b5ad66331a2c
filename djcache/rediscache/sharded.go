package rediscache

import (
	"fmt"
	"io"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/redisops"
)

// Shard is one of the servers of a ShardClient.
type Shard struct {
	// URL is the exact text of the server in LOCATION, with password and database: it
	// decides which keys the server has.
	URL string
	// Client reaches that server.
	Client redis.UniversalClient
}

// Format prints only that it is a shard: the [Shard.URL] may hold a password.
func (Shard) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "shard") }

// MarshalText returns the text of [Shard.Format].
func (Shard) MarshalText() ([]byte, error) { return []byte("shard"), nil }

// NewSharded is [New] for the servers of django_redis.client.ShardClient, in any
// order. opts may be nil.
//
// Errors: [djsession.ErrConfig] when there is no server, or a URL is there twice.
func NewSharded(site *djsession.Site, shards []Shard, opts *Options) (*Cache, error) {
	urls, clients := make([]string, len(shards)), make([]redis.UniversalClient, len(shards))
	seen := map[string]bool{}
	for i, s := range shards {
		if seen[s.URL] {
			return nil, fmt.Errorf("%w: two shards have one URL", djsession.ErrConfig)
		}
		seen[s.URL] = true
		urls[i], clients[i] = s.URL, s.Client
	}
	if len(shards) == 0 {
		return nil, fmt.Errorf("%w: there are no shards", djsession.ErrConfig)
	}
	ring := NewRing(urls)
	return newCache(site, redisops.NewShared(site, clients, ring.Pick, opts.ops()), opts), nil
}
