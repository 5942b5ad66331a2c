package djsite_test

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

func ExampleOpen() {
	set, err := djsettings.ReadFile("settings.txt", &djsettings.Options{Env: os.LookupEnv})
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range set.Warnings {
		log.Print(w)
	}
	site, err := djsite.Open(context.Background(), set, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer site.Close()
	http.Handle("/", site.Sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := djsession.Load(r.Context()); err != nil {
			http.Error(w, "try later", djsession.ErrorStatus(err))
		}
	})))
}
