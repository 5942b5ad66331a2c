package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// use returns a gin middleware for one that does not replace the ResponseWriter, such as
// RequireLogin and RequirePermission.
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
