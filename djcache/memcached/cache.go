// Package memcached is Django's cache in memcached: the backends PyMemcacheCache and
// PyLibMCCache of django.core.cache.backends.memcached, and the MemcachedCache of Django
// before 4.1.
//
//	servers, err := memcached.Rendezvous("10.0.0.1:11211", "10.0.0.2:11211") // LOCATION
//	cache := memcached.New(site, servers, nil)
//
// Shapes: the key is that of [djcache.Keys]; the value is a pickle; the flags are 1, which
// means a pickle to all three clients. A Version is the flags and the bytes of the value.
// Values with flag 8, which pymemcache's compressed_serde and pylibmc with
// min_compress_len set, are read, and written uncompressed. A value that is no pickle by
// its flags (bytes, text, a number) is [djsession.ErrCorrupt].
//
// # Several servers
//
// Django's clients choose a server by the key, each by a rule of its own. A program with
// another rule finds no sessions. So make the servers by one of these:
//
//	Rendezvous       PyMemcacheCache
//	Modula           PyLibMCCache
//	Ketama           PyLibMCCache with the behavior ketama, or a distribution "consistent"
//	KetamaWeighted   PyLibMCCache with the behavior ketama_weighted
//	PythonMemcached  MemcachedCache
//
// Unlike Django's clients, this one never leaves out a server that does not answer: that
// is [djsession.ErrUnavailable]. Otherwise its keys would go to the other servers, and get lost when
// it is back.
//
// # Expiry
//
// Seconds are rounded up. An expiry in more than thirty days is sent as a moment, as
// Django does it, because memcached takes larger numbers for one. The last moment that
// the client can send is in January 2038. memcached counts the seconds by ticks of its
// own, so an item may end a part of a second early. It does not say when an item ends:
// Item.Expires is zero.
//
// # Compatibility
//
// Unlike Django's save, which sets, Replace is the command cas, so that nobody's write is
// lost and no deleted session comes back. It reads the item once more for the token of
// cas, and compares the bytes. Delete of what was seen is also a cas, to an expired item,
// because memcached has no compare and delete.
//
// The cas goes on the connection on which the token came. If the server restarts in between,
// its tokens begin anew: then the connection is gone, and the Replace is
// [djsession.ErrUnavailable].
//
// memcached is a cache: it forgets sessions when its memory is full or when it restarts.
// That is [djsession.ErrNotFound], as after a logout.
//
// There is no Lister: the command that lists keys (lru_crawler metadump) cannot be sent
// by gomemcache, and returns no values.
//
// # Contexts and errors
//
// A call ends with its context, and after [Options.Timeout] for connecting and for each
// answer. It leaves no goroutine and no connection behind. The server may still carry out a
// call that ended early. A read on a connection that the server has closed, as after a
// restart, is tried once more.
//
// Errors are those of [djcache.Cache]. If KEY_PREFIX or KEY_FUNCTION make a key longer than
// 250 bytes or put a space into it, memcached does not take it. This is a
// [djsession.ErrConfig], because it concerns all sessions. A name that itself holds such a
// character cannot have a value: it is ErrNotFound for all methods that do not create
// one.
//
// # Security
//
// Nothing in memcached is signed, and memcached does not authenticate its clients:
// whoever reaches it can log in as anyone, and in Django can run code.
package memcached

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Options are for sites that differ from Django's defaults. The zero value is for all
// others.
type Options struct {
	// Keys are KEY_PREFIX, VERSION and KEY_FUNCTION.
	Keys djcache.Keys
	// ClientPrefix stands before each key on the servers: key_prefix of pymemcache, or the
	// behavior namespace of pylibmc. Both choose the server by the key without it. Default
	// none.
	ClientPrefix string
	// Timeout limits connecting, and each answer; default half a second.
	Timeout time.Duration
	// DialContext connects to a server, such as by TLS. The default is that of net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Format is the format of the values. The default is pickle, with protocol 4 unless
	// the value was read with another one.
	Format serializer.Serializer
	// Flags are those of each item, which a serde of pymemcache writes beside the value. Nil
	// means those of pickles, plain or compressed by zlib. Items with other flags are
	// djsession.ErrCorrupt.
	Flags *uint32
	// Servers are those that the client chooses among, without [Servers.After]. They tell
	// cached_db which of several servers does not answer. By default it takes them for one.
	Servers *Servers
	// MaxItem is the most bytes of an item with its key, the -I of memcached; default 1
	// MiB. A larger item is [djsession.ErrTooLarge] before it is sent.
	MaxItem int
}

// Cache is a [djcache.Cache] in memcached. It is safe for concurrent use.
type Cache struct {
	site    *djsession.Site
	lanes   lanes
	keys    djcache.Keys
	prefix  string
	format  serializer.Serializer
	flags   *uint32
	maxItem int
}

var (
	_ djcache.Recaller     = (*Cache)(nil)
	_ djcache.Spread       = (*Cache)(nil)
	_ djcache.Cache        = (*Cache)(nil)
	_ djcache.SelfExpiring = (*Cache)(nil)
	_ djcache.Serializing  = (*Cache)(nil)
)

// New returns the entry of CACHES with these servers. It connects to none. [Cache.Close]
// closes its connections. opts may be nil.
func New(site *djsession.Site, servers *Servers, opts *Options) *Cache {
	c := &Cache{site: site}
	if opts != nil {
		c.flags = opts.Flags
		c.keys, c.prefix, c.format, c.maxItem = opts.Keys, opts.ClientPrefix, opts.Format, opts.MaxItem
		c.lanes.timeout, c.lanes.dial = opts.Timeout, opts.DialContext
	}
	if c.lanes.servers = servers; c.prefix != "" {
		c.lanes.servers = servers.After(c.prefix)
	}
	if c.lanes.dial == nil {
		c.lanes.dial = new(net.Dialer).DialContext
	}
	if c.format == nil {
		c.format = pickle.Serializer{Limits: site.Settings().Limits.Data}
	}
	if c.maxItem <= 0 {
		c.maxItem = 1 << 20
	}
	return c
}

