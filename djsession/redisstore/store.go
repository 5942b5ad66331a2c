// Package redisstore keeps sessions where django-redis-sessions does, from 0.4 to its
// latest commit (SESSION_ENGINE = "redis_sessions.session"): each in a text of a Redis.
//
//	client := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
//	store := redisstore.New(site, client, nil)
//
// Shapes: the key is the session key, or prefix:key if there is a prefix. The value is
// the text of Site.Encode. The expiry is the key's time to live, rounded up to
// milliseconds. The Version of a record is the value. Load computes Record.Expires from
// the time that is left and Settings.Now.
//
// The client may be one server, a primary named by Sentinel (NewFailoverClient), or a
// Cluster. Each operation takes one round trip, and each but Cycle uses one key.
//
// # Compatibility
//
// Django reads the sessions that are written here, and the reverse. Unlike the library,
//
//   - Create takes a key in one step (SET NX); the library looks and then writes.
//   - Update replaces only what was read and never creates; the library's save
//     always writes, and so brings back a session that was deleted.
//   - a key that is not stored is djsession.ErrNotFound; the library to 0.6.2 keeps
//     the key that the client sent.
//   - a record that has expired when it is written is deleted; the library's SETEX
//     fails.
//   - a server that is down is djsession.ErrUnavailable; to the library it is an
//     empty session.
//
// These writes can be lost: Django overwrites a whole session with what one request saw,
// and brings back one that was deleted meanwhile. Nothing on this side can prevent that.
//
// The version of the library decides which of its settings it follows: to 0.5 they are
// SESSION_REDIS_HOST and the others of this form; 0.5.6 ignores host and port; 0.6
// ignores all and writes to localhost:6379; from 0.6.1 they are the dict SESSION_REDIS,
// whose unix_domain_socket_path and sentinel are ignored unless its host is None. If no
// session is found, find out where Django's are.
//
// # Expiry
//
// Redis removes expired sessions by itself: there is nothing to reap, Load returns
// [djsession.ErrNotFound] and never [djsession.ErrExpired], and List does not yield them.
//
// # Errors
//
// They are those of [djsession.Store]. A key of another type is [djsession.ErrCorrupt]. A
// write whose answer was lost is [djsession.ErrUnavailable], and may have been done. The
// errors of go-redis can be matched by errors.As and errors.Is, and are not printed.
//
// # Security
//
// Values are signed. Whoever can write to the Redis cannot make up a session, but can put
// one in the place of another.
package redisstore

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/redisops"
	"github.com/go-djsession/go-djsession/internal/share"
)

// Options are the library's settings about keys. The zero value is its default.
type Options struct {
	// Prefix is SESSION_REDIS["prefix"], SESSION_REDIS_PREFIX before 0.6; default none. A
	// colon follows it.
	Prefix string
	// Replicas is the number of replicas that must have a delete, a new session and a new
	// key within a second; default none. A logout is then not lost when a replica takes the
	// place of the primary. If too few replicas confirm it, the write is done and the error
	// is [djsession.ErrUnavailable]. The server's user must have the right to run WAIT.
	Replicas int
	// Unguarded lets the Store work with a server that offers no way to compare and swap:
	// see the package's comment.
	Unguarded bool
}

// Store is a [djsession.Store] in a Redis. It is safe for concurrent use.
type Store struct {
	site *djsession.Site
	ops  *redisops.Ops
	head string // of every key
}

var (
	_ djsession.Store        = (*Store)(nil)
	_ djsession.Cycler       = (*Store)(nil)
	_ djsession.Lister       = (*Store)(nil)
	_ djsession.Walker       = (*Store)(nil)
	_ djsession.SelfExpiring = (*Store)(nil)
)

// New returns the [Store] of site's sessions in client, which stays the caller's. opts may
// be nil.
//
// Do not use a redis.Ring: if a server does not answer, it sends its keys to other
// servers, where their sessions are not found.
func New(site *djsession.Site, client redis.UniversalClient, opts *Options) *Store {
	return newStore(site, redisops.New(site, client, opts.ops()), opts)
}

func (o *Options) ops() redisops.Options {
	if o == nil {
		return redisops.Options{}
	}
	return redisops.Options{Replicas: o.Replicas, Unguarded: o.Unguarded}
}

// ClientOptions returns a copy of o for [New]. The client needs no goroutine to end a call
// when its context ends. It refuses a server that is a replica, and gives up all its
// connections when the server ends one of them. An error says why a server cannot be
// reached, and go-redis does not write it to [os.Stderr]. The timeouts of o hold, 3 seconds
// by default, and a Dialer and an OnConnect of o are called.
//
// Any client works with [New]. With others, each call whose context can end costs a
// goroutine, and a replica without data says of each session that it does not exist.
func ClientOptions(o *redis.Options) *redis.Options { return redisops.ClientOptions(o) }

