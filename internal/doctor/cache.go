package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/fault"
	"github.com/go-djsession/go-djsession/serializer"
)

// The prefixes of sessions in caches, by engine.
const (
	cachePrefix     = "django.contrib.sessions.cache"
	cachedDBPrefix  = "django.contrib.sessions.cached_db"
	qsessionsPrefix = "qsessions.q_cached_db"
)

// enginePrefix returns what the engine puts before a session key in the cache.
func (e *exam) enginePrefix() string {
	in := e.set.Sessions
	switch {
	case in.CacheKeyPrefix != "":
		return in.CacheKeyPrefix
	case in.Kind == djsettings.EngineCachedDB:
		return cachedDBPrefix
	case in.Kind == djsettings.EngineQSessionsCDB:
		return qsessionsPrefix
	}
	return cachePrefix
}

// cache opens the cache of the sessions. If it fails, it adds a fault.
func (e *exam) cache(ctx context.Context, alias string) (djcache.Cache, *djsettings.Cache) {
	set := e.set.Caches[alias]
	if set == nil {
		e.fault(CacheAlias, fmt.Sprintf("CACHES has no %q, where SESSION_CACHE_ALIAS leads.", alias), "Correct SESSION_CACHE_ALIAS, or take the settings that the site really runs with.")
		return nil, nil
	}
	name := fmt.Sprintf("CACHES[%q] (%s)", alias, set)
	c, err := e.lab.Cache(ctx, alias)
	switch k := fault.Unknown; {
	case err == nil:
		return c, set
	case errors.Is(err, djsite.ErrNotShared) && set.Kind == djsettings.CacheDummy:
		e.fault(CacheNotShared, fmt.Sprintf("CACHES[%q] is a DummyCache, which keeps nothing.", alias), "Keep sessions in a cache on a server, or in the database.")
	case errors.Is(err, djsite.ErrNotShared):
		e.fault(CacheNotShared, fmt.Sprintf("CACHES[%q] is a LocMemCache, of which each process of Django has its own, so that no other process sees its sessions.", alias),
			"Keep sessions in a cache on a server, or in the database.")
	case set.KeyFunction != "" && errors.Is(err, djsettings.ErrUnsupported) && errtext.Says(err, "KEY_FUNCTION"):
		e.fault(KeyFunction, fmt.Sprintf("CACHES[%q] has the KEY_FUNCTION %s, which has no twin in Go, so that the keys of Django's sessions are not known here.", alias, set.KeyFunction),
			"Write it in Go and give it in djsettings.Options.KeyFunctions.")
	case errors.Is(err, djsite.ErrUnavailable):
		k = fault.Of(err)
		switch {
		case k == fault.Password:
			e.fault(CachePassword, name+" refuses this user or password.", "Correct the password in LOCATION, or give DJSESSION_CACHE_<ALIAS>_LOCATION for the place where Go runs.")
		case set.Kind == djsettings.CacheFile:
			e.fault(CacheUnreachable, fmt.Sprintf("The folder of CACHES[%q] is not there or may not be opened.", alias), "Correct LOCATION, and make it absolute if it is relative.")
		default:
			e.fault(CacheUnreachable, fmt.Sprintf("%s %s.", name, fault.Why(err)), "Start the server, or correct LOCATION, or give DJSESSION_CACHE_<ALIAS>_LOCATION for the place where Go runs.")
		}
	default:
		e.fault(CacheSettings, fmt.Sprintf("CACHES[%q] cannot be used here: %s.", alias, own(err)), "Correct that entry of CACHES, or keep sessions in another one.")
	}
	return nil, set
}

// cached looks up the key in the cache of the engine cache.
func (e *exam) cached(key string) {
	var found *serializer.Dict
	e.within(func(ctx context.Context) {
		c, set := e.cache(ctx, e.set.Sessions.CacheAlias)
		if c == nil || !e.cacheWorks(ctx, c, set) {
			return
		}
		if key == "" {
			switch enough := e.others(ctx, c, "") > 0 && e.suspect; {
			case enough && e.orOwnHash() != "":
				e.fault(AuthUnclear, fmt.Sprintf("The _auth_user_hash of none of the sessions in CACHES[%q] is that of the user's password: Django runs with another SECRET_KEY%s, and nothing here is signed that would tell which.", set.Alias, e.orOwnHash()),
					e.orProbe("Compare SECRET_KEY, and look whether the model overrides get_session_auth_hash, which djsite.Options.AuthHash repeats."))
			case enough:
				e.fault(AuthSecret, fmt.Sprintf("The _auth_user_hash of none of the sessions in CACHES[%q] was made with this SECRET_KEY.", set.Alias),
					"Give SECRET_KEY the value that the running Django has.")
			}
			return
		}
		item, err := c.Get(ctx, e.enginePrefix()+key)
		switch {
		case err == nil:
			found = item.Value
			e.others(ctx, c, key)
		case errors.Is(err, djsession.ErrNotFound):
			e.notCached(ctx, key, set, true)
		default:
			e.cacheFault(set, err)
		}
	})
	if found != nil {
		e.login(found)
	}
}

