package djauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

const (
	axesBoth = "axes.backends.AxesBackend"
	rules    = "rules.permissions.ObjectPermissionBackend"
	guardian = "guardian.backends.ObjectPermissionBackend"
	oauth    = "oauth2_provider.backends.OAuth2Backend"
	oidc     = "mozilla_django_oidc.auth.OIDCAuthenticationBackend"
	ldap     = "django_auth_ldap.backend.LDAPBackend"
	allauth  = "allauth.account.auth_backends.AuthenticationBackend"
	social   = "social_core.backends.github.GithubOAuth2"
	own      = "own.Backend"
)

// TestWellKnown: what a list of backends means for a login by password, for the backend that
// Login records, for a session by its first backend, and for permissions. compat_test/judges
// asks the packages themselves.
func TestWellKnown(t *testing.T) {
	const model = djauth.ModelBackend
	for _, test := range []struct {
		backends string
		does     string // OwnBackends of own
		tables   any    // OwnGrants of own: a bool
		password error  // of Authenticate
		names    string // the backend that Login records; "" is ErrBackend
		session  error  // why a session by the first backend is anonymous
		granted  bool   // a permission of the tables
		other    error  // of HasPerm for another permission
		listed   error  // of Permissions
	}{
		{backends: axes + " " + model, password: djauth.ErrOnlyDjango, names: model, session: djauth.ErrBackend, granted: true},
		{backends: axesBoth + " " + model, password: djauth.ErrOnlyDjango, names: model, granted: true},
		{backends: axesBoth, password: djauth.ErrOnlyDjango, granted: true},
		{backends: rules + " " + model, names: model, session: djauth.ErrBackend, granted: true, other: djauth.ErrUnknownBackend},
		{backends: model + " " + rules, names: model, granted: true, other: djauth.ErrUnknownBackend},
		{backends: guardian + " " + model, names: model, session: djauth.ErrBackend, granted: true},
		{backends: rules + " " + guardian + " " + djauth.AllowAllUsersModelBackend, names: djauth.AllowAllUsersModelBackend, session: djauth.ErrBackend, granted: true, other: djauth.ErrUnknownBackend},
		{backends: djauth.RemoteUserBackend + " " + model, names: model, granted: true},
		{backends: oauth + " " + model, names: model, granted: true},
		{backends: oidc + " " + model, names: model, granted: true},
		{backends: social + " " + model, names: model, granted: true},
		{backends: oidc, password: errors.ErrUnsupported, granted: true},
		{backends: ldap + " " + model, password: djauth.ErrOnlyDjango, granted: true, other: djauth.ErrUnknownBackend, listed: djauth.ErrUnknownBackend},
		{backends: allauth, password: djauth.ErrUnknownBackend, granted: true},
		{backends: model + " " + allauth, names: model, granted: true},
		{backends: allauth + " " + model, password: djauth.ErrUnknownBackend, granted: true},
		{backends: own + " " + model, password: djauth.ErrUnknownBackend, session: djauth.ErrUnknownBackend, other: djauth.ErrUnknownBackend, listed: djauth.ErrUnknownBackend},
		{backends: model + " " + own, names: model, granted: true, other: djauth.ErrUnknownBackend, listed: djauth.ErrUnknownBackend},
		{backends: rules + " " + own + " " + model, password: djauth.ErrUnknownBackend, session: djauth.ErrBackend, other: djauth.ErrUnknownBackend, listed: djauth.ErrUnknownBackend},
		{backends: own + " " + model, does: ldap, password: djauth.ErrOnlyDjango, other: djauth.ErrUnknownBackend, listed: djauth.ErrUnknownBackend},
		{backends: own + " " + model, does: guardian, names: model, session: djauth.ErrBackend, other: djauth.ErrUnknownBackend, listed: djauth.ErrUnknownBackend},
		{backends: own + " " + model, does: guardian, tables: false, names: model, session: djauth.ErrBackend, granted: true},
		{backends: own + " " + model, does: model, names: own, other: djauth.ErrUnknownBackend, listed: djauth.ErrUnknownBackend},
		{backends: own + " " + model, does: model, tables: true, names: own, granted: true},
		{backends: own + " " + model, does: model, tables: false, names: own, granted: true},
		{backends: own, does: model, tables: true, names: own, granted: true},
		{backends: own + " " + model, tables: true, password: djauth.ErrUnknownBackend, session: djauth.ErrUnknownBackend, granted: true},
	} {
		t.Run(strings.TrimSpace(fmt.Sprint(test.backends, " ", test.does, " ", test.tables)), func(t *testing.T) {
			backends := strings.Fields(test.backends)
			w := newWorld(t, func(o *djauth.Options) {
				o.Backends = backends
				if test.does != "" {
					o.OwnBackends = map[string]string{own: test.does}
				}
				if tables, ok := test.tables.(bool); ok {
					o.OwnGrants = map[string]bool{own: tables}
				}
			})
			w.people.change("1", func(a *djauth.Account) { a.Password = djauth.EncodedOf("plain$lovelace") })
			_, err := w.auth.Authenticate(t.Context(), "ada", "lovelace")
			if !errors.Is(err, test.password) || (err == nil) != (test.password == nil) || errors.Is(err, djauth.ErrCredentials) {
				t.Errorf("Authenticate: got %v, want %v", err, test.password)
			}
			if errors.Is(err, djauth.ErrOnlyDjango) && !strings.Contains(err.Error(), backends[0]) {
				t.Errorf("Authenticate: %v does not name the backend", err)
			}
			account, err := w.auth.Account(t.Context(), "1")
			if err != nil {
				t.Fatal(err)
			}
			h := hash(t, secret, "plain$lovelace")
			by := func(backend string) (*djauth.Identity, error) {
				id, _ := w.who(w.put(w.login(item(djauth.HashSessionKey, h), item(djauth.BackendSessionKey, backend))...))
				return id, id.Why()
			}
			if _, why := by(backends[0]); !errors.Is(why, test.session) || (why == nil) != (test.session == nil) {
				t.Errorf("a session by %s: got %v, want %v", backends[0], why, test.session)
			}
			if got, err := w.names(account); got != test.names || (err == nil) != (test.names != "") || err != nil && !errors.Is(err, djauth.ErrBackend) {
				t.Errorf("Login records %q, %v, want %q", got, err, test.names)
			}
			id, why := by(backends[len(backends)-1])
			if why != nil {
				if id, why = by(backends[0]); why != nil {
					t.Fatal(why)
				}
			}
			if ok, err := id.HasPerm(t.Context(), "shop.view_item"); ok != test.granted || ok && err != nil {
				t.Errorf("HasPerm of what the tables grant: got %v, %v", ok, err)
			}
			if ok, err := id.HasPerm(t.Context(), "shop.delete_item"); ok || !errors.Is(err, test.other) || (err == nil) != (test.other == nil) {
				t.Errorf("HasPerm of another: got %v, %v, want %v", ok, err, test.other)
			}
			if all, err := id.Permissions(t.Context()); (err == nil) != (test.listed == nil) || !errors.Is(err, test.listed) || err == nil && len(all) != 3 {
				t.Errorf("Permissions: got %q, %v, want %v", all, err, test.listed)
			}
		})
	}
}

