package djsettings

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// DSNOptions are the options of [FromDSN]. The zero value is good.
type DSNOptions struct {
	Options
	// Cache is the DSN of the cache for a site with cached_db; the DSN given to [FromDSN]
	// is that of its table. It begins with "cache+".
	Cache Secret
	// Table is the table of the sessions; default that of the engine.
	Table string
}

// DSNError is an error in a DSN. Of the DSN it quotes only names of parameters.
type DSNError struct {
	// Option is the field of [DSNOptions] with the error, "" for the DSN itself. Text
	// continues after its name.
	Option string
	// Cache is set if the error is about the DSN of a cache.
	Cache bool
	// Text says what is wrong. Want says what would be right, if there are only a few
	// possibilities; it may have several lines.
	Text, Want string
}

func (e *DSNError) Error() string {
	text := e.Text
	if e.Option != "" {
		text = e.Option + " " + text
	}
	if e.Want != "" {
		text += ": " + strings.ReplaceAll(e.Want, "\n", "; ")
	}
	return fmt.Sprintf("%v: %s", ErrSetting, text)
}

// Unwrap returns ErrSetting.
func (e *DSNError) Unwrap() error { return ErrSetting }

// FromDSN returns settings of a site that keeps its sessions where the DSN says. All other
// settings have Django's defaults. opts may be nil.
//
//	db.sqlite3, sqlite:PATH                 the table on SQLite
//	postgres://..., host=... dbname=...     the table on PostgreSQL, in the form of pgx
//	mysql://..., USER:PASSWORD@tcp(...)/... the table on MySQL, in the form of go-sql-driver/mysql
//	files:PATH                              the engine for files
//	redis://...?prefix=PREFIX               redis_sessions, in the form of go-redis
//	user_sessions+..., qsessions+...        the tables of these two
//	cache+redis://..., cache+memcached://HOST:PORT,..., cache+files:PATH,
//	cache+ and a database                   the engine for caches
//
// Redis may also be redis+unix://, redis+sentinel://HOST,HOST/MASTER/DB or
// redis+cluster://HOST,HOST. A cache takes the parameters key_prefix and version. Redis
// also takes client, serializer and compressor of django-redis, memcached takes client and
// ketama, and a database takes cache_table. All other parameters go to the driver, which
// only package djsite knows.
//
// Errors: [*DSNError], and those of [FromMap].
func FromDSN(dsn string, opts *DSNOptions) (*Settings, error) {
	if opts == nil {
		opts = new(DSNOptions)
	}
	if opts.Table != "" && !validTable(opts.Table) {
		return nil, &DSNError{Option: "Table", Text: "is not the name of a table", Want: wantTable}
	}
	r := &dsnReader{more: map[string]any{}}
	if err := r.sessions(dsn, opts); err != nil {
		return nil, err
	}
	settings := opts.Options
	settings.dsn = true
	set, err := FromMap(r.more, &settings)
	if err != nil {
		return nil, err
	}
	set.Warnings = nil // they are about settings that no DSN has
	set.Sessions.Table = opts.Table
	for alias, db := range r.databases {
		db.Alias, db.dir = alias, set.Dir
		set.Databases[alias] = db
	}
	if r.byDSN {
		set.Caches["default"].ByDSN = true
	}
	if r.cacheDatabase != "" {
		set.Caches["default"].Database = r.cacheDatabase
	}
	set.Sessions.Redis.ByDSN = set.Sessions.Kind == EngineRedis
	return set, nil
}

// dsnReader collects what a DSN says.
type dsnReader struct {
	more          map[string]any // settings for FromMap
	databases     map[string]*Database
	byDSN         bool   // the Locations of the cache are DSNs
	cacheDatabase string // alias of the database of a DatabaseCache
}

