// Package memcached is Django's cache in memcached: the backends PyMemcacheCache and
// PyLibMCCache of django.core.cache.backends.memcached, and the MemcachedCache of Django
// before 4.1.
//
//	servers, err := memcached.Rendezvous("10.0.0.1:11211", "10.0.0.2:11211") // LOCATION
//	client := memcache.NewFromSelector(servers)
//	cache := memcached.New(site, client, nil)
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
// another rule finds no sessions, and none of them has the rule of memcache.New. So make
// the client of one of these:
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
// memcached is a cache: it forgets sessions when its memory is full or when it restarts.
// That is [djsession.ErrNotFound], as after a logout.
//
// There is no Lister: the command that lists keys (lru_crawler metadump) cannot be sent
// by gomemcache, and returns no values.
//
// # Contexts and errors
//
// gomemcache takes no context. A call ends after the client's Timeout, for connecting and
// for each answer: half a second unless set. If Timeout is longer than a second, a call
// runs in a goroutine that goes on after the context has ended. The server may still
// carry out a call that ended early.
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
	// behavior namespace of pylibmc. Both choose the server by the key without it, so the
	// Servers must be those of [Servers.After]. Default none.
	ClientPrefix string
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
	client  *memcache.Client
	keys    djcache.Keys
	prefix  string
	format  serializer.Serializer
	flags   *uint32
	maxItem int
	servers *Servers
}

var (
	_ djcache.Recaller     = (*Cache)(nil)
	_ djcache.Spread       = (*Cache)(nil)
	_ djcache.Cache        = (*Cache)(nil)
	_ djcache.SelfExpiring = (*Cache)(nil)
	_ djcache.Serializing  = (*Cache)(nil)
)

// New returns the entry of CACHES with the servers of client. opts may be nil.
func New(site *djsession.Site, client *memcache.Client, opts *Options) *Cache {
	c := &Cache{site: site, client: client}
	if opts != nil {
		c.flags = opts.Flags
		c.keys, c.prefix, c.format, c.maxItem, c.servers = opts.Keys, opts.ClientPrefix, opts.Format, opts.MaxItem, opts.Servers
	}
	if c.format == nil {
		c.format = pickle.Serializer{Limits: site.Settings().Limits.Data}
	}
	if c.maxItem <= 0 {
		c.maxItem = 1 << 20
	}
	return c
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

// Server implements [djcache.Spread], by [Options.Servers].
func (c *Cache) Server(name string) int {
	if c.servers == nil {
		return 0
	}
	return c.servers.Pick(c.keys.Key(name))
}

// Add implements [djcache.Cache].
func (c *Cache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.store(ctx, adding, name, value, expires, c.client.Add)
}

// Set implements [djcache.Cache]. As in Django, an item that the server finds too large
// leaves nothing under the name.
func (c *Cache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.store(ctx, setting, name, value, expires, c.client.Set)
}

// Replace implements [djcache.Cache].
func (c *Cache) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	const doing = "replace in cache"
	if seen.IsForce() {
		return c.store(ctx, doing, name, value, expires, c.client.Replace)
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
		return seen, c.do(ctx, doing, name, func() error { return c.client.Touch(c.key(name), c.expiration(expires)) })
	}
	return seen, c.swap(ctx, doing, name, seen, func(now *memcache.Item) { now.Expiration = c.expiration(expires) })
}

// Delete implements [djcache.Cache].
func (c *Cache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	const doing = "delete from cache"
	if seen.IsForce() {
		return c.do(ctx, doing, name, func() error { return c.client.Delete(c.key(name)) })
	}
	return c.swap(ctx, doing, name, seen, func(now *memcache.Item) { now.Value, now.Expiration = nil, over })
}

// store writes a value by one command.
func (c *Cache) store(ctx context.Context, doing, name string, value *serializer.Dict, expires time.Time, command func(*memcache.Item) error) (djsession.Version, error) {
	item, err := c.encode(doing, name, value)
	if err != nil {
		return djsession.Version{}, err
	}
	item.Expiration = c.expiration(expires)
	if err := c.do(ctx, doing, name, func() error { return command(item) }); err != nil {
		return djsession.Version{}, err
	}
	return version(item), nil
}

// get reads the item with its token.
func (c *Cache) get(ctx context.Context, doing, name string) (*memcache.Item, error) {
	var found *memcache.Item // set by a goroutine that may outlive the call: read after success only
	err := c.do(ctx, doing, name, func() (err error) {
		found, err = c.client.Get(c.key(name))
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// swap changes the stored item if it is the one that seen saw.
func (c *Cache) swap(ctx context.Context, doing, name string, seen djsession.Version, change func(*memcache.Item)) error {
	for {
		now, err := c.get(ctx, doing, name)
		if err != nil {
			return err
		}
		if !version(now).Equal(seen) {
			return conflict(doing)
		}
		change(now)
		err = c.do(ctx, doing, name, func() error { return c.client.CompareAndSwap(now) })
		// Somebody wrote in between. If he wrote the same, as a Touch does, only the
		// token is new.
		if !isConflict(err) {
			return err
		}
	}
}