// A model with a has_perm of its own leaves the permissions of a superuser open too, until
// Options.Permissions says what it does. Then it is asked about everybody.
func TestOwnHasPerm(t *testing.T) {
	for _, told := range []bool{false, true} {
		w := newWorld(t, func(o *djauth.Options) {
			o.OwnHasPerm = true
			if told {
				o.Permissions = func(_ context.Context, a *djauth.Account, _ []string) ([]string, error) {
					return []string{"of." + a.Name}, nil
				}
			}
		})
		for user, h := range map[string]string{"1": encoded, "2": "old$toor"} {
			id, _ := w.who(w.put(w.login(item(djauth.SessionKey, user), item(djauth.HashSessionKey, hash(t, secret, h)))...))
			for perm, want := range map[string]bool{"of.ada": user == "1", "of.root": user == "2", "shop.view_item": false} {
				got, err := id.HasPerm(t.Context(), perm)
				if got != (want && told) || errors.Is(err, djauth.ErrUnknownBackend) == told || err != nil && !strings.Contains(err.Error(), "has_perm of the user model") {
					t.Errorf("user %s, told %v: %s: got %v, %v", user, told, perm, got, err)
				}
			}
			if all, err := id.Permissions(t.Context()); (err == nil) != told || len(all) > 1 {
				t.Errorf("user %s, told %v: got %q, %v", user, told, all, err)
			}
		}
		id, _ := w.who("")
		if ok, err := id.HasPerm(t.Context(), "of.ada"); ok || err != nil {
			t.Errorf("nobody: got %v, %v", ok, err)
		}
	}
	for _, bad := range []map[string]bool{{djauth.ModelBackend: true}, {own: true}} {
		if _, err := djauth.New(newWorld(t).m, newWorld(t).people, nil, &djauth.Options{OwnGrants: bad}); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("OwnGrants %v: got %v", bad, err)
		}
	}
}

// An app or a middleware that takes part in the login is named.
func TestPasswordRefusal(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"axes", "django-axes"}, {"axes.apps.AppConfig", "django-axes"}, {"axes.middleware.AxesMiddleware", "django-axes"},
		{"defender.middleware.FailedLoginMiddleware", "django-defender"}, {"allauth.mfa", "allauth.mfa"}, {"two_factor", "django-two-factor-auth"},
		{"django_auth_ldap.backend.LDAPBackend", "LDAP"},
		{"allauth", ""}, {"allauth.account", ""}, {"django.contrib.auth", ""}, {"axestone", ""}, {"my.axes", ""}, {"", ""},
	} {
		if got := djauth.PasswordRefusal(test.path); test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.path, got, test.want)
		}
	}
	w := newWorld(t, func(o *djauth.Options) { o.PasswordRefusal = "the doorman is away" })
	if _, err := w.auth.Authenticate(t.Context(), "ada", "x"); !errors.Is(err, djauth.ErrOnlyDjango) || !strings.Contains(err.Error(), "the doorman is away") {
		t.Errorf("got %v", err)
	}
}

// names returns the backend that Login records for an account.
func (w *world) names(account *djauth.Account) (backend string, err error) {
	w.t.Helper()
	w.do(httptest.NewRequest("POST", "/login/", nil), "", func(_ http.ResponseWriter, r *http.Request) {
		if err = w.auth.Login(r.Context(), account, ""); err != nil {
			return
		}
		s, _ := w.m.Load(r.Context())
		v, _ := s.Get(djauth.BackendSessionKey)
		backend, _ = v.(string)
	})
	return backend, err
}
