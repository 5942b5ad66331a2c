package pgxusers_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/signer"
)

// Sessions and users of a site on PostgreSQL, by one pool of pgx.
func Example() {
	ctx := context.Background()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(os.Getenv("DJANGO_SECRET_KEY"))})
	if err != nil {
		log.Fatal(err)
	}
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	options, err := pgxusers.Detect(ctx, pool, nil) // looks at the table of auth.User
	if err != nil {
		log.Fatal(err)
	}
	users := pgxusers.New(site, pool, options)
	auth, err := djauth.New(djsession.New(pgxstore.New(site, pool, nil)), users, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	ada, err := auth.Users().ByName(ctx, "ada")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ada.ID, ada.Active)
}
