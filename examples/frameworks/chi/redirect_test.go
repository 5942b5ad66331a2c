package main

import (
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// chi redirects with net/http, which cleans the path.
func TestRedirects(t *testing.T) {
	exampletest.CheckRedirects(t, func(target func(*http.Request) string) http.Handler {
		r := chi.NewRouter()
		for _, page := range exampletest.LoginPages {
			r.Get(page, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, target(r), http.StatusSeeOther)
			})
		}
		return r
	})
}
