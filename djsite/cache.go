package djsite

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// openCache opens the cache for a BACKEND. No other function chooses caches. done may be nil.
func (s *Site) openCache(ctx context.Context, c *djsettings.Cache) (cache djcache.Cache, done func() error, err error) {
	if err := c.Err(); err != nil {
		return nil, nil, err
	}
	if err := s.checkFormat(c); err != nil {
		return nil, nil, err
	}
	keys, err := s.Settings.CacheKeys(c)
	if err != nil {
		return nil, nil, err
	}
	switch c.Kind {
	case djsettings.CacheRedis, djsettings.CacheDjangoRedis, djsettings.CacheDjangoValkey:
		return s.openRedisCache(ctx, c, keys)
	case djsettings.CachePyMemcache, djsettings.CachePyLibMC, djsettings.CachePythonMemcached, djsettings.CacheBMemcached:
		return s.openMemcached(ctx, c, keys)
	case djsettings.CacheDB:
		db, err := s.Database(ctx, cmp.Or(c.Database, "default"))
		if err != nil {
			return nil, nil, err
		}
		table, err := db.cacheTable(s, c)
		return table, nil, err
	case djsettings.CacheFile:
		if len(c.Addresses()) != 1 {
			return nil, nil, fmt.Errorf("%w: CACHES[%q] has no folder as LOCATION", djsettings.ErrSetting, c.Alias)
		}
		dir := s.Settings.Abs(c.Addresses()[0].Reveal())
		if err := isFolder(fmt.Sprintf("CACHES[%q]", c.Alias), dir); err != nil {
			return nil, nil, err
		}
		cache, err := filecache.New(s.site, dir, &filecache.Options{Keys: keys})
		return cache, nil, err
	case djsettings.CacheLocMem:
		return nil, nil, fmt.Errorf("%w: CACHES[%q] is a LocMemCache, of which each process of Django has its own", ErrNotShared, c.Alias)
	case djsettings.CacheDummy:
		return nil, nil, fmt.Errorf("%w: CACHES[%q] is a DummyCache, which keeps nothing", ErrNotShared, c.Alias)
	}
	if c.Backend == "" {
		return nil, nil, fmt.Errorf("%w: CACHES[%q] has no BACKEND", djsettings.ErrSetting, c.Alias)
	}
	return nil, nil, fmt.Errorf("%w: CACHES[%q] has the BACKEND %s: give what it derives from in djsettings.Options.Backends", djsettings.ErrUnsupported, c.Alias, c.Backend)
}

// openMemcached opens one memcached or several.
func (s *Site) openMemcached(ctx context.Context, c *djsettings.Cache, keys djcache.Keys) (djcache.Cache, func() error, error) {
	choose, byName, err := chooser(c)
	if err != nil {
		return nil, nil, err
	}
	if c.Reached != nil && len(c.Locations) > 1 && byName {
		return nil, nil, fmt.Errorf("%w: the servers of CACHES[%q] are chosen by their names in LOCATION, so that other names lead elsewhere: let those names lead to the servers here", djsettings.ErrSetting, c.Alias)
	}
	if c.Reached != nil && len(c.Reached) != len(c.Locations) {
		return nil, nil, fmt.Errorf("%w: CACHES[%q] has %d servers, and %d were given for it", djsettings.ErrSetting, c.Alias, len(c.Locations), len(c.Reached))
	}
	var addresses []string
	for _, l := range c.Addresses() {
		addresses = append(addresses, l.Reveal())
	}
	servers, err := choose(addresses...)
	if err != nil && c.ByDSN {
		return nil, nil, badDSN("the servers of memcached in the DSN are not understood", "cache+memcached://host1:11211,host2:11211 in the order of LOCATION; a socket is unix:/path", err)
	}
	if err != nil {
		return nil, nil, errtext.Hide(djsettings.ErrSetting, fmt.Sprintf("LOCATION of CACHES[%q] is not understood", c.Alias), err)
	}
	how, err := s.memcachedClient(c)
	if err != nil {
		return nil, nil, err
	}
	opts := &memcached.Options{Keys: keys, ClientPrefix: how.prefix, Format: s.cachePickle(), Timeout: cmp.Or(s.opts.CacheTimeout, how.timeout)}
	name := fmt.Sprintf("CACHES[%q]", c.Alias)
	if opts.Timeout == 0 && s.copies == name {
		opts.Timeout = copyTimeout
	}
	if how.tls != nil {
		opts.DialContext = (&tls.Dialer{Config: how.tls}).DialContext
	}
	if own, ok := s.opts.CacheFormats[c.Alias]; ok {
		opts.Format, opts.Flags = own.Format, &own.Flags
	}
	cache := memcached.New(s.site, servers, opts)
	var down []string
	var cause error
	for i, address := range addresses {
		one, err := choose(address)
		if err == nil {
			alone := memcached.New(s.site, one, opts)
			err = alone.Ping(ctx)
			_ = alone.Close()
		}
		if err == nil {
			continue
		}
		cause = errtext.Hide(ErrUnavailable, name+" cannot be reached"+tlsHint(err), err)
		if !unreachable(err) {
			down = addresses // what is not understood does not get better
			break
		}
		down = append(down, fmt.Sprintf("%s, server %d of %d", name, i+1, len(addresses)))
	}
	if err := s.partlyDown(name, len(addresses), down, cause); err != nil {
		_ = cache.Close()
		return nil, nil, err
	}
	return cache, cache.Close, nil
}

