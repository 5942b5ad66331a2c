package filestore_test

import (
	"context"
	"fmt"
	"os"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

func Example() {
	dir, err := os.MkdirTemp("", "") // SESSION_FILE_PATH of the site
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("example")})
	if err != nil {
		panic(err)
	}
	store, err := filestore.New(site, dir, nil)
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	key := "abcdefghijklmnopqrstuvwxyz012345"
	data := serializer.NewDict(serializer.Item{Key: "visits", Value: 1})
	_, err = store.Create(ctx, key, &djsession.Record{Data: data, Expires: site.Now().Add(site.Settings().CookieAge)})
	fmt.Println(err)

	files, _ := os.ReadDir(dir)
	fmt.Println(files[0].Name())
	// Output:
	// <nil>
	// sessionidabcdefghijklmnopqrstuvwxyz012345
}
