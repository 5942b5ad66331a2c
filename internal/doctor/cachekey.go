package doctor

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// hit is a place where a session was found in a cache: the head of the cache key, before
// the session key, and other differences.
type hit struct {
	head   string
	db     int    // of a Redis; -1 is the database of the settings
	server string // of several memcacheds, if not the one that the settings select
	table  string // of a DatabaseCache, if not the one of the settings
}

var headShape = regexp.MustCompile(`^(.*):(-?\d+):$`)

// parse splits the head. ok is false if another KEY_FUNCTION made it.
func (h hit) parse(own string) (prefix string, version int, engine string, ok bool) {
	for _, engine := range []string{own, cachedDBPrefix, cachePrefix, qsessionsPrefix} {
		before, isIt := strings.CutSuffix(h.head, engine)
		if !isIt {
			continue
		}
		m := headShape.FindStringSubmatch(before)
		if m == nil {
			return "", 0, engine, false
		}
		version, err := strconv.Atoi(m[2])
		return m[1], version, engine, err == nil
	}
	return "", 0, "", false
}

// engineName returns the engine whose prefix the key has.
func (h hit) engineName() string {
	switch {
	case strings.HasSuffix(h.head, cachedDBPrefix):
		return "the engine cached_db"
	case strings.HasSuffix(h.head, cachePrefix):
		return "the engine cache"
	case strings.HasSuffix(h.head, qsessionsPrefix):
		return "qsessions"
	case h.head == "" || strings.HasSuffix(h.head, ":"):
		return "redis_sessions"
	}
	return "an engine of the site's own"
}

// notCached is for a session that is not where the cache settings say. must says that it
// has to be in a cache.
func (e *exam) notCached(ctx context.Context, key string, set *djsettings.Cache, must bool) {
	hits := e.searchCache(ctx, set, key)
	if len(hits) > 0 {
		e.located()
		e.misplaced(set, hits[0])
		return
	}
	if !must || e.elsewhere(ctx, key, nil, "") {
		return
	}
	e.notFound(fmt.Sprintf("CACHES[%q] (%s)", set.Alias, set))
}

// misplaced says how the cache key differs.
func (e *exam) misplaced(set *djsettings.Cache, h hit) {
	at := fmt.Sprintf("CACHES[%q]", set.Alias)
	prefix, version, engine, ok := h.parse(e.enginePrefix())
	switch {
	case h.server != "":
		e.fault(CacheServers, fmt.Sprintf("The session is on the server %s of %s, and the order, the names or the OPTIONS of the servers in LOCATION lead to another one.", h.server, at),
			"Give LOCATION the same servers under the same names in the same order as the site really has, and OPTIONS the same behaviors.")
	case h.table != "":
		e.fault(CacheTable, fmt.Sprintf("The session is in the table %s, and LOCATION of %s names another one.", h.table, at),
			"Give LOCATION the table that the site really runs with.")
	case h.db >= 0:
		e.fault(CacheDatabase, fmt.Sprintf("The session is in the database %d of the Redis of %s, and LOCATION leads to another one.", h.db, at),
			"Correct the number of the database in LOCATION or OPTIONS.")
	case !ok:
		e.fault(KeyFunction, fmt.Sprintf("The session is in %s under a key that is not KEY_PREFIX, VERSION and name, so that the site has a KEY_FUNCTION that these settings do not.", at),
			"Give KEY_FUNCTION what the site really runs with, and its twin in Go in djsettings.Options.KeyFunctions.")
	case prefix != set.KeyPrefix:
		e.fault(CachePrefix, fmt.Sprintf("The session is in %s under the KEY_PREFIX %s, and these settings have %s.", at, orNone(prefix), orNone(set.KeyPrefix)),
			"Give KEY_PREFIX the value that the site really runs with.")
	case version != set.Version:
		e.fault(CacheVersion, fmt.Sprintf("The session is in %s under the VERSION %d, and these settings have %d.", at, version, set.Version),
			"Give VERSION the value that the site really runs with.")
	case engine != e.enginePrefix():
		e.fault(OtherEngine, fmt.Sprintf("The session is in %s as %s keeps it, and SESSION_ENGINE in these settings is %s.", at, h.engineName(), e.set.Sessions.Engine),
			"Give SESSION_ENGINE the engine that the site really runs with.")
	default:
		e.fault(CacheSettings, fmt.Sprintf("The session is in %s, and Go does not find it by its key.", at), "See OPTIONS of that cache.")
	}
}

