package djsettings

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// cacheParams maps the parameters for entries of CACHES to the caches that take them; nil
// is all caches.
var cacheParams = map[string][]string{
	"key_prefix": nil, "version": nil,
	"serializer": {"redis"}, "compressor": {"redis"}, "client": {"redis", "memcached"},
	"ketama": {"memcached"}, "cache_table": {"database"},
}

// cache reads the DSN of a cache without its "cache+". database is the alias for the
// database of a DatabaseCache.
func (r *dsnReader) cache(dsn, database string) error {
	bad := func(text, want string) error { return &DSNError{Cache: true, Text: text, Want: want} }
	p, err := parseDSN(dsn)
	if err != nil {
		return err
	}
	dsn, params, err := cutParams(dsn, slices.Collect(maps.Keys(cacheParams))...)
	if err != nil {
		return err
	}
	kind := "database"
	switch {
	case p.redis != "":
		kind = "redis"
	case p.memcached != "":
		kind = "memcached"
	case p.isFolder:
		kind = "files"
	}
	for name := range params {
		if of := cacheParams[name]; of != nil && !slices.Contains(of, kind) {
			return bad("this cache has no parameter "+name, "")
		}
	}
	c := map[string]any{"KEY_PREFIX": params.Get("key_prefix")}
	if params.Has("version") {
		v, err := strconv.Atoi(params.Get("version"))
		if err != nil {
			return bad("version in the DSN is no whole number", "")
		}
		c["VERSION"] = v
	}
	r.more["CACHES"] = map[string]any{"default": c}
	switch kind {
	case "redis":
		r.byDSN = true
		return redisParams(c, dsn, params)
	case "memcached":
		r.byDSN = true
		_, location, _ := strings.Cut(dsn, "://")
		c["LOCATION"] = location
		return memcachedParams(c, params)
	case "files":
		if p, err = parseDSN(dsn); err == nil && p.folder == "" {
			err = bad("the DSN names no folder", "")
		}
		c["BACKEND"], c["LOCATION"] = string(CacheFile), p.folder
		return err
	}
	c["BACKEND"], c["LOCATION"] = string(CacheDB), "django_cache"
	if table := params.Get("cache_table"); table != "" {
		c["LOCATION"] = table
		if !validTable(table) {
			return bad("cache_table in the DSN is not the name of a table", wantTable)
		}
	}
	if p, err = parseDSN(dsn); err != nil {
		return err
	}
	r.cacheDatabase = database
	r.database(database, p.db)
	return nil
}

// redisParams sets BACKEND, LOCATION, and SERIALIZER, COMPRESSOR and CLIENT_CLASS of
// django-redis.
func redisParams(c map[string]any, dsn string, params url.Values) error {
	bad := func(text, want string) error { return &DSNError{Cache: true, Text: text, Want: want} }
	name, compressor, client := params.Get("serializer"), params.Get("compressor"), params.Get("client")
	options := map[string]any{}
	switch client {
	case "", "default", "sentinel":
	case "herd", "shard":
		options["CLIENT_CLASS"] = "django_redis.client." + map[string]string{"herd": "HerdClient", "shard": "ShardClient"}[client]
	default:
		return bad("client in the DSN is none of django-redis", "default, herd, shard; Sentinel is redis+sentinel://")
	}
	serializers := map[string]string{"": "", "pickle": "", "json": "json.JSONSerializer", "msgpack": "msgpack.MSGPackSerializer"}
	switch path, ok := serializers[name]; {
	case !ok:
		return bad("serializer in the DSN is none of django-redis", "pickle, json, msgpack")
	case path != "" && client == "herd":
		return bad("the herd client keeps pickles only", "leave serializer out of the DSN")
	case path != "":
		options["SERIALIZER"] = "django_redis.serializers." + path
	}
	compressors := map[string]string{"": "", "zlib": "zlib.ZlibCompressor", "gzip": "gzip.GzipCompressor", "lzma": "lzma.LzmaCompressor",
		"lz4": "lz4.Lz4Compressor", "zstd": "zstd.ZStdCompressor"}
	switch path, ok := compressors[compressor]; {
	case !ok:
		return bad("compressor in the DSN is none of django-redis", "zlib, gzip, lzma, lz4, zstd")
	case path != "":
		options["COMPRESSOR"] = "django_redis.compressors." + path
	}
	locations := []string{dsn}
	if scheme, _, _ := strings.Cut(dsn, "://"); !strings.Contains(scheme, "+") {
		locations = strings.Split(dsn, ",")
	}
	c["BACKEND"], c["LOCATION"], c["OPTIONS"] = string(CacheDjangoRedis), locations, options
	return nil
}

// memcachedParams sets BACKEND, and the behaviors of pylibmc.
func memcachedParams(c map[string]any, params url.Values) error {
	ketama, client := strings.ToLower(params.Get("ketama")), params.Get("client")
	behaviors := map[string]any{}
	c["BACKEND"] = string(CachePyMemcache)
	switch {
	case client == "pylibmc" && (ketama == "" || ketama == "0" || ketama == "false"):
		c["BACKEND"] = string(CachePyLibMC)
	case client == "pylibmc" && ketama == "weighted":
		c["BACKEND"], behaviors["ketama_weighted"] = string(CachePyLibMC), true
	case client == "pylibmc" && (ketama == "1" || ketama == "true"):
		c["BACKEND"], behaviors["ketama"] = string(CachePyLibMC), true
	case client == "python-memcached" && ketama == "":
		c["BACKEND"] = string(CachePythonMemcached)
	case (client == "" || client == "pymemcache") && ketama == "":
	default:
		return &DSNError{Cache: true, Text: "the client of memcached in the DSN is not known",
			Want: "client is pymemcache, pylibmc or python-memcached; ketama, of pylibmc, is 1 or weighted"}
	}
	if len(behaviors) > 0 {
		c["OPTIONS"] = map[string]any{"behaviors": behaviors}
	}
	return nil
}
