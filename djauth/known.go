package djauth

import (
	"errors"
	"fmt"
	"strings"
)

// ErrOnlyDjango: only the site's own login page can check a password, because the site has an
// app that takes part in the login: see [PasswordRefusal]. Logins that Django made are judged
// as always.
var ErrOnlyDjango = errors.New("djauth: only the site's own login page can check passwords")

// grantKind is which permissions a backend has, without an object.
type grantKind uint8

const (
	grantsUnknown grantKind = iota
	grantsNone              // it has none, or those of objects alone
	grantsTables            // those of the tables, as ModelBackend
	grantsMore              // it may have any, and denies none; but it lists none
	grantsListed            // as grantsMore, and it lists them
)

// trait is what a well-known backend does. Its source was read.
type trait struct {
	like    string    // the backend of Django's own that judges logins as its get_user does
	vouches bool      // its authenticate may take a name and a password, in a way of its own
	grants  grantKind // by has_perm
}

// wellKnown are backends of other packages.
var wellKnown = map[string]trait{
	"axes.backends.AxesStandaloneBackend":                 {BaseBackend, false, grantsNone},
	"axes.backends.AxesBackend":                           {ModelBackend, false, grantsTables},
	"rules.permissions.ObjectPermissionBackend":           {BaseBackend, false, grantsMore},
	"guardian.backends.ObjectPermissionBackend":           {BaseBackend, false, grantsNone},
	"sesame.backends.ModelBackend":                        {ModelBackend, false, grantsTables},
	"oauth2_provider.backends.OAuth2Backend":              {AllowAllUsersModelBackend, false, grantsNone},
	"mozilla_django_oidc.auth.OIDCAuthenticationBackend":  {AllowAllUsersModelBackend, false, grantsTables},
	"allauth.account.auth_backends.AuthenticationBackend": {ModelBackend, true, grantsTables},
	"django_auth_ldap.backend.LDAPBackend":                {AllowAllUsersModelBackend, true, grantsListed},
}

// traitOf returns what a backend does that is not Django's own.
func traitOf(path string) (trait, bool) {
	if strings.HasPrefix(path, "social_core.backends.") {
		return trait{ModelBackend, false, grantsNone}, true
	}
	t, ok := wellKnown[path]
	return t, ok
}

// WellKnownBackend reports whether a dotted path names a backend of another package, such as
// django-axes, django-rules or django-guardian, whose logins and permissions Auth judges without
// Options.OwnBackends. unsure reports whether the backend may grant permissions that the tables
// do not, so that Options.Permissions has to say which.
func WellKnownBackend(path string) (known, unsure bool) {
	t, ok := traitOf(path)
	return ok, t.grants >= grantsMore
}

// LikeBackend returns the backend of Django's own whose get_user lets the same users in as that
// of path: path itself if it is one, else what is known of a [WellKnownBackend]. It returns ""
// for all others.
func LikeBackend(path string) string {
	if KnownBackend(path) {
		return path
	}
	t, _ := traitOf(path)
	return t.like
}

// refusals are the packages that take part in a login by password, and how.
var refusals = map[string]string{
	"axes":                "django-axes counts failed logins and locks users out",
	"defender":            "django-defender counts failed logins and locks users out",
	"lockout":             "django-lockout counts failed logins and locks users out",
	"BruteBuster":         "django-brutebuster counts failed logins and locks users out",
	"brutebuster":         "django-brutebuster counts failed logins and locks users out",
	"failedloginblocker":  "django-failedloginblocker counts failed logins and locks users out",
	"allauth.mfa":         "django-allauth asks for a second factor (allauth.mfa)",
	"two_factor":          "django-two-factor-auth asks for a second factor",
	"django_auth_ldap":    "an LDAP server checks the passwords (django-auth-ldap)",
	"django_python3_ldap": "an LDAP server checks the passwords (django-python3-ldap)",
}

// PasswordRefusal returns why [Auth.Authenticate] must leave passwords to the site's own login
// page if the site has the backend, app or middleware with this dotted path: it locks users out
// who typed wrong passwords, asks for a second factor, or asks an LDAP server. It returns "" for
// all others.
func PasswordRefusal(path string) string {
	for prefix := path; ; {
		if why := refusals[prefix]; why != "" {
			return why
		}
		at := strings.LastIndexByte(prefix, '.')
		if at < 0 {
			return ""
		}
		prefix = prefix[:at]
	}
}

// onlyDjango is an ErrOnlyDjango that names the reason.
type onlyDjango string

func (e onlyDjango) Error() string { return fmt.Sprintf("%v: %s", ErrOnlyDjango, string(e)) }
func (e onlyDjango) Is(target error) bool {
	return target == ErrOnlyDjango || target == errors.ErrUnsupported
}
