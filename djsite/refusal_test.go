package djsite

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsettings"
)

// TestPasswordRefusal: on a site with an app or a setting that takes part in the login, Go checks
// no password, says why by its name, and judges the logins of Django all the same.
func TestPasswordRefusal(t *testing.T) {
	base := []any{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"}
	for _, test := range []struct {
		name     string
		settings map[string]any
		want     string // "" is a site whose passwords Go checks
	}{
		{"nothing", nil, ""},
		{"allauth as it comes", map[string]any{"INSTALLED_APPS": append(base, "allauth", "allauth.account")}, ""},
		{"allauth that asks for little", map[string]any{"INSTALLED_APPS": append(base, "allauth", "allauth.account"), "ACCOUNT_EMAIL_VERIFICATION": "optional", "ACCOUNT_LOGIN_BY_CODE_REQUIRED": false}, ""},
		{"a setting of an app that is not there", map[string]any{"ACCOUNT_EMAIL_VERIFICATION": "mandatory"}, ""},
		{"axes", map[string]any{"INSTALLED_APPS": append(base, "axes")}, "django-axes"},
		{"axes by its AppConfig", map[string]any{"INSTALLED_APPS": append(base, "axes.apps.AppConfig")}, "django-axes"},
		{"a middleware", map[string]any{"MIDDLEWARE": []any{"defender.middleware.FailedLoginMiddleware"}}, "django-defender"},
		{"a second factor of allauth", map[string]any{"INSTALLED_APPS": append(base, "allauth.account", "allauth.mfa")}, "allauth.mfa"},
		{"mandatory verification", map[string]any{"INSTALLED_APPS": append(base, "allauth.account"), "ACCOUNT_EMAIL_VERIFICATION": "mandatory"}, "ACCOUNT_EMAIL_VERIFICATION"},
		{"mandatory verification, as it was written once", map[string]any{"INSTALLED_APPS": append(base, "allauth.account"), "ACCOUNT_EMAIL_VERIFICATION": true}, "ACCOUNT_EMAIL_VERIFICATION"},
		{"login by code", map[string]any{"INSTALLED_APPS": append(base, "allauth.account"), "ACCOUNT_LOGIN_BY_CODE_REQUIRED": true}, "ACCOUNT_LOGIN_BY_CODE_REQUIRED"},
		{"login by code for some", map[string]any{"INSTALLED_APPS": append(base, "allauth.account"), "ACCOUNT_LOGIN_BY_CODE_REQUIRED": []any{"password"}}, "ACCOUNT_LOGIN_BY_CODE_REQUIRED"},
		{"two factors", map[string]any{"INSTALLED_APPS": append(base, "two_factor")}, "django-two-factor-auth"},
		{"LDAP", map[string]any{"AUTHENTICATION_BACKENDS": []any{"django_auth_ldap.backend.LDAPBackend", djauth.ModelBackend}}, "LDAP"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := readUserCase(t, "axes")
			c.Settings["AUTHENTICATION_BACKENDS"] = []any{djauth.ModelBackend}
			for k, v := range test.settings {
				c.Settings[k] = v
			}
			site, err := c.open(t, nil)
			if err != nil {
				t.Fatal(err)
			}
			if id := c.identify(t, site); id.Name() != "ada" {
				t.Errorf("the login of Django: got %q, %v", id.Name(), id.Why())
			}
			setPassword(t, site, c, "the password")
			_, err = site.Auth.Authenticate(t.Context(), "ada", "the password")
			if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, djauth.ErrOnlyDjango) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("Authenticate: got %v, want %q", err, test.want)
			}
			if test.want != "" && !slices.ContainsFunc(site.Warnings, func(w djsettings.Warning) bool { return strings.Contains(w.Text, test.want) }) {
				t.Errorf("no Warning tells of %s: %q", test.want, site.Warnings)
			}
		})
	}
}
