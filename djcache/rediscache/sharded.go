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
	// URL is the server's text in LOCATION, letter by letter, with password,
	// database and all: the server of a key is found by it.
	URL string
	// Client reaches that server.
	Client redis.UniversalClient
}

// Format prints no more than that it is a shard: there may be a password in the URL.
func (Shard) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "shard") }

// MarshalText gives what Format prints.
func (Shard) MarshalText() ([]byte, error) { return []byte("shard"), nil }

// NewSharded is New for the servers of django_redis.client.ShardClient, in any
// order. opts may be nil.
//
// Errors: djsession.ErrConfig when there is no server, or a URL is there twice.
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
	return newCache(site, redisops.NewShared(site, clients, ring.Pick), opts), nil
}
