package djsession_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// A counter of visits, as a view of a Django site would keep it.
func Example() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("django-insecure-example")})
	if err != nil {
		log.Fatal(err)
	}
	m := djsession.New(memstore.New(site)) // a real site: dbstore, pgxstore, ...

	view := func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err != nil { // the store is down
			http.Error(w, "try later", djsession.ErrorStatus(err))
			return
		}
		var visits int
		err = s.Update(func(tx *djsession.Tx) (err error) {
			if visits, err = djsession.Value(tx, "visits", 0); err != nil {
				return err
			}
			visits++
			return tx.Set("visits", visits)
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

// A job has no request: it opens the session by its key.
func ExampleManager_Open() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("django-insecure-example")})
	if err != nil {
		log.Fatal(err)
	}
	m := djsession.New(memstore.New(site))
	ctx := context.Background()

	s, err := m.Open(ctx, "") // a new one
	if err != nil {
		log.Fatal(err)
	}
	s.Set("report", "ready")
	s.SetExpiry(djsession.In(time.Hour))
	if err := s.Save(ctx); err != nil {
		log.Fatal(err)
	}

	again, err := m.Open(ctx, s.Key())
	if err != nil {
		log.Fatal(err)
	}
	report, _ := djsession.Value(again, "report", "")
	age, _ := again.ExpiryAge()
	fmt.Println(report, age.Round(time.Minute))
	// Output: ready 1h0m0s
}
