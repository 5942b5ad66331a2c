// Package rediscache is a Redis as Django's caches use it: the BACKEND
// django.core.cache.backends.redis.RedisCache (Django 4.0 and later), and
// django_redis.cache.RedisCache with its clients.
//
//	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", DB: 1})
//	cache := rediscache.New(site, client, nil)
//	store := cachestore.New(cache, nil) // SESSION_ENGINE = "...backends.cache"
//
// Shapes: the key is that of [djcache.Keys] for the name. The value is the dict in the
// site's format ([Options.Format]), by default a pickle. The expiry is the key's time to
// live, rounded up to milliseconds. Get computes the expiry from the time that is left
// and Settings.Now. The Version of a value is its bytes.
//
// Each operation uses one key, and takes one round trip.
//
// # Which client
//
// Both backends take the first server of a LOCATION for the primary and the others for
// its replicas: give [New] a client of the first one. (NewUniversalClient makes a Cluster
// of two addresses.) Reads go to the primary. Django reads from a replica, which may be
// late.
//
//	django-redis          here
//	DefaultClient         New, with a client of the first server
//	HerdClient            the same, with the Format Herd
//	SentinelClient        New, with redis.NewFailoverClient
//	ShardClient           NewSharded, with a client for each server
//
// For a Redis Cluster use redis.NewClusterClient; Django needs a connection class of its
// own for it. Do not use a redis.Ring: if a server does not answer, it sends its keys to
// other servers, where their values are not found.
//
// # Compatibility
//
// Django reads the values that are written here, and the reverse. Unlike Django, whose
// set after get may bring back a value that was deleted in between, Replace is one step
// that never creates. Values that are no dict, such as the decimal text of an int, are
// [djsession.ErrCorrupt] and are not changed.
//
// These writes can be lost: Django overwrites a whole value with what one request saw,
// and brings back one that was deleted meanwhile. Nothing on this side can prevent that.
//
// Redis removes expired values by itself: Get returns [djsession.ErrNotFound] for them, and
// there is nothing to reap. A value that a HerdClient keeps beyond its time is
// [djsession.ErrExpired], and List omits it.
//
// # Errors
//
// They are those of [djcache.Cache]. A key of another type is djsession.ErrCorrupt. A write
// whose answer was lost is [djsession.ErrUnavailable], and may have been done. The errors
// of go-redis can be matched by [errors.As] and [errors.Is], and are not printed.
//
// # Security
//
// Nothing is signed: whoever can write to the Redis can log in as anyone, and in Django
// can run code if values are pickles. Here a pickle runs nothing.
package rediscache

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/cachevalue"
	"github.com/go-djsession/go-djsession/internal/redisops"
	"github.com/go-djsession/go-djsession/internal/share"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Options are the settings of an entry of CACHES. The zero value is Django's
// default.
type Options struct {
	// Keys are KEY_PREFIX, VERSION and KEY_FUNCTION.
	Keys djcache.Keys
	// Format is the format of the values: OPTIONS["SERIALIZER"] and ["COMPRESSOR"] of
	// django-redis. The default is pickle of protocol 4 within the site's limits.
	Format serializer.Serializer
	// Replicas is the number of replicas that must have a delete and a new value within a
	// second; default none. A logout is then not lost when a replica takes the place of the
	// primary. If too few replicas confirm it, the write is done and the error is
	// [djsession.ErrUnavailable]. The server's user must have the right to run WAIT.
	Replicas int
	// Unguarded lets the Cache work with a server that offers no way to compare and swap:
	// see the package's comment.
	Unguarded bool
	// Once lets a call fail at once if the server cannot be reached or is not ready. By
	// default a call waits up to a third of a second for it. It is for a cache of copies.
	Once bool
}

// Cache is a [djcache.Cache] in a Redis. It is safe for concurrent use.
type Cache struct {
	site   *djsession.Site
	ops    *redisops.Ops
	keys   djcache.Keys
	format serializer.Serializer
	// pickles: format is pickle, without anything around it.
	pickles bool
}

var (
	_ djcache.Cache        = (*Cache)(nil)
	_ djcache.Lister       = (*Cache)(nil)
	_ djcache.Walker       = (*Cache)(nil)
	_ djcache.Recaller     = (*Cache)(nil)
	_ djcache.Spread       = (*Cache)(nil)
	_ djcache.Stamping     = (*Cache)(nil)
	_ djcache.SelfExpiring = (*Cache)(nil)
	_ djcache.Serializing  = (*Cache)(nil)
)

