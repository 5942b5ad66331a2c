package bench

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/mysqlstore"
	scspgx "github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// Loads and saves on real servers, with the contexts of requests, which can end. djsession
// compares and swaps; scs overwrites, and its stores for MySQL and SQLite take no context.

// load reads a session, as a request does.
func load(m *djsession.Manager, key string) func(int) error {
	return repeat(func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		s, err := m.Open(ctx, key)
		if err != nil {
			return err
		}
		id, err := djsession.Value(s, "_auth_user_id", "")
		if err == nil && id != "42" {
			err = fmt.Errorf("user %q", id)
		}
		return err
	})
}

// count reads a session, changes it and saves it.
func count(m *djsession.Manager, key string) func(int) error {
	return repeat(func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		s, err := m.Open(ctx, key)
		if err != nil {
			return err
		}
		n, err := djsession.Value(s, "visits", 0)
		if err == nil {
			err = s.Set("visits", n+1)
		}
		if err == nil {
			err = s.Save(ctx)
		}
		return err
	})
}

func scsLoad(m *scs.SessionManager, token string) func(int) error {
	return repeat(func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		ctx, err := m.Load(ctx, token)
		if err == nil && m.GetString(ctx, "_auth_user_id") != "42" {
			err = fmt.Errorf("nobody")
		}
		return err
	})
}

func scsCount(m *scs.SessionManager, token string) func(int) error {
	return repeat(func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		ctx, err := m.Load(ctx, token)
		if err == nil {
			m.Put(ctx, "visits", m.GetInt(ctx, "visits")+1)
			_, _, err = m.Commit(ctx)
		}
		return err
	})
}

// djangoStore is the same in Django's engine.
const djangoStore = `
import django
from django.conf import settings
settings.configure(**args["settings"])
django.setup()
from importlib import import_module
engine = import_module(settings.SESSION_ENGINE)
s = engine.SessionStore()
for k, v in args["login"].items(): s[k] = v
s.save()
key = s.session_key
def run(n):
    for _ in range(n):
        s = engine.SessionStore(key)
        assert s["_auth_user_id"] == "42"
        if args["count"]:
            s["visits"] = s.get("visits", 0) + 1
            s.save()
`

