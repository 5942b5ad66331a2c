package djsettings

import (
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// Settings are what a Django site's settings say about sessions, logins, CSRF and
// messages, with Django's own defaults where they say nothing. They are made by
// Read and its relatives, may be changed before they are used, and print without
// secrets under every verb.
type Settings struct {
	// Django is the site's version, and DjangoFrom a sentence that tells how it is
	// known. DjangoSure is false where the settings fit several versions.
	Django     djsession.DjangoVersion
	DjangoFrom string
	DjangoSure bool
	// Python2 is set where the settings were printed by a Python 2.
	Python2 bool
	// Dir is the folder that relative paths count from: where manage.py runs. ""
	// is the folder that this process is in.
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

	// Middleware is MIDDLEWARE, before Django 1.10 MIDDLEWARE_CLASSES.
	Middleware []string
	// InstalledApps are INSTALLED_APPS.
	InstalledApps []string

	// Warnings tell what was seen and cannot be honoured.
	Warnings []Warning

	doc  *document
	opts *Options
}

// Warning is a setting that is not, or not quite, honoured.
type Warning struct {
	// Setting is its name, such as "DATABASE_ROUTERS".
	Setting string
	// Text is one sentence. It holds no secret.
	Text string
}

// String is the name and the sentence.
func (w Warning) String() string { return w.Setting + ": " + w.Text }

// SessionSettings are the settings SESSION_*. Fields have Django's names and
// Django's sense; Settings.Session makes djsession.Settings of them.
type SessionSettings struct {
	// Engine is SESSION_ENGINE, a dotted path; Kind is which of the known engines
	// that is, or derives from.
	Engine string
	Kind   EngineKind
	// StoreClass is the name of the engine's class SessionStore, Table its table,
	// CacheKeyPrefix its cache_key_prefix; "" is the engine's own. A site's own
	// engine may have others: see Options.Engines.
	StoreClass     string
	Table          string
	CacheKeyPrefix string
	// Database is the alias of the database that has the table: "default" unless
	// Options.SessionDatabase says otherwise.
	Database string
	// CacheAlias is SESSION_CACHE_ALIAS.
	CacheAlias string

	CookieName     string
	CookieAge      time.Duration
	CookieDomain   string
	CookiePath     string
	CookieSecure   bool
	CookieHTTPOnly bool
	// CookieSameSite is "Lax", "Strict", "None", or "" for a cookie without the
	// attribute, which False and None mean.
	CookieSameSite string

	SaveEveryRequest     bool
	ExpireAtBrowserClose bool
	// Serializer is SESSION_SERIALIZER, a dotted path.
	Serializer string
	// FilePath is SESSION_FILE_PATH, "" for Django's default.
	FilePath string
	// Redis is SESSION_REDIS and its like, of django-redis-sessions.
	Redis RedisSettings
	// Enabled tells whether a session middleware is in MIDDLEWARE.
	Enabled bool
}

// EngineKind is an engine that is known here.
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

// HasTable reports whether sessions are rows of a table.
func (k EngineKind) HasTable() bool {
	switch k {
	case EngineDB, EngineCachedDB, EngineUserSessions, EngineQSessions, EngineQSessionsCDB:
		return true
	}
	return false
}

// HasCache reports whether sessions, or copies of them, are in a cache.
func (k EngineKind) HasCache() bool {
	return k == EngineCache || k == EngineCachedDB || k == EngineQSessionsCDB
}

// RedisSettings are those of django-redis-sessions.
type RedisSettings struct {
	// Host, Port, DB and Password are those of the server. SocketPath is
	// unix_domain_socket_path.
	Host       string
	Port       int
	DB         int
	Password   Secret
	SocketPath string
	// URL is url: it takes the place of all of the above.
	URL Secret
	// ByDSN is set by FromDSN: URL is a DSN, as with Cache.ByDSN.
	ByDSN bool
	// Prefix is prefix; "" is none.
	Prefix string
	// Sentinels are SESSION_REDIS_SENTINEL_LIST, each host:port, and Master is
	// SESSION_REDIS_SENTINEL_MASTER_ALIAS. They are empty where the library would
	// not use them.
	Sentinels []string
	Master    string
	// Flat is set where the settings are SESSION_REDIS_HOST and its like, which
	// the library heeds before 0.6 only.
	Flat bool
}

// AuthSettings are the settings of django.contrib.auth.
type AuthSettings struct {
	// UserModel is AUTH_USER_MODEL.
	UserModel string
	// Backends are AUTHENTICATION_BACKENDS.
	Backends []string
	// PasswordHashers are PASSWORD_HASHERS.
	PasswordHashers []string
	// LoginURL, LoginRedirectURL and LogoutRedirectURL are LOGIN_URL and so on: a
	// URL or the name of one, "" for None.
	LoginURL, LoginRedirectURL, LogoutRedirectURL string
	// Installed tells whether django.contrib.auth is in INSTALLED_APPS; Enabled,
	// whether its middleware is in MIDDLEWARE.
	Installed, Enabled bool
}

// CSRFSettings are the settings CSRF_*.
type CSRFSettings struct {
	CookieName string
	// CookieAge is CSRF_COOKIE_AGE; zero with CookieAgeNone is a cookie that ends
	// with the browser.
	CookieAge      time.Duration
	CookieAgeNone  bool
	CookieDomain   string
	CookiePath     string
	CookieSecure   bool
	CookieHTTPOnly bool
	// CookieSameSite is as that of SessionSettings.
	CookieSameSite string
	// CookieMasked is CSRF_COOKIE_MASKED of Django 4.1 and 4.2, and true before.
	CookieMasked bool
	// HeaderName is CSRF_HEADER_NAME, as in request.META: "HTTP_X_CSRFTOKEN".
	HeaderName     string
	TrustedOrigins []string
	UseSessions    bool
	FailureView    string
	// MaxForm is DATA_UPLOAD_MAX_MEMORY_SIZE, in bytes; -1 for None.
	MaxForm int
	// Enabled tells whether the middleware is in MIDDLEWARE.
	Enabled bool
}

// MessageSettings are the settings MESSAGE_*.
type MessageSettings struct {
	// Storage is MESSAGE_STORAGE, a dotted path.
	Storage string
	// Level is MESSAGE_LEVEL; default 20, which is INFO.
	Level int
	// Tags are MESSAGE_TAGS.
	Tags map[int]string
	// Installed tells whether the app is in INSTALLED_APPS; Enabled, whether its
	// middleware is in MIDDLEWARE.
	Installed, Enabled bool
}

// CookieSettings are those of signed cookies.
type CookieSettings struct {
	// SigningBackend is SIGNING_BACKEND.
	SigningBackend string
	// LegacySaltFallback is SIGNED_COOKIE_LEGACY_SALT_FALLBACK, and NewSalt tells
	// whether the site's Django has the new salt at all.
	LegacySaltFallback, NewSalt bool
	// HashingAlgorithm is DEFAULT_HASHING_ALGORITHM of Django 3.1 and 3.2: "sha1",
	// "sha256", or "" where there is no such setting.
	HashingAlgorithm string
}

// ProxySettings tell what the site believes of a proxy in front of it.
type ProxySettings struct {
	// UseXForwardedHost and UseXForwardedPort are USE_X_FORWARDED_HOST and _PORT.
	UseXForwardedHost, UseXForwardedPort bool
	// SSLHeader and SSLValue are SECURE_PROXY_SSL_HEADER: ("HTTP_X_FORWARDED_PROTO",
	// "https"); "" is None.
	SSLHeader, SSLValue string
}
