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

// unready are Users that know that they cannot work.
type unready struct {
	*people
	err error
}

func (u unready) Err() error { return u.err }

// New refuses what would fail at the first request.
func TestNewRefuses(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	var noPointer *plain
	wrong := errors.New("there is no table")
	host := func(r *http.Request) string { return r.Host }
	for _, good := range []djauth.Options{
		{LoginURL: "https://login.example/in/", Host: host}, {LoginURL: "//login.example", Host: host}, {LoginURL: "/in/?a=b"},
	} {
		if _, err := djauth.New(w.m, w.people, plain{}, &good); err != nil {
			t.Errorf("%s: %v", good.LoginURL, err)
		}
	}
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
		{name: "Users that cannot work", users: unready{w.people, wrong}, want: wrong},
		{name: "and are wrapped", users: open{wrapped{unready{w.people, wrong}}}, want: wrong},
		{name: "a login page elsewhere, and no host", users: w.people, opts: djauth.Options{LoginURL: "https://login.example/in/"}, want: djsession.ErrConfig},
		{name: "and without a scheme", users: w.people, opts: djauth.Options{LoginURL: "//login.example/in/"}, want: djsession.ErrConfig},
		{name: "the name of a URL", users: w.people, opts: djauth.Options{LoginURL: "login"}, want: djsession.ErrConfig},
		{name: "a relative path", users: w.people, opts: djauth.Options{LoginURL: "accounts/login/"}, want: djsession.ErrConfig},
		{name: "another scheme", users: w.people, opts: djauth.Options{LoginURL: "javascript:alert(1)", Host: host}, want: djsession.ErrConfig},
		{name: "another scheme with a host", users: w.people, opts: djauth.Options{LoginURL: "ftp://login.example/", Host: host}, want: djsession.ErrConfig},
		{name: "a scheme without a host", users: w.people, opts: djauth.Options{LoginURL: "https:/login/", Host: host}, want: djsession.ErrConfig},
		{name: "no URL", users: w.people, opts: djauth.Options{LoginURL: "/%zz"}, want: djsession.ErrConfig},
		{name: "a size of no cache", users: w.people, opts: djauth.Options{UserCacheSize: 1}, want: djsession.ErrConfig},
		{name: "a negative size", users: w.people, opts: djauth.Options{UserCache: 1, UserCacheSize: -1}, want: djsession.ErrConfig},
		{name: "a negative time of the cache", users: w.people, opts: djauth.Options{UserCache: -1}, want: djsession.ErrConfig},
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
