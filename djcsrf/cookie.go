package djcsrf

import (
	"time"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// setCookie is HttpResponse.set_cookie for the CSRF cookie.
func (p *Protection) setCookie(value string, now time.Time) string {
	c := httpcookie.Cookie{
		Name: p.o.CookieName, Value: value, Domain: p.o.CookieDomain, Path: p.o.CookiePath,
		EndsWithBrowser: p.o.ExpireAtBrowserClose, Expires: now.Add(p.o.CookieAge), MaxAge: int64(p.o.CookieAge / time.Second),
		HTTPOnly: *p.o.CookieHTTPOnly, Secure: p.o.CookieSecure, SameSite: p.o.CookieSameSite, More: p.o.CookieAttributes,
	}
	return c.String()
}
