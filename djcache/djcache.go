// Package djcache is the part of Django's cache framework that sessions need: the contract
// of a cache ([Cache]), and the keys in a cache ([Keys]). The packages below it are the
// caches, each for a BACKEND or a family of them:
//
//	rediscache  django.core.cache.backends.redis, django_redis
//	memcached   PyMemcacheCache, PyLibMCCache, MemcachedCache
//	dbcache     django.core.cache.backends.db
//	filecache   django.core.cache.backends.filebased
//	locmem      django.core.cache.backends.locmem
//
// The engines cache and cached_db (packages cachestore and cacheddbstore) keep sessions in
// any of them.
//
// A value is the dict of a session, in the bytes of the site's cache: by default a pickle,
// unsigned. An expiry is a time in UTC. Each cache converts it to the time to live of its
// server.
//
// Errors are those of djsession, as in [djsession.Store].
//
// # Security
//
// Nothing in a cache is signed: whoever can write to the cache can log in as anyone, and in
// Django can also run code. This package runs no code from a cache.
package djcache

import (
	"context"
	"iter"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/secret"
	"github.com/go-djsession/go-djsession/serializer"
)

// Cache is one entry of CACHES: django.core.cache.backends.base.BaseCache with compare and
// swap. Names are the keys in Django code, as in cache.get(name). The Cache makes its own
// keys from them ([Keys]).
//
// Implementers must follow the rules of [djsession.Store], with Get, Add, Replace and the
// others in place of Load, Create and Update. In addition:
//
//   - A value whose expiry has passed is not stored, or stored as expired. Add returns
//     ErrKeyTaken or no error. Replace and Set leave nothing of the old value, as Django's
//     set with a timeout of 0 does.
//   - A Cache rounds times to live up, by less than a second, so that no session ends too
//     early.
//   - A foreign value under the name, such as a number or a list, is ErrCorrupt.
type Cache interface {
	// Site returns the Site that the Cache was made for.
	Site() *djsession.Site

	// Get is cache.get. Errors: [djsession.ErrNotFound], [djsession.ErrExpired], [djsession.ErrCorrupt] (with an [Item] that
	// has the Version), [djsession.ErrUnavailable].
	Get(ctx context.Context, name string) (Item, error)

	// Add is cache.add: it stores a value under a name that has none. Errors:
	// [djsession.ErrKeyTaken], [djsession.ErrTooLarge], [djsession.ErrUnavailable], or the error of encoding value.
	Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error)

	// Replace stores value if seen saw what is stored. With [djsession.Force] it replaces
	// any value. It never creates one. Errors: [djsession.ErrNotFound], [djsession.ErrConflict], and those of
	// [Cache.Add].
	Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error)

	// Set is cache.set: it stores value whether or not there is one. Do not use it for a
	// session that exists only in the cache. Errors as for [Cache.Add].
	Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error)

	// Touch is cache.touch for the value that seen saw: it changes the expiry and returns
	// the new Version of the value. Errors as for [Cache.Replace].
	Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error)

	// Delete is cache.delete for the value that seen saw, or with [djsession.Force] for any
	// value. Errors: [djsession.ErrNotFound], [djsession.ErrConflict], [djsession.ErrUnavailable].
	Delete(ctx context.Context, name string, seen djsession.Version) error
}

// Item is a value of a [Cache].
type Item struct {
	// Value is the dict. It is nil with [djsession.ErrCorrupt].
	Value *serializer.Dict
	// Expires is in UTC. It is zero if the cache does not know it.
	Expires time.Time
	// Version is for Replace, Touch and Delete.
	Version djsession.Version
	// Size is the number of bytes of the stored value.
	Size int
}

// As returns the power T of cache, which is [Lister], [Reaper], [Recaller], [SelfExpiring],
// [Serializing], [Spread] or [Stamping]: cache itself if it is a T, else the [Cache] that its method Unwrap() Cache
// returns, and so on. It is for reading and upkeep, as [djsession.As] is.
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

// Lister is a [Cache] that can list its values.
type Lister interface {
	// List yields the values whose names begin with prefix, in the cache's own order. It
	// begins after cursor; an empty cursor means the beginning. The expiry is set if the
	// server knows it. A value that is not a Django session has [djsession.ErrCorrupt] in
	// [Listed.Err]. An error beside the [Listed] ends the walk.
	List(ctx context.Context, prefix, cursor string) iter.Seq2[Listed, error]
}

// Walker is a [Lister] that is faster where the order does not matter.
type Walker interface {
	// Walk yields what List yields, in any order, and perhaps some twice. The cursors mean
	// nothing.
	Walk(ctx context.Context, prefix string) iter.Seq2[Listed, error]
}

// Listed is a result of a [Lister]. It prints only its size, also inside other values.
type Listed struct {
	Item Item
	Err  error // ErrCorrupt

	name, cursor secret.Text
}

// NewListed returns the [Listed] of a name. cursor continues the walk after it.
func NewListed(name, cursor string) Listed {
	return Listed{name: secret.New(name), cursor: secret.New(cursor)}
}

// Name returns the name, which Django calls the key.
func (l Listed) Name() string { return l.name.Reveal() }

// Cursor returns the cursor with which List continues the walk after this value.
func (l Listed) Cursor() string { return l.cursor.Reveal() }

// SelfExpiring is a [Cache] whose server removes expired values by itself.
type SelfExpiring interface {
	// SelfExpiring reports whether there is nothing for a [Reaper] to do.
	SelfExpiring() bool
}

// Recaller is a [Cache] whose Versions hold the values that they saw.
type Recaller interface {
	// Recall returns the value of the Item with the Version seen, without asking the
	// server. Errors: [djsession.ErrCorrupt], also for a Version of another Cache.
	Recall(seen djsession.Version) (*serializer.Dict, error)
}

// Spread is a [Cache] on several servers, each of which can fail alone.
type Spread interface {
	// Server returns the number of the server that has name, from 0.
	Server(name string) int
}

// Serializing is a [Cache] that says in which format it holds values. All caches beneath
// this package do.
type Serializing interface {
	// Serializer returns the format. Its Freeze decides which values a session can hold.
	Serializer() serializer.Serializer
}

// Reaper is a [Cache] whose server does not remove expired values by itself.
type Reaper interface {
	// ClearExpired removes the expired values whose names begin with prefix. See
	// [djsession.Reaper].
	ClearExpired(ctx context.Context, prefix string, opts *djsession.ReapOptions) (int64, error)
}
