// Command gin is examples/nethttp with the router gin.
package main

import (
	"bytes"
	"context"
	"flag"
	"html/template"
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"

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

// handler puts the sessions around the engine and not into it: they have to see the
// header just before it goes out, and gin holds it back.
func handler(site *djsettings.Site) http.Handler {
	engine := gin.Default()
	engine.GET("/", view(home))
	engine.POST("/note", view(note))
	engine.GET("/account", use(site.Auth.RequireLogin), view(account))
	return site.Middleware(engine)
}

// use makes a gin middleware of one that leaves the ResponseWriter alone, as
// RequireLogin and RequirePermission do.
func use(middleware func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		passed := false
		middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			passed, c.Request = true, r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort()
		}
	}
}

// view is a handler that may fail, for example because the database is down, which
// does not mean that nobody is logged in.
func view(h func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			_ = c.AbortWithError(djsession.ErrorStatus(err), err)
		}
	}
}

func home(c *gin.Context) error {
	s, err := djsession.Load(c.Request.Context())
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
	// Cookies go out when the response begins, so all of the page is made before, which
	// c.HTML does not do.
	var body bytes.Buffer
	if err := page.Execute(&body, gin.H{"Request": c.Request, "Visits": visits}); err != nil {
		return err
	}
	c.Data(http.StatusOK, "text/html; charset=utf-8", body.Bytes())
	return nil
}

// count loses no visit: it is run again if Django changes the session at the same time.
func count(tx *djsession.Tx) error {
	visits, err := djsession.Value(tx, "visits", 0)
	if err != nil {
		return err
	}
	return tx.Set("visits", visits+1)
}

func note(c *gin.Context) error {
	if err := djmessages.Success(c.Request, "Noted: "+c.PostForm("note")); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/")
	return nil
}

func account(c *gin.Context) error {
	user, err := djauth.User(c.Request)
	if err != nil {
		return err
	}
	c.String(http.StatusOK, "This is the account of %s.", user.Name())
	return nil
}
