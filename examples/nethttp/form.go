package main

import (
	"net/http"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

// page is a html/template with the functions of djcsrf.Funcs.
var page = web.Page("Notes", `{{range .}}<p class="{{.Tags}}">{{.Text}}</p>{{end}}
<form method="post">{{csrf_token}}<input name="note" aria-label="Note"> <button>Leave a note</button></form>`)

// form shows the messages and the form. Render builds the whole page before the response
// begins, because cookies are sent then.
func form(csrf *djcsrf.Protection) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		messages, err := djmessages.Get(r.Context())
		if err == nil {
			err = csrf.Render(w, r, page, "", messages)
		}
		if err != nil {
			fail(w, err)
		}
	}
}

// note gets only forms with a valid token: site.Middleware checks it.
func note(w http.ResponseWriter, r *http.Request) {
	if err := djmessages.Success(r.Context(), "Noted: "+r.PostFormValue("note")); err != nil {
		fail(w, err)
		return
	}
	http.Redirect(w, r, "/note", http.StatusSeeOther)
}
