package pgxstore_test

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/signer"
)

func Example() {
	ctx := context.Background()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(os.Getenv("DJANGO_SECRET_KEY"))})
	if err != nil {
		panic(err)
	}
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	store := pgxstore.New(site, pool, nil)

	n, err := store.ClearExpired(ctx, &djsession.ReapOptions{Progress: func(done int64) { fmt.Println(done, "so far") }})
	fmt.Println(n, "removed", err)
}
