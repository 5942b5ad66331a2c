package djsession_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// A job has no request: it opens the session by its key.
func ExampleManager_Open() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("django-insecure-example")})
	if err != nil {
		log.Fatal(err)
	}
	m := djsession.New(memstore.New(site))
	ctx := context.Background()

	s, err := m.Open(ctx, "") // a new session
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

// Twenty clients fill a cart of typed structs at once. Data that a Django view stored in
// the cart stays: the struct need not name it.
func ExampleEdit() {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("django-insecure-example")})
	if err != nil {
		log.Fatal(err)
	}
	m := djsession.New(memstore.New(site))
	type Line struct {
		SKU string `json:"sku"`
		Qty int    `json:"qty"`
	}
	type Cart struct {
		Lines []Line `json:"lines"`
	}
	add := func(w http.ResponseWriter, r *http.Request) {
		s, err := djsession.Load(r.Context())
		if err == nil {
			err = djsession.Edit(s, "cart", func(c *Cart) error {
				sku := r.FormValue("sku")
				for i := range c.Lines {
					if c.Lines[i].SKU == sku {
						c.Lines[i].Qty++
						return nil
					}
				}
				c.Lines = append(c.Lines, Line{sku, 1})
				return nil
			})
		}
		if err != nil {
			http.Error(w, "try later", djsession.ErrorStatus(err))
		}
	}

	// As Django stored it.
	ctx := context.Background()
	s, err := m.Open(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	s.Set("cart", map[string]any{"currency": "EUR", "lines": []any{map[string]any{"sku": "pen", "qty": 1, "gift": true}}})
	if err := s.Save(ctx); err != nil {
		log.Fatal(err)
	}

	h := m.Middleware(http.HandlerFunc(add))
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			r := httptest.NewRequest("POST", "/?sku=pen", nil)
			r.AddCookie(&http.Cookie{Name: "sessionid", Value: s.Key()})
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
	clients.Wait()

	if s, err = m.Open(ctx, s.Key()); err != nil {
		log.Fatal(err)
	}
	raw, err := djsession.Value(s, "cart", serializer.RawJSON(""))
	fmt.Println(raw, err)
	// Output: {"currency":"EUR","lines":[{"gift":true,"qty":21,"sku":"pen"}]} <nil>
}
