package main

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// Echo sends a target unchanged.
func TestRedirects(t *testing.T) {
	exampletest.CheckRedirects(t, func(target func(*http.Request) string) http.Handler {
		e := echo.New()
		for _, page := range exampletest.LoginPages {
			e.GET(page, func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, target(c.Request())) })
		}
		return e
	})
}
