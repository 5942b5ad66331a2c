package djsession

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Settings are the settings of the Django site: each field is named as in
// Django, without SESSION_. The zero value of each means Django's default, so
// that only Keys has to be set. NewSite checks and freezes them.
type Settings struct {
	// Keys hold SECRET_KEY and SECRET_KEY_FALLBACKS, or only the keys derived
	// from them for this purpose. Required.
	Keys signer.Keys

	// Django is the version that the site runs on, for what changed between
	// versions. Zero means the newest that this package knows.
	Django DjangoVersion

	// CookieName is SESSION_COOKIE_NAME; default "sessionid".
	CookieName string
	// CookieAge is SESSION_COOKIE_AGE, in whole seconds; default two weeks.
	CookieAge time.Duration
	// CookieDomain is SESSION_COOKIE_DOMAIN; default none.
	CookieDomain string
	// CookiePath is SESSION_COOKIE_PATH; default "/".
	CookiePath string
	// CookieSecure is SESSION_COOKIE_SECURE; default false.
	CookieSecure bool
	// CookieHTTPOnly is SESSION_COOKIE_HTTPONLY: new(false) lets scripts of the page read
	// the cookie. Nil means Django's default, true.
	CookieHTTPOnly *bool
	// CookieSameSite is SESSION_COOKIE_SAMESITE; zero means Lax (no attribute
	// before Django 2.1), and http.SameSiteDefaultMode leaves the attribute out,
	// as False does in Django.
	CookieSameSite http.SameSite

	// ExpireAtBrowserClose is SESSION_EXPIRE_AT_BROWSER_CLOSE.
	ExpireAtBrowserClose bool
	// SaveEveryRequest is SESSION_SAVE_EVERY_REQUEST.
	SaveEveryRequest bool

	// Serializer is SESSION_SERIALIZER; default JSON.
	Serializer serializer.Serializer
	// StoreClass is the name of the class SessionStore of the site's engine,
	// which is part of the salt; default "SessionStore".
	StoreClass string

	// LegacyHashing is DEFAULT_HASHING_ALGORITHM = "sha1" of Django 3.1 and 3.2:
	// sessions are written in the format of Django before 3.1.
	LegacyHashing bool

	// TimeZone is TIME_ZONE for a site with USE_TZ=False. Nil means USE_TZ=True.
	TimeZone *time.Location

	// Proxies say whose headers tell that the client used HTTPS; the zero value believes
	// none. Behind gunicorn, uvicorn and their like give LocalProxies().
	Proxies Proxies

	// What Django has no setting for:

	// Limits bound what is read from the store. Zero fields mean generous defaults.
	Limits Limits
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Logger is told about what a site's operator should know; default slog.Default.
	Logger *slog.Logger
	// OnError answers a request whose session could not be saved. Nothing of the
	// handler's answer was sent, its headers were dropped. The default answers by
	// a plain text with the status of ErrorStatus.
	OnError func(w http.ResponseWriter, r *http.Request, err error)
	// Observer is told about each use of the store, for metrics.
	Observer func(ctx context.Context, e Event)
	// SaveTimeout bounds the saving at the end of a request, which goes on when
	// the client is gone; default 10 s.
	SaveTimeout time.Duration
	// KeyShape tells what a session key looks like; default 8 to 40 characters
	// of a-z and 0-9. Anything else is no session and never reaches a store.
	KeyShape func(key string) bool
}

// Limits bound what is read from outside. A zero field means its default.
type Limits struct {
	// Payload is the most bytes of a stored value; default 16 MiB.
	Payload int
	// Data bound the decompressed and decoded session.
	Data serializer.Limits
}

// Event is one use of a store.
type Event struct {
	// Op is load, create, update, touch, delete or cycle.
	Op string
	// Took is how long it took.
	Took time.Duration
	// Err is what it returned.
	Err error
}
