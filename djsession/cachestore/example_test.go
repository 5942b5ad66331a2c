package cachestore_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/signer"
)

// The engine cache. A real site has a rediscache or memcached, dbcache or filecache.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		log.Fatal(err)
	}
	cache := locmem.New(site, nil)
	sessions := djsession.New(cachestore.New(cache, nil))
	handler := sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil {
			err = s.Set("color", "green")
		}
		if err != nil {
			http.Error(w, "try later", djsession.ErrorStatus(err))
		}
	}))

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	key := w.Result().Cookies()[0].Value
	item, err := cache.Get(context.Background(), "django.contrib.sessions.cache"+key)
	if err != nil {
		log.Fatal(err)
	}
	color, _ := item.Value.Get("color")
	fmt.Println(color)
	// Output: green
}
