package redisstore_test

import (
	"log"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/signer"
)

// A site that has repaired the library's POOL: the second server has two thirds
// of the sessions.
func ExampleNewPooled() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(os.Getenv("DJANGO_SECRET_KEY"))})
	if err != nil {
		log.Fatal(err)
	}
	pool := redisstore.Pool{
		{Client: redis.NewClient(&redis.Options{Addr: "one.internal:6379"})},
		{Client: redis.NewClient(&redis.Options{Addr: "two.internal:6379"}), Weight: 2},
	}
	store, err := redisstore.NewPooled(site, pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	_ = djsession.New(store)
}
