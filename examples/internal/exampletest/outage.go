package exampletest

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-djsession/go-djsession/fixtures/demo"
)

// CheckOutage wants the pages of the example to know a login in a database that a Django
// wrote, and to take the end of that database's tables for an outage, and not for a
// logout.
func CheckOutage(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(map[string]any{
		"SECRET_KEY":     "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it",
		"DATABASES":      map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": path}},
		"INSTALLED_APPS": []any{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"},
		"MIDDLEWARE": []any{"django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
			"django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, settings, 0o600); err != nil {
		t.Fatal(err)
	}
	at := Run(t, file)
	b := &Browser{t: t} // which keeps no cookies
	get := func(path string) *Page {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", "sessionid=ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5")
		resp, err := b.client.Do(r)
		return b.read(resp, err)
	}
	get("/").Has(http.StatusOK, "Hello ada. Visits: 4.")
	get("/account").Has(http.StatusOK, "Hello ada. Visits: 5.")

	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range []string{"auth_user", "django_session"} { // first who it is, then even the session
		if _, err := db.Exec("DROP TABLE " + table); err != nil {
			t.Fatal(err)
		}
		get("/").Has(http.StatusServiceUnavailable).HasNot("stranger")
		get("/account").Has(http.StatusServiceUnavailable).HasNot("stranger")
	}
}
