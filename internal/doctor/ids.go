package doctor

// The IDs of findings. Callers may rely on the IDs, not on the sentences.
const (
	// Of the settings.
	NoSecretKey       = "no-secret-key"       // there is no SECRET_KEY
	SessionMiddleware = "session-middleware"  // Django itself has no sessions
	EngineUnknown     = "engine-unknown"      // SESSION_ENGINE is the site's own
	SerializerUnknown = "serializer-unknown"  // SESSION_SERIALIZER is the site's own
	SerializerRemoved = "serializer-removed"  // PickleSerializer in Django 5.0 and later
	TimeZoneUnknown   = "time-zone-unknown"   // this machine does not know TIME_ZONE
	CookieAge         = "cookie-age"          // the sessions have another age than SESSION_COOKIE_AGE
	MySQLCharset      = "mysql-charset"       // another charset in OPTIONS of MySQL
	CookieSameSite    = "cookie-samesite"     // SameSite=None without Secure
	DatabaseNotShared = "database-not-shared" // a SQLite database in memory
	BackendUnknown    = "backend-unknown"     // AUTHENTICATION_BACKENDS has a backend of the site's own
	MiddlewareUnknown = "middleware-unknown"  // MIDDLEWARE has one of the site's own, or one without a twin in Go

	// Of the cookie.
	CookieName       = "cookie-name"        // the session cookie has another name
	CookieAbsent     = "cookie-absent"      // the header has no session cookie
	CookieDomain     = "cookie-domain"      // SESSION_COOKIE_DOMAIN
	CookiePath       = "cookie-path"        // SESSION_COOKIE_PATH
	CookieSecure     = "cookie-secure"      // SESSION_COOKIE_SECURE
	TwoCookies       = "two-cookies"        // two cookies with the same name
	CookieMalformed  = "cookie-malformed"   // no engine sends this
	CookieLegacySalt = "cookie-legacy-salt" // a signed cookie with the salt used before 2026
	CookieNewSalt    = "cookie-new-salt"    // a signed cookie with the salt of 2026

	// Of the stores.
	DatabaseUnreachable = "database-unreachable" // unreachable or unusable
	DatabasePassword    = "database-password"    // wrong password or user
	DatabaseMissing     = "database-missing"     // the server has no database of this name
	DatabaseReadOnly    = "database-read-only"   // a replica, or configured to take no writes
	DatabaseAlias       = "database-alias"       // DATABASES has no such alias
	SQLiteFile          = "sqlite-file"          // missing, empty, or no database
	SessionTable        = "session-table"        // the table is missing
	OtherTable          = "other-table"          // the session is in another table
	OtherDatabase       = "other-database"       // the session is in the database of another alias
	OtherEngine         = "other-engine"         // the session is where another SESSION_ENGINE keeps it
	EmptyStore          = "empty-store"          // there are no sessions at all
	SessionNotFound     = "session-not-found"    // the session is nowhere
	NotSearched         = "not-searched"         // some places could not be searched; not found elsewhere
	CacheAlias          = "cache-alias"          // CACHES has no such alias
	CacheUnreachable    = "cache-unreachable"    // nobody listens, or no folder
	CachePassword       = "cache-password"       // wrong password or user
	CacheNotShared      = "cache-not-shared"     // LocMemCache, DummyCache
	CacheTable          = "cache-table"          // createcachetable was not run
	CacheSettings       = "cache-settings"       // unusable for another reason
	CachePrefix         = "cache-prefix"         // another KEY_PREFIX
	CacheVersion        = "cache-version"        // another VERSION
	KeyFunction         = "key-function"         // another or an unknown KEY_FUNCTION
	CacheFormat         = "cache-format"         // another serializer or compressor
	CacheServers        = "cache-servers"        // another order or other names of the servers
	CacheDatabase       = "cache-database"       // another number of the Redis database
	RedisPrefix         = "redis-prefix"         // another prefix in SESSION_REDIS
	RedisDatabase       = "redis-database"       // another db in SESSION_REDIS
	RedisUnreachable    = "redis-unreachable"    // the server of SESSION_REDIS
	RedisPassword       = "redis-password"       // wrong password in SESSION_REDIS
	FileFolder          = "file-folder"          // SESSION_FILE_PATH
	FileName            = "file-name"            // files begin with SESSION_COOKIE_NAME
	FilePermission      = "file-permission"      // no permission to read the file or write the folder
	FileOwner           = "file-owner"           // Django and Go run as different users

	// Of the session.
	SecretKey    = "secret-key"    // another SECRET_KEY
	FallbackKey  = "fallback-key"  // signed with a key of SECRET_KEY_FALLBACKS
	Salt         = "salt"          // a subclass of SessionStore
	Serializer   = "serializer"    // pickle for JSON, or JSON for pickle
	LegacyFormat = "legacy-format" // the format before Django 3.1
	Django       = "django"        // another version of Django
	Damaged      = "damaged"       // the signature is good, but the data is not a session
	Expired      = "expired"       // the session has expired
	TimeZone     = "time-zone"     // USE_TZ or TIME_ZONE

	// Of the login.
	UserTable    = "user-table"    // missing, or unusable without options
	UserModel    = "user-model"    // the user is in another table
	UserID       = "user-id"       // the model has another kind of primary key
	UserDeleted  = "user-deleted"  // there is no such user
	UserInactive = "user-inactive" // is_active is false
	Backend      = "backend"       // the backend is not in AUTHENTICATION_BACKENDS
	AuthHash     = "auth-hash"     // the password was changed after the login
	AuthSecret   = "auth-secret"   // another SECRET_KEY made the hash
	AuthUnclear  = "auth-unclear"  // AuthHash or AuthSecret

	// Unexplained: the library cannot read the session, for an unknown reason.
	Unexplained = "unexplained"
)
