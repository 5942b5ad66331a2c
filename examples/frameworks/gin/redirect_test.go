package main

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// gin redirects with net/http, which cleans the path.
func TestRedirects(t *testing.T) {
	exampletest.CheckRedirects(t, func(target func(*http.Request) string) http.Handler {
		e := gin.New()
		for _, page := range exampletest.LoginPages {
			e.GET(page, func(c *gin.Context) { c.Redirect(http.StatusSeeOther, target(c.Request)) })
		}
		return e
	})
}
