package rediscache_test

import (
	"log"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/signer"
)

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
