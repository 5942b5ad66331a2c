package main

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestSocket: ada's words come back with her name until she logs out elsewhere. Nobody else gets
// in, and no page of another origin.
func TestSocket(t *testing.T) {
	settings, database := exampletest.Demo(t)
	at := exampletest.Run(t, settings)
	exampletest.NewBrowser(t).Get(at+"/").Has(http.StatusOK, "Send")
	dial := func(key, origin string) (*websocket.Conn, int) {
		t.Helper()
		c, resp, err := websocket.Dial(t.Context(), at+"/socket", &websocket.DialOptions{
			HTTPHeader: http.Header{"Cookie": {"sessionid=" + key}, "Origin": {origin}},
		})
		if resp == nil {
			t.Fatal(err)
		}
		return c, resp.StatusCode
	}
	for _, tt := range []struct{ key, origin string }{{strings.Repeat("0", 32), at}, {exampletest.Ada, "http://evil.example"}} {
		if _, status := dial(tt.key, tt.origin); status != http.StatusForbidden {
			t.Errorf("%s from %s: got %d, want 403", tt.key[:4], tt.origin, status)
		}
	}
	c, status := dial(exampletest.Ada, at)
	if c == nil {
		t.Fatalf("got %d", status)
	}
	defer c.CloseNow()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := c.Read(t.Context()); err != nil || string(text) != "ada: hello" {
		t.Fatalf("got %q, %v", text, err)
	}

	db, err := sql.Open("sqlite", "file:"+database+"?mode=rw&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM django_session WHERE session_key = ?", exampletest.Ada); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("after the logout: got %v", err)
	}
}

// TestLook: the page fits a phone, and has a dark mode.
func TestLook(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	exampletest.CheckLook(t, exampletest.Run(t, settings), exampletest.Ada, "/")
}
