package exampletest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// Manager returns a Manager with an empty store in memory.
func Manager(t testing.TB) *djsession.Manager {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("secret"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return djsession.New(memstore.New(site))
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

// CheckSaved checks that h answers with this status. If saved is true, the response must
// have the cookie of the session that h marked. Otherwise nothing may be saved.
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
