package redisstore_test

import (
	"log"
	"net/http"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/signer"
)

// The sessions of a site with SESSION_ENGINE = "redis_sessions.session" and
// SESSION_REDIS = {"host": "redis.internal", "db": 2, "prefix": "session"}.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(os.Getenv("DJANGO_SECRET_KEY"))})
	if err != nil {
		log.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: "redis.internal:6379", DB: 2})
	store := redisstore.New(site, client, &redisstore.Options{Prefix: "session"})
	m := djsession.New(store)
	log.Fatal(http.ListenAndServe(":8080", m.Middleware(http.DefaultServeMux)))
}
