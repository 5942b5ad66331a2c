package djsession

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Settings are the settings of the Django site. Each field has its name in Django,
// without SESSION_. The zero value of a field means Django's default; only Keys is
// required. [NewSite] checks and freezes them.
type Settings struct {
	// Keys are SECRET_KEY and SECRET_KEY_FALLBACKS, or only the keys derived from them
	// for this purpose. Required.
	Keys signer.Keys

	// Django is the version that the site runs on, because some behavior depends on it.
	// Zero means the newest version that this package knows.
	Django DjangoVersion

	// CookieName is SESSION_COOKIE_NAME; default "sessionid".
	CookieName string
	// CookieAge is SESSION_COOKIE_AGE, in whole seconds; default two weeks.
	CookieAge time.Duration
	// CookieAgeZero is SESSION_COOKIE_AGE = 0, where sessions end at once: a CookieAge of 0
	// is then no default.
	CookieAgeZero bool
	// CookieDomain is SESSION_COOKIE_DOMAIN; default none.
	CookieDomain string
	// CookiePath is SESSION_COOKIE_PATH; default "/".
	CookiePath string
	// CookiePathNone is SESSION_COOKIE_PATH = "": the cookie has no Path, and CookiePath
	// is "".
	CookiePathNone bool
	// CookieSecure is SESSION_COOKIE_SECURE; default false.
	CookieSecure bool
	// CookieHTTPOnly is SESSION_COOKIE_HTTPONLY. Nil means Django's default, true.
	// new(false) lets scripts of the page read the cookie.
	CookieHTTPOnly *bool
	// CookieSameSite is SESSION_COOKIE_SAMESITE. Zero means Lax, and no attribute before
	// Django 2.1. http.SameSiteDefaultMode leaves the attribute out, as False does in
	// Django.
	CookieSameSite http.SameSite

	// CookieAttributes are further attributes of the cookie, such as "Partitioned" or
	// "Priority=High". Django has no setting for them: a middleware of the site adds them.
	// "Partitioned" needs CookieSecure. The cookie of djmessages has them too.
	CookieAttributes []string

	// ExpireAtBrowserClose is SESSION_EXPIRE_AT_BROWSER_CLOSE; default false.
	ExpireAtBrowserClose bool
	// SaveEveryRequest is SESSION_SAVE_EVERY_REQUEST; default false.
	SaveEveryRequest bool

	// Serializer is SESSION_SERIALIZER; default JSON. As in Django, an engine may have a
	// format of its own: see [Serializing].
	Serializer serializer.Serializer
	// StoreClass is the name of the class SessionStore in the site's engine, which is
	// part of the salt; default "SessionStore".
	StoreClass string

	// LegacyHashing is DEFAULT_HASHING_ALGORITHM = "sha1" of Django 3.1 and 3.2: it
	// writes sessions in the format of Django before 3.1.
	LegacyHashing bool

	// TimeZone is TIME_ZONE for a site with USE_TZ=False. Nil means USE_TZ=True.
	TimeZone *time.Location

	// Proxies say whose headers show that the client used HTTPS. The zero value trusts
	// none. [LocalProxies] returns the default of gunicorn and uvicorn.
	Proxies Proxies

	// Django has no settings for the following.

	// KeyHeader is the name of a header by which clients that keep no cookies send a session
	// key: "X-Session-Token", that of django-allauth under its SessionTokenStrategy. Default
	// none. If a request has the header, its cookie does not count and the response sets
	// none: a new key goes into the same header of the response. An empty header is that of
	// a client without a session. djcsrf checks such a request as any other: see its
	// Options.Exempt. Signed cookies have no keys, so that the header does not count there.
	KeyHeader string
	// TouchAfter saves writes on a site with SaveEveryRequest. It is the part of its life,
	// from 0 up to 1, that a session has to lose before a request prolongs it: with 0.05 and
	// a CookieAge of two weeks, after 17 hours. A session then ends at most that part earlier
	// than under Django, and never later. Default 0: each request prolongs it, as in Django.
	//
	// The response that prolongs a session also sets its cookie, and no other does. A session
	// that was changed is always saved. TouchAfter counts only with SaveEveryRequest, and not
	// with signed cookies, nor where the engine does not say when a session ends: see
	// docs/engines.md.
	TouchAfter float64
	// Limits bound what is read from the store. Zero fields mean generous defaults.
	Limits Limits
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Logger gets messages for the site's operator; default slog.Default.
	Logger *slog.Logger
	// OnError answers a request whose session could not be saved. Nothing of the
	// handler's response was sent, and its headers were dropped. The default answers with
	// a plain text and the status of [ErrorStatus].
	OnError func(w http.ResponseWriter, r *http.Request, err error)
	// Observer is called with what happens, for metrics and logs: see [Event]. It must be
	// quick and safe for concurrent use. Package djmetrics has one for Prometheus. Default
	// none.
	Observer func(ctx context.Context, e Event)
	// SaveTimeout limits the saving at the end of a request, which goes on when the
	// client is gone; default 10 s.
	SaveTimeout time.Duration
	// KeyShape reports whether key looks like a session key; default 8 to 40 characters
	// of a-z and 0-9. No other key reaches a store.
	KeyShape func(key string) bool
}

// Limits bound what is read from outside. A zero field means its default.
type Limits struct {
	// Payload is the largest size of a stored value, in bytes; default 16 MiB.
	Payload int
	// Data bound the decompressed and decoded session.
	Data serializer.Limits
}

// Event is what an Observer sees. It has no key and no value. New kinds may be added.
type Event struct {
	// Op says what happened:
	//
	//   - load, create, update, touch, delete or cycle: one use of the store;
	//   - replay: another writer was faster, and the changes of the request were repeated on
	//     what that one had stored;
	//   - commit: a response began; its session was saved, or Err says why not;
	//   - clear: [Manager.ClearExpired] ended, and removed Count sessions;
	//   - identify: package djauth found who is logged in. Err is the reason if nobody is,
	//     which matches djauth.ErrAnonymous, or why that is unknown;
	//   - watch: djauth's Watch began to watch a login (Count is 1), or ended it (Count is
	//     -1). Err is then why the login ended. It is nil if the program stopped watching;
	//   - look: djauth's Watch looked at Count logins at once.
	Op string
	// Took is its duration.
	Took time.Duration
	// Err is the error that it returned, or nil.
	Err error
	// Count is a number that some kinds have.
	Count int64
}