// New returns the [Cache] of site in client, which stays the caller's. opts may be nil.
func New(site *djsession.Site, client redis.UniversalClient, opts *Options) *Cache {
	return newCache(site, redisops.New(site, client, opts.ops()), opts)
}

func (o *Options) ops() redisops.Options {
	if o == nil {
		return redisops.Options{}
	}
	return redisops.Options{Replicas: o.Replicas, Unguarded: o.Unguarded, Once: o.Once}
}

// ClientOptions returns a copy of o for [New]. The client needs no goroutine to end a call
// when its context ends. It refuses a server that is a replica, and gives up all its
// connections when the server ends one of them. An error says why a server cannot be
// reached, and go-redis does not write it to [os.Stderr]. The timeouts of o hold, 3 seconds
// by default, and a Dialer and an OnConnect of o are called.
//
// Any client works with [New]. With others, each call whose context can end costs a
// goroutine, and a replica without data says of each value that it does not exist.
func ClientOptions(o *redis.Options) *redis.Options { return redisops.ClientOptions(o) }

func newCache(site *djsession.Site, ops *redisops.Ops, opts *Options) *Cache {
	c := &Cache{site: site, ops: ops}
	if opts != nil {
		c.keys, c.format = opts.Keys, opts.Format
	}
	if c.format == nil {
		c.format = pickle.Serializer{Protocol: pickle.DefaultProtocol, Limits: site.Limits().Data}
	}
	_, c.pickles = c.format.(pickle.Serializer)
	return c
}

// Site implements [djcache.Cache].
func (c *Cache) Site() *djsession.Site { return c.site }

// Serializer implements [djcache.Serializing]. It is [Options.Format].
func (c *Cache) Serializer() serializer.Serializer { return c.format }

// SelfExpiring implements [djcache.SelfExpiring]. It is true.
func (c *Cache) SelfExpiring() bool { return true }

// Probe finds out what the server and the rights of its user allow, by commands about a name
// that nobody has. It returns a sentence for each thing that cannot be promised.
//
// Errors: [djsession.ErrUnavailable], also if there is no way to compare and swap and
// Options.Unguarded is not set.
func (c *Cache) Probe(ctx context.Context, name string) ([]string, error) {
	return c.ops.Probe(ctx, "probe the Redis", c.keys.Key(name))
}

// Get implements [djcache.Cache]: cache.get.
func (c *Cache) Get(ctx context.Context, name string) (djcache.Item, error) {
	const doing = "read from the cache"
	v, err := c.ops.Get(ctx, doing, c.keys.Key(name))
	if err != nil {
		return djcache.Item{Size: v.Size}, err
	}
	return c.item(doing, v)
}

// item decodes a value.
func (c *Cache) item(doing string, v redisops.Value) (djcache.Item, error) {
	item := djcache.Item{Expires: v.Expires, Version: v.Version(), Size: v.Size}
	d, err := c.format.Loads(cachevalue.Unstamp(v.Text))
	switch {
	case errors.Is(err, djsession.ErrExpired):
		return item, djsession.ErrExpired
	case err != nil:
		return item, fmt.Errorf("%s: %w: %w", doing, djsession.ErrCorrupt, err)
	}
	item.Value = d
	return item, nil
}

// Recall implements [djcache.Recaller].
func (c *Cache) Recall(seen djsession.Version) (*serializer.Dict, error) {
	text, ok := seen.Token()
	if !ok {
		return nil, djsession.ErrCorrupt
	}
	item, err := c.item("recall a copy", redisops.Value{Text: text})
	return item.Value, err
}

// Stamped implements [djcache.Stamping]. Values can be stamped if the format is
// pickle: it then has a number that is read and dropped. It is false with [Options.Unguarded].
func (c *Cache) Stamped(seen djsession.Version) bool {
	return c.pickles && !c.ops.Unguarded && cachevalue.Stamped(seen)
}

// Server implements [djcache.Spread]: the number of the shard, 0 unless the Cache is of
// [NewSharded]. A Cluster counts as one server.
func (c *Cache) Server(name string) int { return c.ops.Server(c.keys.Key(name)) }