func (r *dsnReader) sessions(dsn string, opts *DSNOptions) error {
	name, inner := cutEngine(dsn)
	place, err := parseDSN(inner)
	if err != nil {
		return err
	}
	cached := !opts.Cache.IsZero()
	kind, isTable := EngineKind(""), place.db != nil
	switch {
	case cached && name == "cache":
		return &DSNError{Option: "Cache", Text: "is for copies of a table, and the DSN is that of a cache"}
	case name == "cache":
		kind = EngineCache
	case !isTable && name != "":
		return &DSNError{Text: "only a database has the table of " + name}
	case cached && !isTable:
		return &DSNError{Option: "Cache", Text: "is for copies of a table"}
	case place.memcached != "":
		return &DSNError{Text: "memcached is no engine of sessions, but a cache", Want: "cache+memcached://host:11211"}
	case place.redis != "":
		kind = EngineRedis
	case !isTable:
		kind = EngineFile
	case name == "user_sessions" && cached:
		return &DSNError{Text: "user_sessions has no engine with copies in a cache"}
	case name == "user_sessions":
		kind = EngineUserSessions
	case name == "qsessions" && cached:
		kind = EngineQSessionsCDB
	case name == "qsessions":
		kind = EngineQSessions
	case cached:
		kind = EngineCachedDB
	default:
		kind = EngineDB
	}
	r.more["SESSION_ENGINE"] = string(kind)
	switch kind {
	case EngineCache:
		return r.cache(inner, "default")
	case EngineFile:
		r.more["SESSION_FILE_PATH"] = place.folder
		return nil
	case EngineRedis:
		address, params, err := cutParams(place.redis, "prefix")
		if err != nil {
			return err
		}
		r.more["SESSION_REDIS"] = map[string]any{"url": address, "prefix": params.Get("prefix")}
		return nil
	}
	r.database("default", place.db)
	if !cached {
		return nil
	}
	name, inner = cutEngine(opts.Cache.Reveal())
	if name != "cache" {
		return &DSNError{Option: "Cache", Cache: true, Text: "is no DSN of a cache"}
	}
	return r.cache(inner, "cache")
}

func (r *dsnReader) database(alias string, db *Database) {
	if r.databases == nil {
		r.databases = map[string]*Database{}
	}
	r.databases[alias] = db
}

// place is where a DSN leads. It has a database, a folder, a Redis or a memcached.
type place struct {
	db        *Database
	folder    string
	isFolder  bool
	redis     string // a DSN
	memcached string // a DSN
}

// cutEngine splits a DSN into the engine, if it names one, and the rest.
func cutEngine(dsn string) (engine, rest string) {
	for _, name := range []string{"cache", "user_sessions", "qsessions"} {
		if n := len(name) + 1; len(dsn) >= n && strings.EqualFold(dsn[:n], name+"+") {
			return name, dsn[n:]
		}
	}
	return "", dsn
}

// parseDSN reads a DSN without its engine.
func parseDSN(dsn string) (place, error) {
	scheme, rest, hasScheme := strings.Cut(dsn, ":")
	switch strings.ToLower(scheme) {
	case "sqlite", "sqlite3", "file":
		if hasScheme {
			return sqlitePath(rest)
		}
	case "postgres", "postgresql":
		return place{db: byDSN(PostgreSQL, dsn)}, nil
	case "mysql", "mariadb":
		native, err := mysqlDSN(dsn)
		return place{db: byDSN(MySQL, native)}, err
	case "files":
		if hasScheme {
			return filesFolder(rest)
		}
	case "redis", "rediss", "redis+unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster":
		return place{redis: dsn}, nil
	case "memcached":
		return place{memcached: dsn}, nil
	}
	switch {
	case strings.Contains(dsn, "://"):
		return place{}, &DSNError{Text: "this is no database that djsession knows"}
	case strings.Contains(dsn, "host=") || strings.Contains(dsn, "dbname=") || strings.Contains(dsn, "service="):
		return place{db: byDSN(PostgreSQL, dsn)}, nil
	case strings.Contains(dsn, ")/"): // user:password@tcp(host:3306)/name
		return place{db: byDSN(MySQL, dsn)}, nil
	}
	return sqliteFile(dsn)
}

