package memcached

import (
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Expiration is what is sent for a moment.
func Expiration(site *djsession.Site, expires time.Time) int32 {
	return New(site, nil, nil).expiration(expires)
}

// Encode returns the item of a value.
func (c *Cache) Encode(value *serializer.Dict) (*memcache.Item, error) {
	return c.encode("test", "name", value)
}

// Decode returns the value of an item.
func (c *Cache) Decode(item *memcache.Item) (*serializer.Dict, error) { return c.decode("test", item) }
