package djsite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsettings"
)

// Engine says what is special about the engine of a site.
type Engine struct {
	// Signed reports whether [djsession.Site.Encode] writes the stored text: see
	// [Site.Text].
	Signed bool
	// Decodes reports whether the end of a session can be read only from its data, which
	// needs the SECRET_KEY.
	Decodes bool
	// JSONOnly reports whether the engine can hold only JSON, although SESSION_SERIALIZER
	// does not say so.
	JSONOnly bool
	// Unlistable says why the engine cannot list its sessions; "" if it can.
	Unlistable string
	// SelfExpiring says who removes expired sessions; "" if nobody does.
	SelfExpiring string
}

// Engine returns what is special about the engine of the site.
func (s *Site) Engine() Engine {
	const byRedis, byMemcached = "Redis removes expired sessions by itself", "memcached removes expired sessions by itself"
	kind := s.Settings.Sessions.Kind
	e := Engine{Signed: kind != djsettings.EngineCache, Decodes: kind == djsettings.EngineFile}
	switch kind {
	case djsettings.EngineRedis:
		e.SelfExpiring = byRedis
	case djsettings.EngineSignedCookies:
		e.Unlistable = "its sessions are in cookies"
	case djsettings.EngineCache:
		switch c := s.Settings.Caches[s.Settings.Sessions.CacheAlias]; c.Kind {
		case djsettings.CacheRedis:
			e.SelfExpiring = byRedis
		case djsettings.CacheDjangoRedis, djsettings.CacheDjangoValkey:
			e.SelfExpiring = byRedis
			format := c.Options.Text("SERIALIZER")
			e.JSONOnly = strings.HasSuffix(format, ".JSONSerializer") || strings.HasSuffix(format, ".MSGPackSerializer")
		case djsettings.CachePyMemcache, djsettings.CachePyLibMC, djsettings.CachePythonMemcached, djsettings.CacheBMemcached:
			e.Unlistable, e.SelfExpiring = "memcached does not tell what it holds", byMemcached
		case djsettings.CacheFile:
			e.Unlistable = "its files are named by hashes of the keys"
		}
	}
	return e
}

// Text returns the text that [djsession.Site.Encode] wrote, for a Version of the site's store
// or of [Site.StoreFor]. ok is false if the engine signs nothing, and if v is that of a copy
// in the cache of cached_db.
func (s *Site) Text(v djsession.Version) (text string, ok bool) {
	text, ok = v.Token()
	if !ok || !s.Engine().Signed {
		return "", false
	}
	switch s.Settings.Sessions.Kind {
	case djsettings.EngineCachedDB, djsettings.EngineQSessionsCDB:
		return cacheddbstore.RowText(v)
	}
	return text, true
}

// Lister returns the store of the site as a store that lists its sessions.
//
// Errors: [errors.ErrUnsupported], with the reason in [Engine.Unlistable].
func (s *Site) Lister() (djsession.Lister, error) {
	why := s.Engine().Unlistable
	lister, ok := djsession.As[djsession.Lister](s.Sessions.Store())
	if !ok || why != "" {
		return nil, fmt.Errorf("list sessions: %w: %s", errors.ErrUnsupported, why)
	}
	return lister, nil
}

// FindKeys returns up to max session keys that begin with prefix, which must consist of a-z
// and 0-9. Some engines must list all their sessions for this.
//
// Errors: those of [Site.Lister] and of listing.
func (s *Site) FindKeys(ctx context.Context, prefix string, max int) ([]string, error) {
	lister, err := s.Lister()
	if err != nil {
		return nil, err
	}
	var keys []string
	from, others := "", 0
	// A table lists its keys in order, after the cursor. In the order of some languages a
	// few other keys stand between those with the prefix.
	ordered := s.Settings.Sessions.Kind.HasTable()
	if ordered {
		from = prefix
		if _, _, err := s.Sessions.Store().Load(ctx, prefix); err == nil || errors.Is(err, djsession.ErrExpired) || errors.Is(err, djsession.ErrCorrupt) {
			keys = append(keys, prefix)
		}
	}
	for l, err := range lister.List(ctx, from) {
		if err != nil || len(keys) == max {
			return keys, err
		}
		if strings.HasPrefix(l.Key(), prefix) {
			keys = append(keys, l.Key())
		} else if others++; ordered && others > 100 {
			return keys, nil
		}
	}
	return keys, nil
}
