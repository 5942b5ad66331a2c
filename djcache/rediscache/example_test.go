package rediscache_test

import (
	"log"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/signer"
)

// The sessions of a site with SESSION_ENGINE = "django.contrib.sessions.backends.cache"
// and CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache",
// "LOCATION": "redis://redis.internal:6379/1", "KEY_PREFIX": "site"}}.
func ExampleNew() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(os.Getenv("DJANGO_SECRET_KEY"))})
	if err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: "redis.internal:6379", DB: 1})
	cache := rediscache.New(site, client, &rediscache.Options{Keys: djcache.Keys{Prefix: "site"}})
	_ = djsession.New(cachestore.New(cache, nil))
}

// The same with OPTIONS = {"CLIENT_CLASS": "django_redis.client.ShardClient"} and two
// servers in LOCATION.
func ExampleNewSharded() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(os.Getenv("DJANGO_SECRET_KEY"))})
	if err != nil {
		log.Fatal(err)
	}
	var shards []rediscache.Shard
	for _, url := range []string{"redis://one.internal:6379/1", "redis://two.internal:6379/1"} {
		opts, err := redis.ParseURL(url)
		if err != nil {
			log.Fatal(err)
		}
		shards = append(shards, rediscache.Shard{URL: url, Client: redis.NewClient(opts)})
	}
	cache, err := rediscache.NewSharded(site, shards, nil)
	if err != nil {
		log.Fatal(err)
	}
	_ = djsession.New(cachestore.New(cache, nil))
}
