// Command nethttp is a Go service beside a Django site: who is logged in, a counter in
// the session, a page for logins only, a form, and messages. README.md says how to run
// it.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
)

// A template is given the request, as in Django.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"user": djauth.User, "messages": djmessages.Get, "csrf_token": djcsrf.Field,
}).Parse(`<!doctype html>
{{range messages .Request}}<p class="{{.Tags}}">{{.Text}}</p>{{end}}
<p>Hello {{or (user .Request).Name "stranger"}}. Visits: {{.Visits}}.</p>
<form method="post" action="/note">{{csrf_token .Request}}<input name="note"> <button>Leave a note</button></form>
<a href="/account">Account</a>
`))

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	dir := flag.String("manage", "", "folder of the site's manage.py, which is run to print the settings")
	file := flag.String("settings", "-", "without -manage, the file with what manage.py diffsettings --all printed")
	flag.Parse()

	settings, err := readSettings(*dir, *file)
	if err != nil {
		log.Fatal(err)
	}
	site, err := djsettings.Open(context.Background(), settings, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range site.Warnings { // what Django does and Go will not
		log.Print(w)
	}
	log.Fatal(http.ListenAndServe(*addr, handler(site)))
}

func readSettings(dir, file string) (*djsettings.Settings, error) {
	opts := djsettings.Options{Env: os.LookupEnv} // DJSESSION_DATABASE_HOST and the like
	if dir != "" {
		return djsettings.FromManage(context.Background(), dir, &djsettings.ManageOptions{Options: opts, Stderr: os.Stderr})
	}
	return djsettings.ReadFile(file, &opts)
}

func handler(site *djsettings.Site) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", view(home))
	mux.Handle("POST /note", view(note))
	mux.Handle("GET /account", site.Auth.RequireLogin(view(account)))
	return site.Middleware(mux)
}

// view is a handler that may fail, for example because the database is down, which
// does not mean that nobody is logged in.
type view func(w http.ResponseWriter, r *http.Request) error

func (v view) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := v(w, r); err != nil {
		log.Print(err)
		http.Error(w, "Please try later.", djsession.ErrorStatus(err))
	}
}

func home(w http.ResponseWriter, r *http.Request) error {
	s, err := djsession.Load(r.Context())
	if err != nil {
		return err
	}
	if err := s.Update(count); err != nil {
		return err
	}
	visits, err := djsession.Value(s, "visits", 0)
	if err != nil {
		return err
	}
	// Cookies go out when the response begins, so all of the page is made before.
	var body bytes.Buffer
	if err := page.Execute(&body, map[string]any{"Request": r, "Visits": visits}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = body.WriteTo(w)
	return err
}

// count loses no visit: it is run again if Django changes the session at the same time.
func count(tx *djsession.Tx) error {
	visits, err := djsession.Value(tx, "visits", 0)
	if err != nil {
		return err
	}
	return tx.Set("visits", visits+1)
}

func note(w http.ResponseWriter, r *http.Request) error {
	if err := djmessages.Success(r, "Noted: "+r.PostFormValue("note")); err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func account(w http.ResponseWriter, r *http.Request) error {
	user, err := djauth.User(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "This is the account of %s.", user.Name())
	return err
}
