package compat_test

import (
	"testing"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

const (
	backends         = "django.contrib.sessions.backends."
	pickleSerializer = "django.contrib.sessions.serializers.PickleSerializer" // until Django 5.0
)

// engines are all that are checked, those in caches among them.
var engines = append(plainEngines, cacheEngines()...)

// engineSettings are settings that differ by nothing but these names.
func engineSettings(pairs ...any) func(testing.TB, *place) map[string]any {
	return func(testing.TB, *place) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
}

func openTable(t testing.TB, p *place, site *djsession.Site) djsession.Store {
	return p.slow(dbstore.New(site, p.base.db, dbstore.SQLite, nil))
}

func openFolder(t testing.TB, p *place, site *djsession.Site) djsession.Store {
	s, err := filestore.New(site, p.folder(t, "sessions"), nil)
	must(t, err)
	return p.slow(s)
}

func folderSettings(t testing.TB, p *place) map[string]any {
	return map[string]any{"SESSION_ENGINE": backends + "file", "SESSION_FILE_PATH": p.folder(t, "sessions")}
}

func writePickle(s *djsession.Settings) { s.Serializer = pickle.Serializer{} }

var qsessionsKeys = []string{"_qsessions_ip", "_qsessions_user_agent"}

// The libraries whose engines these are bring their tables, which only the newer Djangos
// have here.
var plainEngines = []engine{
	{
		name: "db", format: "JSON", plain: true,
		settings: engineSettings("SESSION_ENGINE", backends+"db"),
		open:     openTable,
	},
	{
		name: "db", format: "PickleSerializer", djangos: []string{"4.2", "3.2", "2.2"},
		settings: engineSettings("SESSION_ENGINE", backends+"db", "SESSION_SERIALIZER", pickleSerializer),
		change:   writePickle,
		open:     openTable,
	},
	{
		name: "file", format: "JSON", plain: true,
		settings: folderSettings,
		open:     openFolder,
	},
	{
		name: "file", format: "PickleSerializer", djangos: []string{"4.2", "3.2", "2.2"},
		settings: func(t testing.TB, p *place) map[string]any {
			m := folderSettings(t, p)
			m["SESSION_SERIALIZER"] = pickleSerializer
			return m
		},
		change: writePickle,
		open:   openFolder,
	},
	{
		name: "redis_sessions", format: "JSON", plain: true, revives: true,
		settings: redisSessions(""),
		open:     openRedisSessions,
	},
	{
		name: "redis_sessions", format: "PickleSerializer", djangos: []string{"4.2", "3.2", "2.2"}, revives: true,
		settings: redisSessions(pickleSerializer),
		change:   writePickle,
		open:     openRedisSessions,
	},
	{
		name: "user_sessions", format: "JSON", plain: true, revives: true, djangos: djangos,
		settings: engineSettings("SESSION_ENGINE", "user_sessions.backends.db"),
		open: func(t testing.TB, p *place, site *djsession.Site) djsession.Store {
			return p.slow(dbstore.New(site, p.base.db, dbstore.SQLite, userSessions(site)))
		},
	},
	{
		name: "qsessions.db", format: "JSON", plain: true, adds: qsessionsKeys, djangos: djangos,
		settings: engineSettings("SESSION_ENGINE", "qsessions.backends.db"),
		open: func(t testing.TB, p *place, site *djsession.Site) djsession.Store {
			return p.slow(dbstore.New(site, p.base.db, dbstore.SQLite, qSessions(site)))
		},
	},
}

func redisSessions(serializer string) func(testing.TB, *place) map[string]any {
	return func(t testing.TB, p *place) map[string]any {
		s := testserver.Redis(t)
		m := map[string]any{
			"SESSION_ENGINE": "redis_sessions.session",
			"SESSION_REDIS":  map[string]any{"host": s.Host, "port": s.Port, "db": 3, "prefix": "shop", "socket_timeout": 10},
		}
		if serializer != "" {
			m["SESSION_SERIALIZER"] = serializer
		}
		return m
	}
}

func openRedisSessions(t testing.TB, p *place, site *djsession.Site) djsession.Store {
	return p.slow(redisstore.New(site, redisClient(t, testserver.Redis(t), 3), &redisstore.Options{Prefix: "shop"}))
}

// cacheEngines are the engines cache and cached_db over every cache.
func cacheEngines() []engine {
	var all []engine
	for i := range caches {
		c := &caches[i]
		e := engine{
			name: "cache", cache: c.backend, format: c.format, djangos: c.djangos,
			plain: c.plain, noSurrogates: c.noSurrogates, smallInts: c.smallInts,
			settings: func(t testing.TB, p *place) map[string]any {
				return map[string]any{"SESSION_ENGINE": backends + "cache", "SESSION_CACHE_ALIAS": "sessions", "CACHES": c.caches(t, p)}
			},
			open: func(t testing.TB, p *place, site *djsession.Site) djsession.Store {
				return cachestore.New(c.open(t, p, site), nil)
			},
		}
		all = append(all, e)
		if c.format != "pickle" {
			continue // a table beside it makes no difference
		}
		e.name, e.format, e.plain = "cached_db", "JSON, pickle", true
		e.settings = func(t testing.TB, p *place) map[string]any {
			return map[string]any{"SESSION_ENGINE": backends + "cached_db", "SESSION_CACHE_ALIAS": "sessions", "CACHES": c.caches(t, p)}
		}
		e.open = func(t testing.TB, p *place, site *djsession.Site) djsession.Store {
			return openCachedTable(t, p, site, c.open(t, p, site), nil, "")
		}
		e.evict = func(t testing.TB, p *place, key string) {
			must(t, c.open(t, p, p.site(t)).Delete(t.Context(), "django.contrib.sessions.cached_db"+key, djsession.Force))
		}
		all = append(all, e)
		if c.backend == "RedisCache" {
			q := e
			q.evict = nil
			q.name, q.djangos, q.adds = "qsessions.cached_db", djangos, qsessionsKeys
			q.settings = func(t testing.TB, p *place) map[string]any {
				return map[string]any{"SESSION_ENGINE": "qsessions.backends.cached_db", "SESSION_CACHE_ALIAS": "sessions", "CACHES": c.caches(t, p)}
			}
			q.open = func(t testing.TB, p *place, site *djsession.Site) djsession.Store {
				return openCachedTable(t, p, site, c.open(t, p, site), qSessions, "qsessions.q_cached_db")
			}
			all = append(all, q)
		}
	}
	return all
}

// cacheOf is an entry of CACHES.
type cacheOf struct {
	backend, format                string
	djangos                        []string
	plain, noSurrogates, smallInts bool
	settings                       func(t testing.TB, p *place) map[string]any
	open                           func(t testing.TB, p *place, site *djsession.Site) djcache.Cache
}

func (c *cacheOf) caches(t testing.TB, p *place) map[string]any {
	entry := c.settings(t, p)
	entry["KEY_PREFIX"], entry["VERSION"] = "shop", 2
	return map[string]any{
		"default":  map[string]any{"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
		"sessions": entry,
	}
}

// cacheKeys are the twin of what caches sets.
var cacheKeys = djcache.Keys{Prefix: "shop", Version: new(2)}
