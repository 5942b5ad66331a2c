package main

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// withForm is examples/nethttp/form.go with gin.
func withForm(site *djsite.Site) http.Handler {
	engine := gin.New()
	engine.GET("/note", func(c *gin.Context) {
		// c.HTML sends a page before it is complete.
		if err := site.CSRF.Render(c.Writer, c.Request, exampletest.Form, "", c.Request.Context()); err != nil {
			_ = c.AbortWithError(djsession.ErrorStatus(err), err)
		}
	})
	engine.POST("/note", func(c *gin.Context) {
		if err := djmessages.Success(c.Request.Context(), "Noted: "+c.PostForm("note")); err != nil {
			_ = c.AbortWithError(djsession.ErrorStatus(err), err)
			return
		}
		c.Redirect(http.StatusSeeOther, "/note")
	})
	return site.Middleware(engine)
}
