package filecache_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// The engine cache of a site whose CACHES has a FileBasedCache.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	cache, err := filecache.New(site, dir, nil)
	if err != nil {
		panic(err)
	}
	store := cachestore.New(cache, nil)

	ctx, key := context.Background(), "abcdefghijklmnopqrstuvwxyz012345"
	r := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "n", Value: 7}), Expires: time.Now().Add(time.Hour)}
	if _, err := store.Create(ctx, key, r); err != nil {
		panic(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		panic(err)
	}
	fmt.Println(files[0].Name())
	// Output: 4cceab41b4252c1eda7f8baf8f47cbea.djcache
}
