package djsite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsettings"
)

// Unknown returns a Warning for each backend and middleware of the site's own: they take part
// in sessions and logins, and this module cannot know what they do. [Open] adds these warnings too. Backends that opts or the profile describe are
// known, and so are their permissions with djauth.Options.Permissions. opts may be nil.
func Unknown(s *djsettings.Settings, opts *Options) []djsettings.Warning {
	all := unknownMiddleware(s)
	if !s.Auth.Installed {
		return all
	}
	_, o, _ := Fill(s, opts) // Open returns the error
	return append(all, unknownLogin(s, o)...)
}

// unknownLogin returns a Warning for each backend that o does not describe.
func unknownLogin(s *djsettings.Settings, o *djauth.Options) (all []djsettings.Warning) {
	seen := map[string]bool{}
	for _, name := range o.Backends {
		if djauth.KnownBackend(name) || seen[name] {
			continue
		}
		seen[name] = true
		if known, unsure := djauth.WellKnownBackend(name); known && o.OwnBackends[name] == "" {
			if why := djauth.PasswordRefusal(name); why != "" {
				all = append(all, djsettings.Warning{Setting: "AUTHENTICATION_BACKENDS", Text: fmt.Sprintf("%q: %s, so that Authenticate refuses passwords: users log in at the site's own login page.", name, why)})
			}
			if unsure && o.Permissions == nil {
				all = append(all, djsettings.Warning{Setting: "AUTHENTICATION_BACKENDS", Text: fmt.Sprintf("%q may grant permissions that the tables do not, which are refused: djauth.Options.Permissions, in djsite.Options.ConfigureAuth, says which the users have.", name)})
			}
			continue
		}
		if as := o.OwnBackends[name]; as != "" {
			if s.Profile == nil && findsNames(as) && !slices.ContainsFunc(o.Lookup, func(l djauth.Lookup) bool { return l.Backend == "" || l.Backend == name }) {
				all = append(all, djsettings.Warning{Setting: "AUTHENTICATION_BACKENDS", Text: fmt.Sprintf("%q does as %s, and nothing says by what it finds an account: Authenticate looks names up by USERNAME_FIELD, exactly. If it finds e-mail addresses or ignores case, djsite.Options.Lookup says so, by its Backend.", name, as)})
			}
			if why := djauth.PasswordRefusal(as); why != "" {
				all = append(all, djsettings.Warning{Setting: "AUTHENTICATION_BACKENDS", Text: fmt.Sprintf("%q does as %s: %s, so that Authenticate refuses passwords: users log in at the site's own login page.", name, as, why)})
			}
			if _, ok := o.OwnGrants[name]; !ok && o.Permissions == nil {
				all = append(all, djsettings.Warning{Setting: "AUTHENTICATION_BACKENDS", Text: fmt.Sprintf("%q is not Django's own, so that permissions are refused which no backend of Django's grants before it: djauth.Options.Permissions, in djsite.Options.ConfigureAuth, says which the users have.", name)})
			}
			continue
		}
		text := "that nobody is logged in by it in Go"
		if o.CanAuthenticate != nil {
			text = "that CanAuthenticate alone judges its logins"
		}
		all = append(all, djsettings.Warning{Setting: "AUTHENTICATION_BACKENDS", Text: fmt.Sprintf("%q is not Django's own, so %s, its permissions are not known, and Authenticate does not pass it: djauth.Options.OwnBackends, in djsite.Options.ConfigureAuth, says which of Django's backends it does as, Options.Permissions which permissions the users have, and djsite.Options.Lookup by what it finds them.", name, text)})
	}
	if o.OwnHasPerm && o.Permissions == nil {
		all = append(all, djsettings.Warning{Setting: "AUTH_USER_MODEL", Text: fmt.Sprintf("has_perm of %s, or a method beside it, is the site's own code, so that permissions are refused: djauth.Options.Permissions, in djsite.Options.ConfigureAuth, says which the users have.", s.Auth.UserModel)})
	}
	if o.PasswordRefusal != "" {
		all = append(all, djsettings.Warning{Setting: "INSTALLED_APPS", Text: o.PasswordRefusal + ", so that Authenticate refuses passwords: users log in at the site's own login page. If Go does so too, set djauth.Options.PasswordRefusal to \"\" in djsite.Options.ConfigureAuth."})
	}
	return all
}

