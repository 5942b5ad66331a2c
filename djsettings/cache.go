package djsettings

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// CacheKind is the dotted path of a cache backend that this package knows.
type CacheKind string

// The kinds of caches.
const (
	CacheLocMem          CacheKind = "django.core.cache.backends.locmem.LocMemCache"
	CacheDummy           CacheKind = "django.core.cache.backends.dummy.DummyCache"
	CacheDB              CacheKind = "django.core.cache.backends.db.DatabaseCache"
	CacheFile            CacheKind = "django.core.cache.backends.filebased.FileBasedCache"
	CachePyMemcache      CacheKind = "django.core.cache.backends.memcached.PyMemcacheCache"
	CachePyLibMC         CacheKind = "django.core.cache.backends.memcached.PyLibMCCache"
	CachePythonMemcached CacheKind = "django.core.cache.backends.memcached.MemcachedCache"
	CacheRedis           CacheKind = "django.core.cache.backends.redis.RedisCache"
	CacheDjangoRedis     CacheKind = "django_redis.cache.RedisCache"
	CacheDjangoValkey    CacheKind = "django_valkey.cache.ValkeyCache"
	CacheBMemcached      CacheKind = "django_bmemcached.memcached.BMemcached"
)

var cacheKinds = map[CacheKind]bool{
	CacheLocMem: true, CacheDummy: true, CacheDB: true, CacheFile: true, CachePyMemcache: true, CachePyLibMC: true,
	CachePythonMemcached: true, CacheRedis: true, CacheDjangoRedis: true, CacheDjangoValkey: true, CacheBMemcached: true,
}

// Cache is an entry of CACHES.
type Cache struct {
	// Alias is the name of the entry in CACHES.
	Alias string
	// Backend is BACKEND. Kind is the kind of cache that it is or derives from, "" if
	// unknown.
	Backend string
	Kind    CacheKind
	// Locations are LOCATION, in its order: URLs, addresses, one folder or one table. They
	// may hold passwords.
	Locations []Secret
	// Reached replaces Locations where this process connects; it comes from [Options.Env].
	// nil means Locations.
	Reached []Secret
	// KeyPrefix and Version are KEY_PREFIX and VERSION.
	KeyPrefix string
	Version   int
	// KeyFunction is KEY_FUNCTION: a dotted path, or the name of the function. "" is
	// Django's own.
	KeyFunction string
	// Options are OPTIONS.
	Options Params
	// Database is the alias of the database of a DatabaseCache: "default", as without
	// DATABASE_ROUTERS.
	Database string
	// ByDSN is set by [FromDSN] for Redis and memcached. For Redis, Locations are DSNs
	// then. They say more than the URLs of redis-py: redis+cluster://, for example, and
	// parameters of go-redis.
	ByDSN bool
	// Sentinels are SENTINELS of django-redis, each host:port, if it connects by Sentinel.
	// Locations name services then.
	Sentinels []string

	err error // why the entry cannot be used
}

func (r *reader) caches(set *Settings) {
	set.Caches = map[string]*Cache{}
	all, ok := r.dict("CACHES")
	for _, it := range all {
		if alias, ok := it.Key.(string); ok {
			set.Caches[alias] = r.cache(alias, it.Value)
		}
	}
	if !ok {
		set.Caches["default"] = &Cache{Alias: "default", Backend: string(CacheLocMem), Kind: CacheLocMem, Version: 1, Database: "default"}
	}
}

func (r *reader) cache(alias string, v any) *Cache {
	e := r.entry("CACHES", alias, v)
	c := &Cache{Alias: alias, Backend: e.text("BACKEND"), KeyPrefix: e.text("KEY_PREFIX"), Version: 1, Database: "default"}
	var err error
	base := c.Backend
	if b, ok := r.opts.Backends[base]; ok {
		base = b
	}
	if of, ok := derivedCaches[base]; ok {
		base = string(of)
	}
	if cacheKinds[CacheKind(base)] {
		c.Kind = CacheKind(base)
	}
	if v, ok := e.dict.Get("KEY_PREFIX"); ok && v == nil {
		c.KeyPrefix = "None" // as in make_key
	}
	if v, ok := e.dict.Get("VERSION"); ok && v == nil {
		e.bad("VERSION", v, "an int")
	} else if n, ok := e.integer("VERSION"); ok {
		c.Version = n
	}
	c.Options = e.params("OPTIONS")
	r.others("CACHES", alias, e)
	c.KeyFunction = e.callable("KEY_FUNCTION")
	if c.KeyFunction == "django.core.cache.backends.base.default_key_func" || c.KeyFunction == "default_key_func" {
		c.KeyFunction = ""
	}
	if c.Kind == "" && e.err == nil {
		if c.Kind, err = r.derivedCache(c); err != nil {
			e.err = err
		}
	}
	c.Locations = c.split(e, e.get("LOCATION"))
	c.err = e.err
	// These packages take a login from here or from MEMCACHE_USERNAME, for SASL.
	if own, _, _ := strings.Cut(c.Backend, "."); own == "django_pylibmc" || own == "django_bmemcached" {
		if e.get("USERNAME") != nil && c.err == nil {
			c.err = fmt.Errorf("%w: CACHES[%q] has a USERNAME for SASL, which the client here has not", ErrUnsupported, alias)
		}
		r.warn("CACHES", "cache %q: %s also reads MEMCACHE_SERVERS and MEMCACHE_USERNAME from the environment of Django, which Go does not see.", alias, own)
	}
	r.cacheSentinels(c)
	return c
}