// partlyDown judges those of the n servers of a cache that cannot be reached. The others do
// without them, and so does a cache of copies without any.
func (s *Site) partlyDown(name string, n int, down []string, cause error) error {
	if len(down) == 0 || s.mayBeDown(name, cause) {
		return nil
	}
	if len(down) == n {
		return cause
	}
	for _, server := range down {
		s.warn("CACHES", server+" cannot be reached: until it answers, the sessions that it has are unavailable.")
	}
	return nil
}

// checkFormat refuses an entry of Options.CacheFormats that a cache cannot have.
func (s *Site) checkFormat(c *djsettings.Cache) error {
	own, ok := s.opts.CacheFormats[c.Alias]
	why := ""
	switch {
	case !ok:
		return nil
	case own.Format == nil:
		why = "has no Format"
	case c.Kind == djsettings.CachePyMemcache:
		return nil
	case c.Kind != djsettings.CacheRedis && c.Kind != djsettings.CacheDjangoRedis && c.Kind != djsettings.CacheDjangoValkey:
		why = "is for a cache whose class chooses the format itself"
	case own.Flags != 0:
		why = "has Flags, which a Redis cannot keep"
	default:
		return nil
	}
	return fmt.Errorf("%w: djsite.Options.CacheFormats[%q] %s", djsession.ErrConfig, c.Alias, why)
}

// chooser returns how the client of this backend chooses a server. byName reports whether
// the choice depends on the names of the servers.
func chooser(c *djsettings.Cache) (choose func(...string) (*memcached.Servers, error), byName bool, err error) {
	refuse := func(what string) error {
		return fmt.Errorf("%w: OPTIONS of CACHES[%q] have %s", djsettings.ErrUnsupported, c.Alias, what)
	}
	switch c.Kind {
	case djsettings.CachePythonMemcached:
		return memcached.PythonMemcached, false, nil
	case djsettings.CacheBMemcached:
		if len(c.Locations) > 1 {
			return nil, false, fmt.Errorf("%w: CACHES[%q] has several servers, in each of which django-bmemcached stores each value", djsettings.ErrUnsupported, c.Alias)
		}
		return memcached.Modula, false, nil
	case djsettings.CachePyMemcache:
		return memcached.Rendezvous, true, nil
	}
	behaviors := pylibmcBehaviors(c)
	is := func(name string) bool {
		v, _ := behaviors.Value(name)
		truth, _ := pyliteral.Truth(v)
		return truth
	}
	distribution := behaviors.Text("distribution")
	switch {
	case is("ketama_weighted"):
		return memcached.KetamaWeighted, true, nil
	case is("ketama"), strings.HasPrefix(distribution, "consistent"):
		return memcached.Ketama, true, nil
	case distribution != "" && distribution != "modula" && distribution != "0":
		return nil, false, refuse("the behavior distribution, which is not known here")
	}
	return memcached.Modula, false, nil
}
