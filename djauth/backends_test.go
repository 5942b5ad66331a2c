package djauth_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
)

// RemoteUserBackend.authenticate takes no password: authenticate(request, username,
// password) passes it over, and the session says which backend it was.
func TestAuthenticateBackends(t *testing.T) {
	for _, tt := range []struct {
		backends []string
		name     string
		password string
		want     error
	}{
		{[]string{djauth.RemoteUserBackend}, "root", "toor", errors.ErrUnsupported},
		{[]string{djauth.AllowAllUsersRemoteBackend}, "gone", "left", errors.ErrUnsupported},
		{[]string{djauth.RemoteUserBackend, djauth.ModelBackend}, "root", "toor", nil},
		{[]string{djauth.AllowAllUsersRemoteBackend, djauth.ModelBackend}, "root", "toor", nil},
		{[]string{djauth.AllowAllUsersRemoteBackend, djauth.ModelBackend}, "gone", "left", djauth.ErrInactive},
	} {
		w := newWorld(t, func(o *djauth.Options) { o.Backends = tt.backends })
		account, err := w.auth.Authenticate(t.Context(), tt.name, tt.password)
		if !errors.Is(err, tt.want) {
			t.Errorf("%v: %s: got %v, want %v", tt.backends, tt.name, err, tt.want)
		}
		if err != nil {
			continue
		}
		res := w.in("", func(r *http.Request) {
			if err := w.auth.Login(r, account, ""); err != nil {
				t.Fatal(err)
			}
		})
		if b, _ := w.dict(newKey(res)).Get(djauth.BackendSessionKey); b != djauth.ModelBackend {
			t.Errorf("%v: the session says %v", tt.backends, b)
		}
	}
}
