package exampletest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/signer"
)

// Manager returns one of no sessions, in memory.
func Manager(t testing.TB) *djsession.Manager {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("secret"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return djsession.New(site, memstore.New(site))
}

// Mark changes the session of r.
func Mark(t testing.TB, r *http.Request) {
	s, err := djsession.Load(r.Context())
	if err == nil {
		err = s.Set("mark", true)
	}
	if err != nil {
		t.Error(err)
	}
}

// CheckSaved wants h to answer with this status, and the session that it marked to be
// behind the cookie of the response, or nothing to have been saved.
func CheckSaved(t testing.TB, m *djsession.Manager, h http.Handler, status int, saved bool) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	resp := w.Result()
	if resp.StatusCode != status {
		t.Errorf("got %d, want %d", resp.StatusCode, status)
	}
	stored := 0
	for _, err := range m.Store().(djsession.Lister).List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		stored++
	}
	if !saved {
		if stored > 0 || len(resp.Cookies()) > 0 {
			t.Errorf("got %d sessions and the cookies %v, want none", stored, resp.Cookies())
		}
		return
	}
	if stored != 1 || len(resp.Cookies()) != 1 {
		t.Fatalf("got %d sessions and %d cookies, want one of each", stored, len(resp.Cookies()))
	}
	s, err := m.Open(t.Context(), resp.Cookies()[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	if marked, err := djsession.Value(s, "mark", false); err != nil || !marked {
		t.Errorf("got %t, %v", marked, err)
	}
}

// CheckOutage wants the pages of examples/nethttp to know a login in a database that a
// Django wrote, and to take that database's end for an outage, and not for a logout.
func CheckOutage(t *testing.T, handler func(*djsettings.Site) http.Handler) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := djsettings.FromMap(map[string]any{
		"SECRET_KEY":     "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it",
		"DATABASES":      map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": path}},
		"INSTALLED_APPS": []any{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"},
		"MIDDLEWARE": []any{"django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
			"django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"},
	}, &djsettings.Options{Django: "5.2"})
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsettings.Open(t.Context(), settings, &djsettings.OpenOptions{
		Configure: func(s *djsession.Settings) { s.Logger = slog.New(slog.DiscardHandler) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	h := handler(site)
	get := func(path string, status int, text string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Cookie", "sessionid=ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		(&Page{t, r.URL, w.Code, w.Body.String()}).Has(status, text)
	}
	get("/", http.StatusOK, "Hello ada. Visits: 4.")
	get("/account", http.StatusOK, "This is the account of ada.")
	if err := site.Close(); err != nil {
		t.Fatal(err)
	}
	get("/", http.StatusServiceUnavailable, "")
	get("/account", http.StatusServiceUnavailable, "")
}
