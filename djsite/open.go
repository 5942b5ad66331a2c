package djsite

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/serializer"
)

// Options are the options of [Open]. The zero value is good.
type Options struct {
	// Configure may change the settings for [djsession.NewSite]: Logger, OnError, Limits,
	// and whatever else Django has no setting for.
	Configure func(*djsession.Settings)
	// Timeout limits the first contact with each server; default 10 s.
	Timeout time.Duration
	// CacheTimeout limits each step of a call to a memcached or a Redis: the wait for a free
	// connection, a new one, an answer. The default is what the site's client has, else half a
	// second for a memcached, 2 s for a Redis, and a quarter for the copies of cached_db.
	CacheTimeout time.Duration
	// CacheTLS is the TLS of caches by their alias, for a PyMemcacheCache with a
	// tls_context, which only Python can read. Without an entry the server's certificate
	// must be valid for its name and signed by an authority that this machine trusts.
	CacheTLS map[string]*tls.Config
	// CacheFormats are formats of the values of caches, by their alias, where a class of the
	// site's own makes them: a serde of pymemcache, a serializer of RedisCache, a SERIALIZER or
	// COMPRESSOR of django-redis. The format must write what that class reads, and read what
	// it writes.
	CacheFormats map[string]CacheFormat
	// RedisReplicas is the number of replicas of a Redis that must have a logout, a new
	// session and a new key within a second; default none. With a Sentinel or a Cluster, what
	// was acknowledged is then not lost when a replica takes the place of the primary. If too
	// few replicas confirm it, the request fails. The user of the Redis must have the right
	// to run WAIT.
	RedisReplicas int
	// MaxConns limits the connections to each database; default 16.
	MaxConns int
	// TextUserIDs is for sites with user_sessions or qsessions whose users have a text as
	// primary key, if this text may look like a number or a UUID.
	TextUserIDs bool

	// SessionsOnly opens the sessions only: no users, CSRF or messages.
	SessionsOnly bool
	// UserTable describes the table of AUTH_USER_MODEL where its name and the table itself
	// do not: db_table; USERNAME_FIELD (Columns.Username); who is active, by a column
	// (Columns.Active) or by code (Active); the filter of the default manager (Where); keys
	// whose text in sessions is not that of the column (ToColumn, FromColumn). See
	// [dbusers.Options] and [dbusers.Detect].
	UserTable *dbusers.Options
	// AuthHash says what get_session_auth_hash of the user model does, if it is not Django's
	// own. The columns of its Fields are read by themselves.
	AuthHash djauth.AuthHash
	// Lookup says how backends and managers of the site's own find an account by the name that
	// a user types, such as by an e-mail address; default: by USERNAME_FIELD. Name its backend
	// in Backend if the site has several.
	Lookup []djauth.Lookup
	// UserDatabase is the alias of the database with the users, for sites with
	// DATABASE_ROUTERS; default "default".
	UserDatabase string
	// UserCache is [djauth.Options.UserCache]: how long this process remembers an account;
	// 0 is not at all.
	UserCache time.Duration
	// PasswordLimits bound the cost of a password hash from the database, for sites whose own
	// hashers take longer than those of their Django; see [hashers.Limits].
	PasswordLimits hashers.Limits
	// AskDjango is the URL of the site's view that says who a visitor is, for sites whose own
	// code decides: see [djauth.AskDjango]. Then no table of users is read, Site.Users is nil,
	// and passwords are checked by the site's own login page. AskOptions may be nil.
	AskDjango  string
	AskOptions *djauth.AskOptions
	// ConfigureAuth and ConfigureCSRF may change the options of Auth and CSRF, which the
	// settings have filled.
	ConfigureAuth func(*djauth.Options)
	ConfigureCSRF func(*djcsrf.Options)
}

// CacheFormat is how the values of a cache are written.
type CacheFormat struct {
	// Format writes and reads a value. Required.
	Format serializer.Serializer
	// Flags are those that a serde of pymemcache writes beside each value; other caches have
	// none.
	Flags uint32
}

