package main

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// gin redirects by net/http, which cleans a path.
func TestRedirects(t *testing.T) {
	exampletest.CheckRedirects(t, func(target func(*http.Request) string) http.Handler {
		e := gin.New()
		for _, page := range exampletest.LoginPages {
			e.GET(page, func(c *gin.Context) { c.Redirect(http.StatusSeeOther, target(c.Request)) })
		}
		return e
	})
}
