// Command nethttp is a Go service beside a Django site. It shows who is logged in, a
// counter in the session, a page for logged-in users and, in form.go, a form and messages.
// README.md says how to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"log"
	"net/http"
	"os"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	// The output of manage.py diffsettings --all. Variables such as DJSESSION_DATABASE_HOST replace settings.
	settings, err := djsettings.ReadFile(cmp.Or(flag.Arg(0), "-"), &djsettings.Options{Env: os.LookupEnv})
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
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.Handle("GET /account", site.Auth.RequireLogin(http.HandlerFunc(hello)))
	mux.HandleFunc("GET /note", form(site.CSRF))
	mux.HandleFunc("POST /note", note)
	err = web.Serve(*addr, site.Middleware(mux)) // http.Server with timeouts; it stops by ^C
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
	if err = cmp.Or(err, userErr); err != nil {
		fail(w, err)
		return
	}
	visits, _ := s.Get("visits")
	web.Hello(w, cmp.Or(user.Name(), "stranger"), visits)
}

// fail answers an error. If the database is down, the visitor may still be logged in.
func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "Please try later.", djsession.ErrorStatus(err))
}
