// Package locmem is a cache in memory, as django.core.cache.backends.locmem.LocMemCache
// is: for tests, examples and programs of one process.
//
//	cache := locmem.New(site, nil)
//	store := cachestore.New(cache, nil)
//
// Each process of a Django site has a LocMemCache of its own, and no other program can
// reach any of them. A site with its sessions in a LocMemCache shares them with nobody,
// not even with its own second process: to share them with Go choose another cache.
// Programs that read the settings of a site call Shared to find this out.
//
// Shapes: the cache's key, and the pickled dict. The Version of an Item is the pickle.
// Expiry is exact to the microsecond.
//
// Unlike Django, which keeps at most MAX_ENTRIES and removes those that nobody asked for
// lately, only Delete and ClearExpired remove entries. An expired entry does not occupy
// its name. A value whose expiry has passed becomes an expired entry.
//
// Errors are those of [djcache.Cache]. There is no server to fail.
//
// Security: the memory of the process holds the sessions.
package locmem

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/cachevalue"
	"github.com/go-djsession/go-djsession/serializer"
)

// Options are for sites that differ from Django's defaults. The zero value is for all
// others.
type Options struct {
	// Keys are KEY_PREFIX, VERSION and KEY_FUNCTION.
	Keys djcache.Keys
}

// Cache is a [djcache.Cache] in memory. It is safe for concurrent use.
type Cache struct {
	site  *djsession.Site
	keys  djcache.Keys
	codec cachevalue.Codec

	mu      sync.Mutex
	entries *map[string]entry // behind a pointer: package fmt follows only the one to a Cache
}

type entry struct {
	value   string
	expires time.Time
}

func (e entry) version() djsession.Version { return djsession.VersionOf(e.value) }

var (
	_ djcache.Cache       = (*Cache)(nil)
	_ djcache.Lister      = (*Cache)(nil)
	_ djcache.Reaper      = (*Cache)(nil)
	_ djcache.Recaller    = (*Cache)(nil)
	_ djcache.Stamping    = (*Cache)(nil)
	_ djcache.Serializing = (*Cache)(nil)
)

// New returns an empty [Cache] of site. opts may be nil.
func New(site *djsession.Site, opts *Options) *Cache {
	c := &Cache{site: site, codec: cachevalue.New(site), entries: &map[string]entry{}}
	if opts != nil {
		c.keys = opts.Keys
	}
	return c
}

// Shared reports whether Django sees the content of the cache. It is false.
func (c *Cache) Shared() bool { return false }

// Site implements [djcache.Cache].
func (c *Cache) Site() *djsession.Site { return c.site }

// Serializer implements [djcache.Serializing]. It is pickle.
func (c *Cache) Serializer() serializer.Serializer { return c.codec.Serializer() }

// Get implements [djcache.Cache]: LocMemCache.get.
func (c *Cache) Get(ctx context.Context, name string) (djcache.Item, error) {
	const doing = "load session"
	if err := ended(ctx, doing); err != nil {
		return djcache.Item{}, err
	}
	c.mu.Lock()
	e, ok := (*c.entries)[c.keys.Key(name)]
	c.mu.Unlock()
	switch {
	case !ok:
		return djcache.Item{}, djsession.ErrNotFound
	case c.over(e):
		return djcache.Item{}, djsession.ErrExpired
	}
	return c.item(doing, e)
}

// Recall implements [djcache.Recaller].
func (c *Cache) Recall(seen djsession.Version) (*serializer.Dict, error) {
	text, ok := seen.Token()
	if !ok {
		return nil, djsession.ErrCorrupt
	}
	item, err := c.item("recall session", entry{value: text})
	return item.Value, err
}

// Stamped implements [djcache.Stamping].
func (c *Cache) Stamped(seen djsession.Version) bool { return cachevalue.Stamped(seen) }

// Add implements [djcache.Cache]: LocMemCache.add.
func (c *Cache) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.put(ctx, "create session", name, value, expires, func(e entry, ok bool) error {
		if ok && !c.over(e) {
			return djsession.ErrKeyTaken
		}
		return nil
	})
}

// Set implements [djcache.Cache]: LocMemCache.set.
func (c *Cache) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.put(ctx, "set session", name, value, expires, func(entry, bool) error { return nil })
}

// Replace implements [djcache.Cache].
func (c *Cache) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	return c.put(ctx, "update session", name, value, expires, match(seen))
}

