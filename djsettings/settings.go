package djsettings

import (
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// Settings hold what the settings of a Django site say about sessions, logins, CSRF and
// messages. A missing setting has Django's default. [Read], [ReadFile], [FromMap],
// [FromManage] and [FromDSN] return them. They may be changed before use. They print
// without secrets under every verb.
type Settings struct {
	// Django is the version of the site. DjangoFrom is a sentence about where it comes
	// from. DjangoSure is false if the settings fit several versions.
	Django     djsession.DjangoVersion
	DjangoFrom string
	DjangoSure bool
	// Python2 is set if Python 2 printed the settings.
	Python2 bool
	// Dir is the folder in which manage.py runs. Relative paths begin there. "" is the
	// current folder.
	Dir string

	// Keys are SECRET_KEY and SECRET_KEY_FALLBACKS.
	Keys signer.Keys
	// Debug is DEBUG.
	Debug bool
	// AllowedHosts are ALLOWED_HOSTS.
	AllowedHosts []string
	// UseTZ is USE_TZ, and TimeZone is TIME_ZONE, a name such as "Europe/Berlin".
	UseTZ    bool
	TimeZone string

	Sessions SessionSettings
	// Databases are DATABASES by alias.
	Databases map[string]*Database
	// DatabaseRouters are DATABASE_ROUTERS.
	DatabaseRouters []string
	// Caches are CACHES by alias.
	Caches   map[string]*Cache
	Auth     AuthSettings
	CSRF     CSRFSettings
	Messages MessageSettings
	Cookies  CookieSettings
	Proxy    ProxySettings

	// Middleware is MIDDLEWARE, or MIDDLEWARE_CLASSES before Django 1.10.
	Middleware []string
	// InstalledApps are INSTALLED_APPS.
	InstalledApps []string

	// Profile is what the site's own Django says about its code. It is nil if the settings
	// were not read from a profile.
	Profile *Profile

	// Warnings list what was read and is not followed.
	Warnings []Warning

	doc  *document
	opts *Options
}

// Warning is a setting that is not followed, or not completely.
type Warning struct {
	// Setting is the name of the setting: "DATABASE_ROUTERS", for example.
	Setting string
	// Text is one sentence. It holds no secret.
	Text string
}

// String returns the name and the sentence.
func (w Warning) String() string { return w.Setting + ": " + w.Text }

// SessionSettings are the settings SESSION_*. The fields have Django's names and meanings.
// [Settings.Session] converts them to [djsession.Settings].
type SessionSettings struct {
	// Engine is SESSION_ENGINE, a dotted path. Kind is the engine that it is or derives
	// from, "" if unknown.
	Engine string
	Kind   EngineKind
	// StoreClass is the name of the engine's class SessionStore, Table is its table, and
	// CacheKeyPrefix is its cache_key_prefix. "" is the default of the engine. A site's own
	// engine may have others: see [Options.Engines].
	StoreClass     string
	Table          string
	CacheKeyPrefix string
	// Database is the alias of the database with the table: "default", or
	// [Options.SessionDatabase].
	Database string
	// CacheAlias is SESSION_CACHE_ALIAS.
	CacheAlias string

	CookieName     string
	CookieAge      time.Duration
	CookieDomain   string
	CookiePath     string
	CookieSecure   bool
	CookieHTTPOnly bool
	// CookieSameSite is "Lax", "Strict", "None", or "" for a cookie without the attribute
	// (False and None in Python).
	CookieSameSite string

	SaveEveryRequest     bool
	ExpireAtBrowserClose bool
	// Serializer is SESSION_SERIALIZER, a dotted path.
	Serializer string
	// FilePath is SESSION_FILE_PATH, "" for Django's default.
	FilePath string
	// Redis holds SESSION_REDIS or SESSION_REDIS_*, of django-redis-sessions.
	Redis RedisSettings
	// Enabled reports whether a session middleware is in MIDDLEWARE, or OwnMiddleware.
	Enabled bool
	// OwnMiddleware is the path of a class of the site's own in its place, about which
	// [Options.Middleware] says nothing; "" if there is none. OwnCookie says what the profile
	// shows of its cookie. The fields above are those of that cookie if it is always the same.
	OwnMiddleware, OwnCookie string
}

// EngineKind is the dotted path of an engine that this package knows.
type EngineKind string

// The engines, by their SESSION_ENGINE.
const (
	EngineDB            EngineKind = "django.contrib.sessions.backends.db"
	EngineCachedDB      EngineKind = "django.contrib.sessions.backends.cached_db"
	EngineCache         EngineKind = "django.contrib.sessions.backends.cache"
	EngineFile          EngineKind = "django.contrib.sessions.backends.file"
	EngineSignedCookies EngineKind = "django.contrib.sessions.backends.signed_cookies"
	EngineRedis         EngineKind = "redis_sessions.session"
	EngineUserSessions  EngineKind = "user_sessions.backends.db"
	EngineQSessions     EngineKind = "qsessions.backends.db"
	EngineQSessionsCDB  EngineKind = "qsessions.backends.cached_db"
)

var engines = map[EngineKind]bool{
	EngineDB: true, EngineCachedDB: true, EngineCache: true, EngineFile: true, EngineSignedCookies: true,
	EngineRedis: true, EngineUserSessions: true, EngineQSessions: true, EngineQSessionsCDB: true,
}

// HasTable reports whether the sessions are rows of a table.
func (k EngineKind) HasTable() bool {
	switch k {
	case EngineDB, EngineCachedDB, EngineUserSessions, EngineQSessions, EngineQSessionsCDB:
		return true
	}
	return false
}

// HasCache reports whether the sessions, or copies of them, are in a cache.
func (k EngineKind) HasCache() bool {
	return k == EngineCache || k == EngineCachedDB || k == EngineQSessionsCDB
}

// RedisSettings are the settings of django-redis-sessions.
type RedisSettings struct {
	// Host, Port, DB and Password are those of the server. SocketPath is
	// unix_domain_socket_path.
	Host       string
	Port       int
	DB         int
	Password   Secret
	SocketPath string
	// URL is url. It replaces all fields above.
	URL Secret
	// ByDSN is set by [FromDSN]: URL is a DSN then, as in [Cache.ByDSN].
	ByDSN bool
	// Prefix is prefix; "" is none.
	Prefix string
	// Sentinels are SESSION_REDIS_SENTINEL_LIST, each host:port. Master is
	// SESSION_REDIS_SENTINEL_MASTER_ALIAS. Both are empty if the library would not use
	// them.
	Sentinels []string
	Master    string
	// Flat is set if the settings are SESSION_REDIS_HOST and other SESSION_REDIS_*. The
	// library reads these only before 0.6.
	Flat bool

	err error
}

// Err returns why the settings cannot be used: a parameter of the URL, for example. It is
// nil if they are good, else it matches [ErrUnsupported].
func (s RedisSettings) Err() error { return s.err }

// AuthSettings are the settings of django.contrib.auth.
type AuthSettings struct {
	// UserModel is AUTH_USER_MODEL.
	UserModel string
	// UserModelAs is "auth.User" for that model, and for one of the site's own that does as
	// it by [Options.UserModels]; else "".
	UserModelAs string
	// Backends are AUTHENTICATION_BACKENDS.
	Backends []string
	// PasswordHashers are PASSWORD_HASHERS.
	PasswordHashers []string
	// LoginURL, LoginRedirectURL and LogoutRedirectURL are LOGIN_URL, LOGIN_REDIRECT_URL
	// and LOGOUT_REDIRECT_URL: a URL or the name of one, "" for None.
	LoginURL, LoginRedirectURL, LogoutRedirectURL string
	// LoginStages are settings of django-allauth that add a stage to each login, such as
	// ACCOUNT_EMAIL_VERIFICATION, if that app is in INSTALLED_APPS.
	LoginStages []string
	// Installed reports whether django.contrib.auth is in INSTALLED_APPS. Enabled reports
	// whether its middleware is in MIDDLEWARE, or OwnMiddleware.
	Installed, Enabled bool
	// OwnMiddleware is the path of a class of the site's own in its place, about which
	// [Options.Middleware] says nothing; "" if there is none.
	OwnMiddleware string
}

// CSRFSettings are the settings CSRF_*.
type CSRFSettings struct {
	CookieName string
	// CookieAge is CSRF_COOKIE_AGE. CookieAgeNone stands for None: the cookie ends with the
	// browser, and CookieAge is zero.
	CookieAge      time.Duration
	CookieAgeNone  bool
	CookieDomain   string
	CookiePath     string
	CookieSecure   bool
	CookieHTTPOnly bool
	// CookieSameSite is like that of [SessionSettings].
	CookieSameSite string
	// CookieMasked is CSRF_COOKIE_MASKED in Django 4.1 and 4.2. It is true before 4.1.
	CookieMasked bool
	// HeaderName is CSRF_HEADER_NAME, in the form of request.META: "HTTP_X_CSRFTOKEN".
	HeaderName     string
	TrustedOrigins []string
	UseSessions    bool
	FailureView    string
	// MaxForm is DATA_UPLOAD_MAX_MEMORY_SIZE, in bytes; -1 for None.
	MaxForm int
	// MaxFields is DATA_UPLOAD_MAX_NUMBER_FIELDS; -1 for None.
	MaxFields int
	// Enabled reports whether the middleware is in MIDDLEWARE, or OwnMiddleware.
	Enabled bool
	// OwnMiddleware is the path of a class of the site's own in its place, about which
	// [Options.Middleware] says nothing; "" if there is none. OwnCookie is as that of
	// [SessionSettings].
	OwnMiddleware, OwnCookie string
}

// MessageSettings are the settings MESSAGE_*.
type MessageSettings struct {
	// Storage is MESSAGE_STORAGE, a dotted path.
	Storage string
	// Level is MESSAGE_LEVEL; default 20, which is INFO.
	Level int
	// Tags are MESSAGE_TAGS.
	Tags map[int]string
	// Installed reports whether the app is in INSTALLED_APPS. Enabled reports whether its
	// middleware is in MIDDLEWARE, or OwnMiddleware.
	Installed, Enabled bool
	// OwnMiddleware is the path of a class of the site's own in its place, about which
	// [Options.Middleware] says nothing; "" if there is none.
	OwnMiddleware string
}

// CookieSettings are the settings of signed cookies.
type CookieSettings struct {
	// SigningBackend is SIGNING_BACKEND.
	SigningBackend string
	// LegacySaltFallback is SIGNED_COOKIE_LEGACY_SALT_FALLBACK. NewSalt reports whether the
	// site's Django has the new salt.
	LegacySaltFallback, NewSalt bool
	// HashingAlgorithm is DEFAULT_HASHING_ALGORITHM of Django 3.1 and 3.2: "sha1" or
	// "sha256". It is "" for other versions.
	HashingAlgorithm string
}

// ProxySettings say what the site believes of a proxy in front of it.
type ProxySettings struct {
	// UseXForwardedHost and UseXForwardedPort are USE_X_FORWARDED_HOST and
	// USE_X_FORWARDED_PORT.
	UseXForwardedHost, UseXForwardedPort bool
	// ScriptName is FORCE_SCRIPT_NAME; "" for None. See [ProxySettings.Prefix].
	ScriptName string
	// Server is the program in which Django runs, as the profile or [Options.Server] says; ""
	// if neither does.
	Server djsession.Server
	// AllowIPs is FORWARDED_ALLOW_IPS as gunicorn and uvicorn read it; nil is their default.
	AllowIPs *string
	// Headers are those of [djsession.Proxies]; nil is the default of Server.
	Headers []string
	// RootPath is --root-path of uvicorn or --url-prefix of Waitress, if the profile says it.
	RootPath string
	// SSLHeader and SSLValue are SECURE_PROXY_SSL_HEADER: ("HTTP_X_FORWARDED_PROTO",
	// "https"). They are "" for None.
	SSLHeader, SSLValue string
}