// findsNames reports whether a backend of this kind checks passwords by a name.
func findsNames(as string) bool {
	switch djauth.LikeBackend(as) {
	case djauth.ModelBackend, djauth.AllowAllUsersModelBackend:
		return true
	}
	return false
}

// passwordRefusal returns why Go must not check passwords on a site with these apps and
// middlewares, or "".
func passwordRefusal(s *djsettings.Settings) string {
	for _, name := range slices.Concat(s.InstalledApps, s.Middleware) {
		if why := djauth.PasswordRefusal(name); why != "" {
			return fmt.Sprintf("the site has %q: %s", name, why)
		}
	}
	if len(s.Auth.LoginStages) > 0 {
		return fmt.Sprintf("django-allauth has further stages of a login (%s)", strings.Join(s.Auth.LoginStages, ", "))
	}
	return ""
}

// meant says what Django's middlewares do to logins that Go does not.
var meant = map[string]string{
	"django.contrib.auth.middleware.RemoteUserMiddleware":           "it logs in whom REMOTE_USER names, and logs out who comes without it: Go does neither.",
	"django.contrib.auth.middleware.PersistentRemoteUserMiddleware": "it logs in whom REMOTE_USER names: Go does not.",
	"django.contrib.auth.middleware.LoginRequiredMiddleware":        "it requires a login for each page: in Go, Auth.RequireLogin does so for the handlers that it is put around.",
}

// unknownMiddleware returns a Warning for each middleware that is not Django's, by its full
// dotted path, and for those of Django that have no twin here.
func unknownMiddleware(s *djsettings.Settings) (all []djsettings.Warning) {
	seen := map[string]bool{}
	for _, path := range s.Middleware {
		if seen[path] {
			continue
		}
		seen[path] = true
		as := s.MiddlewareAs(path)
		if as == "" {
			continue // Options.Middleware says that it does nothing
		}
		text := meant[as]
		switch {
		case text != "":
		case strings.HasPrefix(as, "django.middleware."), strings.HasPrefix(as, "django.contrib."):
			continue
		case as == "user_sessions.middleware.SessionMiddleware",
			as == "qsessions.middleware.SessionMiddleware":
			continue // they belong to known engines
		default:
			text = "it is not Django's own: what it does to sessions, cookies and logins is not done here."
			switch path {
			case s.Sessions.OwnMiddleware:
				text = own("SessionMiddleware", s.Sessions.OwnCookie, "Go reads and sets the cookie as SESSION_COOKIE_NAME and the other settings say")
			case s.CSRF.OwnMiddleware:
				text = own("CsrfViewMiddleware", s.CSRF.OwnCookie, "Go refuses forms as Django's own does")
			case s.Auth.OwnMiddleware:
				text = own("AuthenticationMiddleware", "", "Go says who is logged in as Django's own does")
			case s.Messages.OwnMiddleware:
				text = own("MessageMiddleware", "", "Go keeps messages as Django's own does")
			}
		}
		all = append(all, djsettings.Warning{Setting: "MIDDLEWARE", Text: fmt.Sprintf("%q: %s", path, text)})
	}
	return all
}

// own is the question about a class of the site's own in the place of one of Django's. cookie
// is what is known about its cookie, or "".
func own(what, cookie, so string) string {
	if cookie != "" {
		so = cookie + ", and " + so
		if strings.HasPrefix(cookie, "its cookie is ") { // settings have been set by it
			so = cookie
		}
	}
	return "it is not Django's own " + what + ", and what it does otherwise, such as with cookies, is not known: " + so +
		"; djsettings.Options.Middleware says which of Django's it does as, or \"\" for none."
}
