// Command whoami greets the user who is logged in to a Django site. ../README.md says how
// to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"log"
	"net/http"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

var page = web.Page("Who am I?", `<p>Hello {{.}}</p>`)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	settings, err := djsettings.ReadFile(cmp.Or(flag.Arg(0), "-"), nil)
	if err != nil {
		log.Fatal(err)
	}
	site, err := djsite.Open(context.Background(), settings, nil)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /{$}", hello)
	err = web.Serve(*addr, site.Middleware(http.DefaultServeMux))
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	user, err := djauth.User(r.Context())
	if err != nil { // the database is down; the visitor may be logged in
		log.Print(err)
		http.Error(w, "Please try later.", djsession.ErrorStatus(err))
		return
	}
	if err := page.Execute(w, cmp.Or(user.Name(), "stranger")); err != nil {
		log.Print(err)
	}
}
