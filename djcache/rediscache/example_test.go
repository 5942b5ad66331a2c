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
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(os.Getenv("DJANGO_SECRET_KEY"))})
	if err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: "redis.internal:6379", DB: 1})
	cache := rediscache.New(site, client, &rediscache.Options{Keys: djcache.Keys{Prefix: "site"}})
	_ = djsession.New(cachestore.New(cache, nil))
}
