package doctor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// settings examines the settings that need no store.
func (e *exam) settings() {
	set, in := e.set, e.set.Sessions
	if set.Keys.IsZero() {
		e.fault(NoSecretKey, "There is no SECRET_KEY in these settings, so that no session can be signed or checked.",
			"Print the settings where Django has its SECRET_KEY, or give it as DJSESSION_SECRET_KEY.")
	}
	if len(set.Middleware) > 0 && !in.Enabled {
		e.fault(SessionMiddleware, "MIDDLEWARE has no SessionMiddleware, so that Django itself makes and reads no sessions.",
			"Add django.contrib.sessions.middleware.SessionMiddleware to MIDDLEWARE, or take the settings that the site really runs with.")
	}
	if in.Kind == "" {
		e.fault(EngineUnknown, fmt.Sprintf("SESSION_ENGINE is %s, an engine of the site's own, of which these settings do not tell what it derives from.", in.Engine),
			"Name its base, its class and its table in djsettings.Options.Engines.")
	}
	e.serializer()
	if _, err := set.Location(); err != nil {
		e.fault(TimeZoneUnknown, fmt.Sprintf("USE_TZ is False and TIME_ZONE is %s, which is no time zone of this machine.", set.TimeZone),
			"Correct TIME_ZONE, or install the time zones of this machine (tzdata).")
	}
	if in.CookieSameSite == "None" && !in.CookieSecure {
		e.fault(CookieSameSite, "SESSION_COOKIE_SAMESITE is None without SESSION_COOKIE_SECURE, so that browsers refuse the cookie.",
			"Set SESSION_COOKIE_SECURE to True.")
	}
	e.domain()
	if in.Kind.HasTable() {
		e.mysql(in.Database)
	}
	if set.Auth.Installed {
		e.mysql(e.userAlias())
	}
}

// unknown adds a Finding for each component of the site's own that Go cannot know.
func (e *exam) unknown() {
	kinds := map[string]struct{ id, change string }{
		"AUTHENTICATION_BACKENDS": {BackendUnknown, "Say in djauth.Options.OwnBackends which of Django's backends it does as, and in Permissions which permissions the users have."},
		"MIDDLEWARE":              {MiddlewareUnknown, "Look at what it does to sessions, cookies and logins, and do that in Go where it matters."},
	}
	for _, w := range djsite.Unknown(e.set, &e.opts.Open) {
		kind, ok := kinds[w.Setting]
		if !ok { // the user model: see login.go
			continue
		}
		e.found = append(e.found, Finding{kind.id, Note, plain(w.Setting + ": " + strings.ReplaceAll(w.Text, ". ", "; ")), kind.change})
	}
}

// serializer checks SESSION_SERIALIZER.
func (e *exam) serializer() {
	name := e.set.Sessions.Serializer
	if e.isPickle() && !e.set.Django.Before(5, 0) {
		e.fault(SerializerRemoved, fmt.Sprintf("SESSION_SERIALIZER is %s, which Django %s no longer has.", name, e.set.Django),
			"Set it to django.contrib.sessions.serializers.JSONSerializer, or give the version of Django that the site really runs.")
		return
	}
	if _, err := e.set.Session(); errors.Is(err, djsettings.ErrUnsupported) {
		e.fault(SerializerUnknown, fmt.Sprintf("SESSION_SERIALIZER is %s, which is the site's own.", name),
			"Give its twin in Go in djsettings.Options.Serializers.")
	}
}

// isPickle reports whether the settings name a PickleSerializer.
func (e *exam) isPickle() bool {
	return strings.HasSuffix(e.set.Sessions.Serializer, ".PickleSerializer")
}

// domain compares SESSION_COOKIE_DOMAIN with ALLOWED_HOSTS: a browser drops a cookie for a
// domain to which the site does not belong.
func (e *exam) domain() {
	domain := strings.ToLower(strings.TrimPrefix(e.set.Sessions.CookieDomain, "."))
	if domain == "" || len(e.set.AllowedHosts) == 0 {
		return
	}
	for _, host := range e.set.AllowedHosts {
		host = strings.ToLower(host)
		bare := strings.TrimPrefix(host, ".")
		switch {
		case host == "*", bare == domain, strings.HasSuffix(bare, "."+domain):
			return
		case strings.HasPrefix(host, ".") && strings.HasSuffix(domain, host):
			return // ALLOWED_HOSTS has a whole domain, and the cookie has a subdomain
		}
	}
	e.fault(CookieDomain, fmt.Sprintf("SESSION_COOKIE_DOMAIN is %s, to which none of ALLOWED_HOSTS belongs, so that browsers drop the cookie.", e.set.Sessions.CookieDomain),
		"Set SESSION_COOKIE_DOMAIN to None or to a domain that all hosts of the site and of the Go service belong to.")
}

// mysql checks the charset of a MySQL: Django uses it for text, and Go uses utf8mb4.
func (e *exam) mysql(alias string) {
	db := e.set.Databases[alias]
	if db == nil || db.Kind != djsettings.MySQL {
		return
	}
	switch charset := strings.ToLower(db.Options.Text("charset")); charset {
	case "", "utf8", "utf8mb3", "utf8mb4":
	default:
		e.fault(MySQLCharset, fmt.Sprintf("OPTIONS of DATABASES[%q] have the charset %s, in which Django exchanges text with the server, where Go uses utf8mb4.", alias, charset),
			"Set the charset of OPTIONS to utf8mb4, after a look at what the tables hold.")
	}
}