// cacheWorks asks the cache for a name that does not exist.
func (e *exam) cacheWorks(ctx context.Context, c djcache.Cache, set *djsettings.Cache) bool {
	_, err := c.Get(ctx, e.enginePrefix()+"djsessiondoctor")
	if err == nil || errors.Is(err, djsession.ErrNotFound) || errors.Is(err, djsession.ErrCorrupt) {
		return true
	}
	e.cacheFault(set, err)
	return false
}

// cacheFault says why an open cache cannot be read.
func (e *exam) cacheFault(set *djsettings.Cache, err error) {
	name := fmt.Sprintf("CACHES[%q] (%s)", set.Alias, set)
	switch k := fault.Of(err); {
	case errors.Is(err, djsession.ErrCorrupt):
		e.fault(CacheFormat, fmt.Sprintf("The session is in CACHES[%q] under the right key, in a format that its OPTIONS do not lead to.", set.Alias),
			"Give OPTIONS the SERIALIZER, the COMPRESSOR and the CLIENT_CLASS that the site really runs with.")
	case k == fault.NoTable:
		e.fault(CacheTable, fmt.Sprintf("The table of CACHES[%q] (%s) is not in DATABASES[\"default\"].", set.Alias, set), "Run manage.py createcachetable, or correct LOCATION or NAME.")
	case k == fault.Password:
		e.fault(CachePassword, name+" refuses this user or password.", "Correct the password in LOCATION.")
	default:
		e.fault(CacheUnreachable, fmt.Sprintf("%s %s.", name, fault.Why(err)), "Start the server, or correct LOCATION.")
	}
}

// copyOf checks that the cached copy of a session is where Go looks for it. A copy
// elsewhere would survive a logout in Go.
func (e *exam) copyOf(key string, hasRow bool) {
	e.within(func(ctx context.Context) {
		c, set := e.cache(ctx, e.set.Sessions.CacheAlias)
		if c == nil || !e.cacheWorks(ctx, c, set) || key == "" || !hasRow {
			return
		}
		_, err := c.Get(ctx, e.enginePrefix()+key)
		switch {
		case errors.Is(err, djsession.ErrNotFound):
			e.notCached(ctx, key, set, false)
		case err != nil:
			e.cacheFault(set, err)
		}
	})
}

// others looks at other sessions in the cache, which have no signatures. If the hash of a
// user's password matches, SECRET_KEY is right. It returns how many sessions it looked at.
func (e *exam) others(ctx context.Context, c djcache.Cache, key string) (looked int) {
	lister, ok := djcache.As[djcache.Lister](c)
	if !ok || e.vouched {
		return 0
	}
	db, err := e.lab.Database(ctx, e.userAlias())
	if err != nil {
		return 0
	}
	users, err := e.usersIn(ctx, db, "")
	if err != nil {
		return 0
	}
	prefix := e.enginePrefix()
	for l, err := range lister.List(ctx, prefix, "") {
		if errors.Is(err, errors.ErrUnsupported) {
			break
		}
		if err != nil {
			e.unseen(fmt.Sprintf("CACHES[%q]", e.set.Sessions.CacheAlias), err)
			return 0 // the sessions seen so far do not represent all
		}
		if looked >= e.opts.Sample {
			break
		}
		if l.Err != nil || l.Item.Value == nil || l.Name() == prefix+key {
			continue
		}
		claim, ok := claimOf(l.Item.Value)
		if !ok || !e.proves(claim) {
			continue
		}
		looked++
		if key, ok := e.is(ctx, users, claim); ok {
			e.vouched, e.current = true, key == 0
			return looked
		}
	}
	e.suspect = looked >= 3 // if there are fewer, all may be older than a change of password
	return looked
}

// inOtherCaches looks for a session in all caches, for an engine that keeps sessions
// elsewhere.
func (e *exam) inOtherCaches(ctx context.Context, key string) bool {
	var aliases []string
	for alias := range e.set.Caches {
		if alias != e.set.Sessions.CacheAlias || !e.set.Sessions.Kind.HasCache() {
			aliases = append(aliases, alias)
		}
	}
	slices.Sort(aliases)
	for _, alias := range aliases {
		set := e.set.Caches[alias]
		for _, head := range e.searchCache(ctx, set, key) {
			if e.set.Sessions.Kind.HasCache() {
				e.fault(CacheAlias, fmt.Sprintf("The session is in CACHES[%q], and SESSION_CACHE_ALIAS in these settings is %s.", alias, e.set.Sessions.CacheAlias),
					"Give SESSION_CACHE_ALIAS the alias that the site really runs with.")
			} else {
				e.fault(OtherEngine, fmt.Sprintf("The session is in CACHES[%q], as %s keeps it, and SESSION_ENGINE in these settings is %s.", alias, head.engineName(), e.set.Sessions.Engine),
					"Give SESSION_ENGINE the engine that the site really runs with.")
			}
			return true
		}
	}
	return false
}
