package djsite

import (
	"context"
	"maps"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
)

// StoreFor returns the store of the site's sessions for another [djsession.Site]: one with
// another serializer, for example, in a program that converts sessions. It is nil for
// sessions in cookies. [Site.Close] closes it.
//
// Errors: those of [Open].
func (s *Site) StoreFor(ctx context.Context, site *djsession.Site) (djsession.Store, error) {
	s.mu.Lock()
	as := &Site{Settings: s.Settings, site: site, opts: s.opts, dbs: maps.Clone(s.dbs), caches: map[string]djcache.Cache{}}
	s.mu.Unlock()
	m, err := as.openSessions(ctx)
	s.mu.Lock()
	s.closers = append(s.closers, as.closers...)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return m.Store(), nil
}
