package memcached_test

import (
	"fmt"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/signer"
)

// A site with SESSION_ENGINE "django.contrib.sessions.backends.cache" and
//
//	CACHES = {"default": {
//	    "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
//	    "LOCATION": "10.0.0.1:11211;10.0.0.2:11211",
//	    "KEY_PREFIX": "shop",
//	}}
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	servers, err := memcached.Rendezvous(memcached.Location("10.0.0.1:11211;10.0.0.2:11211")...)
	if err != nil {
		panic(err)
	}
	cache := memcached.New(site, servers, &memcached.Options{Keys: djcache.Keys{Prefix: "shop"}})
	m := djsession.New(cachestore.New(cache, nil))
	fmt.Println(m != nil)
	// Output: true
}
