package djsession

import (
	"time"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// setCookie returns the cookie that HttpResponse.set_cookie makes for a session. age is
// in seconds. With withBrowser, the cookie has neither Max-Age nor expires.
func (set *Settings) setCookie(key string, withBrowser bool, age float64, now time.Time) string {
	c := httpcookie.Cookie{
		Name: set.CookieName, Value: httpcookie.Quote(key), Domain: set.CookieDomain, Path: set.CookiePath,
		EndsWithBrowser: withBrowser, HTTPOnly: *set.CookieHTTPOnly, Secure: set.CookieSecure, SameSite: set.CookieSameSite,
	}
	if !withBrowser {
		c.Expires, c.MaxAge = addSeconds(now, age), int64(age)
	}
	return c.String()
}

// deleteCookie returns the cookie that HttpResponse.delete_cookie makes for a session.
func (set *Settings) deleteCookie() string {
	c := httpcookie.Deleted(set.CookieName, set.CookieDomain, set.CookiePath, set.CookieSameSite)
	return c.String()
}
