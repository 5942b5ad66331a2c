package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// answers are the ways in which gin begins a response, each after a change of the session.
var answers = []struct {
	name   string
	answer func(c *gin.Context)
	status int
	saved  bool
}{
	{"text", func(c *gin.Context) { c.String(http.StatusOK, "text") }, 200, true},
	{"JSON", func(c *gin.Context) { c.JSON(http.StatusCreated, gin.H{"a": 1}) }, 201, true},
	{"a redirect", func(c *gin.Context) { c.Redirect(http.StatusSeeOther, "/") }, 303, true},
	{"a status alone", func(c *gin.Context) { c.Status(http.StatusNoContent) }, 204, true},
	{"nothing", func(*gin.Context) {}, 200, true},
	{"404 by the handler", func(c *gin.Context) { c.AbortWithStatus(http.StatusNotFound) }, 404, true},
	{"500", func(c *gin.Context) { c.String(http.StatusInternalServerError, "no") }, 500, false},
	{"500 without a body", func(c *gin.Context) { c.AbortWithStatus(http.StatusInternalServerError) }, 500, false},
	{"a status that is changed", func(c *gin.Context) { c.Status(http.StatusOK); c.Status(http.StatusInternalServerError) }, 500, false},
	{"a panic", func(*gin.Context) { panic("no") }, 500, false},
	{"a flush", func(c *gin.Context) { c.Writer.Flush() }, 200, true},
}

// TestAroundTheEngine: the session is saved and the cookie sent, however gin begins the
// response. A response of 500 saves nothing, as in Django.
func TestAroundTheEngine(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			m := exampletest.Manager(t)
			engine := gin.New()
			engine.Use(gin.RecoveryWithWriter(io.Discard))
			engine.GET("/", func(c *gin.Context) { exampletest.Mark(t, c.Request); tt.answer(c) })
			exampletest.CheckSaved(t, m, m.Middleware(engine), tt.status, tt.saved)
		})
	}
}

// TestWrapH: sessions for single handlers.
func TestWrapH(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		saved  bool
	}{{"text", 200, true}, {"a redirect", 303, true}, {"500", 500, false}} {
		t.Run(tt.name, func(t *testing.T) {
			m := exampletest.Manager(t)
			engine := gin.New()
			engine.GET("/", gin.WrapH(m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				exampletest.Mark(t, r)
				w.WriteHeader(tt.status)
			}))))
			exampletest.CheckSaved(t, m, engine, tt.status, tt.saved)
		})
	}
}

// TestUseIsNotForSessions shows why main wraps the engine in the sessions. With use, the
// header is sent before the middleware can set the cookie.
func TestUseIsNotForSessions(t *testing.T) {
	m := exampletest.Manager(t)
	engine := gin.New()
	engine.GET("/", use(m.Middleware), func(c *gin.Context) { exampletest.Mark(t, c.Request); c.Redirect(http.StatusSeeOther, "/") })
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if cookies := w.Result().Cookies(); len(cookies) > 0 {
		t.Errorf("got %v: what main says of gin is not true any more", cookies)
	}
}
