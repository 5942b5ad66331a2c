// Command sessions is the page "your sessions" of a Django site in Go: it lists where the
// user is logged in, and a button ends all other sessions. ../README.md says how to run it.
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
var page = web.Page("Your sessions", `{{with .Note}}<p class="info" role="status">{{.}}</p>{{end}}
<ul>
{{range .Sessions}}<li>{{if eq .Key $.This}}<strong>this browser</strong>{{else}}{{with .Meta.UserAgent}}{{.}}{{else}}another browser{{end}}{{end}}, until
<time datetime="{{.Expires.Format "2006-01-02T15:04:05Z"}}">{{.Expires.Format "2 January 2006, 15:04"}} UTC</time></li>
{{end}}</ul>
<form method="post" action="/end">{{csrf_token}}<button>Log out all others</button></form>`)

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
	http.Handle("GET /{$}", s.user(func(w http.ResponseWriter, r *http.Request, user *djauth.Identity, this *djsession.Session) error {
		return s.show(w, r, user, this, "")
	}))
	http.Handle("POST /end", s.user(s.end))
	err = web.Serve(*addr, site.Middleware(http.DefaultServeMux))
	site.Close()
	if err != nil {
		log.Fatal(err)
	}
}

// user calls h for a user who is logged in.
func (s *server) user(h func(http.ResponseWriter, *http.Request, *djauth.Identity, *djsession.Session) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := djauth.User(r.Context())
		if err == nil && !user.IsAuthenticated() {
			http.Error(w, "Please log in.", http.StatusForbidden)
			return
		}
		var this *djsession.Session
		if err == nil {
			this, err = djsession.Load(r.Context())
		}
		if err == nil {
			err = h(w, r, user, this)
		}
		if err != nil {
			log.Print(err)
			http.Error(w, "Please try later.", djsession.ErrorStatus(err))
		}
	})
}

// end logs the user out everywhere else. Most engines have no index of users, so that this
// reads all sessions of the site: count on some seconds for a million.
func (s *server) end(w http.ResponseWriter, r *http.Request, user *djauth.Identity, this *djsession.Session) error {
	_, err := s.site.Auth.EndSessions(r.Context(), user.ID(), this.Key())
	note := "All others have ended."
	switch {
	case errors.Is(err, djsession.ErrCorrupt): // under a key of the site that this program lacks?
		log.Print(err)
		note = "There are sessions that cannot be read, which may be yours. All others have ended."
	case err != nil: // some are left
		return err
	}
	return s.show(w, r, user, this, note)
}

func (s *server) show(w http.ResponseWriter, r *http.Request, user *djauth.Identity, this *djsession.Session, note string) error {
	found, err := s.site.Auth.Sessions(r.Context(), user.ID())
	if err != nil && !errors.Is(err, djsession.ErrCorrupt) {
		return err
	}
	return s.site.CSRF.Render(w, r, page, "", map[string]any{"Sessions": found, "This": this.Key(), "Note": note})
}
