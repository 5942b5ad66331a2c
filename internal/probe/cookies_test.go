package probe_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// ownMiddleware are middlewares of a site's own, which the settings choose by a variable.
const ownMiddleware = `
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.middleware.csrf import CsrfViewMiddleware


class Named(SessionMiddleware):
    def name(self, request):
        return 'mine'

    def process_request(self, request):
        request.session = self.SessionStore(request.COOKIES.get(self.name(request)))

    def process_response(self, request, response):
        response = super(Named, self).process_response(request, response)
        if settings.SESSION_COOKIE_NAME in response.cookies:
            value = response.cookies.pop(settings.SESSION_COOKIE_NAME).value
            response.set_cookie(self.name(request), value, max_age=settings.SESSION_COOKIE_AGE, domain='.shop.example', path='/app', secure=True, httponly=None)
        return response


class ByScheme(Named):
    def name(self, request):
        return '__Host-mine' if request.is_secure() else 'mine'


class ByPage(Named):
    def name(self, request):
        return 'staff' if request.path.startswith('/admin/') else 'mine'


class ByBrowser(Named):
    def name(self, request):
        return 'phone' if 'iPhone' in request.META.get('HTTP_USER_AGENT', '') else 'mine'


class Older(Named):
    def process_request(self, request):
        request.session = self.SessionStore(request.COOKIES.get('mine') or request.COOKIES.get('older'))


class Around(Named):
    def __call__(self, request):
        response = super(Around, self).__call__(request)
        response.set_cookie('other', 'x')
        return response


class Plain(SessionMiddleware):
    pass


class Forms(CsrfViewMiddleware):
    def _get_secret(self, request):
        try:
            return request.COOKIES['forms']
        except KeyError:
            return None

    def _set_csrf_cookie(self, request, response):
        response.set_cookie('forms', request.META['CSRF_COOKIE'], max_age=3600, path='/forms', samesite='Strict')


class Judges(Forms):
    def _origin_verified(self, request):
        return True


class Trusts(CsrfViewMiddleware):
    csrf_trusted_origins_hosts = ['evil.example']
`

// TestOwnCookies checks that the cookie of a site's own middleware is used if it is always the
// same one, and that the Warning says why not otherwise.
func TestOwnCookies(t *testing.T) {
	const session, csrf = "sessionid  / false true Lax", "csrftoken  / false false Lax 8736h0m0s"
	for _, tt := range []struct {
		version, mw, want string // the cookie
		warns             string
	}{
		{"5.2", "Named", "mine .shop.example /app true false ", `its cookie is "mine"`},
		{"1.8", "Named", "mine .shop.example /app true false ", `its cookie is "mine"`},
		{"5.2", "ByScheme", session, "differs from request to request"},
		{"5.2", "ByPage", session, "differs from request to request"},
		{"5.2", "ByBrowser", session, "differs from request to request"},
		{"5.2", "Older", session, "it reads another cookie"},
		{"5.2", "Around", session, "it has __call__ of its own"},
		{"5.2", "Plain", session, ""},
		{"5.2", "Forms", "forms  /forms false false Strict 1h0m0s", `its cookie is "forms"`},
		{"5.2", "Judges", csrf, "it has _origin_verified of its own"},
		{"5.2", "Trusts", csrf, "it has csrf_trusted_origins_hosts of its own"},
	} {
		t.Run(tt.version+" "+tt.mw, func(t *testing.T) {
			t.Parallel()
			django.Python(t, tt.version)
			isCSRF := strings.Contains(tt.want, "csrftoken") || strings.Contains(tt.want, "forms")
			replaced := "django.contrib.sessions.middleware.SessionMiddleware"
			if isCSRF {
				replaced = "accounts.middleware.Csrf"
			}
			own := strings.Replace(settings, "'"+replaced+"'", "'accounts.own."+tt.mw+"'", 1)
			own = strings.Replace(own, "'accounts.middleware.Csrf'", "'django.middleware.csrf.CsrfViewMiddleware'", 1)
			dir := site(t, map[string]string{"accounts/own.py": ownMiddleware, "shop/settings.py": own})
			set := probed(t, dir, tt.version)
			s, c := set.Sessions, set.CSRF
			got := fmt.Sprint(s.CookieName, " ", s.CookieDomain, " ", s.CookiePath, " ", s.CookieSecure, " ", s.CookieHTTPOnly, " ", s.CookieSameSite)
			if isCSRF {
				got = fmt.Sprint(c.CookieName, " ", c.CookieDomain, " ", c.CookiePath, " ", c.CookieSecure, " ", c.CookieHTTPOnly, " ", c.CookieSameSite, " ", c.CookieAge)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			warned := ""
			for _, w := range djsite.Unknown(set, nil) {
				if strings.Contains(w.Text, "accounts.own.") {
					warned += w.Text
				}
			}
			if !strings.Contains(warned, tt.warns) || tt.warns == "" && warned != "" {
				t.Errorf("warned: %s, want %s", warned, tt.warns)
			}
		})
	}
}

// probed returns the settings by the profile of a site.
func probed(t *testing.T, dir, version string) *djsettings.Settings {
	t.Helper()
	set, err := djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Python: django.Python(t, version), Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	return set
}
