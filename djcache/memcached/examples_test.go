package memcached_test

import (
	"fmt"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
)

// Each client of Django's has its own idea of where a session is.
func ExampleServers_Pick() {
	key := djcache.Keys{}.Key("django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345")
	addresses := []string{"10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211"}
	for _, rule := range []func(...string) (*memcached.Servers, error){
		memcached.Rendezvous, memcached.Modula, memcached.Ketama, memcached.KetamaWeighted, memcached.PythonMemcached,
	} {
		servers, err := rule(addresses...)
		if err != nil {
			panic(err)
		}
		fmt.Print(servers.Pick(key), " ")
	}
	// Output: 0 2 0 2 1
}