// put stores value if may, which gets the present entry, returns no error.
func (c *Cache) put(ctx context.Context, doing, name string, value *serializer.Dict, expires time.Time, may func(e entry, ok bool) error) (djsession.Version, error) {
	if err := ended(ctx, doing); err != nil {
		return djsession.Version{}, err
	}
	data, err := c.codec.Dumps(doing, value)
	if err == nil && djcache.Stamps(ctx) {
		data = cachevalue.Stamp(data)
	}
	if err == nil && len(data) > c.site.Limits().Payload {
		err = fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	}
	if err != nil {
		return djsession.Version{}, err
	}
	key, e := c.keys.Key(name), entry{string(data), exact(expires)}
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := (*c.entries)[key]
	if err := may(old, ok); err != nil {
		return djsession.Version{}, err
	}
	(*c.entries)[key] = e
	return e.version(), nil
}

// Touch implements [djcache.Cache]: LocMemCache.touch. The Version stays the same.
func (c *Cache) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	if err := ended(ctx, "touch session"); err != nil {
		return djsession.Version{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := (*c.entries)[c.keys.Key(name)]
	if err := match(seen)(e, ok); err != nil {
		return djsession.Version{}, err
	}
	e.expires = exact(expires)
	(*c.entries)[c.keys.Key(name)] = e
	return e.version(), nil
}

// Delete implements [djcache.Cache]: LocMemCache.delete.
func (c *Cache) Delete(ctx context.Context, name string, seen djsession.Version) error {
	if err := ended(ctx, "delete session"); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := (*c.entries)[c.keys.Key(name)]
	if err := match(seen)(e, ok); err != nil {
		return err
	}
	delete(*c.entries, c.keys.Key(name))
	return nil
}

// ClearExpired implements [djcache.Reaper]. With a Keys.Function and no Keys.Reverse it
// removes all expired entries.
func (c *Cache) ClearExpired(ctx context.Context, prefix string, opts *djsession.ReapOptions) (done int64, err error) {
	if opts == nil {
		opts = &djsession.ReapOptions{}
	}
	batch := int64(opts.Batch)
	if batch <= 0 {
		batch = 1000
	}
	told := int64(0)
	tell := func() {
		if opts.Progress != nil && done > told {
			opts.Progress(done)
		}
		told = done
	}
	now := c.site.Now()
	for _, key := range c.sorted() {
		if err := ended(ctx, "clear expired sessions"); err != nil {
			return done, err
		}
		if name, ok := c.keys.Name(key); ok && !strings.HasPrefix(name, prefix) {
			continue
		}
		c.mu.Lock()
		e, ok := (*c.entries)[key]
		if ok = ok && e.expires.Before(now); ok && !opts.DryRun {
			delete(*c.entries, key)
		}
		c.mu.Unlock()
		if ok {
			done++
		}
		if done-told == batch {
			tell()
		}
	}
	tell()
	return done, ended(ctx, "clear expired sessions")
}

// List implements [djcache.Lister], in the order of the keys. The cursor is a key.
func (c *Cache) List(ctx context.Context, prefix, cursor string) iter.Seq2[djcache.Listed, error] {
	return func(yield func(djcache.Listed, error) bool) {
		const doing = "list sessions"
		if !c.keys.CanList() {
			yield(djcache.Listed{}, fmt.Errorf("%s: %w: there is a KEY_FUNCTION that nothing undoes", doing, errors.ErrUnsupported))
			return
		}
		if err := ended(ctx, doing); err != nil {
			yield(djcache.Listed{}, err)
			return
		}
		for _, key := range c.sorted() {
			name, ok := c.keys.Name(key)
			if !ok || key <= cursor || !strings.HasPrefix(name, prefix) {
				continue
			}
			c.mu.Lock()
			e, ok := (*c.entries)[key]
			c.mu.Unlock()
			if !ok {
				continue
			}
			err := ended(ctx, doing)
			l := djcache.NewListed(name, key)
			l.Item, l.Err = c.item(doing, e)
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

func (c *Cache) sorted() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(*c.entries))
}

func (c *Cache) item(doing string, e entry) (djcache.Item, error) {
	item := djcache.Item{Expires: e.expires, Version: e.version(), Size: len(e.value)}
	if len(e.value) > c.site.Limits().Payload {
		return item, djsession.Corrupt(doing, djsession.ErrTooLarge)
	}
	var err error
	item.Value, err = c.codec.Loads(doing, cachevalue.Unstamp(e.value))
	return item, err
}

// over is LocMemCache._has_expired.
func (c *Cache) over(e entry) bool { return !e.expires.After(c.site.Now()) }

// match returns a function that reports whether an entry is the one that seen saw.
func match(seen djsession.Version) func(e entry, ok bool) error {
	return func(e entry, ok bool) error {
		switch {
		case !ok:
			return djsession.ErrNotFound
		case !seen.IsForce() && !seen.Equal(e.version()):
			return djsession.ErrConflict
		}
		return nil
	}
}

func ended(ctx context.Context, doing string) error {
	if err := ctx.Err(); err != nil {
		return djsession.Unavailable(doing, err)
	}
	return nil
}

// exact returns t with the precision of Python's datetime.
func exact(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
