// Command echo is examples/nethttp with the router Echo. ../README.md says how to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"log"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
	"github.com/labstack/echo/v4"
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
	e := echo.New()
	e.GET("/", hello)
	e.GET("/account", hello, echo.WrapMiddleware(site.Auth.RequireLogin))
	// Wrap Echo from outside: it answers an error after all of its own middleware.
	err = web.Serve(*addr, site.Middleware(e))
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

func hello(c echo.Context) error {
	s, err := djsession.Load(c.Request().Context())
	if err == nil {
		err = s.Update(func(tx *djsession.Tx) error { // runs again after a conflict
			visits, err := djsession.Value(tx, "visits", 0)
			if err != nil {
				return err
			}
			return tx.Set("visits", visits+1)
		})
	}
	user, userErr := djauth.User(c.Request().Context())
	if err = cmp.Or(err, userErr); err != nil { // the database is down; the visitor may be logged in
		log.Print(err)
		return echo.NewHTTPError(djsession.ErrorStatus(err), "Please try later.")
	}
	visits, _ := s.Get("visits")
	web.Hello(c.Response(), cmp.Or(user.Name(), "stranger"), visits)
	return nil
}