// Add implements [djcache.Cache]: cache.add.
func (c *Cache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	const doing = "add to the cache"
	return c.write(ctx, doing, value, func(text string) error {
		return c.ops.Add(ctx, doing, c.keys.Key(name), text, expires)
	})
}

// Replace implements [djcache.Cache].
func (c *Cache) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	const doing = "replace in the cache"
	return c.write(ctx, doing, value, func(text string) error {
		return c.ops.Replace(ctx, doing, c.keys.Key(name), text, expires, seen)
	})
}

// Set implements [djcache.Cache]: cache.set.
func (c *Cache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	const doing = "write to the cache"
	return c.write(ctx, doing, value, func(text string) error {
		return c.ops.Set(ctx, doing, c.keys.Key(name), text, expires)
	})
}

// write encodes value for f and returns its Version.
func (c *Cache) write(ctx context.Context, doing string, value *serializer.Dict, f func(text string) error) (djsession.Version, error) {
	raw, err := c.format.Dumps(nil, value)
	if err == nil && c.pickles && djcache.Stamps(ctx) {
		raw = cachevalue.Stamp(raw)
	}
	switch {
	case errors.Is(err, serializer.ErrLimit):
		return djsession.Version{}, fmt.Errorf("%s: %w: %w", doing, djsession.ErrTooLarge, err)
	case err != nil:
		return djsession.Version{}, fmt.Errorf("%s: %w", doing, err)
	case len(raw) > c.site.Limits().Payload:
		return djsession.Version{}, fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	}
	text := string(raw)
	if err := f(text); err != nil {
		return djsession.Version{}, err
	}
	return djsession.VersionOf(text), nil
}

// Touch implements [djcache.Cache]: cache.touch. The Version stays the same, unless a
// HerdClient wrote the value: the end that is inside such a value cannot be moved alone.
func (c *Cache) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	if _, ok := c.format.(herd); ok {
		return c.touchHerd(ctx, name, expires, seen)
	}
	return touched(seen, c.ops.Touch(ctx, touching, c.keys.Key(name), expires, seen))
}

const touching = "touch in the cache"

// Delete implements [djcache.Cache]: cache.delete.
func (c *Cache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	return c.ops.Delete(ctx, "delete from the cache", c.keys.Key(name), seen)
}

// List implements [djcache.Lister], in the order of the keys. The cursor is a key. It looks
// at all keys of the database before it yields the first one.
//
// With a KEY_FUNCTION that nothing reverses the walk ends at once with
// [errors.ErrUnsupported].
func (c *Cache) List(ctx context.Context, prefix, cursor string) iter.Seq2[djcache.Listed, error] {
	return c.all(prefix, func(head string, ours func(string) bool) iter.Seq2[[]redisops.Found, error] {
		return c.ops.Scan(ctx, listing, head, cursor, ours)
	})
}

// Walk implements [djcache.Walker].
func (c *Cache) Walk(ctx context.Context, prefix string) iter.Seq2[djcache.Listed, error] {
	return c.all(prefix, func(head string, ours func(string) bool) iter.Seq2[[]redisops.Found, error] {
		return c.ops.Walk(ctx, listing, head, ours)
	})
}

const listing = "list the cache"

// all decodes in parallel what pages returns for the keys that begin with head and are ours.
func (c *Cache) all(prefix string, pages func(head string, ours func(string) bool) iter.Seq2[[]redisops.Found, error]) iter.Seq2[djcache.Listed, error] {
	return func(yield func(djcache.Listed, error) bool) {
		if !c.keys.CanList() {
			yield(djcache.Listed{}, fmt.Errorf("%s: %w: nothing reverses the key function", listing, errors.ErrUnsupported))
			return
		}
		head := ""
		if c.keys.Function == nil {
			head = c.keys.Key(prefix)
		}
		ours := func(key string) bool {
			name, ok := c.keys.Name(key)
			return ok && strings.HasPrefix(name, prefix)
		}
		for l, err := range share.Pages(pages(head, ours), c.listed) {
			if !errors.Is(l.Err, djsession.ErrExpired) && !yield(l, err) {
				return
			}
		}
	}
}

func (c *Cache) listed(f *redisops.Found) djcache.Listed {
	name, _ := c.keys.Name(f.Key)
	l := djcache.NewListed(name, f.Key)
	l.Item.Size, l.Err = f.Size, f.Err
	if f.Err == nil {
		l.Item, l.Err = c.item(listing, f.Value)
	}
	return l
}
