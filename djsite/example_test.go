package djsite_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/fixtures/demo"
)

// A copy of a database that Django wrote. A real program calls
// djsettings.ReadFile("site.profile", nil) and http.ListenAndServe.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	database := filepath.Join(dir, "db.sqlite3")
	if err := os.WriteFile(database, demo.Database, 0o600); err != nil {
		log.Fatal(err)
	}
	settings, err := djsettings.FromMap(map[string]any{
		"SECRET_KEY":     "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it",
		"DATABASES":      map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
		"INSTALLED_APPS": []any{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"},
		"MIDDLEWARE": []any{
			"django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
		},
	}, &djsettings.Options{Django: "5.2"})
	if err != nil {
		log.Fatal(err)
	}

	site, err := djsite.Open(context.Background(), settings, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer site.Close()
	for _, w := range site.Warnings { // what Django does and Go does not
		log.Print(w)
	}
	handler := site.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := djauth.User(r.Context())
		if err != nil { // a database is down
			http.Error(w, "try later", djsession.ErrorStatus(err))
			return
		}
		fmt.Fprintf(w, "Hello %s", user.Name())
	}))

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "sessionid=ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: Hello ada
}