// split returns the parts of LOCATION, split as the backend does.
func (c *Cache) split(e *entry, v any) []Secret {
	switch v := v.(type) {
	case nil:
		return nil
	case pyliteral.List:
		return c.splitAll(e, v)
	case pyliteral.Tuple:
		return c.splitAll(e, v)
	case pyliteral.Set:
		return c.splitAll(e, v)
	}
	text, ok := pyliteral.Text(v)
	if !ok {
		e.bad("LOCATION", v, "a text or a list of texts")
		return nil
	}
	return c.splitText(text)
}

func (c *Cache) splitText(text string) []Secret {
	var parts []string
	switch c.Kind {
	case CachePyMemcache, CachePyLibMC, CachePythonMemcached, CacheBMemcached, CacheRedis:
		parts = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' })
	case CacheDjangoRedis, CacheDjangoValkey:
		parts = strings.Split(text, ",")
	default:
		parts = []string{text}
	}
	var all []Secret
	for _, p := range parts {
		if p != "" {
			all = append(all, NewSecret(p))
		}
	}
	return all
}

// splitAll reads a list. For python-memcached an item may be (address, weight).
func (c *Cache) splitAll(e *entry, list []any) []Secret {
	var all []Secret
	for _, v := range list {
		if pair, ok := v.(pyliteral.Tuple); ok && len(pair) == 2 {
			address, okA := pyliteral.Text(pair[0])
			weight, okW := pyliteral.Text(pair[1])
			if okA && okW {
				all = append(all, NewSecret(address+":"+weight))
				continue
			}
		}
		text, ok := pyliteral.Text(v)
		if !ok {
			e.bad("LOCATION", v, "a list of texts")
			return nil
		}
		all = append(all, NewSecret(text))
	}
	return all
}

// cacheSentinels reads SENTINELS if LOCATION names a service of Sentinel.
func (r *reader) cacheSentinels(c *Cache) {
	factory, setting := "django_redis.pool.SentinelConnectionFactory", "DJANGO_REDIS_CONNECTION_FACTORY"
	if c.Kind == CacheDjangoValkey {
		factory, setting = "django_valkey.pool.SentinelConnectionFactory", "DJANGO_VALKEY_CONNECTION_FACTORY"
	}
	used := r.doc.settings[setting].value == factory
	if own := c.Options.Text("CONNECTION_FACTORY"); own != "" {
		used = own == factory
	}
	if c.Kind != CacheDjangoRedis && c.Kind != CacheDjangoValkey || !used || c.err != nil {
		return
	}
	v, _ := c.Options.Value("SENTINELS")
	list, _ := pyliteral.Sequence(v)
	var err error
	if c.Sentinels, err = hostPorts(list); err != nil || len(c.Sentinels) == 0 {
		c.err = fmt.Errorf("%w: SENTINELS of CACHES[%q] are no list of (host, port)", ErrSetting, c.Alias)
	}
}

// Err returns why the entry cannot be used: a LOCATION that is no literal, for example. It
// is nil if the entry is good, else it matches [ErrSetting], or [ErrUnsupported] for an
// option or class that the site has and Go does not follow.
func (c *Cache) Err() error { return c.err }

// CacheKeys returns how the cache c makes its keys: by KEY_PREFIX, VERSION and
// KEY_FUNCTION.
//
// Errors: [ErrUnsupported] for a KEY_FUNCTION that [Options.KeyFunctions] lacks.
func (s *Settings) CacheKeys(c *Cache) (djcache.Keys, error) {
	k := djcache.Keys{Prefix: c.KeyPrefix, Version: &c.Version}
	if c.KeyFunction == "" {
		return k, nil
	}
	fn, ok := s.opts.orZero().KeyFunctions[c.KeyFunction]
	if !ok {
		return k, fmt.Errorf("%w: CACHES[%q] has the KEY_FUNCTION %s: give it in Options.KeyFunctions", ErrUnsupported, c.Alias, c.KeyFunction)
	}
	k.Function, k.Reverse = fn.Key, fn.Reverse
	return k, nil
}

// Addresses returns the addresses to connect to: Reached, or Locations if Reached is nil.
func (c *Cache) Addresses() []Secret {
	if c.Reached != nil {
		return c.Reached
	}
	return c.Locations
}

// Format prints what String returns, whatever the verb.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// String returns what the cache is and where, without passwords and options.
func (c *Cache) String() string {
	if c == nil {
		return "no cache"
	}
	var b strings.Builder
	b.WriteString(c.Backend[strings.LastIndexByte(c.Backend, '.')+1:])
	for _, l := range c.Addresses() {
		b.WriteString(" " + showURL(l.Reveal()))
	}
	return b.String()
}

// LogValue returns what String returns, for package slog.
func (c *Cache) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns.
func (c *Cache) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
