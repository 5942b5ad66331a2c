package djsite

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func open(t *testing.T, more map[string]any) (*Site, error) {
	t.Helper()
	path := filepath.Join(testserver.Dir(t), "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		t.Fatal(err)
	}
	m := map[string]any{
		"SECRET_KEY": "k", "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies", "ALLOWED_HOSTS": []string{"*"},
		"INSTALLED_APPS":   []string{"django.contrib.auth", "django.contrib.sessions", "django.contrib.messages"},
		"MIDDLEWARE":       []string{"django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.messages.middleware.MessageMiddleware"},
		"DATABASES":        map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": path}},
		"PASSWORD_HASHERS": []string{"django.contrib.auth.hashers.PBKDF2PasswordHasher", "django.contrib.auth.hashers.MD5PasswordHasher"},
	}
	for name, value := range more {
		m[name] = value
	}
	set, err := djsettings.FromMap(m, &djsettings.Options{Django: "5.2"})
	if err != nil {
		t.Fatal(err)
	}
	site, err := Open(t.Context(), set, nil)
	if err == nil {
		t.Cleanup(func() { site.Close() })
	}
	return site, err
}

// TestNoBackends: without backends nobody is logged in to a Django site.
func TestNoBackends(t *testing.T) {
	if _, err := open(t, map[string]any{"AUTHENTICATION_BACKENDS": []string{}}); !errors.Is(err, djsettings.ErrSetting) {
		t.Errorf("got %v, want ErrSetting", err)
	}
}

// TestFormName: the field of the login form strips and normalizes.
func TestFormName(t *testing.T) {
	site, err := open(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	account, err := site.Users.ByName(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Auth.SetPassword(t.Context(), account, "secret"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ada", " ada\t", "ada\u00a0", "\x1fada", "\uff41da"} {
		if _, err := site.Auth.Authenticate(t.Context(), name, "secret"); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestUploadSize: DATA_UPLOAD_MAX_MEMORY_SIZE limits the size of a form.
func TestUploadSize(t *testing.T) {
	for _, tt := range []struct {
		most any
		size int
		want int
	}{
		{int64(10 << 20), 3 << 20, http.StatusOK},
		{nil, 3 << 20, http.StatusOK},
		{int64(1000), 500, http.StatusOK},
		{int64(1000), 5000, http.StatusBadRequest},
		{int64(0), 1, http.StatusBadRequest},
	} {
		site, err := open(t, map[string]any{"DATA_UPLOAD_MAX_MEMORY_SIZE": tt.most})
		if err != nil {
			t.Fatal(err)
		}
		token := strings.Repeat("a", 32)
		body := url.Values{"csrfmiddlewaretoken": {token}, "text": {strings.Repeat("x", tt.size)}}.Encode()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", "csrftoken="+token)
		w := httptest.NewRecorder()
		site.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%v, a form of %d bytes: got %d, want %d", tt.most, tt.size, w.Code, tt.want)
		}
	}
}

// TestLevelZero: MESSAGE_LEVEL = 0 keeps every message.
func TestLevelZero(t *testing.T) {
	site, err := open(t, map[string]any{"MESSAGE_LEVEL": 0})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	site.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := djmessages.Debug(r.Context(), "hi"); err != nil {
			t.Error(err)
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if !strings.Contains(w.Header().Get("Set-Cookie"), "messages=") {
		t.Error("a debug message is lost")
	}
}