func newStore(site *djsession.Site, ops *redisops.Ops, opts *Options) *Store {
	s := &Store{site: site, ops: ops}
	if opts != nil && opts.Prefix != "" {
		s.head = opts.Prefix + ":"
	}
	return s
}

// Site implements [djsession.Store].
func (s *Store) Site() *djsession.Site { return s.site }

// SelfExpiring implements [djsession.SelfExpiring]. It is true.
func (s *Store) SelfExpiring() bool { return true }

// Probe finds out what the server and the rights of its user allow, by commands about a key
// that nobody has. It returns a sentence for each thing that cannot be promised.
//
// Errors: [djsession.ErrUnavailable], also if there is no way to compare and swap and
// Options.Unguarded is not set.
func (s *Store) Probe(ctx context.Context) ([]string, error) {
	return s.ops.Probe(ctx, "probe the Redis", s.head+s.site.NewKey())
}

// Load implements [djsession.Store]: SessionStore.load.
func (s *Store) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	const doing = "load session"
	v, err := s.ops.Get(ctx, doing, s.head+key)
	if err != nil {
		return nil, djsession.Version{}, err
	}
	r, err := s.record(doing, v)
	return r, v.Version(), err
}

// record decodes a value.
func (s *Store) record(doing string, v redisops.Value) (*djsession.Record, error) {
	d, err := s.site.Decode(v.Text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return &djsession.Record{Data: d, Expires: v.Expires}, nil
}

// Create implements [djsession.Store]: SessionStore.save(must_create=True).
func (s *Store) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	const doing = "create session"
	text, err := s.encode(doing, r)
	if err != nil {
		return djsession.Version{}, err
	}
	err = s.ops.Add(ctx, doing, s.head+key, text, r.Expires)
	return version(text, err)
}

// Update implements [djsession.Store]: SessionStore.save.
//
// Unlike Django, it replaces only what was seen, and never creates.
func (s *Store) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	const doing = "update session"
	text, err := s.encode(doing, r)
	if err != nil {
		return djsession.Version{}, err
	}
	err = s.ops.Replace(ctx, doing, s.head+key, text, r.Expires, seen)
	return version(text, err)
}

// Delete implements [djsession.Store]: SessionStore.delete.
//
// Unlike Django, which ignores errors, it returns them.
func (s *Store) Delete(ctx context.Context, key string, seen djsession.Version) error {
	return s.ops.Delete(ctx, "delete session", s.head+key, seen)
}

// Cycle implements [djsession.Cycler], by one script. It returns errors.ErrUnsupported on a
// Cluster and on the servers of a pool, where the two keys may be on two servers.
func (s *Store) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	const doing = "cycle session key"
	text, err := s.encode(doing, r)
	if err != nil {
		return djsession.Version{}, err
	}
	err = s.ops.Cycle(ctx, doing, s.head+old, seen, s.head+key, text, r.Expires)
	return version(text, err)
}

// Touch implements [djsession.Store]: it sets only the time to live. The Version stays the
// same.
func (s *Store) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	return s.ops.Touch(ctx, "touch session", s.head+key, expires, seen)
}

// List implements [djsession.Lister], in the order of the keys. The cursor is a key. It
// looks at all keys of the database before it yields the first one. Without a Prefix, it
// yields other texts whose keys look like those of sessions with [djsession.ErrCorrupt].
func (s *Store) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	if cursor != "" {
		cursor = s.head + cursor
	}
	return s.all(s.ops.Scan(ctx, listing, s.head, cursor, s.ours))
}

// Walk implements [djsession.Walker].
func (s *Store) Walk(ctx context.Context) iter.Seq2[djsession.Listed, error] {
	return s.all(s.ops.Walk(ctx, listing, s.head, s.ours))
}

const listing = "list sessions"

func (s *Store) ours(key string) bool { return s.site.ValidKey(strings.TrimPrefix(key, s.head)) }

// all decodes pages in parallel.
func (s *Store) all(pages iter.Seq2[[]redisops.Found, error]) iter.Seq2[djsession.Listed, error] {
	return share.Pages(pages, s.listed)
}

func (s *Store) listed(f *redisops.Found) djsession.Listed {
	key := strings.TrimPrefix(f.Key, s.head)
	l := djsession.NewListed(key, key)
	l.Size, l.Err = f.Size, f.Err
	if l.Err == nil {
		l.Version = f.Version()
		l.Record, l.Err = s.record(listing, f.Value)
	}
	return l
}

// encode returns the text of r.
func (s *Store) encode(doing string, r *djsession.Record) (string, error) {
	text, err := s.site.Encode(r.Data)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", doing, err)
	case len(text) > s.site.Limits().Payload:
		return "", fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	}
	return text, nil
}

func version(text string, err error) (djsession.Version, error) {
	if err != nil {
		return djsession.Version{}, err
	}
	return djsession.VersionOf(text), nil
}
