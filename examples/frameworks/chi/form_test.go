package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// withForm is examples/nethttp/form.go with chi.
func withForm(site *djsite.Site) http.Handler {
	r := chi.NewRouter()
	r.Use(site.Middleware)
	r.Get("/note", func(w http.ResponseWriter, r *http.Request) {
		if err := site.CSRF.Render(w, r, exampletest.Form, "", r.Context()); err != nil {
			http.Error(w, err.Error(), djsession.ErrorStatus(err))
		}
	})
	r.Post("/note", func(w http.ResponseWriter, r *http.Request) {
		if err := djmessages.Success(r.Context(), "Noted: "+r.PostFormValue("note")); err != nil {
			http.Error(w, err.Error(), djsession.ErrorStatus(err))
			return
		}
		http.Redirect(w, r, "/note", http.StatusSeeOther)
	})
	return r
}
