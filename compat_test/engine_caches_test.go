package compat_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// caches are all that the engines cache and cached_db are checked with. LocMemCache is
// not there, for it is not shared.
var caches = append([]cacheOf{
	{
		backend: "RedisCache", format: "pickle", djangos: djangos, // Django's own, from 4.0
		settings: func(t testing.TB, p *place) map[string]any {
			return map[string]any{"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redisURL(t, 0, 1)}
		},
		open: openRedisCache(0, 1, nil),
	},
	{
		backend: "django_redis", format: "pickle",
		settings: djangoRedis(nil),
		open:     openRedisCache(0, 2, nil),
	},
	{
		backend: "django_redis, ShardClient of 3", format: "pickle",
		settings: func(t testing.TB, p *place) map[string]any {
			m := djangoRedis(map[string]any{"CLIENT_CLASS": "django_redis.client.ShardClient"})(t, p)
			m["LOCATION"] = []string{redisURL(t, 0, 4), redisURL(t, 1, 4), redisURL(t, 2, 4)}
			return m
		},
		open: func(t testing.TB, p *place, site *djsession.Site) djcache.Cache {
			var shards []rediscache.Shard
			for i := range 3 {
				shards = append(shards, rediscache.Shard{URL: redisURL(t, i, 4), Client: redisClient(t, testserver.Redises(t, 3)[i], 4)})
			}
			c, err := rediscache.NewSharded(site, shards, &rediscache.Options{Keys: cacheKeys})
			must(t, err)
			return p.slowCache(c)
		},
	},
	{
		backend: "django_redis, HerdClient", format: "pickle of tuples",
		settings: djangoRedis(map[string]any{"CLIENT_CLASS": "django_redis.client.HerdClient"}),
		open: openRedisCache(0, 2, func(site *djsession.Site) serializer.Serializer {
			return rediscache.Herd(pickle.Serializer{}, site.Now)
		}),
	},
	{
		// Before 5.4, django-redis takes the factory from a setting of all caches.
		backend: "django_redis, SentinelClient", format: "pickle", djangos: djangos,
		settings: func(t testing.TB, p *place) map[string]any {
			s := testserver.RedisSentinel(t)
			m := djangoRedis(map[string]any{
				"CLIENT_CLASS": "django_redis.client.SentinelClient", "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
				"CONNECTION_POOL_CLASS": "redis.sentinel.SentinelConnectionPool", "SENTINELS": []any{[]any{s.Host, s.Port}},
			})(t, p)
			m["LOCATION"] = "redis://mymaster/5"
			return m
		},
		open: func(t testing.TB, p *place, site *djsession.Site) djcache.Cache {
			client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "mymaster", SentinelAddrs: []string{testserver.RedisSentinel(t).Addr()}, DB: 5})
			atEnd(func() { client.Close() })
			return p.slowCache(rediscache.New(site, client, &rediscache.Options{Keys: cacheKeys}))
		},
	},
	{
		backend: "PyMemcacheCache", format: "pickle", djangos: append(djangos[:3:3], "3.2"),
		settings: memcachedSettings("PyMemcacheCache", nil),
		open:     openMemcached(memcached.Rendezvous),
	},
	{
		backend: "PyLibMCCache", format: "pickle", djangos: []string{"3.2", "2.2"},
		settings: memcachedSettings("PyLibMCCache", nil),
		open:     openMemcached(memcached.Modula),
	},
	{
		backend: "PyLibMCCache, ketama", format: "pickle", djangos: []string{"3.2", "2.2"},
		settings: memcachedSettings("PyLibMCCache", map[string]any{"behaviors": map[string]any{"ketama": true}}),
		open:     openMemcached(memcached.Ketama),
	},
	{
		backend: "MemcachedCache", format: "pickle", djangos: []string{"3.2", "2.2"},
		settings: memcachedSettings("MemcachedCache", nil),
		open:     openMemcached(memcached.PythonMemcached),
	},
	{
		backend: "DatabaseCache", format: "pickle",
		settings: func(t testing.TB, p *place) map[string]any {
			_, err := p.base.db.Exec("CREATE TABLE IF NOT EXISTS shop_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL)")
			must(t, err)
			return map[string]any{
				"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "shop_cache", "OPTIONS": map[string]any{"MAX_ENTRIES": 100_000},
			}
		},
		open: func(t testing.TB, p *place, site *djsession.Site) djcache.Cache {
			return p.slowCache(dbcache.New(site, p.base.db, dbcache.SQLite, &dbcache.Options{Table: "shop_cache", Keys: cacheKeys}))
		},
	},
	{
		backend: "FileBasedCache", format: "pickle",
		settings: func(t testing.TB, p *place) map[string]any {
			return map[string]any{
				"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": p.folder(t, "cache"), "OPTIONS": map[string]any{"MAX_ENTRIES": 100_000},
			}
		},
		open: func(t testing.TB, p *place, site *djsession.Site) djcache.Cache {
			c, err := filecache.New(site, p.folder(t, "cache"), &filecache.Options{Keys: cacheKeys})
			must(t, err)
			return p.slowCache(c)
		},
	},
}, formats()...)

