package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

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
