package main

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// TestHTMLIsTooLate shows why Render builds a page. c.HTML sends the beginning before the
// template needs a token, and the response is cut off.
func TestHTMLIsTooLate(t *testing.T) {
	m := exampletest.Manager(t)
	csrf, err := djcsrf.New(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	engine.SetHTMLTemplate(template.Must(template.New("page").Funcs(template.FuncMap{"csrf_token": djcsrf.Field}).Parse("<form>{{csrf_token .}}</form>")))
	var failed bool
	engine.GET("/", func(c *gin.Context) {
		c.HTML(http.StatusOK, "page", c.Request.Context())
		failed = len(c.Errors) > 0
	})
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("got %v, want the response to be broken off", p)
		}
	}()
	defer func() {
		if !failed {
			t.Errorf("got %q: c.HTML can be used now", w.Body)
		}
	}()
	m.Middleware(csrf.Middleware(engine)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
}
