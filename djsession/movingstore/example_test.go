package movingstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// A site after its switch to a new engine. The first visit moves a session that is only on
// the old one. If djsession migrate has copied sessions before, Copied is a Journal.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	old, next := memstore.New(site), memstore.New(site) // a real site: dbstore and redisstore, for example
	store, err := movingstore.New(old, next, &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.NothingCopied})
	if err != nil {
		panic(err)
	}

	ctx, key := context.Background(), "abcdefghijklmnopqrstuvwxyz012345"
	r := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: 7}), Expires: time.Now().Add(time.Hour)}
	if _, err := old.Create(ctx, key, r); err != nil {
		panic(err)
	}
	if _, _, err := store.Load(ctx, key); err != nil {
		panic(err)
	}
	fmt.Println(old, next)
	// Output: memstore of 0 sessions memstore of 1 sessions
}
