package main

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
)

// A template is given the context of the request.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"messages": djmessages.Get, "csrf_token": djcsrf.Field,
}).Parse(`<!doctype html>
{{range messages .}}<p class="{{.Tags}}">{{.Text}}</p>{{end}}
<form method="post">{{csrf_token .}}<input name="note"> <button>Leave a note</button></form>
`))

// form makes all of the page before the response begins, because cookies go out then.
func form(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if err := page.Execute(&body, r.Context()); err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = body.WriteTo(w) // the client may be gone
}

// note is reached by forms with a good token only: site.Middleware checks it.
func note(w http.ResponseWriter, r *http.Request) {
	if err := djmessages.Success(r.Context(), "Noted: "+r.PostFormValue("note")); err != nil {
		fail(w, err)
		return
	}
	http.Redirect(w, r, "/note", http.StatusSeeOther)
}
