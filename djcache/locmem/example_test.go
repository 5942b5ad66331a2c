package locmem_test

import (
	"context"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// The engine cache of a site in one process: nothing else sees a LocMemCache.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	store := cachestore.New(locmem.New(site, nil), nil)
	ctx := context.Background()
	r := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: 7}), Expires: time.Now().Add(time.Hour)}
	if _, err := store.Create(ctx, "abcdefgh", r); err != nil {
		panic(err)
	}
	got, _, err := store.Load(ctx, "abcdefgh")
	if err != nil {
		panic(err)
	}
	n, _ := got.Data.Get("n")
	fmt.Println(n)
	// Output: 7
}