// engineOf are the ENGINEs of databases that a DSN leads to.
var engineOf = map[DatabaseKind]string{
	SQLite: "django.db.backends.sqlite3", PostgreSQL: "django.db.backends.postgresql", MySQL: "django.db.backends.mysql",
}

func byDSN(kind DatabaseKind, dsn string) *Database {
	return &Database{Engine: engineOf[kind], Kind: kind, DSN: NewSecret(dsn)}
}

// sqlitePath reads the text after "sqlite:": a path, or three slashes and a path, as in
// SQLAlchemy and dj-database-url. It drops a question mark and the driver's parameters
// after it.
func sqlitePath(rest string) (place, error) {
	path := strings.TrimPrefix(rest, "///")
	if path == rest {
		path = strings.TrimPrefix(rest, "//")
	}
	path, _, _ = strings.Cut(path, "?")
	return sqliteFile(path)
}

func sqliteFile(path string) (place, error) {
	if path == "" || path == ":memory:" {
		return place{}, &DSNError{Text: "the DSN names no file"}
	}
	return place{db: &Database{Engine: engineOf[SQLite], Kind: SQLite, Name: path}}, nil
}

// filesFolder reads the text after "files:": a path, or two slashes and an absolute path.
// An empty path means the folder in which Django puts files without SESSION_FILE_PATH.
func filesFolder(rest string) (place, error) {
	path, isURL := strings.CutPrefix(rest, "//")
	if isURL && !strings.HasPrefix(path, "/") {
		return place{}, &DSNError{Text: "the DSN names a host, where a folder should be", Want: "an absolute path has three slashes before it: files:///srv/site/sessions"}
	}
	return place{folder: path, isFolder: true}, nil
}

// mysqlDSN converts a URL to the form of go-sql-driver/mysql. The parameters are those of
// that driver. unix_socket replaces host and port, as in Django's OPTIONS.
func mysqlDSN(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" && u.Path == "" {
		return "", &DSNError{Text: "the DSN is no URL", Want: "write characters such as @ / : # ? in a password as %40 %2F %3A %23 %3F"}
	}
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" {
		return "", &DSNError{Text: "the DSN names no database"}
	}
	host, port := u.Hostname(), u.Port()
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = "3306"
	}
	params := u.Query()
	address := "tcp(" + net.JoinHostPort(host, port) + ")"
	if socket := params.Get("unix_socket"); socket != "" {
		address = "unix(" + socket + ")"
		params.Del("unix_socket")
	}
	// The driver takes the first colon and the last at sign for the ends of the two.
	if strings.Contains(u.User.Username(), ":") || strings.Contains(address, "@") {
		return "", &DSNError{Text: "the driver takes no colon in the user and no @ in the socket of a DSN"}
	}
	native := ""
	if u.User.Username() != "" {
		native = u.User.Username()
		if password, _ := u.User.Password(); password != "" {
			native += ":" + password
		}
		native += "@"
	}
	native += address + "/" + url.PathEscape(name)
	if len(params) > 0 {
		native += "?" + params.Encode()
	}
	return native, nil
}

// cutParams removes the parameters with these names from a DSN and returns them. The others
// are for the driver.
func cutParams(dsn string, names ...string) (string, url.Values, error) {
	head, query, _ := strings.Cut(dsn, "?")
	all, err := url.ParseQuery(query)
	if err != nil {
		return "", nil, &DSNError{Text: "what follows the question mark in the DSN is not understood", Want: "write characters such as % & # + in it as %25 %26 %23 %2B"}
	}
	ours := url.Values{}
	for _, name := range names {
		if all.Has(name) {
			ours.Set(name, all.Get(name))
			all.Del(name)
		}
	}
	if len(all) > 0 {
		head += "?" + all.Encode()
	}
	return head, ours, nil
}

const wantTable = "letters, digits and _, perhaps with a schema and a dot before it"

// validTable reports whether every database takes name between quotes.
func validTable(name string) bool {
	schema, table, dotted := strings.Cut(name, ".")
	const chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$"
	valid := func(s string) bool { return s != "" && strings.Trim(s, chars) == "" }
	return valid(schema) && (!dotted || valid(table))
}
