// Command gin is examples/nethttp with the router gin. ../README.md says how to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"log"

	"github.com/gin-gonic/gin"
	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	settings, err := djsettings.ReadFile(cmp.Or(flag.Arg(0), "-"), nil) // of manage.py diffsettings --all
	if err != nil {
		log.Fatal(err)
	}
	site, err := djsite.Open(context.Background(), settings, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range site.Warnings { // what Django does and Go does not
		log.Print(w)
	}
	engine := gin.Default()
	engine.GET("/", hello)
	engine.GET("/account", use(site.Auth.RequireLogin), hello)
	// Wrap the engine from outside: the sessions must see the header just before
	// it is sent, and gin holds it back.
	err = web.Serve(*addr, site.Middleware(engine))
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

func hello(c *gin.Context) {
	s, err := djsession.Load(c.Request.Context())
	if err == nil {
		err = s.Update(func(tx *djsession.Tx) error { // runs again after a conflict
			visits, err := djsession.Value(tx, "visits", 0)
			if err != nil {
				return err
			}
			return tx.Set("visits", visits+1)
		})
	}
	user, userErr := djauth.User(c.Request.Context())
	if err = cmp.Or(err, userErr); err != nil { // the database is down; the visitor may be logged in
		_ = c.AbortWithError(djsession.ErrorStatus(err), err)
		return
	}
	visits, _ := s.Get("visits")
	web.Hello(c.Writer, cmp.Or(user.Name(), "stranger"), visits)
}
