package djmessages_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// One page leaves a message, the next one shows it. Either may be Django's.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("django-insecure-example")})
	if err != nil {
		log.Fatal(err)
	}
	manager := djsession.New(memstore.New(site)) // a real site: dbstore, pgxstore, ...
	messages, err := djmessages.New(manager, nil)
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("/save", func(w http.ResponseWriter, r *http.Request) {
		if err := djmessages.Success(r.Context(), "Your profile was saved."); err != nil {
			log.Print(err)
		}
		http.Redirect(w, r, "/profile", http.StatusSeeOther)
	})
	mux.HandleFunc("/profile", func(w http.ResponseWriter, r *http.Request) {
		list, err := djmessages.Get(r.Context())
		if err != nil {
			log.Print(err)
		}
		for _, m := range list {
			fmt.Printf("%s: %s\n", m.Tags(), m.Text())
		}
		fmt.Println("the profile")
	})

	srv := httptest.NewServer(manager.Middleware(messages.Middleware(mux)))
	defer srv.Close()
	jar, _ := cookiejar.New(nil)
	browser := http.Client{Jar: jar}
	for _, path := range []string{"/save", "/profile"} {
		res, err := browser.Get(srv.URL + path)
		if err != nil {
			log.Fatal(err)
		}
		res.Body.Close()
	}
	// Output:
	// success: Your profile was saved.
	// the profile
	// the profile
}
