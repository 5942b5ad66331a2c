package main

import (
	"bufio"
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestStream: the events continue until ada logs out elsewhere.
func TestStream(t *testing.T) {
	settings, database := exampletest.Demo(t)
	at := exampletest.Run(t, settings)
	exampletest.NewBrowser(t).Get(at+"/events").Has(http.StatusForbidden, "Please log in.")

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", "sessionid="+exampletest.Ada)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "data: ") {
		t.Fatalf("got %q, %v, want an event", lines.Text(), lines.Err())
	}

	db, err := sql.Open("sqlite", "file:"+database+"?mode=rw&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM django_session WHERE session_key = ?", exampletest.Ada); err != nil {
		t.Fatal(err)
	}
	logout := time.Now()
	for lines.Scan() {
		if time.Since(logout) > 30*time.Second {
			t.Fatal("the stream goes on after the logout")
		}
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
}

// TestLook: the pages fit a phone, and have a dark mode.
func TestLook(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	exampletest.CheckLook(t, exampletest.Run(t, settings), exampletest.Ada, "/")
}
