package djmessages

import (
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// setCookie is CookieStorage._update_cookie: it sets the cookie, or deletes it if value
// is "". The attributes are those of the session's cookie, except that the path is always
// /.
func setCookie(set *djsession.Settings, value string) string {
	c := httpcookie.Deleted(cookieName, set.CookieDomain, "/", set.CookieSameSite)
	c.More = set.CookieAttributes
	c.Secure = c.Secure || set.CookieSecure && len(c.More) > 0 // or a Partitioned one is not deleted
	if value != "" {
		c.Value, c.EndsWithBrowser, c.Expires = httpcookie.Quote(value), true, time.Time{}
		c.HTTPOnly, c.Secure = *set.CookieHTTPOnly, set.CookieSecure
	}
	return c.String()
}
