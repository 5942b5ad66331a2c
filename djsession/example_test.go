package djsession_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// This view counts visits, as a view of a Django site would.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("django-insecure-example")})
	if err != nil {
		log.Fatal(err)
	}
	m := djsession.New(memstore.New(site)) // for a real site: dbstore, pgxstore, ...

	view := func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err != nil { // the store is down
			http.Error(w, "try later", djsession.ErrorStatus(err))
			return
		}
		var visits int
		err = djsession.Edit(s, "visits", func(n *int) error {
			*n++
			visits = *n
			return nil
		})
		if err != nil {
			http.Error(w, "the session holds something else", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "visit %d", visits)
	}

	srv := httptest.NewServer(m.Middleware(http.HandlerFunc(view)))
	defer srv.Close()
	var cookie string
	for range 2 {
		req, _ := http.NewRequest("GET", srv.URL, nil)
		req.Header.Set("Cookie", cookie)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		var body [16]byte
		n, _ := res.Body.Read(body[:])
		res.Body.Close()
		fmt.Println(string(body[:n]))
		cookie = res.Header.Get("Set-Cookie")
	}
	// Output:
	// visit 1
	// visit 2
}