// Site is a Django site whose parts are open. All parts work as that site does. It is safe
// for concurrent use.
type Site struct {
	// Settings are the settings given to [Open].
	Settings *djsettings.Settings
	// Sessions is the middleware of sessions only; [Site.Middleware] is the middleware of
	// all parts.
	Sessions *djsession.Manager
	// Users are the accounts of AUTH_USER_MODEL. Auth knows who is logged in. CSRF issues
	// and checks CSRF tokens. Messages is django.contrib.messages. A part that the site has
	// not installed is nil, and Middleware works without it.
	Users    djauth.Users
	Auth     *djauth.Auth
	CSRF     *djcsrf.Protection
	Messages *djmessages.Framework
	// Warnings are those of Settings, and those of [Open].
	Warnings []djsettings.Warning

	site    *djsession.Site // shared by all parts
	opts    Options
	mu      sync.Mutex
	dbs     map[string]*DB
	caches  map[string]djcache.Cache
	closers []func() error
	copies  string // the cache that may be down while it is opened
}

// Open opens the databases, caches and folders that the settings name, each once, and only
// those that the site needs. The caller must close the Site. opts may be nil.
//
// Errors: [djsettings.ErrNoSecret], [djsettings.ErrUnsupported] and
// [djsettings.ErrSetting]; [ErrNotShared]; [ErrUnavailable] for a server that does not
// answer: it also matches the server's own error, and does not print it;
// [djsession.ErrConfig]. With a profile also [ErrProfile]: Open computes the examples of the
// profile anew, and reads some stored sessions.
func Open(ctx context.Context, set *djsettings.Settings, opts *Options) (*Site, error) {
	s := &Site{Settings: set, Warnings: slices.Clone(set.Warnings), dbs: map[string]*DB{}, caches: map[string]djcache.Cache{}}
	if opts != nil {
		s.opts = *opts
	}
	if s.opts.Timeout <= 0 {
		s.opts.Timeout = 10 * time.Second
	}
	if s.opts.MaxConns <= 0 {
		s.opts.MaxConns = 16
	}
	if err := s.open(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Site) open(ctx context.Context) error {
	in, err := s.Settings.Session()
	if err != nil {
		return err
	}
	if s.opts.Configure != nil {
		s.opts.Configure(&in)
	}
	if s.site, err = djsession.NewSite(in); err != nil {
		return err
	}
	if err := s.verify(ctx); err != nil {
		return err
	}
	if s.Sessions, err = s.openSessions(ctx); err != nil {
		return err
	}
	s.Warnings = append(s.Warnings, unknownMiddleware(s.Settings)...)
	if w, old := profileAge(s.Settings.Profile, s.site.Now()); old {
		s.Warnings = append(s.Warnings, w)
	}
	if err := s.openParts(ctx); err != nil {
		return err
	}
	return s.sample(ctx)
}

// Database returns the database with this alias in DATABASES. The first call opens it.
//
// Errors: those of [Open].
func (s *Site) Database(ctx context.Context, alias string) (*DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if db, ok := s.dbs[alias]; ok {
		return db, nil
	}
	set, ok := s.Settings.Databases[alias]
	if !ok {
		return nil, fmt.Errorf("%w: DATABASES has no %q", djsettings.ErrSetting, alias)
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	db, err := entry{set, s.Settings}.open(ctx, s.opts.MaxConns)
	if err != nil {
		return nil, err
	}
	s.dbs[alias] = db
	s.closers = append(s.closers, db.close)
	return db, nil
}

// Cache returns the cache with this alias in CACHES. The first call opens it.
//
// Errors: those of [Open].
func (s *Site) Cache(ctx context.Context, alias string) (djcache.Cache, error) {
	s.mu.Lock()
	c, ok := s.caches[alias]
	s.mu.Unlock()
	if ok {
		return c, nil
	}
	set, ok := s.Settings.Caches[alias]
	if !ok {
		return nil, fmt.Errorf("%w: CACHES has no %q", djsettings.ErrSetting, alias)
	}
	c, done, err := s.openCache(ctx, set)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, ok := s.caches[alias]; ok { // another goroutine was faster
		if done != nil {
			_ = done()
		}
		return other, nil
	}
	s.caches[alias] = c
	if done != nil {
		s.closers = append(s.closers, done)
	}
	return c, nil
}

// Close closes everything that the Site has opened. No part of the Site works afterwards.
func (s *Site) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		if err := s.closers[i](); err != nil {
			errs = append(errs, err)
		}
	}
	s.closers = nil
	if len(errs) > 0 {
		return errtext.Hide(ErrUnavailable, "a connection could not be closed", errors.Join(errs...))
	}
	return nil
}
