package main

import (
	"cmp"
	"context"
	"database/sql"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// openCache opens the engine cache on the cache of a DSN without its "cache+".
func openCache(ctx context.Context, back backEnd, dsn string) (*engine, error) {
	c, err := dialCache(ctx, back, dsn)
	if err != nil {
		return nil, err
	}
	return &engine{
		on: func(site *djsession.Site) (djsession.Store, error) {
			cache, err := c.on(site)
			if err != nil {
				return nil, err
			}
			return cachestore.New(cache, nil), nil
		},
		jsonOnly:   c.jsonOnly,
		unlistable: c.unlistable,
		reaped:     c.reaped,
		close:      c.close,
	}, nil
}

// cache is an entry of CACHES whose server has answered.
type cache struct {
	on         func(*djsession.Site) (djcache.Cache, error)
	jsonOnly   bool // it takes what JSON holds, and nothing else
	unlistable string
	reaped     string
	close      func()
}

// Why there is nothing to list or to remove.
const (
	memcachedLists = "memcached does not tell what it holds"
	memcachedReaps = "memcached removes expired sessions by itself"
	fileCacheLists = "its files are named by hashes of the keys"
)

// The parameters of a DSN that are OPTIONS and the like of CACHES.
var cacheParams = []string{"key_prefix", "version", "serializer", "compressor", "client", "ketama", "cache_table"}

// dialCache opens the cache that a DSN without its "cache+" means.
func dialCache(ctx context.Context, back backEnd, dsn string) (*cache, error) {
	dsn, params, err := cutParams(dsn, cacheParams...)
	if err != nil {
		return nil, err
	}
	keys := djcache.Keys{Prefix: params.Get("key_prefix")}
	if params.Has("version") {
		v, err := strconv.Atoi(params.Get("version"))
		if err != nil {
			return nil, usage("version in the DSN is no whole number", cacheForms)
		}
		keys.Version = &v
	}
	allowed := map[backEnd][]string{
		backRedis:     {"serializer", "compressor", "client"},
		backMemcached: {"client", "ketama"},
		backFiles:     nil,
	}
	own, known := allowed[back]
	if !known {
		own = []string{"cache_table"}
	}
	for name := range params {
		if name != "key_prefix" && name != "version" && !slices.Contains(own, name) {
			return nil, usage("this cache has no parameter "+name, cacheForms)
		}
	}
	switch back {
	case backRedis:
		return dialRedisCache(ctx, dsn, keys, params)
	case backMemcached:
		return dialMemcached(dsn, keys, params)
	case backFiles:
		return openFileCache(dsn, keys)
	}
	return dialTableCache(ctx, dsn, keys, params)
}

// dialRedisCache is RedisCache, Django's own or that of django-redis.
func dialRedisCache(ctx context.Context, dsn string, keys djcache.Keys, params url.Values) (*cache, error) {
	format, jsonOnly, err := redisFormat(params)
	if err != nil {
		return nil, err
	}
	if params.Get("client") == "shard" {
		return dialShards(ctx, dsn, keys, format, jsonOnly)
	}
	// Of several servers in LOCATION the first one is the primary.
	if scheme, _, _ := strings.Cut(dsn, "://"); !strings.Contains(scheme, "+") {
		dsn, _, _ = strings.Cut(dsn, ",")
	}
	client, err := dialRedis(ctx, dsn)
	if err != nil {
		return nil, err
	}
	return &cache{
		on: func(site *djsession.Site) (djcache.Cache, error) {
			return rediscache.New(site, client, &rediscache.Options{Keys: keys, Format: format(site)}), nil
		},
		jsonOnly: jsonOnly,
		reaped:   redisReaps,
		close:    func() { client.Close() },
	}, nil
}

// dialShards is the ShardClient of django-redis: a server for each URL of LOCATION.
func dialShards(ctx context.Context, dsn string, keys djcache.Keys, format func(*djsession.Site) serializer.Serializer, jsonOnly bool) (*cache, error) {
	var shards []rediscache.Shard
	done := func() {
		for _, s := range shards {
			s.Client.Close()
		}
	}
	for u := range strings.SplitSeq(dsn, ",") {
		client, err := dialRedis(ctx, u)
		if err != nil {
			done()
			return nil, err
		}
		shards = append(shards, rediscache.Shard{URL: u, Client: client})
	}
	return &cache{
		on: func(site *djsession.Site) (djcache.Cache, error) {
			return rediscache.NewSharded(site, shards, &rediscache.Options{Keys: keys, Format: format(site)})
		},
		jsonOnly: jsonOnly,
		reaped:   redisReaps,
		close:    done,
	}, nil
}

// redisFormat is SERIALIZER, COMPRESSOR and CLIENT_CLASS of django-redis.
func redisFormat(params url.Values) (_ func(*djsession.Site) serializer.Serializer, jsonOnly bool, _ error) {
	name, compressor, client := params.Get("serializer"), params.Get("compressor"), params.Get("client")
	herd := client == "herd"
	switch {
	case !slices.Contains([]string{"", "default", "herd", "shard", "sentinel"}, client):
		return nil, false, usage("client in the DSN is none of django-redis", "default, herd, shard; Sentinel is redis+sentinel://")
	case !slices.Contains([]string{"", "pickle", "json", "msgpack"}, name):
		return nil, false, usage("serializer in the DSN is none of django-redis", "pickle, json, msgpack")
	case herd && name != "" && name != "pickle":
		return nil, false, usage("the herd client keeps pickles only", "leave serializer out of the DSN")
	}
	compressors := map[string]func(serializer.Serializer, serializer.Limits) serializer.Serializer{
		"":     func(s serializer.Serializer, _ serializer.Limits) serializer.Serializer { return s },
		"zlib": rediscache.Zlib, "gzip": rediscache.Gzip, "lzma": rediscache.LZMA, "lz4": rediscache.LZ4, "zstd": rediscache.Zstd,
	}
	compress, ok := compressors[compressor]
	if !ok {
		return nil, false, usage("compressor in the DSN is none of django-redis", "zlib, gzip, lzma, lz4, zstd")
	}
	return func(site *djsession.Site) serializer.Serializer {
		lim := site.Limits().Data
		p := pickle.Serializer{Protocol: pickle.DefaultProtocol, Limits: lim}
		var s serializer.Serializer = p
		switch {
		case herd:
			s = rediscache.Herd(p, site.Now)
		case name == "json":
			s = rediscache.JSON{Limits: lim}
		case name == "msgpack":
			s = rediscache.MsgPack{Limits: lim}
		}
		return compress(s, lim)
	}, name == "json" || name == "msgpack", nil
}

// dialMemcached is PyMemcacheCache, PyLibMCCache or the old MemcachedCache. Which
// of its servers are there is seen when they are asked for a session.
func dialMemcached(dsn string, keys djcache.Keys, params url.Values) (*cache, error) {
	ketama := strings.ToLower(params.Get("ketama"))
	choose, hint := memcached.Rendezvous, "client is pymemcache, pylibmc or python-memcached; ketama, of pylibmc, is 1 or weighted"
	switch client := params.Get("client"); {
	case client == "pylibmc" && (ketama == "" || ketama == "0" || ketama == "false"):
		choose = memcached.Modula
	case client == "pylibmc" && ketama == "weighted":
		choose = memcached.KetamaWeighted
	case client == "pylibmc" && (ketama == "1" || ketama == "true"):
		choose = memcached.Ketama
	case client == "python-memcached" && ketama == "":
		choose = memcached.PythonMemcached
	case (client == "" || client == "pymemcache") && ketama == "":
	default:
		return nil, usage("the client of memcached in the DSN is not known", hint)
	}
	_, location, _ := strings.Cut(dsn, "://")
	servers, err := choose(memcached.Location(location)...)
	if err != nil {
		return nil, &console.Problem{Status: console.StatusUsage, Text: "the servers of memcached in the DSN are not understood", Hint: "cache+memcached://host1:11211,host2:11211 in the order of LOCATION; a socket is unix:/path", Cause: err}
	}
	client := memcache.NewFromSelector(servers)
	client.Timeout = openTimeout / 2
	if err := client.Ping(); err != nil {
		return nil, console.ConnectProblem(err)
	}
	return &cache{
		on: func(site *djsession.Site) (djcache.Cache, error) {
			return memcached.New(site, client, &memcached.Options{Keys: keys}), nil
		},
		unlistable: memcachedLists,
		reaped:     memcachedReaps,
		close:      func() { client.Close() },
	}, nil
}

// openFileCache is FileBasedCache.
func openFileCache(dsn string, keys djcache.Keys) (*cache, error) {
	_, dir, err := parseDSN(dsn)
	if err == nil {
		err = isFolder(dir, "it is LOCATION of the cache")
	}
	if err != nil {
		return nil, err
	}
	return &cache{
		on: func(site *djsession.Site) (djcache.Cache, error) {
			return filecache.New(site, dir, &filecache.Options{Keys: keys})
		},
		unlistable: fileCacheLists,
		close:      func() {},
	}, nil
}

// dialTableCache is DatabaseCache.
func dialTableCache(ctx context.Context, dsn string, keys djcache.Keys, params url.Values) (*cache, error) {
	table := cmp.Or(params.Get("cache_table"), "django_cache")
	if !validTable(table) {
		return nil, usage("cache_table in the DSN is not the name of a table", "letters, digits and _, perhaps with a schema and a dot before it")
	}
	back, native, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	driver, d := "sqlite", dbcache.SQLite
	switch back {
	case backPostgreSQL:
		driver, d = "pgx", dbcache.PostgreSQL
	case backMySQL:
		driver, d = "mysql", dbcache.MySQL
	default:
		if err := isSQLite(native); err != nil {
			return nil, err
		}
		native = sqliteURI(native)
	}
	var db *sql.DB
	if db, err = dial(ctx, driver, native); err != nil {
		return nil, err
	}
	return &cache{
		on: func(site *djsession.Site) (djcache.Cache, error) {
			return dbcache.New(site, db, d, &dbcache.Options{Keys: keys, Table: table}), nil
		},
		close: func() { db.Close() },
	}, nil
}
