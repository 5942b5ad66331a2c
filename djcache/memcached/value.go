package memcached

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/inflate"
	"github.com/go-djsession/go-djsession/serializer"
)

// The flags of pymemcache, pylibmc and python-memcached. Their other flags, for numbers
// and text, mean a value that is no session.
const (
	flagPickle = 1
	flagZlib   = 8
)

// overhead is a lower bound of what memcached adds to the bytes of an item's key and
// value: its header, the token, the flags, and the ends of both.
const overhead = 64

// encode returns the item of a value, without its expiry.
func (c *Cache) encode(doing, name string, value *serializer.Dict) (*memcache.Item, error) {
	raw, err := c.format.Dumps(nil, value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	key := c.key(name)
	if len(raw) > c.site.Settings().Limits.Payload || overhead+len(key)+len(raw) > c.maxItem {
		return nil, fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	}
	item := &memcache.Item{Key: key, Value: raw, Flags: flagPickle}
	if c.flags != nil {
		item.Flags = *c.flags
	}
	return item, nil
}

// decode returns the dict of an item.
func (c *Cache) decode(doing string, item *memcache.Item) (*serializer.Dict, error) {
	limits := c.site.Settings().Limits
	if len(item.Value) > limits.Payload {
		return nil, djsession.Corrupt(doing, djsession.ErrTooLarge)
	}
	raw, known := item.Value, item.Flags&^flagZlib == flagPickle
	if c.flags != nil {
		known = item.Flags == *c.flags
	} else if item.Flags&flagZlib != 0 {
		var err error
		if raw, err = new(inflate.Decoder).AppendZlib(nil, raw, limits.Data.Size); err != nil {
			if errors.Is(err, inflate.ErrTooLarge) {
				err = serializer.ErrLimit
			}
			return nil, djsession.Corrupt(doing, err)
		}
	}
	if !known {
		return nil, djsession.Corrupt(doing, fmt.Errorf("flags %d: %w", item.Flags, serializer.ErrNotDict))
	}
	d, err := c.format.Loads(raw)
	if err != nil {
		return nil, djsession.Corrupt(doing, err)
	}
	return d, nil
}

// version is the Version of the flags and the value of an item.
func version(item *memcache.Item) djsession.Version {
	return djsession.VersionOf(string(binary.BigEndian.AppendUint32(nil, item.Flags)) + string(item.Value))
}

const (
	over = -1 // an expiration that has passed: nobody gets the item any more
	// relative is the most seconds that memcached counts from now.
	relative = 30 * 24 * 60 * 60
)

// expiration is BaseMemcachedCache.get_backend_timeout for a moment, rounded up
// to seconds.
func (c *Cache) expiration(expires time.Time) int32 {
	now := c.site.Now()
	left := expires.Sub(now)
	if expires.Year() > 2200 { // further than a Duration goes
		left = math.MaxInt64
	}
	if left <= 0 {
		return over
	}
	if seconds := int64((left-1)/time.Second) + 1; seconds <= relative {
		return int32(seconds)
	}
	moment := expires.Unix()
	if expires.Nanosecond() > 0 {
		moment++
	}
	if last := int64(math.MaxInt32); moment > last {
		if last-now.Unix() <= relative {
			return relative
		}
		moment = last
	}
	return int32(moment)
}
