package dbcache_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"

	_ "modernc.org/sqlite"
)

// The engine cache of a site whose CACHES has a DatabaseCache with the LOCATION
// "site_cache".
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	// What "manage.py createcachetable" does.
	if _, err := db.Exec("CREATE TABLE site_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL)"); err != nil {
		panic(err)
	}
	cache := dbcache.New(site, db, dbcache.SQLite, &dbcache.Options{Table: "site_cache"})
	store := cachestore.New(cache, nil)

	ctx := context.Background()
	r := &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "1"}, serializer.Item{Key: "n", Value: 7}), Expires: time.Now().Add(time.Hour)}
	if _, err := store.Create(ctx, "abcdefghijklmnopqrstuvwxyz012345", r); err != nil {
		panic(err)
	}
	var key, value string
	if err := db.QueryRow("SELECT cache_key, value FROM site_cache").Scan(&key, &value); err != nil {
		panic(err)
	}
	fmt.Println(key)
	fmt.Println(value)
	// Output:
	// :1:django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345
	// gASVHwAAAAAAAAB9lCiMDV9hdXRoX3VzZXJfaWSUjAExlIwBbpRLB3Uu
}
