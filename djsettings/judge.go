package djsettings

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/internal/pyclients"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// judge looks up every option of an entry of DATABASES or CACHES.
type judge struct {
	r      *reader
	of     string   // CACHES["default"]
	passed []string // with their reasons
	db     bool     // the entry is one of DATABASES
	err    error    // the first refusal
	more   bool     // more are passed over than maxPassed
}

// judgeOptions judges the OPTIONS of all databases and caches.
func (r *reader) judgeOptions() {
	for _, alias := range sortedKeys(r.set.Databases) {
		db := r.set.Databases[alias]
		j := &judge{r: r, of: fmt.Sprintf("DATABASES[%q]", alias), db: true}
		j.database(db)
		j.end("DATABASES", "database", alias)
		if db.err == nil {
			db.err = j.err
		}
	}
	r.judgeSessionRedis()
	for _, alias := range sortedKeys(r.set.Caches) {
		c := r.set.Caches[alias]
		j := &judge{r: r, of: fmt.Sprintf("CACHES[%q]", alias)}
		j.cache(c)
		j.end("CACHES", "cache", alias)
		if c.err == nil {
			c.err = j.err
		}
	}
}

// judgeSessionRedis judges the parameters of the URL of django-redis-sessions.
func (r *reader) judgeSessionRedis() {
	s := &r.set.Sessions.Redis
	if r.opts.dsn || s.URL.IsZero() {
		return
	}
	j := &judge{r: r, of: "SESSION_REDIS"}
	for name, value := range redisQuery(s.URL.Reveal()) {
		j.option(name, value, pyclients.RedisSessionsQuery)
	}
	if len(j.passed) > 0 {
		r.warn("SESSION_REDIS", "Passed over in its URL: %s.", strings.Join(j.passed, "; "))
	}
	s.err = j.err
}

// entryNames are the names that Django reads in an entry of DATABASES and CACHES. POOL_OPTIONS
// is that of dj_db_conn_pool, USERNAME and others those of django-pylibmc.
var entryNames = map[string]string{
	"DATABASES": " ENGINE NAME USER PASSWORD HOST PORT OPTIONS TIME_ZONE ATOMIC_REQUESTS AUTOCOMMIT CONN_MAX_AGE CONN_HEALTH_CHECKS TEST" +
		" TEST_CHARSET TEST_COLLATION TEST_MIRROR TEST_NAME DISABLE_SERVER_SIDE_CURSORS SCHEMA POOL_OPTIONS ",
	"CACHES": " BACKEND LOCATION OPTIONS TIMEOUT KEY_PREFIX VERSION KEY_FUNCTION REVERSE_KEY_FUNCTION timeout max_entries cull_frequency" +
		" USERNAME PASSWORD BINARY NAME ",
}

