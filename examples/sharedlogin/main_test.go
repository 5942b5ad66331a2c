package main

import (
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/signer"
)

const secret = "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it"

// service returns the example on a copy of the bundled database.
func service(t *testing.T) (http.Handler, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h, err := handler(db, djsession.Settings{
		Keys: signer.SecretKey(secret), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, db
}

// visit returns the response to a request with this session key. With "", the request has
// no cookie.
func visit(h http.Handler, key string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if key != "" {
		r.Header.Set("Cookie", "sessionid="+key)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const anonymous = "You are not logged in"

// TestWhoIsGreeted: only a valid login is greeted by name.
func TestWhoIsGreeted(t *testing.T) {
	for _, tt := range []struct{ name, key, want string }{
		{"a login", "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5", "Hello ada,"},
		{"another login", "grace4w8t1y6u3i9o5p2a7s0d4f8g1h6", "Hello grace,"},
		{"nobody, with a cart", "cart5e9r2t7y4u1i8o3p6a0s5d9f2g7h", anonymous},
		{"a user who is not active", "linus1z6x3c8v5b2n9m4k7j0h6g3f8d5", anonymous},
		{"the password was changed", "stale8p3o6i1u9y4t7r2e5w0q8l3k6j1", anonymous},
		{"expired", "past2k7j4h9g1f6d3s8a5p0o2i7u4y9t", anonymous},
		{"signed with another key", "alien6m1n8b3v5c0x7z2l9k4j6h1g8f3", anonymous},
		{"not a session", "junk9d4f1s6a3p8o5i2u7y0t9r4e1w6q", anonymous},
		{"a key that nobody gave out", strings.Repeat("0", 32), anonymous},
		{"no cookie", "", anonymous},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, _ := service(t)
			w := visit(h, tt.key)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("got %d and %q, want 200 and %q", w.Code, w.Body, tt.want)
			}
		})
	}
}

// TestCounts: each visit counts, starting from Django's counter.
func TestCounts(t *testing.T) {
	h, _ := service(t)
	for _, want := range []string{"session: 4<", "session: 5<"} {
		if w := visit(h, "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5"); !strings.Contains(w.Body.String(), want) {
			t.Errorf("got %q, want %q", w.Body, want)
		}
	}
}

// TestPasswordChanged: a login ends when the password changes.
func TestPasswordChanged(t *testing.T) {
	h, db := service(t)
	if _, err := db.Exec("UPDATE auth_user SET password = 'x' WHERE username = 'ada'"); err != nil {
		t.Fatal(err)
	}
	if w := visit(h, "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5"); !strings.Contains(w.Body.String(), anonymous) {
		t.Errorf("got %q, want %q", w.Body, anonymous)
	}
}

// TestNameIsEscaped: a user name cannot inject HTML.
func TestNameIsEscaped(t *testing.T) {
	h, db := service(t)
	if _, err := db.Exec("UPDATE auth_user SET username = '<script>' WHERE username = 'ada'"); err != nil {
		t.Fatal(err)
	}
	if w := visit(h, "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5"); strings.Contains(w.Body.String(), "<script>") {
		t.Errorf("got %q, want the name escaped", w.Body)
	}
}

// TestDatabaseGone: a missing database or table does not make the visitor a stranger.
func TestDatabaseGone(t *testing.T) {
	h, db := service(t)
	db.Close()
	if w := visit(h, "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", w.Code)
	}
	h, db = service(t)
	if _, err := db.Exec("DROP TABLE auth_user"); err != nil {
		t.Fatal(err)
	}
	if w := visit(h, "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without users: got %d, want 503", w.Code)
	}
}

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestRun: without flags it serves the bundled database, and leaves nothing behind.
func TestRun(t *testing.T) {
	at := exampletest.Run(t)
	exampletest.NewBrowser(t).With(at, exampletest.Ada).Get(at+"/").Has(http.StatusOK, "Hello ada, welcome back.")
	exampletest.CheckLook(t, at, exampletest.Ada, "/")
}

// TestBundled: bundled copies the database and returns its keys.
func TestBundled(t *testing.T) {
	path, keys, err := bundled(t.TempDir(), "localhost:8080")
	if err != nil || keys.IsZero() {
		t.Fatalf("got no keys (%t), %v", keys.IsZero(), err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
