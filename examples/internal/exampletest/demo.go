package exampletest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-djsession/go-djsession/fixtures/demo"
)

// Ada is the key of a session of the site of [Demo]. The user ada is logged in, and her
// password is AdaPassword.
const (
	Ada         = "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5"
	AdaPassword = "demo-analytical"
)

// Demo returns a settings file for a site with a database that Django wrote, and that
// database.
func Demo(t testing.TB) (settings, database string) {
	t.Helper()
	dir := t.TempDir()
	settings, database = filepath.Join(dir, "settings.json"), filepath.Join(dir, "db.sqlite3")
	text, err := json.Marshal(map[string]any{
		"ALLOWED_HOSTS":  []any{"127.0.0.1"},
		"SECRET_KEY":     "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it",
		"DATABASES":      map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
		"INSTALLED_APPS": []any{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"},
		"MIDDLEWARE": []any{"django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
			"django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{settings: text, database: demo.Database} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return settings, database
}

// NewAda returns a Browser for the example at this URL. The user ada is logged in to the
// site of [Demo].
func NewAda(t testing.TB, at string) *Browser {
	t.Helper()
	return NewBrowser(t).With(at, Ada)
}

// With gives the Browser the session of key, for the host of at.
func (b *Browser) With(at, key string) *Browser {
	b.t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		b.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "sessionid", Value: key}})
	return b
}
