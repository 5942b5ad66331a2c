package memcached

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/fault"
)

// The operations on which an error depends.
const (
	adding  = "add to cache"
	setting = "write cache"
)

// do runs a call for a name and translates its error.
func (c *Cache) do(ctx context.Context, doing, name string, call func(*lane) error) error {
	if err := ctx.Err(); err != nil {
		return djsession.Unavailable(doing, err)
	}
	l, done := c.lanes.take(ctx)
	err := call(l)
	done(err)
	return failed(ctx, doing, name, err)
}

// failed translates an error for the callers of the Cache.
func failed(ctx context.Context, doing, name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, memcache.ErrCacheMiss):
		return djsession.ErrNotFound
	case errors.Is(err, memcache.ErrCASConflict):
		return conflict(doing)
	case errors.Is(err, memcache.ErrNotStored) && doing == adding:
		return djsession.ErrKeyTaken
	case errors.Is(err, memcache.ErrNotStored):
		return djsession.ErrNotFound
	case errors.Is(err, memcache.ErrMalformedKey) && doing != adding && doing != setting && strings.ContainsFunc(name, illegal):
		return djsession.ErrNotFound
	case errors.Is(err, memcache.ErrMalformedKey):
		return fmt.Errorf("%s: %w: the cache key is longer than 250 bytes, or holds a space or control character: see KEY_PREFIX", doing, djsession.ErrConfig)
	case strings.Contains(err.Error(), "SERVER_ERROR object too large"):
		return fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	}
	return djsession.Unavailable(doing, errors.Join(err, fault.Ended(ctx)))
}

// illegal reports whether no key of memcached can contain r.
func illegal(r rune) bool { return r <= ' ' || r == 0x7f }

func conflict(doing string) error { return fmt.Errorf("%s: %w", doing, djsession.ErrConflict) }
