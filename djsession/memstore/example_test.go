package memstore_test

import (
	"context"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	s := memstore.New(site)
	ctx := context.Background()
	key := site.NewKey()
	data := serializer.NewDict(serializer.Item{Key: "visits", Value: 1})
	seen, err := s.Create(ctx, key, &djsession.Record{Data: data, Expires: site.Now().Add(time.Hour)})
	fmt.Println(seen, err)

	// Somebody logs out, and a late request cannot bring the session back.
	fmt.Println(s.Delete(ctx, key, djsession.Force))
	_, err = s.Update(ctx, key, &djsession.Record{Data: data, Expires: site.Now().Add(time.Hour)}, seen)
	fmt.Println(err)
	// Output:
	// version <nil>
	// <nil>
	// djsession: session not found
}
