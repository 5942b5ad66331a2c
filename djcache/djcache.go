// Package djcache is Django's cache framework as far as sessions need it: the
// contract of a cache (Cache), and how its keys are made (Keys). The caches
// themselves are the packages beneath it, one a BACKEND or family of them:
//
//	rediscache  django.core.cache.backends.redis, django_redis
//	memcached   PyMemcacheCache, PyLibMCCache, MemcachedCache
//	dbcache     django.core.cache.backends.db
//	filecache   django.core.cache.backends.filebased
//	locmem      django.core.cache.backends.locmem
//
// The engines cache and cached_db (packages cachestore and cacheddbstore) keep
// sessions in any of them.
//
// Shapes: a value is the dict of a session, in the bytes that the site's cache
// would hold: by default a pickle, unsigned. Expiry is a moment in UTC; each
// cache makes the time to live of it that its server wants.
//
// Errors are those of djsession, as in djsession.Store.
//
// # Security
//
// Nothing in a cache is signed: whoever can write to the cache is logged in as
// anyone, and in Django runs code, which nothing here does.
package djcache

import (
	"context"
	"iter"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/secret"
	"github.com/go-djsession/go-djsession/serializer"
)

// Cache is one entry of CACHES: django.core.cache.backends.base.BaseCache with
// compare and swap. Names are what Django code calls keys, cache.get(name); the
// Cache makes its own keys of them (Keys).
//
// For implementers the rules of djsession.Store hold, with Get, Add, Replace and
// the others in the place of Load, Create and Update. Beyond them:
//
//   - An expiry that has passed stores nothing, or what is over already. Add says
//     ErrKeyTaken or nothing, Replace and Set leave nothing of what they would have
//     replaced, as Django's set with a timeout of 0 does.
//   - Times to live are rounded up, by less than a second, so that no session ends
//     before its time.
//   - Foreign values under the name, such as a number or a list, are ErrCorrupt.
type Cache interface {
	// Site returns the Site that the Cache was made for.
	Site() *djsession.Site

	// Get is cache.get. Errors: ErrNotFound, ErrExpired, ErrCorrupt (with an Item
	// that has the Version), ErrUnavailable.
	Get(ctx context.Context, name string) (Item, error)

	// Add is cache.add: it stores a value under a name that has none. Errors:
	// ErrKeyTaken, ErrTooLarge, ErrUnavailable, or what encoding returned.
	Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error)

	// Replace stores value if what is stored is what seen saw, or with
	// djsession.Force if anything is. It never creates. Errors: ErrNotFound,
	// ErrConflict, and those of Add.
	Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error)

	// Set is cache.set: it stores value whether or not there is one. No session
	// whose only home is the cache may be written by it. Errors as for Add.
	Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error)

	// Touch is cache.touch for what seen saw: it moves the expiry and returns the
	// Version that the value has then. Errors as for Replace.
	Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error)

	// Delete is cache.delete of what seen saw, or with djsession.Force of
	// whatever is there. Errors: ErrNotFound, ErrConflict, ErrUnavailable.
	Delete(ctx context.Context, name string, seen djsession.Version) error
}

// Item is what a Cache holds under a name.
type Item struct {
	// Value is the dict; nil with ErrCorrupt.
	Value *serializer.Dict
	// Expires is in UTC; zero when the cache does not tell.
	Expires time.Time
	// Version is for Replace, Touch and Delete.
	Version djsession.Version
	// Size is how many bytes the stored value has.
	Size int
}

// As returns the power T of cache, which is Lister, Reaper or SelfExpiring: cache itself
// if it is a T, else the Cache that its method Unwrap() Cache returns, and so on. It is
// for reading and upkeep, as [djsession.As] is.
func As[T any](cache Cache) (power T, ok bool) {
	for cache != nil {
		if power, ok = cache.(T); ok {
			return power, true
		}
		wrapper, wraps := cache.(interface{ Unwrap() Cache })
		if !wraps {
			break
		}
		cache = wrapper.Unwrap()
	}
	return power, false
}

// Lister is a Cache that can walk over what it holds.
type Lister interface {
	// List yields what has a name that begins with prefix, in an order of the
	// cache's own, from after cursor (empty: the first), with its expiry if the
	// server knows one. What is no session of Django's is yielded with
	// ErrCorrupt in Listed.Err; an error beside the Listed ends the walk.
	List(ctx context.Context, prefix, cursor string) iter.Seq2[Listed, error]
}

// Listed is what a Lister found. It prints its size and no more, wherever it stands.
type Listed struct {
	Item Item
	Err  error // ErrCorrupt

	name, cursor secret.Text
}

// NewListed returns the Listed of a name. cursor continues the walk after it.
func NewListed(name, cursor string) Listed {
	return Listed{name: secret.New(name), cursor: secret.New(cursor)}
}

// Name is what Django calls the key.
func (l Listed) Name() string { return l.name.Reveal() }

// Cursor is what List continues the walk after this one with.
func (l Listed) Cursor() string { return l.cursor.Reveal() }

// SelfExpiring is a Cache whose server removes by itself what has expired.
type SelfExpiring interface {
	// SelfExpiring reports whether there is nothing for a Reaper to do.
	SelfExpiring() bool
}

// Reaper is a Cache whose server does not remove what has expired by itself.
type Reaper interface {
	// ClearExpired removes what has expired under names that begin with prefix.
	// See djsession.Reaper.
	ClearExpired(ctx context.Context, prefix string, opts *djsession.ReapOptions) (int64, error)
}
