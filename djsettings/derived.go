package djsettings

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// derived is what is known about a class of another package that derives from one of
// Django's.
type derived struct {
	kind DatabaseKind
	// base is the setting that names another ENGINE to derive from, if the package has one.
	base string
	// tenants is set if a setting of the search path comes before each statement.
	tenants bool
	// level is set if the transaction isolation is that of the server by default.
	level bool
	// note is what a Warning says about it.
	note string
}

// databaseEngines are the ENGINEs that are known, by what their sources say. None of them
// stores sessions or users in another way than the one from which it derives.
var databaseEngines = map[string]derived{
	"django.db.backends.sqlite3":                         {kind: SQLite},
	"django.contrib.gis.db.backends.spatialite":          {kind: SQLite},
	"django_prometheus.db.backends.sqlite3":              {kind: SQLite},
	"django_prometheus.db.backends.spatialite":           {kind: SQLite},
	"django.db.backends.postgresql":                      {kind: PostgreSQL},
	"django.db.backends.postgresql_psycopg2":             {kind: PostgreSQL},
	"django.contrib.gis.db.backends.postgis":             {kind: PostgreSQL},
	"django_prometheus.db.backends.postgresql":           {kind: PostgreSQL},
	"django_prometheus.db.backends.postgis":              {kind: PostgreSQL},
	"psqlextra.backend":                                  {kind: PostgreSQL, base: "POSTGRES_EXTRA_DB_BACKEND_BASE"},
	"timescale.db.backends.postgresql":                   {kind: PostgreSQL, base: "TIMESCALE_DB_BACKEND_BASE"},
	"timescale.db.backends.postgis":                      {kind: PostgreSQL},
	"django_cockroachdb":                                 {kind: PostgreSQL, note: "CockroachDB is used as PostgreSQL, and was not compared with a real server"},
	"django_cockroachdb_gis":                             {kind: PostgreSQL, note: "CockroachDB is used as PostgreSQL, and was not compared with a real server"},
	"django_zero_downtime_migrations.backends.postgres":  {kind: PostgreSQL},
	"django_zero_downtime_migrations.backends.postgis":   {kind: PostgreSQL},
	"django_db_geventpool.backends.postgresql_psycopg2":  {kind: PostgreSQL},
	"django_db_geventpool.backends.postgresql_psycopg3":  {kind: PostgreSQL},
	"django_db_geventpool.backends.postgis":              {kind: PostgreSQL},
	"dj_db_conn_pool.backends.postgresql":                {kind: PostgreSQL},
	"dj_db_conn_pool.backends.postgis":                   {kind: PostgreSQL},
	"dj_db_conn_pool.backends.postgresql.django_tenants": {kind: PostgreSQL, base: "ORIGINAL_BACKEND", tenants: true},
	"django_postgrespool2":                               {kind: PostgreSQL},
	"django_postgrespool2.psycopg2":                      {kind: PostgreSQL},
	"django_postgrespool2.postgis":                       {kind: PostgreSQL},
	"django_tenants.postgresql_backend":                  {kind: PostgreSQL, base: "ORIGINAL_BACKEND", tenants: true},
	"tenant_schemas.postgresql_backend":                  {kind: PostgreSQL, base: "ORIGINAL_BACKEND", tenants: true},
	"django.db.backends.mysql":                           {kind: MySQL},
	"django.contrib.gis.db.backends.mysql":               {kind: MySQL},
	"django_prometheus.db.backends.mysql":                {kind: MySQL},
	"dj_db_conn_pool.backends.mysql":                     {kind: MySQL},
	"mysql.connector.django":                             {kind: MySQL, level: true},
	"django_psdb_engine":                                 {kind: MySQL, note: "PlanetScale is used as MySQL, and was not compared with a real server"},
	"django_tidb":                                        {kind: MySQL, note: "TiDB is used as MySQL, and was not compared with a real server"},
}

// derivedCaches are the BACKENDs of other packages that store what one of the known caches
// stores.
var derivedCaches = map[string]CacheKind{
	"django_prometheus.cache.backends.redis.RedisCache":          CacheDjangoRedis,
	"django_prometheus.cache.backends.redis.NativeRedisCache":    CacheRedis,
	"django_prometheus.cache.backends.memcached.PyMemcacheCache": CachePyMemcache,
	"django_prometheus.cache.backends.memcached.PyLibMCCache":    CachePyLibMC,
	"django_prometheus.cache.backends.filebased.FileBasedCache":  CacheFile,
	"django_prometheus.cache.backends.locmem.LocMemCache":        CacheLocMem,
	"redis_lock.django_cache.RedisCache":                         CacheDjangoRedis,
	"django_pylibmc.memcached.PyLibMCCache":                      CachePyLibMC,
	"django_bmemcached.memcached.BMemcached":                     CacheBMemcached,
	"django_bmemcached.BMemcached":                               CacheBMemcached,
}

