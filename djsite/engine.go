package djsite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
)

// Engine is what is particular to how a site keeps its sessions.
type Engine struct {
	// Signed reports whether djsession.Site.Encode writes what is stored. The Version of
	// a record then is that text: see djsession.Version.Token.
	Signed bool
	// Decodes reports whether it takes the data of a session, and so the SECRET_KEY, to
	// tell when the session ends.
	Decodes bool
	// JSONOnly reports whether it holds nothing but what JSON holds, though
	// SESSION_SERIALIZER does not say so.
	JSONOnly bool
	// Unlistable says why the engine cannot list its sessions, "" if it can.
	Unlistable string
	// SelfExpiring says who removes the sessions that have expired, "" if nobody does.
	SelfExpiring string
}

// Engine returns what is particular to the engine of the site.
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
		case djsettings.CacheDjangoRedis:
			e.SelfExpiring = byRedis
			format := c.Options.Text("SERIALIZER")
			e.JSONOnly = strings.HasSuffix(format, ".JSONSerializer") || strings.HasSuffix(format, ".MSGPackSerializer")
		case djsettings.CachePyMemcache, djsettings.CachePyLibMC, djsettings.CachePythonMemcached:
			e.Unlistable, e.SelfExpiring = "memcached does not tell what it holds", byMemcached
		case djsettings.CacheFile:
			e.Unlistable = "its files are named by hashes of the keys"
		}
	}
	return e
}

// Lister returns the store of the site as one that lists its sessions.
//
// Errors: errors.ErrUnsupported, with the reason that Engine.Unlistable has.
func (s *Site) Lister() (djsession.Lister, error) {
	why := s.Engine().Unlistable
	lister, ok := djsession.As[djsession.Lister](s.Sessions.Store())
	if !ok || why != "" {
		return nil, fmt.Errorf("list sessions: %w: %s", errors.ErrUnsupported, why)
	}
	return lister, nil
}

// FindKeys returns up to max session keys that begin with prefix, which holds a-z and
// 0-9 only. Some engines have to list all their sessions for it.
//
// Errors: those of Lister and of listing.
func (s *Site) FindKeys(ctx context.Context, prefix string, max int) ([]string, error) {
	lister, err := s.Lister()
	if err != nil {
		return nil, err
	}
	var keys []string
	from, others := "", 0
	// A table lists in the order of the keys, and begins after its cursor. By some
	// languages' order a few other keys stand among those of a prefix.
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
