package djsession

import (
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// lastDate is the last date of a cookie. Unlike Django, which answers 500, a session that
// ends later, as datetime.max does west of Greenwich, gets a cookie.
var lastDate = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// setCookie returns the cookie that HttpResponse.set_cookie makes for a session. age is
// in seconds. With withBrowser, the cookie has neither Max-Age nor expires.
func (set *Settings) setCookie(key string, withBrowser bool, age float64, now time.Time) string {
	c := httpcookie.Cookie{
		Name: set.CookieName, Value: httpcookie.Quote(key), Domain: set.CookieDomain, Path: set.CookiePath,
		EndsWithBrowser: withBrowser, HTTPOnly: *set.CookieHTTPOnly, Secure: set.CookieSecure, SameSite: set.CookieSameSite, More: set.CookieAttributes,
	}
	if !withBrowser {
		c.Expires, c.MaxAge = addSeconds(now, age), int64(age)
		if c.Expires.After(lastDate) {
			c.Expires = lastDate
		}
	}
	return c.String()
}

// deleteCookie returns the cookie that HttpResponse.delete_cookie makes for a session.
func (set *Settings) deleteCookie() string {
	c := httpcookie.Deleted(set.CookieName, set.CookieDomain, set.CookiePath, set.CookieSameSite)
	c.More = set.CookieAttributes
	c.Secure = c.Secure || set.partitioned()
	return c.String()
}

// partitioned reports whether the cookie is Partitioned. Browsers ignore such a cookie, and
// its deletion, without Secure.
func (set *Settings) partitioned() bool {
	return slices.ContainsFunc(set.CookieAttributes, func(a string) bool { return strings.EqualFold(a, "Partitioned") })
}