// djangoSettings are those of a Django that keeps its sessions in d, if that is not nil.
func djangoSettings(engine string, d *database, redisURL string) map[string]any {
	set := map[string]any{"SECRET_KEY": secret, "USE_TZ": true, "SESSION_ENGINE": "django.contrib.sessions.backends." + engine,
		"INSTALLED_APPS": []string{"django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"}}
	if d != nil {
		db := map[string]any{"NAME": d.name, "CONN_MAX_AGE": nil}
		switch d.kind {
		case "PostgreSQL":
			db["ENGINE"], db["HOST"], db["PORT"], db["USER"] = "django.db.backends.postgresql", d.host, d.port, "postgres"
		case "MariaDB":
			db["ENGINE"], db["HOST"], db["PORT"], db["USER"] = "django.db.backends.mysql", d.host, d.port, "root"
		case "SQLite":
			db["ENGINE"] = "django.db.backends.sqlite3"
		}
		set["DATABASES"] = map[string]any{"default": db}
	}
	if redisURL != "" {
		set["CACHES"] = map[string]any{"default": map[string]any{"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redisURL}}
	}
	return set
}

func newStore(t testing.TB, d *database, site *djsession.Site) djsession.Store {
	t.Helper()
	switch d.kind {
	case "PostgreSQL":
		return pgxstore.New(site, d.pool, nil)
	case "MariaDB":
		return dbstore.New(site, openSite(t, d), dbstore.MySQL, nil)
	}
	return dbstore.New(site, d.db, dbstore.SQLite, nil)
}

// short says why a row falls short.
var short = map[string]string{
	"PostgreSQL": "both send two statements in one round trip each; ours carries the old text, too, and encodes, compresses and signs.",
	"MariaDB":    "In a profile a fifth is writes to the socket, and a quarter decodes, encodes, compresses and signs; ours sends the old text, too, so that no update is lost.",
	"SQLite":     "the driver starts a goroutine for each statement whose context can end, and without it a wait for a lock would outlast the request; scs gives it no context.",
}

// redisReach are the aims on a Redis: of a load that of its server, too.
var redisReach = map[bool][]Reach{
	false: {{Peer: "scs", Times: 1}, {Peer: "scs", Times: 1.1, Server: true}, {Who: "djsession, cache", Peer: "scs", Times: 1}},
	true:  {{Peer: "scs", Times: 1}, {Who: "djsession, cache", Peer: "scs", Times: 1}},
}

// openSite returns the handle that djsite opens: the end of a context costs less there than
// in one of the driver's.
func openSite(t testing.TB, d *database) *sql.DB {
	t.Helper()
	set, err := djsettings.Read(strings.NewReader(fmt.Sprintf("SECRET_KEY = 'k'\nDATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': '%s', 'USER': 'root', 'HOST': '%s', 'PORT': '%d'}}\n",
		d.name, d.host, d.port)), &djsettings.Options{Django: "6.1"})
	must(t, err)
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
	must(t, err)
	t.Cleanup(func() { site.Close() })
	db, err := site.Database(t.Context(), "default")
	must(t, err)
	return db.SQL
}

func newSCSStore(db *sql.DB, d *database) scs.Store {
	switch d.kind {
	case "PostgreSQL":
		return scspgx.NewWithCleanupInterval(d.pool, 0)
	case "MariaDB":
		return mysqlstore.NewWithCleanupInterval(db, 0)
	}
	return sqlite3store.NewWithCleanupInterval(db, 0)
}

func init() {
	works := []struct {
		name  string
		count bool
	}{{"load", false}, {"load, change and save", true}}
	for _, kind := range []string{"PostgreSQL", "MariaDB", "SQLite"} {
		for _, w := range works {
			Add(Row{
				Group: "Stores", Name: kind + ": " + w.name,
				Short: short[kind], Before: "0.9 to 1.7× scs on all databases",
				Reach: []Reach{{Peer: "scs", Times: 1}, {Peer: "Django 6.1", Times: 0.5}},
				Make: func(t testing.TB) []Entry {
					d := newDatabase(t, kind)
					m := djsession.New(newStore(t, d, newSite(t)))
					_, err := m.Store().Create(t.Context(), sessionKey, record(login))
					must(t, err)
					s, token := newSCS(t, newSCSStore(d.db, d))
					ours, theirs := load(m, sessionKey), scsLoad(s, token)
					if w.count {
						ours, theirs = count(m, sessionKey), scsCount(s, token)
					}
					all := []Entry{{Who: Ours, Run: ours, Other: d.cpu()}, {Who: "scs", Run: theirs, Other: d.cpu()}}
					for _, e := range djangos(t, djangoStore, map[string]any{
						"settings": djangoSettings("db", d, ""), "login": login, "count": w.count}) {
						e.Other = d.cpu()
						all = append(all, e)
					}
					return all
				},
			})
		}
	}
	for _, w := range works {
		Add(Row{
			Group: "Stores", Name: "Redis: " + w.name,
			Note: "djsession is redisstore, the engine redis_sessions, with the client that redisstore.ClientOptions and djsite make; \"cache\" is the engine of caches over RedisCache, as are the Djangos. " +
				"A save compares by a script, because this Redis has no SET with IFEQ.",
			Before: map[bool]string{false: "1.2 to 1.7× scs, server's CPU 1.5× scs", true: "1.2 to 1.7× scs"}[w.count],
			Reach:  redisReach[w.count],
			Make: func(t testing.TB) []Entry {
				c, plain, cpu := newRedis(t)
				site := newSite(t)
				redisM := djsession.New(redisstore.New(site, c, nil))
				cacheM := djsession.New(cachestore.New(rediscache.New(site, c, nil), nil))
				for _, m := range []*djsession.Manager{redisM, cacheM} {
					m.Store().Delete(t.Context(), sessionKey, djsession.Force)
					_, err := m.Store().Create(t.Context(), sessionKey, record(login))
					must(t, err)
				}
				s, token := newSCS(t, goredisstore.New(plain))
				all := []Entry{
					{Who: Ours, Run: load(redisM, sessionKey), Other: cpu},
					{Who: "djsession, cache", Run: load(cacheM, sessionKey), Other: cpu},
					{Who: "scs", Run: scsLoad(s, token), Other: cpu},
				}
				if w.count {
					all[0].Run, all[1].Run, all[2].Run = count(redisM, sessionKey), count(cacheM, sessionKey), scsCount(s, token)
				}
				for _, e := range djangos(t, djangoStore, map[string]any{"settings": djangoSettings("cache", nil, "redis://"+c.Options().Addr),
					"login": login, "count": w.count}) {
					e.Other = cpu
					all = append(all, e)
				}
				return all
			},
		})
	}
	Add(Row{
		Group: "Stores", Name: "cached_db on PostgreSQL and Redis: load, change and save",
		Before: "6 round trips, 476 µs",
		Note:   "The server's CPU is that of PostgreSQL and of Redis together.",
		Reach:  []Reach{{Peer: "Django 6.1", Times: 0.5}},
		Make: func(t testing.TB) []Entry {
			d := newDatabase(t, "PostgreSQL")
			c, _, cpu := newRedis(t)
			both := func() (time.Duration, error) {
				a, err := cpu()
				if err != nil {
					return 0, err
				}
				b, err := CPUOf(d.pid)
				return a + b, err
			}
			site := newSite(t)
			store, err := cacheddbstore.New(newStore(t, d, site), rediscache.New(site, c, nil), nil)
			must(t, err)
			m := djsession.New(store)
			const key = "abcdefghijklmnopqrstuvwxyz999999"
			_, err = store.Create(t.Context(), key, record(login))
			must(t, err)
			all := []Entry{{Who: Ours, Run: count(m, key), Other: both}}
			for _, e := range djangos(t, djangoStore, map[string]any{"settings": djangoSettings("cached_db", d, "redis://"+c.Options().Addr),
				"login": login, "count": true}) {
				e.Other = both
				all = append(all, e)
			}
			return all
		},
	})
}
