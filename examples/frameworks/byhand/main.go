// Command byhand is a service with the router chi beside a Django site with cached_db: the
// sessions are in PostgreSQL, with copies in Redis. It does not read the site's settings,
// but builds each part by hand. ../../README.md says how to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"log"
	"net/http"
	"os"

	"github.com/go-chi/chi/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/examples/internal/web"
	"github.com/go-djsession/go-djsession/signer"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	r, err := router(context.Background(), os.Getenv("DJANGO_SECRET_KEY"), os.Getenv("DATABASE_URL"), os.Getenv("REDIS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	if err := web.Serve(*addr, r); err != nil {
		log.Fatal(err)
	}
}

func router(ctx context.Context, secret, databaseURL, redisURL string) (http.Handler, error) {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secret)})
	if err != nil {
		return nil, err
	}
	db, err := pgxpool.New(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	redisOpts, err := redis.ParseURL(redisURL)
	if err != nil {
		return nil, err
	}
	store, err := cacheddbstore.New(pgxstore.New(site, db, nil), rediscache.New(site, redis.NewClient(redisOpts), nil), nil)
	if err != nil {
		return nil, err
	}
	sessions := djsession.New(store)
	auth, err := djauth.New(sessions, pgxusers.New(site, db, nil), nil, nil)
	if err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(sessions.Middleware, auth.Middleware)
	r.Get("/", hello)
	r.With(auth.RequireLogin).Get("/account", hello)
	return r, nil
}

func hello(w http.ResponseWriter, r *http.Request) {
	s, err := djsession.Load(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	err = djsession.Edit(s, "visits", func(n *int) error { *n++; return nil }) // runs again after a conflict
	if err != nil {
		fail(w, err)
		return
	}
	visits, err := djsession.Value(s, "visits", 0)
	if err != nil {
		fail(w, err)
		return
	}
	user, err := djauth.User(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	web.Hello(w, cmp.Or(user.Name(), "stranger"), visits)
}

func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "Please try later.", djsession.ErrorStatus(err))
}