// others warns about names in an entry that Django does not read. A class of the site's own
// may read them.
func (r *reader) others(setting, alias string, e *entry) {
	var names []string
	for _, it := range e.dict {
		if name, ok := it.Key.(string); ok && it.Value != nil && len(names) < maxPassed && !strings.Contains(entryNames[setting], " "+name+" ") {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		r.warn(setting, "Entry %q has %s, which Django does not read, nor does Go.", alias, strings.Join(names, ", "))
	}
}

// maxPassed is the most options that one Warning names.
const maxPassed = 100

// end adds the Warning about what is passed over.
func (j *judge) end(setting, kind, alias string) {
	if j.more {
		j.passed = append(j.passed, "and more")
	}
	if len(j.passed) > 0 {
		j.r.warn(setting, "Passed over for %s %q: %s.", kind, alias, strings.Join(j.passed, "; "))
	}
}

func (j *judge) refuse(kind error, format string, args ...any) {
	if j.err == nil {
		j.err = fmt.Errorf("%w: %s has "+format, append([]any{kind, j.of}, args...)...)
	}
}

func (j *judge) pass(name, why string) {
	text := name + " (" + why + ")"
	switch {
	case len(j.passed) >= maxPassed:
		j.more = true
	case !slices.Contains(j.passed, text):
		j.passed = append(j.passed, text)
	}
}

// params judges each option of p by the first table that has it.
func (j *judge) params(p Params, tables ...*pyclients.Table) {
	if p.dict == nil {
		return
	}
	for _, it := range *p.dict.of {
		if name, ok := it.Key.(string); ok {
			j.option(name, it.Value, tables...)
		}
	}
}

func (j *judge) option(name string, v any, tables ...*pyclients.Table) {
	if slices.Contains(j.r.opts.IgnoreOptions, name) {
		j.pass(name, "as Options.IgnoreOptions says")
		return
	}
	for _, t := range tables {
		o, ok := t.Option(name)
		if !ok {
			continue
		}
		switch {
		case o.Fate == pyclients.Passed && v != nil:
			j.pass(name, o.Why)
		case o.Fate == pyclients.Refused && !o.Harmless(v):
			what := ""
			if path := pyclients.Path(v); path != "" && isOpaque(v) {
				what = " (" + path + ")"
			}
			cure := o.Cure
			if cure != "" {
				cure += ", or "
			}
			j.refuse(ErrUnsupported, "the %s %s%s, which %s: %sgive its name in Options.IgnoreOptions if that does not matter", t.Word, name, what, o.Why, cure)
		}
		return
	}
	switch {
	case v == nil:
	case slices.ContainsFunc(tables, (*pyclients.Table).Lenient):
		j.pass(name, "it is not known here, and the client ignores such a name")
	case j.db:
		j.pass(name, "it is not known here")
	default:
		j.refuse(ErrUnsupported, "the option %s, which is not known here and may change what is stored: give its name in Options.IgnoreOptions if it does not", name)
	}
}

func (j *judge) database(db *Database) {
	switch db.Kind {
	case PostgreSQL:
		j.params(db.Options, pyclients.PostgreSQL)
	case MySQL:
		j.params(db.Options, pyclients.MySQL)
		j.params(db.Options.Dict("ssl"), pyclients.MySQLSSL)
	case SQLite:
		j.params(db.Options, pyclients.SQLite)
	}
}

func (j *judge) cache(c *Cache) {
	o := c.Options
	switch c.Kind {
	case CacheRedis:
		j.params(o, pyclients.RedisCache)
		j.encoding(c, o)
		j.queries(c, pyclients.RedisQuery)
	case CacheDjangoRedis, CacheDjangoValkey:
		t := pyclients.DjangoRedis
		if c.Kind == CacheDjangoValkey {
			t = pyclients.DjangoValkey
			j.valkeySettings()
		}
		j.params(o, t)
		for name, table := range map[string]*pyclients.Table{
			"CONNECTION_POOL_KWARGS": pyclients.DjangoRedisPool, "SENTINEL_KWARGS": pyclients.DjangoRedisSentinel,
			"REDIS_CLIENT_KWARGS": pyclients.DjangoRedisClient, "BASE_CLIENT_KWARGS": pyclients.DjangoRedisClient,
		} {
			if v, _ := o.Value(name); isOpaque(v) {
				j.refuse(ErrSetting, "%s that are no literal", name)
			}
			j.params(o.Dict(name), table)
		}
		j.encoding(c, o.Dict("CONNECTION_POOL_KWARGS"))
		j.queries(c, pyclients.RedisQuery)
	case CachePyMemcache:
		j.params(o, pyclients.Pymemcache)
	case CachePyLibMC:
		j.params(o, pyclients.Pylibmc, pyclients.PylibmcBehaviors) // before Django 1.11 the behaviors were OPTIONS themselves
		if v, _ := o.Value("behaviors"); isOpaque(v) {
			j.refuse(ErrSetting, "behaviors that are no literal")
		}
		j.params(o.Dict("behaviors"), pyclients.PylibmcBehaviors)
	case CacheBMemcached:
		j.params(o, pyclients.BMemcached)
	case CachePythonMemcached:
		j.params(o, pyclients.PythonMemcached)
	case CacheDB, CacheFile, CacheLocMem, CacheDummy:
		j.params(o, pyclients.DjangosCaches)
	}
}

// valkeySettings refuses settings of django-valkey's compressors that change the format.
func (j *judge) valkeySettings() {
	for _, name := range []string{
		"COMPRESS_ZLIB_WBITS", "COMPRESS_ZSTD_DICT", "DECOMPRESS_ZSTD_DICT", "DECOMPRESS_ZSTD_OPTIONS",
		"COMPRESS_LZMA_FORMAT", "COMPRESS_LZMA_FILTERS", "DECOMPRESS_LZMA_FORMAT", "DECOMPRESS_LZMA_FILTERS",
	} {
		if j.r.doc.settings[name].value != nil && !slices.Contains(j.r.opts.IgnoreOptions, name) {
			j.refuse(ErrUnsupported, "a compressor that the setting %s changes: leave it out, or give its name in Options.IgnoreOptions if that does not matter", name)
		}
	}
}

// encoding refuses an encoding that writes the cache's keys in another way than UTF-8.
func (j *judge) encoding(c *Cache, p Params) {
	if v, ok := p.Value("encoding"); ok && !pyclients.UTF8(v) && !isASCII(c.KeyPrefix) {
		j.refuse(ErrUnsupported, "the option encoding, by which its KEY_PREFIX is written otherwise than in UTF-8: set it to utf-8")
	}
}

// queries judges the parameters of the cache's URLs.
func (j *judge) queries(c *Cache, t *pyclients.Table) {
	if j.r.opts.dsn {
		return
	}
	for _, l := range c.Addresses() {
		query := redisQuery(l.Reveal())
		for _, name := range sortedKeys(query) {
			j.option(name, query[name], t)
		}
	}
}

// redisQuery returns the parameters of a URL as redis-py reads them: as text, the first of
// each name.
func redisQuery(text string) map[string]any {
	text, _, _ = strings.Cut(text, "#")
	_, query, _ := strings.Cut(text, "?")
	params := map[string]any{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); ok && err == nil && value != "" {
			if value, err := url.QueryUnescape(value); err == nil && params[name] == nil {
				params[name] = value
			}
		}
	}
	return params
}

func isOpaque(v any) bool {
	_, ok := v.(pyliteral.Opaque)
	return ok
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e }) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
