// Command whoami greets the user who is logged in to a Django site. ../README.md says how
// to run it.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

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
	log.Fatal(http.ListenAndServe(*addr, site.Middleware(http.DefaultServeMux)))
}

func hello(w http.ResponseWriter, r *http.Request) {
	user, err := djauth.User(r.Context())
	if err != nil { // the database is down; the visitor may be logged in
		log.Print(err)
		http.Error(w, "Please try later.", djsession.ErrorStatus(err))
		return
	}
	fmt.Fprintf(w, "Hello %s\n", cmp.Or(user.Name(), "stranger"))
}
