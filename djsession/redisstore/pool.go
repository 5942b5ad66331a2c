package redisstore

import (
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/redisops"
)

// Server is an entry of SESSION_REDIS["POOL"].
type Server struct {
	Client redis.UniversalClient
	// Weight is the entry's weight, its share of the sessions; default 1.
	Weight int
}

func (s Server) weight() uint64 { return uint64(max(s.Weight, 1)) }

// Pool is SESSION_REDIS["POOL"]: servers that share the sessions by the first four
// characters of the key.
//
// No release of the library supports this: all send every session to localhost:6379, and
// fail for a visitor without a cookie. Pool is for sites that have repaired it.
type Pool []Server

// Pick is RedisServer.get_server: it returns the index of the server that has a session.
// The pool must not be empty.
func (p Pool) Pick(key string) int {
	var pos, sum uint64
	for i := min(len(key), 4) - 1; i >= 0; i-- {
		pos = pos<<8 | uint64(key[i])
	}
	for _, s := range p {
		sum += s.weight()
	}
	pos %= sum
	for i, s := range p {
		if pos < s.weight() {
			return i
		}
		pos -= s.weight()
	}
	return 0
}

// NewPooled is [New] for the servers of a pool. opts may be nil.
//
// Errors: [djsession.ErrConfig] for a pool without servers.
func NewPooled(site *djsession.Site, pool Pool, opts *Options) (*Store, error) {
	if len(pool) == 0 {
		return nil, fmt.Errorf("%w: the pool of Redis servers is empty", djsession.ErrConfig)
	}
	pool = slices.Clone(pool)
	clients := make([]redis.UniversalClient, len(pool))
	for i, s := range pool {
		clients[i] = s.Client
	}
	s := newStore(site, nil, opts)
	s.ops = redisops.NewShared(site, clients, func(key string) int { return pool.Pick(key[len(s.head):]) }, opts.ops())
	return s, nil
}