// Close closes the connections that no call uses. A call after it makes new ones.
func (c *Cache) Close() error {
	c.lanes.close()
	return nil
}

// Ping asks all servers whether they are there. Errors: [djsession.ErrUnavailable].
func (c *Cache) Ping(ctx context.Context) error {
	return c.do(ctx, "ask memcached", "", func(l *lane) error { return l.client.Ping() })
}

// Site implements [djcache.Cache].
func (c *Cache) Site() *djsession.Site { return c.site }

// Serializer implements [djcache.Serializing]. It is [Options.Format].
func (c *Cache) Serializer() serializer.Serializer { return c.format }

// SelfExpiring implements [djcache.SelfExpiring]. It is true.
func (c *Cache) SelfExpiring() bool { return true }

// key returns the key of a name on the servers.
func (c *Cache) key(name string) string { return c.prefix + c.keys.Key(name) }

// Get implements [djcache.Cache].
func (c *Cache) Get(ctx context.Context, name string) (djcache.Item, error) {
	const doing = "read cache"
	found, err := c.get(ctx, doing, name)
	if err != nil {
		return djcache.Item{}, err
	}
	item := djcache.Item{Version: version(found), Size: len(found.Value)}
	item.Value, err = c.decode(doing, found)
	return item, err
}

// Recall implements [djcache.Recaller].
func (c *Cache) Recall(seen djsession.Version) (*serializer.Dict, error) {
	token, ok := seen.Token()
	if !ok || len(token) < 4 {
		return nil, djsession.ErrCorrupt
	}
	return c.decode("recall a copy", &memcache.Item{Flags: binary.BigEndian.Uint32([]byte(token)), Value: []byte(token[4:])})
}

// Server implements [djcache.Spread].
func (c *Cache) Server(name string) int { return c.lanes.servers.Pick(c.key(name)) }

// Add implements [djcache.Cache].
func (c *Cache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.store(ctx, adding, name, value, expires, (*memcache.Client).Add)
}

// Set implements [djcache.Cache]. As in Django, an item that the server finds too large
// leaves nothing under the name.
func (c *Cache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.store(ctx, setting, name, value, expires, (*memcache.Client).Set)
}

// Replace implements [djcache.Cache].
func (c *Cache) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	const doing = "replace in cache"
	if seen.IsForce() {
		return c.store(ctx, doing, name, value, expires, (*memcache.Client).Replace)
	}
	item, err := c.encode(doing, name, value)
	if err != nil {
		return djsession.Version{}, err
	}
	err = c.swap(ctx, doing, name, seen, func(now *memcache.Item) {
		now.Value, now.Flags, now.Expiration = item.Value, item.Flags, c.expiration(expires)
	})
	if err != nil {
		return djsession.Version{}, err
	}
	return version(item), nil
}

// Touch implements [djcache.Cache].
func (c *Cache) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	const doing = "touch in cache"
	if seen.IsForce() {
		return seen, c.do(ctx, doing, name, func(l *lane) error { return l.client.Touch(c.key(name), c.expiration(expires)) })
	}
	return seen, c.swap(ctx, doing, name, seen, func(now *memcache.Item) { now.Expiration = c.expiration(expires) })
}

// Delete implements [djcache.Cache].
func (c *Cache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	const doing = "delete from cache"
	if seen.IsForce() {
		return c.do(ctx, doing, name, func(l *lane) error { return l.client.Delete(c.key(name)) })
	}
	return c.swap(ctx, doing, name, seen, func(now *memcache.Item) { now.Value, now.Expiration = nil, over })
}

// store writes a value by one command.
func (c *Cache) store(ctx context.Context, doing, name string, value *serializer.Dict, expires time.Time, command func(*memcache.Client, *memcache.Item) error) (djsession.Version, error) {
	item, err := c.encode(doing, name, value)
	if err != nil {
		return djsession.Version{}, err
	}
	item.Expiration = c.expiration(expires)
	if err := c.do(ctx, doing, name, func(l *lane) error { return command(l.client, item) }); err != nil {
		return djsession.Version{}, err
	}
	return version(item), nil
}

// get reads the item with its token.
func (c *Cache) get(ctx context.Context, doing, name string) (*memcache.Item, error) {
	var found *memcache.Item
	err := c.do(ctx, doing, name, func(l *lane) (err error) {
		if found, err = l.client.Get(c.key(name)); broken(err) && !l.fresh {
			found, err = l.client.Get(c.key(name)) // gomemcache has dropped the connection
		}
		return err
	})
	return found, err
}

// swap changes the stored item if it is the one that seen saw.
func (c *Cache) swap(ctx context.Context, doing, name string, seen djsession.Version, change func(*memcache.Item)) error {
	return c.do(ctx, doing, name, func(l *lane) error {
		for {
			l.sealed = false
			now, err := l.client.Get(c.key(name))
			if broken(err) && !l.fresh {
				now, err = l.client.Get(c.key(name))
			}
			if err != nil {
				return err
			}
			if !version(now).Equal(seen) {
				return memcache.ErrCASConflict
			}
			change(now)
			l.sealed = true
			err = l.client.CompareAndSwap(now)
			// Somebody wrote in between. If he wrote the same, as a Touch does, only the
			// token is new.
			if !errors.Is(err, memcache.ErrCASConflict) {
				return err
			}
		}
	})
}
