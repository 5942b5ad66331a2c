package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

// TestStream: the first part of the response sends the cookie, and gin notices when the
// client has gone.
func TestStream(t *testing.T) {
	m := exampletest.Manager(t)
	ended := make(chan bool, 1)
	engine := gin.New()
	engine.GET("/", func(c *gin.Context) {
		exampletest.Mark(t, c.Request)
		sent := false
		ended <- c.Stream(func(io.Writer) bool {
			if sent {
				<-c.Request.Context().Done()
				return true
			}
			sent = true
			c.SSEvent("message", "first")
			return true
		})
	})
	server := httptest.NewServer(m.Middleware(engine))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, len("event:message\ndata:first\n\n"))
	if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != "event:message\ndata:first\n\n" {
		t.Errorf("got %q, %v", part, err)
	}
	if len(resp.Cookies()) != 1 {
		t.Errorf("got cookies %v, want one", resp.Cookies())
	} else if _, err := m.Open(t.Context(), resp.Cookies()[0].Value); err != nil {
		t.Error(err)
	}
	resp.Body.Close()
	if gone := <-ended; !gone {
		t.Error("the stream ended as if the client were still there")
	}
}
