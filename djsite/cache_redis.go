package djsite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// openRedisCache opens Django's RedisCache, or the one of django-redis.
func (s *Site) openRedisCache(ctx context.Context, c *djsettings.Cache, keys djcache.Keys) (djcache.Cache, func() error, error) {
	format, err := s.redisFormat(c)
	if err != nil {
		return nil, nil, err
	}
	name := fmt.Sprintf("CACHES[%q]", c.Alias)
	opts := &rediscache.Options{Keys: keys, Format: format, Replicas: s.opts.RedisReplicas, Unguarded: true, Once: name == s.copies}
	locations := c.Addresses()
	if len(locations) == 0 {
		return nil, nil, fmt.Errorf("%w: CACHES[%q] has no LOCATION", djsettings.ErrSetting, c.Alias)
	}
	if c.Options.Text("CLIENT_CLASS") == "django_redis.client.ShardClient" {
		return s.openShards(ctx, c, name, opts)
	}
	// The first of several servers is the primary.
	client, err := s.redisCacheClient(c, locations[0])
	if err != nil {
		return nil, nil, err
	}
	cache := rediscache.New(s.site, client, opts)
	err = s.pinged(ctx, name, client)
	if err == nil {
		err = s.probed(ctx, name, func(ctx context.Context) ([]string, error) { return cache.Probe(ctx, s.probeName()) })
	}
	if err != nil {
		_ = client.Close()
		return nil, nil, err
	}
	return cache, client.Close, nil
}

// probeName is a name in a cache that the rights to the site's sessions cover.
func (s *Site) probeName() string {
	in := s.Settings.Sessions
	prefix := in.CacheKeyPrefix
	if prefix == "" {
		switch in.Kind {
		case djsettings.EngineCachedDB:
			prefix = "django.contrib.sessions.cached_db"
		case djsettings.EngineQSessionsCDB:
			prefix = "qsessions.q_cached_db"
		default:
			prefix = "django.contrib.sessions.cache"
		}
	}
	return prefix + s.site.NewKey()
}

// openShards opens all servers. The texts in LOCATION decide which server has a key, even
// if this process reaches the servers by other names.
func (s *Site) openShards(ctx context.Context, c *djsettings.Cache, name string, opts *rediscache.Options) (djcache.Cache, func() error, error) {
	if len(c.Addresses()) != len(c.Locations) {
		return nil, nil, fmt.Errorf("%w: %s has %d servers, and %d were given for it", djsettings.ErrSetting, name, len(c.Locations), len(c.Addresses()))
	}
	var shards []rediscache.Shard
	done := func() error {
		var errs []error
		for _, sh := range shards {
			errs = append(errs, sh.Client.Close())
		}
		return errors.Join(errs...)
	}
	var down []string
	var cause error
	for i, l := range c.Addresses() {
		client, err := s.redisCacheClient(c, l)
		if err != nil {
			_ = done()
			return nil, nil, err
		}
		shards = append(shards, rediscache.Shard{URL: c.Locations[i].Reveal(), Client: client})
		shard := fmt.Sprintf("%s, server %d of %d", name, i+1, len(c.Locations))
		err = s.pinged(ctx, shard, client)
		if err == nil {
			cache := rediscache.New(s.site, client, opts)
			err = s.probed(ctx, shard, func(ctx context.Context) ([]string, error) { return cache.Probe(ctx, s.probeName()) })
		}
		switch {
		case err == nil:
		case unreachable(err):
			down, cause = append(down, shard), err
		default:
			_ = done()
			return nil, nil, err
		}
	}
	if err := s.partlyDown(name, len(shards), down, cause); err != nil {
		_ = done()
		return nil, nil, err
	}
	cache, err := rediscache.NewSharded(s.site, shards, opts)
	if err != nil {
		_ = done()
		return nil, nil, err
	}
	return cache, done, nil
}

// redisCacheClient returns a client of one server. Its URL overrides OPTIONS.
func (s *Site) redisCacheClient(c *djsettings.Cache, location djsettings.Secret) (redis.UniversalClient, error) {
	copies := s.copies == fmt.Sprintf("CACHES[%q]", c.Alias)
	if c.ByDSN {
		return redisByDSN(location.Reveal(), copies)
	}
	text := location.Reveal()
	if rest, ok := strings.CutPrefix(text, "valkey"); ok && c.Kind == djsettings.CacheDjangoValkey {
		text = "redis" + rest // valkeys:// is rediss://
	}
	server, err := parseRedisURL(text)
	if err != nil {
		return nil, fmt.Errorf("CACHES[%q]: %w", c.Alias, err)
	}
	server.copies, server.valkey = copies, c.Kind == djsettings.CacheDjangoValkey
	from := c.Options // for Django's RedisCache
	other := c.Kind == djsettings.CacheDjangoRedis || c.Kind == djsettings.CacheDjangoValkey
	if other {
		from = c.Options.Dict("CONNECTION_POOL_KWARGS")
	}
	sentinel := len(c.Sentinels) > 0
	if err := server.complete(from, sentinel, s.Settings); err != nil {
		return nil, fmt.Errorf("CACHES[%q]: %w", c.Alias, err)
	}
	if other {
		server.password = cmp.Or(server.password, c.Options.Text("PASSWORD"))
		for name, to := range map[string]*time.Duration{"SOCKET_TIMEOUT": &server.timeout, "SOCKET_CONNECT_TIMEOUT": &server.connect} {
			d, ok := seconds(c.Options, name)
			if !ok {
				return nil, fmt.Errorf("%w: the option %s of CACHES[%q] is no number of seconds", djsettings.ErrSetting, name, c.Alias)
			}
			*to = cmp.Or(*to, d)
		}
		server.connect = cmp.Or(server.connect, server.timeout)
	}
	if d := s.opts.CacheTimeout; d != 0 {
		server.connect, server.timeout = d, d
	}
	if !sentinel {
		return server.client(), nil
	}
	to := c.Options.Dict("SENTINEL_KWARGS")
	if on := to.Truth("ssl"); on != (server.tls != nil) && !server.rediss {
		return nil, fmt.Errorf("%w: of CACHES[%q] the Redis speaks TLS and its Sentinels do not, or the other way round", djsettings.ErrUnsupported, c.Alias)
	}
	for _, name := range to.Names() {
		v, _ := to.Value(name)
		if own, _ := from.Value(name); isTLSArg(name) && name != "ssl" && !reflect.DeepEqual(v, own) {
			return nil, fmt.Errorf("%w: CACHES[%q] has %s in SENTINEL_KWARGS, and not the same in CONNECTION_POOL_KWARGS: the Sentinels are reached as the Redis is", djsettings.ErrUnsupported, c.Alias, name)
		}
	}
	return server.failover(server.host, c.Sentinels, to.Text("username"), to.Text("password")), nil
}

