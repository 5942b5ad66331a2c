package main

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// answers are the ways in which Echo begins a response, each after a change of the session.
var answers = []struct {
	name   string
	answer echo.HandlerFunc
	status int
	saved  bool
	// inside says whether the session is saved with echo.WrapMiddleware.
	inside bool
}{
	{"text", func(c echo.Context) error { return c.String(http.StatusOK, "text") }, 200, true, true},
	{"JSON", func(c echo.Context) error { return c.JSON(http.StatusCreated, 1) }, 201, true, true},
	{"a redirect", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/") }, 303, true, true},
	{"a status alone", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, 204, true, true},
	{"nothing", func(echo.Context) error { return nil }, 200, true, true},
	{"a flush", func(c echo.Context) error { c.Response().Flush(); return nil }, 200, true, true},
	{"404 by an error", func(echo.Context) error { return echo.ErrNotFound }, 404, true, true},
	{"500", func(c echo.Context) error { return c.String(http.StatusInternalServerError, "no") }, 500, false, false},
	{"500 without a body", func(c echo.Context) error { return c.NoContent(http.StatusInternalServerError) }, 500, false, false},
	// Here they differ: the middleware ends before Echo handles the error.
	{"an error", func(echo.Context) error { return errors.New("no") }, 500, false, true},
	{"500 by an error", func(echo.Context) error { return echo.ErrInternalServerError }, 500, false, true},
	{"a panic", func(echo.Context) error { panic("no") }, 500, false, false},
}

// TestAroundEcho: the session is saved and the cookie sent, however Echo begins the
// response. A response of 500 saves nothing, as in Django.
func TestAroundEcho(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			m := exampletest.Manager(t)
			e := newEcho()
			e.GET("/", func(c echo.Context) error { exampletest.Mark(t, c.Request()); return tt.answer(c) })
			exampletest.CheckSaved(t, m, m.Middleware(e), tt.status, tt.saved)
		})
	}
}

// TestWrapMiddleware shows why main wraps Echo in the sessions. Inside Echo the responses
// are the same, but the session is saved even if the handler then fails.
func TestWrapMiddleware(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			m := exampletest.Manager(t)
			e := newEcho()
			e.Use(echo.WrapMiddleware(m.Middleware))
			e.GET("/", func(c echo.Context) error { exampletest.Mark(t, c.Request()); return tt.answer(c) })
			exampletest.CheckSaved(t, m, e, tt.status, tt.inside)
		})
	}
}

func newEcho() *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(middleware.Recover())
	return e
}
