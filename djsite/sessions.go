package djsite

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
)

// openSessions opens the back end for a SESSION_ENGINE. No other function chooses back ends.
func (s *Site) openSessions(ctx context.Context) (*djsession.Manager, error) {
	in, site := s.Settings.Sessions, s.site
	var store djsession.Store
	var err error
	switch in.Kind {
	case djsettings.EngineDB, djsettings.EngineUserSessions, djsettings.EngineQSessions:
		store, err = s.openTable(ctx)
	case djsettings.EngineCachedDB, djsettings.EngineQSessionsCDB:
		store, err = s.openCachedDB(ctx)
	case djsettings.EngineCache:
		c, wrong := s.Cache(ctx, in.CacheAlias)
		if err = wrong; err == nil {
			store = cachestore.New(c, &cachestore.Options{KeyPrefix: in.CacheKeyPrefix})
		}
	case djsettings.EngineFile:
		store, err = s.openFiles()
	case djsettings.EngineRedis:
		store, err = s.openSessionRedis(ctx)
	case djsettings.EngineSignedCookies:
		sealer, err := cookiestore.New(site, nil)
		if err != nil {
			return nil, err
		}
		return djsession.NewSealed(sealer), nil
	default:
		return nil, fmt.Errorf("%w: SESSION_ENGINE is %s: give what it derives from in djsettings.Options.Engines", djsettings.ErrUnsupported, in.Engine)
	}
	if err != nil {
		return nil, err
	}
	return djsession.New(store), nil
}

// openTable opens the table of the sessions.
func (s *Site) openTable(ctx context.Context) (djsession.Store, error) {
	in := s.Settings.Sessions
	db, err := s.Database(ctx, cmp.Or(in.Database, "default"))
	if err != nil {
		return nil, err
	}
	return db.table(s)
}

// openCachedDB opens the table of the sessions and the cache with copies of its rows.
func (s *Site) openCachedDB(ctx context.Context) (djsession.Store, error) {
	in := s.Settings.Sessions
	rows, err := s.openTable(ctx)
	if err != nil {
		return nil, err
	}
	if c := s.Settings.Caches[in.CacheAlias]; c != nil && c.Err() == nil {
		switch c.Kind {
		case djsettings.CacheLocMem:
			s.warn("SESSION_CACHE_ALIAS", fmt.Sprintf("cache %q is a LocMemCache, of which each process of Django has its own: Go reads and writes the rows only. A process goes on with its copy of a session until the copy ends: it sees no change and no logout that Go or another process makes.", in.CacheAlias))
			return rows, nil
		case djsettings.CacheDummy:
			return rows, nil // there are no copies
		}
	}
	s.copies = fmt.Sprintf("CACHES[%q]", in.CacheAlias)
	copies, err := s.Cache(ctx, in.CacheAlias)
	s.copies = ""
	if err != nil {
		return nil, err
	}
	opts := &cacheddbstore.Options{KeyPrefix: in.CacheKeyPrefix}
	if in.Kind == djsettings.EngineQSessionsCDB {
		opts.KeyPrefix = cmp.Or(opts.KeyPrefix, "qsessions.q_cached_db")
		opts.Data = s.qsessionsData()
	}
	return cacheddbstore.New(rows, copies, opts)
}

// openFiles opens SESSION_FILE_PATH. The folder must exist, as in Django, which makes the
// folder of a cache but not this one.
func (s *Site) openFiles() (djsession.Store, error) {
	dir := s.Settings.Sessions.FilePath
	if dir != "" {
		dir = s.Settings.Abs(dir)
		if err := isFolder("SESSION_FILE_PATH", dir); err != nil {
			return nil, err
		}
	}
	return filestore.New(s.site, dir, nil)
}

// isFolder returns an error if the folder of a setting does not exist.
func isFolder(setting, dir string) error {
	fi, err := os.Stat(dir)
	switch {
	case err != nil:
		return errtext.Hide(ErrUnavailable, "the folder of "+setting+" cannot be opened", err)
	case !fi.IsDir():
		return fmt.Errorf("%w: %s is no folder", djsettings.ErrSetting, setting)
	}
	return nil
}
