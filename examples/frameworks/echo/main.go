// Command echo is examples/nethttp with the router Echo.
package main

import (
	"context"
	"errors"
	"flag"
	"html/template"
	"log"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

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

// handler puts the sessions around Echo and not into it: they have to see the status of
// the response, and Echo makes that of an error after all of its middleware.
func handler(site *djsettings.Site) http.Handler {
	e := echo.New()
	e.Renderer = &echo.TemplateRenderer{Template: page}
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if he := new(echo.HTTPError); !errors.As(err, &he) { // a database that is down is 503
			c.Logger().Error(err)
			err = echo.NewHTTPError(djsession.ErrorStatus(err), "Please try later.")
		}
		e.DefaultHTTPErrorHandler(err, c)
	}
	e.Use(middleware.Recover())
	e.GET("/", home)
	e.POST("/note", note)
	e.GET("/account", account, echo.WrapMiddleware(site.Auth.RequireLogin))
	return site.Middleware(e)
}

func home(c echo.Context) error {
	s, err := djsession.Load(c.Request().Context())
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
	// Cookies go out when the response begins; Render makes all of the page before.
	return c.Render(http.StatusOK, "page", map[string]any{"Request": c.Request(), "Visits": visits})
}

// count loses no visit: it is run again if Django changes the session at the same time.
func count(tx *djsession.Tx) error {
	visits, err := djsession.Value(tx, "visits", 0)
	if err != nil {
		return err
	}
	return tx.Set("visits", visits+1)
}

func note(c echo.Context) error {
	if err := djmessages.Success(c.Request(), "Noted: "+c.FormValue("note")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/")
}

func account(c echo.Context) error {
	user, err := djauth.User(c.Request())
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, "This is the account of "+user.Name()+".")
}
