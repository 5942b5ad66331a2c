package djsessiontest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsessiontest"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

const secret = "a secret of tests, 0123456789-0123456789"

func newSite(t *testing.T) *djsession.Site {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secret)})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// ada is the only account.
type ada struct{ site *djsession.Site }

var account = djauth.Account{ID: "1", Name: "ada", Password: djauth.EncodedOf("!"), Active: true}

func (u ada) Site() *djsession.Site { return u.site }
func (u ada) IDKind() djauth.IDKind { return djauth.IntegerID }
func (u ada) ByID(_ context.Context, id string) (*djauth.Account, error) {
	if id != account.ID {
		return nil, djauth.ErrNoUser
	}
	a := account
	return &a, nil
}
func (u ada) RecordLogin(context.Context, string, time.Time) error    { return nil }
func (u ada) ByName(context.Context, string) (*djauth.Account, error) { return nil, djauth.ErrNoUser }

func TestLogin(t *testing.T) {
	site := newSite(t)
	m := djsession.New(memstore.New(site))
	auth, err := djauth.New(m, ada{site}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	handler := m.Middleware(auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := djauth.User(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		w.Write([]byte(user.Name()))
	})))
	visit := func(c *http.Cookie) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(c)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Body.String()
	}
	var c *http.Cookie
	t.Run("inner", func(t *testing.T) {
		c = djsessiontest.Login(t, auth, &account, "")
		if got := visit(c); got != "ada" {
			t.Errorf("got %q, want ada", got)
		}
	})
	if got := visit(c); got != "" {
		t.Errorf("after the test: got %q, want nobody", got)
	}
}

// recorder is a testing.TB that only notes what fails.
type recorder struct {
	testing.TB
	failed string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Log(...any)                        {}
func (r *recorder) Errorf(format string, args ...any) { r.failed = args[0].(error).Error() }

func TestProve(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	dir, python := django.Project(t, "5.2", `import os
SECRET_KEY = "`+secret+`"
SESSION_ENGINE = "django.contrib.sessions.backends.file"
SESSION_FILE_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sessions")
INSTALLED_APPS = ["django.contrib.sessions"]
USE_TZ = True
`)
	path := filepath.Join(dir, "sessions")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	opts := &djsessiontest.ProveOptions{Python: python}
	manager := func(path string) *djsession.Manager {
		store, err := filestore.New(newSite(t), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return djsession.New(store)
	}
	djsessiontest.Prove(t, manager(path), dir, opts)
	r := &recorder{TB: t}
	djsessiontest.Prove(r, manager(t.TempDir()), dir, opts)
	if !strings.Contains(r.failed, "Django does not find the session") {
		t.Errorf("another folder: got %q", r.failed)
	}
	if left, err := os.ReadDir(path); err != nil || len(left) > 0 {
		t.Errorf("%d files were left behind, %v", len(left), err)
	}
}
