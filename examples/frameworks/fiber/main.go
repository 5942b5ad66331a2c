// Command fiber is examples/nethttp with the framework fiber, whose server is not that of
// net/http: pages with sessions are handlers of net/http, which its adaptor mounts. ../README.md
// says how to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

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
	app := fiber.New(fiber.Config{ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute})
	mount := func(h http.Handler) fiber.Handler { return adaptor.HTTPHandler(site.Middleware(h)) }
	app.Get("/", mount(http.HandlerFunc(hello)))
	app.Get("/account", mount(site.Auth.RequireLogin(http.HandlerFunc(hello))))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = app.Listen(*addr, fiber.ListenConfig{GracefulContext: ctx, ShutdownTimeout: 5 * time.Second, DisableStartupMessage: true})
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	s, err := djsession.Load(r.Context())
	if err == nil {
		err = s.Update(func(tx *djsession.Tx) error { // runs again after a conflict
			visits, err := djsession.Value(tx, "visits", 0)
			if err != nil {
				return err
			}
			return tx.Set("visits", visits+1)
		})
	}
	user, userErr := djauth.User(r.Context())
	if err = cmp.Or(err, userErr); err != nil { // the database is down; the visitor may be logged in
		log.Print(err)
		http.Error(w, "Please try later.", djsession.ErrorStatus(err))
		return
	}
	visits, _ := s.Get("visits")
	web.Hello(w, cmp.Or(user.Name(), "stranger"), visits)
}
