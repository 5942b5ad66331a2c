package djsite

import (
	"context"
	"maps"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
)

// StoreFor returns the store of the site's sessions as another djsession.Site sees it:
// one with another serializer, say, for a program that converts sessions. It is closed
// with s. For sessions in cookies it is nil.
//
// Errors: as of Open.
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
