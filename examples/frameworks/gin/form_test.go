package main

import (
	"bytes"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// withForm is examples/nethttp/form.go by gin.
func withForm(site *djsite.Site) http.Handler {
	engine := gin.New()
	engine.GET("/note", func(c *gin.Context) {
		var body bytes.Buffer // c.HTML does not make all of the page before it is sent
		if err := exampletest.Form.Execute(&body, c.Request.Context()); err != nil {
			_ = c.AbortWithError(djsession.ErrorStatus(err), err)
			return
		}
		c.Data(http.StatusOK, "text/html; charset=utf-8", body.Bytes())
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
