package djcache_test

import (
	"context"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// A Cache is one entry of CACHES, here a LocMemCache. A change compares with what was seen.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	var cache djcache.Cache = locmem.New(site, nil)
	fmt.Println(djcache.Keys{Prefix: "shop"}.Key("greeting")) // the name in the server

	ctx, later := context.Background(), time.Now().Add(time.Hour)
	value := serializer.NewDict(serializer.Item{Key: "text", Value: "hello"})
	seen, err := cache.Add(ctx, "greeting", value, later)
	if err != nil {
		panic(err)
	}
	if _, err := cache.Replace(ctx, "greeting", value.With("text", "hi"), later, seen); err != nil {
		panic(err)
	}
	_, err = cache.Replace(ctx, "greeting", value.With("text", "too late"), later, seen)
	fmt.Println(err)

	item, err := cache.Get(ctx, "greeting")
	if err != nil {
		panic(err)
	}
	text, _ := item.Value.Get("text")
	fmt.Println(text)
	// Output:
	// shop:1:greeting
	// djsession: session changed meanwhile
	// hi
}
