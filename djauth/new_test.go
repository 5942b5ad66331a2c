package djauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
)

// New refuses what would fail at the first request.
func TestNewRefuses(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	var noPointer *plain
	for _, test := range []struct {
		name      string
		users     djauth.Users
		passwords djauth.Passwords
		opts      djauth.Options
		want      error
	}{
		{name: "no users", want: djsession.ErrConfig},
		{name: "users of another site", users: other.people, want: djsession.ErrConfig},
		{name: "a nil pointer for passwords", users: w.people, passwords: noPointer, want: djsession.ErrConfig},
		{name: "a negative time", users: w.people, opts: djauth.Options{WatchGrace: -1}, want: djsession.ErrConfig},
	} {
		if auth, err := djauth.New(w.m, test.users, test.passwords, &test.opts); !errors.Is(err, test.want) || auth != nil {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

// One ErrorStatus knows the errors of all packages.
func TestErrorStatus(t *testing.T) {
	w := newWorld(t)
	_, wrong := w.auth.Authenticate(t.Context(), "ada", "wrong")
	_, unknown := w.auth.Authenticate(t.Context(), "nobody", "wrong")
	_, inactive := w.auth.Authenticate(t.Context(), "gone", "left")
	id, _ := w.who("")
	for _, test := range []struct {
		name string
		err  error
		want int
	}{
		{"a wrong password", wrong, http.StatusForbidden},
		{"an unknown name", unknown, http.StatusForbidden},
		{"an inactive account", inactive, http.StatusForbidden},
		{"ErrCredentials", djauth.ErrCredentials, http.StatusForbidden},
		{"why nobody is logged in", id.Why(), http.StatusForbidden},
		{"ErrAnonymous", djauth.ErrAnonymous, http.StatusForbidden},
		{"no middleware", djauth.ErrNoMiddleware, http.StatusInternalServerError},
		{"CSRF", fmt.Errorf("check: %w", djcsrf.ErrNoReferer), http.StatusForbidden},
		{"a form", fmt.Errorf("check: %w", djcsrf.ErrForm), http.StatusBadRequest},
		{"both", errors.Join(djcsrf.ErrForm, djsession.ErrUnavailable), http.StatusServiceUnavailable},
	} {
		if got := djsession.ErrorStatus(test.err); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}