// engine sets what ENGINE says: by Options.Databases, or by the table.
func (r *reader) engine(db *Database) {
	path := db.Engine
	if own, ok := r.opts.Databases[path]; ok {
		path = own
	}
	d, ok := databaseEngines[path]
	if !ok {
		if d, ok = r.derivedEngine(db); !ok {
			return
		}
	}
	db.Kind, db.serverLevel = d.kind, d.level
	if d.note != "" {
		r.warn("DATABASES", "database %q: %s.", db.Alias, d.note)
	}
	refuse := func(format string, args ...any) {
		if db.err == nil {
			db.err = fmt.Errorf("%w: DATABASES[%q] has the ENGINE %s, %s", ErrUnsupported, db.Alias, db.Engine, fmt.Sprintf(format, args...))
		}
	}
	if base := r.doc.settings[d.base].value; d.base != "" && base != nil {
		// Its backend wraps what the setting names.
		name, _ := base.(string)
		if of, ok := databaseEngines[name]; !ok || of.kind != d.kind || of.tenants {
			refuse("and %s names one that is not known here: give what the ENGINE derives from in Options.Databases", d.base)
		}
	}
	if d.tenants {
		r.tenants(db, refuse)
	}
}

// validSchema is PGSQL_VALID_SCHEMA_NAME of django-tenants.
var validSchema = regexp.MustCompile(`^[^"'\\;\x00\r\n]{1,63}$`)

// tenants sets the search path as _get_cursor_search_paths of django-tenants and
// django-tenant-schemas does. Which tenant it is only the host name of a request says, so it
// is an option.
func (r *reader) tenants(db *Database, refuse func(string, ...any)) {
	if r.opts.Schema == "" {
		refuse("by which each tenant has tables of its own: name the schema with the sessions in Options.Schema")
		return
	}
	public := r.optionalText("PUBLIC_SCHEMA_NAME", "public")
	db.SearchPath = []string{r.opts.Schema}
	if r.opts.Schema != public {
		db.SearchPath = append(db.SearchPath, public)
	}
	extra, _ := r.value("PG_EXTRA_SEARCH_PATHS")
	list, ok := pyliteral.Sequence(extra)
	for _, v := range list {
		name, isText := v.(string)
		ok = ok && isText
		db.SearchPath = append(db.SearchPath, name)
	}
	for _, name := range db.SearchPath {
		ok = ok && validSchema.MatchString(name) && !strings.HasPrefix(strings.ToLower(name), "pg_")
	}
	if !ok {
		refuse("and one of the schemas has no valid name: see Options.Schema and PG_EXTRA_SEARCH_PATHS")
	}
	if r.doc.settings["EXTRA_SET_TENANT_METHOD_PATH"].value != nil {
		r.warn("EXTRA_SET_TENANT_METHOD_PATH", "It is code of the site, which Go does not run.")
	}
}

// sessionsOf, csrfOf, authOf and messagesOf are the middleware that do the work of one part.
var (
	sessionsOf = []string{"django.contrib.sessions.middleware.SessionMiddleware", "user_sessions.middleware.SessionMiddleware", "qsessions.middleware.SessionMiddleware"}
	csrfOf     = []string{"django.middleware.csrf.CsrfViewMiddleware"}
	authOf     = []string{"django.contrib.auth.middleware.AuthenticationMiddleware"}
	messagesOf = []string{"django.contrib.messages.middleware.MessageMiddleware"}
)

// MiddlewareAs returns the path of the middleware that the one at path does as: what
// [Options.Middleware] says, or the ancestry in the profile, else path itself.
func (s *Settings) MiddlewareAs(path string) string {
	if as, ok := s.opts.orZero().Middleware[path]; ok {
		return as
	}
	if s.doc == nil {
		return path
	}
	return s.derivedMiddleware(path)
}

// middleware reports whether MIDDLEWARE has one of these, or own: a class of the site's own
// whose name ends as that of the first of them, or that derives from one, about which
// Options.Middleware says nothing. It protects or knows something, so Go does not do without;
// what else it does is a question.
func (r *reader) middleware(paths []string) (enabled bool, own string) {
	class := paths[0][strings.LastIndexByte(paths[0], '.')+1:]
	for _, path := range r.set.Middleware {
		as := r.set.MiddlewareAs(path)
		_, told := r.opts.Middleware[path]
		switch {
		case slices.Contains(paths, as):
			enabled = true
		case !told && (strings.HasSuffix(path, class) || r.derives(path, paths)):
			own = path
		}
	}
	if enabled {
		return true, ""
	}
	return own != "", own
}
