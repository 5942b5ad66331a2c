package doctor

// What can be found. The names may be relied on; the sentences may not.
const (
	// Of the settings.
	NoSecretKey       = "no-secret-key"       // there is no SECRET_KEY
	SessionMiddleware = "session-middleware"  // Django itself has no sessions
	EngineUnknown     = "engine-unknown"      // SESSION_ENGINE is the site's own
	SerializerUnknown = "serializer-unknown"  // SESSION_SERIALIZER is the site's own
	SerializerRemoved = "serializer-removed"  // PickleSerializer in Django 5.0 and later
	TimeZoneUnknown   = "time-zone-unknown"   // TIME_ZONE is no zone of this machine
	CookieAge         = "cookie-age"          // SESSION_COOKIE_AGE is not that of the sessions
	MySQLCharset      = "mysql-charset"       // OPTIONS of MySQL have another charset
	CookieSameSite    = "cookie-samesite"     // SameSite=None without Secure
	DatabaseNotShared = "database-not-shared" // an SQLite in memory
	BackendUnknown    = "backend-unknown"     // in AUTHENTICATION_BACKENDS, the site's own
	MiddlewareUnknown = "middleware-unknown"  // in MIDDLEWARE, the site's own or without a twin in Go

	// Of the cookie.
	CookieName       = "cookie-name"        // the header has the session under another name
	CookieAbsent     = "cookie-absent"      // the header has no session
	CookieDomain     = "cookie-domain"      // SESSION_COOKIE_DOMAIN
	CookiePath       = "cookie-path"        // SESSION_COOKIE_PATH
	CookieSecure     = "cookie-secure"      // SESSION_COOKIE_SECURE
	TwoCookies       = "two-cookies"        // of one name
	CookieMalformed  = "cookie-malformed"   // nothing that any engine sends
	CookieLegacySalt = "cookie-legacy-salt" // a signed cookie with the salt of before 2026
	CookieNewSalt    = "cookie-new-salt"    // a signed cookie with the salt of 2026

	// Of the stores.
	DatabaseUnreachable = "database-unreachable" // or not to be used
	DatabasePassword    = "database-password"    // or user
	DatabaseMissing     = "database-missing"     // the server has none of this name
	DatabaseAlias       = "database-alias"       // DATABASES has no such alias
	SQLiteFile          = "sqlite-file"          // missing, empty, or no database
	SessionTable        = "session-table"        // missing
	OtherTable          = "other-table"          // the session is in another one
	OtherDatabase       = "other-database"       // the session is in that of another alias
	OtherEngine         = "other-engine"         // the session is where another SESSION_ENGINE keeps it
	EmptyStore          = "empty-store"          // there are no sessions at all
	SessionNotFound     = "session-not-found"    // nowhere
	NotSearched         = "not-searched"         // a place could not be looked through, and nothing was found elsewhere
	CacheAlias          = "cache-alias"          // CACHES has no such alias
	CacheUnreachable    = "cache-unreachable"    // nobody listens, no folder
	CachePassword       = "cache-password"       // or user
	CacheNotShared      = "cache-not-shared"     // LocMemCache, DummyCache
	CacheTable          = "cache-table"          // createcachetable was not run
	CacheSettings       = "cache-settings"       // cannot be used for another reason
	CachePrefix         = "cache-prefix"         // KEY_PREFIX
	CacheVersion        = "cache-version"        // VERSION
	KeyFunction         = "key-function"         // KEY_FUNCTION
	CacheFormat         = "cache-format"         // serializer or compressor of the cache
	CacheServers        = "cache-servers"        // order or names of the servers
	CacheDatabase       = "cache-database"       // number of the Redis database
	RedisPrefix         = "redis-prefix"         // prefix in SESSION_REDIS
	RedisDatabase       = "redis-database"       // db in SESSION_REDIS
	RedisUnreachable    = "redis-unreachable"    // that of SESSION_REDIS
	RedisPassword       = "redis-password"       // in SESSION_REDIS
	FileFolder          = "file-folder"          // SESSION_FILE_PATH
	FileName            = "file-name"            // files begin with SESSION_COOKIE_NAME
	FilePermission      = "file-permission"      // the file may not be read, the folder not written
	FileOwner           = "file-owner"           // Django and Go run as two users

	// Of the session.
	SecretKey    = "secret-key"    // another SECRET_KEY
	FallbackKey  = "fallback-key"  // signed by one of SECRET_KEY_FALLBACKS only
	Salt         = "salt"          // a subclass of SessionStore
	Serializer   = "serializer"    // pickle for JSON, or JSON for pickle
	LegacyFormat = "legacy-format" // of Django before 3.1
	Django       = "django"        // another version of Django
	Damaged      = "damaged"       // well signed, and no session
	Expired      = "expired"       // its time is over
	TimeZone     = "time-zone"     // USE_TZ or TIME_ZONE

	// Of the login.
	UserTable    = "user-table"    // missing, or not to be used as it is
	UserModel    = "user-model"    // the user is in another table
	UserID       = "user-id"       // the model has another kind of primary key
	UserDeleted  = "user-deleted"  // there is no such user
	UserInactive = "user-inactive" // is_active
	Backend      = "backend"       // not in AUTHENTICATION_BACKENDS
	AuthHash     = "auth-hash"     // the password was changed since
	AuthSecret   = "auth-secret"   // the hash was made with another SECRET_KEY
	AuthUnclear  = "auth-unclear"  // one of these two

	// Unexplained: the library itself does not get at the session.
	Unexplained = "unexplained"
)