// formats are the serializers and compressors of django-redis.
func formats() []cacheOf {
	limits := serializer.Limits{}
	all := []cacheOf{
		{
			backend: "django_redis", format: "JSON", plain: true,
			settings: djangoRedis(map[string]any{"SERIALIZER": "django_redis.serializers.json.JSONSerializer"}),
			open:     openRedisCache(0, 2, func(*djsession.Site) serializer.Serializer { return rediscache.JSON{} }),
		},
		{
			backend: "django_redis", format: "msgpack", plain: true, noSurrogates: true, smallInts: true,
			djangos:  append(djangos[:3:3], "3.2"),
			settings: djangoRedis(map[string]any{"SERIALIZER": "django_redis.serializers.msgpack.MSGPackSerializer"}),
			open:     openRedisCache(0, 2, func(*djsession.Site) serializer.Serializer { return rediscache.MsgPack{} }),
		},
	}
	for _, c := range []struct {
		name, class string
		wrap        func(serializer.Serializer, serializer.Limits) serializer.Serializer
		djangos     []string
	}{
		{"zlib", "zlib.ZlibCompressor", rediscache.Zlib, nil},
		{"gzip", "gzip.GzipCompressor", rediscache.Gzip, djangos[1:]}, // django-redis 6.0
		{"lzma", "lzma.LzmaCompressor", rediscache.LZMA, nil},
		{"lz4", "lz4.Lz4Compressor", rediscache.LZ4, append(djangos[:3:3], "3.2")},
		{"zstd", "zstd.ZStdCompressor", rediscache.Zstd, append(djangos[:3:3], "3.2")},
	} {
		all = append(all, cacheOf{
			backend: "django_redis", format: "pickle, " + c.name, djangos: c.djangos,
			settings: djangoRedis(map[string]any{"COMPRESSOR": "django_redis.compressors." + c.class}),
			open:     openRedisCache(0, 2, func(*djsession.Site) serializer.Serializer { return c.wrap(pickle.Serializer{}, limits) }),
		})
	}
	return all
}

func djangoRedis(options map[string]any) func(testing.TB, *place) map[string]any {
	return func(t testing.TB, p *place) map[string]any {
		m := map[string]any{"BACKEND": "django_redis.cache.RedisCache", "LOCATION": redisURL(t, 0, 2)}
		if options != nil {
			m["OPTIONS"] = options
		}
		return m
	}
}

func openRedisCache(server, db int, format func(*djsession.Site) serializer.Serializer) func(testing.TB, *place, *djsession.Site) djcache.Cache {
	return func(t testing.TB, p *place, site *djsession.Site) djcache.Cache {
		o := &rediscache.Options{Keys: cacheKeys}
		if format != nil {
			o.Format = format(site)
		}
		return p.slowCache(rediscache.New(site, redisClient(t, testserver.Redises(t, server+1)[server], db), o))
	}
}

func memcachedSettings(class string, options map[string]any) func(testing.TB, *place) map[string]any {
	return func(t testing.TB, p *place) map[string]any {
		m := map[string]any{"BACKEND": "django.core.cache.backends.memcached." + class, "LOCATION": memcachedAddresses(t)}
		if options != nil {
			m["OPTIONS"] = options
		}
		return m
	}
}

func openMemcached(rule func(...string) (*memcached.Servers, error)) func(testing.TB, *place, *djsession.Site) djcache.Cache {
	return func(t testing.TB, p *place, site *djsession.Site) djcache.Cache {
		servers, err := rule(memcachedAddresses(t)...)
		must(t, err)
		cache := memcached.New(site, servers, &memcached.Options{Keys: cacheKeys, Timeout: 10e9})
		atEnd(func() { cache.Close() })
		return p.slowCache(cache)
	}
}

func memcachedAddresses(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, s := range testserver.Memcacheds(t, 3) {
		all = append(all, s.Addr())
	}
	return all
}

func openCachedTable(t testing.TB, p *place, site *djsession.Site, cache djcache.Cache, options func(*djsession.Site) *dbstore.Options, prefix string) djsession.Store {
	var o *dbstore.Options
	c := &cacheddbstore.Options{KeyPrefix: prefix}
	if options != nil {
		o = options(site)
		c.Data = o.Data
	}
	s, err := cacheddbstore.New(p.slow(dbstore.New(site, p.base.db, dbstore.SQLite, o)), cache, c)
	must(t, err)
	return s
}

func userSessions(site *djsession.Site) *dbstore.Options {
	return dbstore.UserSessions(site, dbstore.SQLite, dbstore.UserKeyAuto)
}

func qSessions(site *djsession.Site) *dbstore.Options {
	return dbstore.QSessions(site, dbstore.SQLite, dbstore.UserKeyAuto)
}

func redisURL(t testing.TB, server, db int) string {
	t.Helper()
	return fmt.Sprintf("redis://%s/%d", testserver.Redises(t, server+1)[server].Addr(), db)
}

var redisClients sync.Map // by address and database

func redisClient(t testing.TB, s *testserver.Server, db int) *redis.Client {
	t.Helper()
	name := fmt.Sprint(s.Addr(), "/", db)
	if c, ok := redisClients.Load(name); ok {
		return c.(*redis.Client)
	}
	client := redis.NewClient(&redis.Options{Addr: s.Addr(), DB: db})
	if c, there := redisClients.LoadOrStore(name, client); there {
		client.Close()
		return c.(*redis.Client)
	}
	atEnd(func() { client.Close() })
	return client
}
