// Package cachestore keeps sessions where django.contrib.sessions.backends.cache does: in
// a cache, and nowhere else.
//
//	cache := rediscache.New(site, client, nil)
//	store := cachestore.New(cache, nil)
//
// Shapes: the name in the cache is "django.contrib.sessions.cache", followed by the
// session key without a separator. The value is the dict itself. It is pickled and not
// signed, unless the cache has another format. The Version of a record is the cache's.
//
// As in Django, SESSION_SERIALIZER has no say: Set takes what a pickle can hold, and a
// value keeps its type. A tuple stays a tuple, the keys of a map of ints are ints, and a
// time.Time becomes a datetime. See [Store.Serializer].
//
// # Compatibility
//
// As in Django, Create adds and Update never creates. Unlike Django, which looks and then
// sets, an Update replaces only what was read, in one step. So a session that somebody
// deleted stays deleted. The package of each cache says how well it can do this.
//
// The cache decides how expired sessions go: ClearExpired does nothing if the server
// removes them, as in Django. Some caches cannot list their content; then List ends with
// [errors.ErrUnsupported].
//
// # Errors
//
// They are those of [djsession.Store]. No text holds a key or a value.
//
// # Security
//
// Nothing in a cache is signed: whoever can write to it can log in as anyone.
package cachestore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Options are for sites that differ from Django's defaults. The zero value is for all
// others.
type Options struct {
	// KeyPrefix is SessionStore.cache_key_prefix; default
	// "django.contrib.sessions.cache".
	KeyPrefix string
}

// Store is a [djsession.Store] in a cache. It is safe for concurrent use.
type Store struct {
	site   *djsession.Site
	cache  djcache.Cache
	prefix string
}

var (
	_ djsession.Store        = (*Store)(nil)
	_ djsession.Reaper       = (*Store)(nil)
	_ djsession.SelfExpiring = (*Store)(nil)
	_ djsession.Lister       = (*Store)(nil)
	_ djsession.Walker       = (*Store)(nil)
	_ djsession.Serializing  = (*Store)(nil)
)

// New returns the [Store] of the sessions in cache, which must be the entry of CACHES that
// SESSION_CACHE_ALIAS names. Its Site is that of cache. opts may be nil.
func New(cache djcache.Cache, opts *Options) *Store {
	s := &Store{site: cache.Site(), cache: cache, prefix: "django.contrib.sessions.cache"}
	if opts != nil && opts.KeyPrefix != "" {
		s.prefix = opts.KeyPrefix
	}
	return s
}

// Site implements [djsession.Store]. It is that of the cache.
func (s *Store) Site() *djsession.Site { return s.site }

// Serializer implements [djsession.Serializing]. It is that of the cache
// ([djcache.Serializing]). For a cache that does not say, it is pickle, as in Django.
func (s *Store) Serializer() serializer.Serializer {
	if c, ok := djcache.As[djcache.Serializing](s.cache); ok {
		return c.Serializer()
	}
	return pickle.Serializer{Limits: s.site.Limits().Data}
}

// Load implements [djsession.Store]: SessionStore.load.
func (s *Store) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	item, err := s.cache.Get(ctx, s.prefix+key)
	if err != nil {
		return nil, item.Version, err
	}
	return record(item), item.Version, nil
}

// Create implements [djsession.Store]: SessionStore.save(must_create=True).
func (s *Store) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	return s.cache.Add(ctx, s.prefix+key, r.Data, r.Expires)
}

// Update implements [djsession.Store]: SessionStore.save.
func (s *Store) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	return s.cache.Replace(ctx, s.prefix+key, r.Data, r.Expires, seen)
}

// Delete implements [djsession.Store]: SessionStore.delete.
func (s *Store) Delete(ctx context.Context, key string, seen djsession.Version) error {
	return s.cache.Delete(ctx, s.prefix+key, seen)
}

// Touch implements [djsession.Store].
func (s *Store) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	_, err := s.cache.Touch(ctx, s.prefix+key, expires, seen)
	return err
}

// SelfExpiring implements [djsession.SelfExpiring]. It is that of the cache.
func (s *Store) SelfExpiring() bool {
	c, ok := djcache.As[djcache.SelfExpiring](s.cache)
	return ok && c.SelfExpiring()
}

// ClearExpired implements [djsession.Reaper]: SessionStore.clear_expired. It does nothing
// if the server removes expired sessions ([djcache.SelfExpiring]).
//
// Errors: also [errors.ErrUnsupported], if the cache is neither a [djcache.Reaper] nor
// [Store.SelfExpiring].
func (s *Store) ClearExpired(ctx context.Context, opts *djsession.ReapOptions) (int64, error) {
	if c, ok := djcache.As[djcache.Reaper](s.cache); ok {
		return c.ClearExpired(ctx, s.prefix, opts)
	}
	if !s.SelfExpiring() {
		return 0, fmt.Errorf("clear expired sessions: %w: this cache cannot remove them, and does not say that its server does", errors.ErrUnsupported)
	}
	if err := ctx.Err(); err != nil {
		return 0, djsession.Unavailable("clear expired sessions", err)
	}
	return 0, nil
}

// List implements [djsession.Lister]. If the cache cannot list its content, the walk ends
// at once with [errors.ErrUnsupported].
func (s *Store) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	c, ok := djcache.As[djcache.Lister](s.cache)
	if !ok {
		return s.sessions(ctx, nil)
	}
	return s.sessions(ctx, c.List(ctx, s.prefix, cursor))
}

// Walk implements [djsession.Walker], by List if the cache is no [djcache.Walker].
func (s *Store) Walk(ctx context.Context) iter.Seq2[djsession.Listed, error] {
	c, _ := djcache.As[djcache.Lister](s.cache)
	if w, ok := c.(djcache.Walker); ok {
		return s.sessions(ctx, w.Walk(ctx, s.prefix))
	}
	return s.List(ctx, "")
}

// sessions yields those of the values that are sessions. values is nil if the cache cannot
// list them.
func (s *Store) sessions(ctx context.Context, values iter.Seq2[djcache.Listed, error]) iter.Seq2[djsession.Listed, error] {
	return func(yield func(djsession.Listed, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(djsession.Listed{}, djsession.Unavailable("list sessions", err))
			return
		}
		if values == nil {
			yield(djsession.Listed{}, fmt.Errorf("list sessions: %w: this cache cannot tell what it holds", errors.ErrUnsupported))
			return
		}
		for found, err := range values {
			if err != nil {
				yield(djsession.Listed{}, err)
				return
			}
			// The name may have another engine's prefix that begins like this one. Then
			// the rest is no key.
			key, ok := strings.CutPrefix(found.Name(), s.prefix)
			if !ok || !s.site.ValidKey(key) {
				continue
			}
			l := djsession.NewListed(key, found.Cursor())
			l.Version, l.Size, l.Err = found.Item.Version, found.Item.Size, found.Err
			if found.Err == nil {
				l.Record = record(found.Item)
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

func record(item djcache.Item) *djsession.Record {
	return &djsession.Record{Data: item.Value, Expires: item.Expires}
}
