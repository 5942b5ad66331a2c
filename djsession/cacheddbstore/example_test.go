package cacheddbstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// The engine cached_db: the rows are the truth, and the cache has copies. A real site has a
// dbstore or pgxstore and a rediscache or memcached.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	rows, cache := memstore.New(site), locmem.New(site, nil)
	store, err := cacheddbstore.New(rows, cache, nil)
	if err != nil {
		panic(err)
	}

	ctx, key := context.Background(), "abcdefghijklmnopqrstuvwxyz012345"
	r := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: 7}), Expires: time.Now().Add(time.Hour)}
	if _, err := store.Create(ctx, key, r); err != nil {
		panic(err)
	}
	item, err := cache.Get(ctx, "django.contrib.sessions.cached_db"+key)
	if err != nil {
		panic(err)
	}
	n, _ := item.Value.Get("n")
	fmt.Println("the copy:", n)
	// Output: the copy: 7
}