func orNone(text string) string {
	if text == "" {
		return "\"\""
	}
	return fmt.Sprintf("%q", text)
}

// searchCache looks for a session under any cache key.
func (e *exam) searchCache(ctx context.Context, set *djsettings.Cache, key string) []hit {
	switch set.Kind {
	case djsettings.CacheRedis, djsettings.CacheDjangoRedis, djsettings.CacheDjangoValkey:
		return e.searchRedisCache(ctx, set, key)
	case djsettings.CachePyMemcache, djsettings.CachePyLibMC, djsettings.CachePythonMemcached, djsettings.CacheBMemcached:
		return e.searchMemcached(ctx, set, key)
	case djsettings.CacheDB:
		return e.searchCacheTables(ctx, set, key)
	case djsettings.CacheFile:
		return e.searchCacheFiles(set, key)
	}
	return nil
}

// locations returns the addresses of a cache.
func locations(set *djsettings.Cache) []string {
	from := set.Locations
	if set.Reached != nil {
		from = set.Reached
	}
	var all []string
	for _, l := range from {
		address := l.Reveal()
		if rest, ok := strings.CutPrefix(address, "valkey"); ok && set.Kind == djsettings.CacheDjangoValkey {
			address = "redis" + rest // valkeys:// is rediss://
		}
		all = append(all, address)
	}
	return all
}

// searchCacheTables searches all tables that look like those of createcachetable.
func (e *exam) searchCacheTables(ctx context.Context, set *djsettings.Cache, key string) []hit {
	const place = `DATABASES["default"]`
	db, err := e.lab.Database(ctx, "default")
	if err != nil {
		e.unseen(place, err)
		return nil
	}
	names, err := tablesWith(ctx, db, "cache_key", "value", "expires")
	if err != nil {
		e.unseen(place, err)
		return nil
	}
	own := slices.Contains(locations(set), "")
	for _, name := range names {
		keys, err := cacheKeys(ctx, db, name, key)
		if err != nil {
			e.unseen(fmt.Sprintf("the table %s of %s", name, place), err)
		}
		var found []hit
		for _, full := range keys {
			if head, ok := strings.CutSuffix(full, key); ok {
				h := hit{head: head, db: -1}
				if !own && !slices.Contains(locations(set), name) {
					h.table = name
				}
				found = append(found, h)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// cacheKeys returns up to ten keys of a DatabaseCache table that end in the session key.
func cacheKeys(ctx context.Context, db *djsite.DB, table, key string) ([]string, error) {
	rows, err := db.SQL.QueryContext(ctx, "SELECT cache_key FROM "+quote(db, table)+" WHERE cache_key LIKE "+mark(db)+" LIMIT 10", "%"+key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var full string
		if err := rows.Scan(&full); err != nil {
			return keys, err
		}
		keys = append(keys, full)
	}
	return keys, rows.Err()
}

// searchCacheFiles tries file names, because FileBasedCache hashes its keys. It tries the
// prefixes of all caches and small versions.
func (e *exam) searchCacheFiles(set *djsettings.Cache, key string) []hit {
	if len(locations(set)) != 1 {
		return nil
	}
	dir := locations(set)[0]
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(e.set.Dir, dir)
	}
	prefixes, versions := []string{set.KeyPrefix, ""}, []int{set.Version}
	for _, c := range e.set.Caches {
		prefixes, versions = append(prefixes, c.KeyPrefix), append(versions, c.Version)
	}
	for v := range 21 {
		versions = append(versions, v)
	}
	for _, engine := range []string{e.enginePrefix(), cachePrefix, cachedDBPrefix} {
		for _, prefix := range prefixes {
			for _, version := range versions {
				head := prefix + ":" + strconv.Itoa(version) + ":" + engine
				sum := md5.Sum([]byte(head + key))
				_, err := os.Stat(filepath.Join(dir, hex.EncodeToString(sum[:])+".djcache"))
				if err == nil {
					return []hit{{head: head, db: -1}}
				}
				if !absent(err) {
					e.unseen("the folder "+dir, err)
				}
			}
		}
	}
	return nil
}
