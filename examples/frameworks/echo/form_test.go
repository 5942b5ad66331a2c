package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// withForm is examples/nethttp/form.go with Echo. Its Render builds the whole page before
// sending it.
func withForm(site *djsite.Site) http.Handler {
	e := echo.New()
	e.Renderer = &echo.TemplateRenderer{Template: exampletest.Form}
	e.GET("/note", func(c echo.Context) error { return c.Render(http.StatusOK, "form", c.Request().Context()) })
	e.POST("/note", func(c echo.Context) error {
		if err := djmessages.Success(c.Request().Context(), "Noted: "+c.FormValue("note")); err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, "/note")
	})
	return site.Middleware(e)
}
