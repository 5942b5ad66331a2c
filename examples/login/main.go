// Command login is the login page of a Django site in Go: a form with a CSRF token, a login
// that Django accepts, and a logout. ../README.md says how to run it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log"
	"net/http"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/web"
)

// page is a html/template with the functions of djcsrf.Funcs.
var page = web.Page("Login", `{{if .User.IsAuthenticated}}<p>Hello {{.User.Name}}</p>
<form method="post" action="/logout">{{csrf_token}}<button>Log out</button></form>
{{else}}{{with .Problem}}<p class="error">{{.}}</p>{{end}}
<form method="post" action="/login">{{csrf_token}}
<input name="username" aria-label="Name" placeholder="Name" autocomplete="username">
<input name="password" aria-label="Password" placeholder="Password" type="password" autocomplete="current-password">
<button>Log in</button></form>{{end}}`)

type server struct{ site *djsite.Site }

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	settings, err := djsettings.ReadFile(cmp.Or(flag.Arg(0), "-"), nil)
	if err != nil {
		log.Fatal(err)
	}
	site, err := djsite.Open(context.Background(), settings, nil)
	if err != nil {
		log.Fatal(err)
	}
	s := &server{site}
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, "") })
	http.HandleFunc("POST /login", s.login)
	http.HandleFunc("POST /logout", s.logout)
	err = web.Serve(*addr, site.Middleware(http.DefaultServeMux))
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

func (s *server) show(w http.ResponseWriter, r *http.Request, problem string) {
	user, err := djauth.User(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	if err := s.site.CSRF.Render(w, r, page, "", map[string]any{"User": user, "Problem": problem}); err != nil {
		fail(w, err)
	}
}

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	account, err := s.site.Auth.Authenticate(r.Context(), r.PostFormValue("username"), r.PostFormValue("password"))
	if errors.Is(err, djauth.ErrCredentials) {
		s.show(w, r, "Wrong name or password.")
		return
	}
	if err == nil {
		err = s.site.Auth.Login(r.Context(), account, "")
	}
	if err != nil {
		fail(w, err)
		return
	}
	http.Redirect(w, r, s.site.Auth.RedirectTarget(r, "/"), http.StatusSeeOther)
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	if err := s.site.Auth.Logout(r.Context()); err != nil { // the user is still logged in
		fail(w, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "Please try later.", djsession.ErrorStatus(err))
}
