// Command chi is examples/nethttp with the router chi. ../README.md says how to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"log"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	settings, err := djsettings.ReadFile(cmp.Or(flag.Arg(0), "-"), nil) // the output of manage.py diffsettings --all
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
	r := chi.NewRouter()
	r.Use(site.Middleware)
	r.Get("/", hello)
	r.With(site.Auth.RequireLogin).Get("/account", hello)
	err = web.Serve(*addr, r)
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
