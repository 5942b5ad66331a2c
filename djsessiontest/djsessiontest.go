// Package djsessiontest helps to test programs that use djsession.
//
// [Login] logs an account in without a Django and returns the cookie, for unit tests of
// handlers. [Prove] shows in a test that the program and a real site share sessions.
package djsessiontest

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/prove"
	"github.com/go-djsession/go-djsession/internal/venv"
)

// Login stores a new session in which the account is logged in, and returns its cookie, for
// the requests of a test. backend is as in [djauth.Auth.Login]; "" is the first that takes
// passwords. Login fails the test if the account cannot be logged in.
//
// It deletes the session when the test ends, unless a request gave it another key.
func Login(t testing.TB, auth *djauth.Auth, account *djauth.Account, backend string) *http.Cookie {
	t.Helper()
	m := auth.Manager()
	var err error
	w := httptest.NewRecorder()
	m.Middleware(auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err = auth.Login(r.Context(), account, backend)
	}))).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil).WithContext(t.Context()))
	if err != nil {
		t.Fatalf("djsessiontest: log in: %v", err)
	}
	for _, c := range w.Result().Cookies() {
		if c.Name != m.Site().Settings().CookieName {
			continue
		}
		if m.Store() != nil {
			t.Cleanup(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				_ = m.Delete(ctx, c.Value) // the test may have done so
			})
		}
		return &http.Cookie{Name: c.Name, Value: c.Value}
	}
	t.Fatalf("djsessiontest: the login set no cookie: status %d", w.Code)
	return nil
}

// ProveOptions are the options of Prove. The zero value is good.
type ProveOptions struct {
	// Python is the program that runs manage.py; default that of the folder's virtual
	// environment (.venv or venv), else that of VIRTUAL_ENV, else python3.
	Python string
	// Args are more arguments of manage.py: "--settings=site.testing", for example.
	Args []string
}

// Prove shows that m and the site with its manage.py in the folder dir share sessions, as
// the command djsession prove does. It runs the site's code and writes to the site's store:
// two anonymous sessions, which it deletes. It fails the test if the two differ, and logs
// what it showed. opts may be nil.
func Prove(t testing.TB, m *djsession.Manager, dir string, opts *ProveOptions) {
	t.Helper()
	if opts == nil {
		opts = new(ProveOptions)
	}
	python := cmp.Or(opts.Python, venv.Python(dir, os.Getenv))
	report, err := prove.Run(t.Context(), m, prove.Command(t.Context(), python, dir, opts.Args...))
	if report != nil {
		for _, text := range report.Shown {
			t.Log(text)
		}
	}
	if err != nil {
		t.Errorf("djsessiontest: %v", err)
	}
}
