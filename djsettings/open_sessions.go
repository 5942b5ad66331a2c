package djsettings

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
	"github.com/go-djsession/go-djsession/djsession/redisstore"
)

// openSessions is the one place that leads from a SESSION_ENGINE to a back end.
func (s *Site) openSessions(ctx context.Context) (*djsession.Manager, error) {
	in, site := s.Settings.Sessions, s.DjsessionSite
	var store djsession.Store
	var err error
	switch in.Kind {
	case EngineDB, EngineUserSessions, EngineQSessions:
		store, err = s.openTable(ctx)
	case EngineCachedDB, EngineQSessionsCDB:
		store, err = s.openCachedDB(ctx)
	case EngineCache:
		c, wrong := s.Cache(ctx, in.CacheAlias)
		if err = wrong; err == nil {
			store = cachestore.New(site, c, &cachestore.Options{KeyPrefix: in.CacheKeyPrefix})
		}
	case EngineFile:
		store, err = s.openFiles()
	case EngineRedis:
		client, wrong := s.openSessionRedis(ctx)
		if err = wrong; err == nil {
			store = redisstore.New(site, client, &redisstore.Options{Prefix: in.Redis.Prefix})
		}
	case EngineSignedCookies:
		sealer, err := cookiestore.New(site, nil)
		if err != nil {
			return nil, err
		}
		return djsession.NewSealed(site, sealer), nil
	default:
		return nil, fmt.Errorf("%w: SESSION_ENGINE is %s: give what it derives from in Options.Engines", ErrUnsupported, in.Engine)
	}
	if err != nil {
		return nil, err
	}
	return djsession.New(site, store), nil
}

// openTable opens the table of the sessions.
func (s *Site) openTable(ctx context.Context) (cacheddbstore.DB, error) {
	in := s.Settings.Sessions
	db, err := s.Database(ctx, cmp.Or(in.Database, "default"))
	if err != nil {
		return nil, err
	}
	return db.table(s)
}

// openCachedDB opens the table and the cache with copies of its rows.
func (s *Site) openCachedDB(ctx context.Context) (djsession.Store, error) {
	in := s.Settings.Sessions
	rows, err := s.openTable(ctx)
	if err != nil {
		return nil, err
	}
	copies, err := s.Cache(ctx, in.CacheAlias)
	if err != nil {
		return nil, err
	}
	opts := &cacheddbstore.Options{KeyPrefix: in.CacheKeyPrefix}
	if in.Kind == EngineQSessionsCDB {
		opts.KeyPrefix = cmp.Or(opts.KeyPrefix, "qsessions.q_cached_db")
		opts.Data = s.qsessionsData()
	}
	return cacheddbstore.New(s.DjsessionSite, rows, copies, opts), nil
}

// openFiles opens SESSION_FILE_PATH. Unlike Django, which makes a folder for
// caches and not for sessions, it wants to find one.
func (s *Site) openFiles() (djsession.Store, error) {
	dir := s.Settings.Sessions.FilePath
	if dir != "" {
		dir = absolute(s.Settings.Dir, dir)
		if err := isFolder("SESSION_FILE_PATH", dir); err != nil {
			return nil, err
		}
	}
	return filestore.New(s.DjsessionSite, dir, nil)
}

// isFolder looks whether the folder of a setting is there.
func isFolder(setting, dir string) error {
	fi, err := os.Stat(dir)
	switch {
	case err != nil:
		return hide(ErrUnavailable, "the folder of "+setting+" cannot be opened", err)
	case !fi.IsDir():
		return fmt.Errorf("%w: %s is no folder", ErrSetting, setting)
	}
	return nil
}