// redisFormat returns the format of the values: SERIALIZER, COMPRESSOR and CLIENT_CLASS of
// django-redis, or serializer of Django's own.
func (s *Site) redisFormat(c *djsettings.Cache) (serializer.Serializer, error) {
	lim := s.site.Limits().Data
	p := s.cachePickle()
	unsupported := func(option, value string) error {
		err := fmt.Errorf("%w: OPTIONS of CACHES[%q] have the %s %s", djsettings.ErrUnsupported, c.Alias, option, value)
		if option != "CLIENT_CLASS" {
			err = fmt.Errorf("%w: djsite.Options.CacheFormats may say what it writes", err)
		}
		return err
	}
	own, given := s.opts.CacheFormats[c.Alias]
	if c.Kind == djsettings.CacheRedis {
		if given {
			return own.Format, nil
		}
		if v, ok := c.Options.Value("serializer"); ok && v != nil {
			if name := optionName(v); name != "django.core.cache.backends.redis.RedisSerializer" {
				return nil, unsupported("serializer", name)
			}
		}
		return p, nil
	}
	// The classes of django-valkey have the same names and formats, but for these.
	option := c.Options.Text
	if c.Kind == djsettings.CacheDjangoValkey {
		option = func(name string) string {
			text := c.Options.Text(name)
			if rest, ok := strings.CutPrefix(text, "django_valkey."); ok && rest != "client.HerdClient" && rest != "client.ShardClient" {
				return "django_redis." + rest
			}
			return text
		}
	}
	herd := false
	switch class := option("CLIENT_CLASS"); class {
	case "", "django_redis.client.DefaultClient", "django_redis.client.ShardClient", "django_redis.client.SentinelClient":
	case "django_redis.client.HerdClient":
		herd = true
	default:
		return nil, unsupported("CLIENT_CLASS", class)
	}
	if given && herd {
		return nil, unsupported("CLIENT_CLASS", option("CLIENT_CLASS")+", which wraps values in another format than that of djsite.Options.CacheFormats")
	}
	if given {
		return own.Format, nil
	}
	if text := c.Options.Text("PICKLE_VERSION"); text != "" {
		if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= pickle.MaxProtocol {
			p.Protocol = n
		}
	}
	var format serializer.Serializer = p
	switch name := option("SERIALIZER"); name {
	case "", "django_redis.serializers.pickle.PickleSerializer":
		if herd {
			format = rediscache.Herd(p, s.site.Now)
		}
	case "django_redis.serializers.json.JSONSerializer":
		format = rediscache.JSON{Limits: lim}
	case "django_redis.serializers.msgpack.MSGPackSerializer":
		format = rediscache.MsgPack{Limits: lim}
	default:
		return nil, unsupported("SERIALIZER", name)
	}
	switch name := option("COMPRESSOR"); name {
	case "", "django_redis.compressors.identity.IdentityCompressor":
		return format, nil
	case "django_redis.compressors.zlib.ZlibCompressor":
		return rediscache.Zlib(format, lim), nil
	case "django_redis.compressors.gzip.GzipCompressor":
		return rediscache.Gzip(format, lim), nil
	case "django_redis.compressors.lzma.LzmaCompressor":
		return rediscache.LZMA(format, lim), nil
	case "django_redis.compressors.lz4.Lz4Compressor":
		return rediscache.LZ4(format, lim), nil
	case "django_redis.compressors.zstd.ZStdCompressor":
		return rediscache.Zstd(format, lim), nil
	default:
		return nil, unsupported("COMPRESSOR", name)
	}
}

// optionName returns a dotted path, or the name or kind of another value.
func optionName(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case pyliteral.Opaque:
		return v.Name()
	}
	return pyliteral.Kind(v)
}

// cachePickle returns the pickle serializer for caches, with the limits of the site.
func (s *Site) cachePickle() pickle.Serializer {
	p := s.Settings.Pickle()
	p.Limits = s.site.Limits().Data
	return p
}
