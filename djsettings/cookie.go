package djsettings

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// seenCookie is the cookie of a middleware of the site's own, as it set it for the probe.
type seenCookie struct {
	name, domain, path string
	secure, httpOnly   bool
	sameSite           string
	age                time.Duration
	ageNone            bool
}

// setsCookie are the methods that decide about nothing but the cookie.
var setsCookie = map[string]string{
	"session": "__init__ process_request process_response",
	"csrf":    "__init__ process_request process_response _set_csrf_cookie _set_token _get_token _get_secret",
}

// ownCookie returns the cookie that a middleware of the site's own sets, if the profile shows
// that it is always the same one. The sentence says what is known, for the Warning.
func (r *reader) ownCookie(kind, path string, base []string) (*seenCookie, string) {
	if r.doc.profile == nil || r.doc.profile.Session == nil || path == "" {
		return nil, ""
	}
	of, own := r.derive(path, func(class string) (string, bool) { return class, slices.Contains(base, class) })
	if of == "" {
		return nil, ""
	}
	if rest := without(own, setsCookie[kind]); len(rest) > 0 {
		return nil, fmt.Sprintf("it has %s of its own, which may do more than set a cookie", strings.Join(rest, ", "))
	}
	var all []ProfileCookie
	for _, c := range r.doc.profile.Session.Cookies {
		if c.By == path && c.Kind == kind {
			all = append(all, c)
		}
	}
	if len(all) != 3 { // over http, over https, and for another page, host and browser
		return nil, fmt.Sprintf("it set %d cookies for the three requests of the probe", len(all))
	}
	first := all[0].seen()
	for _, c := range all {
		switch {
		case c.seen() != first:
			return nil, "its cookie differs from request to request"
		case len(c.Reads) != 1 || c.Reads[0] != c.Name:
			return nil, "it reads another cookie than the one that it sets, or several"
		}
	}
	return &first, fmt.Sprintf("its cookie is %q, with the attributes that it set for the probe", printable(first.name))
}

// seen reads the attributes.
func (c ProfileCookie) seen() seenCookie {
	truth := func(name string) bool { v, _ := c.Attributes.Value(name); return v == true }
	s := seenCookie{
		name: c.Name, domain: c.Attributes.Text("domain"), path: c.Attributes.Text("path"),
		secure: truth("secure"), httpOnly: truth("httponly"), sameSite: c.Attributes.Text("samesite"), ageNone: true,
	}
	if v, ok := c.Attributes.Value("max-age"); ok {
		if n, ok := v.(int64); ok && n > 0 && n < 1<<31 {
			s.age, s.ageNone = time.Duration(n)*time.Second, false
		}
	}
	return s
}

// ownSessionCookie takes the cookie of the site's own SessionMiddleware.
func (r *reader) ownSessionCookie(s *SessionSettings) {
	c, known := r.ownCookie("session", s.OwnMiddleware, sessionsOf)
	s.OwnCookie = known
	switch {
	case c == nil:
	case s.Kind == EngineFile && c.name != s.CookieName:
		s.OwnCookie = "its cookie has another name than SESSION_COOKIE_NAME, by which the files are named"
	case c.ageNone || c.age != s.CookieAge:
		s.OwnCookie = "its cookie has another age than the session"
	default:
		s.CookieName, s.CookieDomain, s.CookiePath = c.name, c.domain, c.path
		s.CookieSecure, s.CookieHTTPOnly, s.CookieSameSite = c.secure, c.httpOnly, c.sameSite
	}
}

// ownCSRFCookie takes the cookie of the site's own CsrfViewMiddleware.
func (r *reader) ownCSRFCookie(s *CSRFSettings) {
	c, known := r.ownCookie("csrf", s.OwnMiddleware, csrfOf)
	if s.UseSessions {
		return // there is no cookie
	}
	if s.OwnCookie = known; c != nil {
		s.CookieName, s.CookieAge, s.CookieAgeNone = c.name, c.age, c.ageNone
		s.CookieDomain, s.CookiePath = c.domain, c.path
		s.CookieSecure, s.CookieHTTPOnly, s.CookieSameSite = c.secure, c.httpOnly, c.sameSite
	}
}
