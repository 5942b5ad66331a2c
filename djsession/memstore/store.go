// Package memstore keeps sessions in memory: for tests, examples and programs of one
// process. It is the fake for every other engine, so it behaves as they do: it encodes
// what is written and decodes it again, expiry is exact to the microsecond, and a text
// that does not decode is [djsession.ErrCorrupt].
//
// Only Delete and ClearExpired remove sessions: a program that runs for long must call
// ClearExpired now and then.
//
// Shapes: a key has the text of Site.Encode, as in Django's engines db and file, and
// beside it the decoded dict. Text and Put read and write the text, so that a test can
// put in and take out a payload of Django's. The Version of a record is that text.
//
// Errors: those of [djsession.Store]. There is no server to fail, but after Fail a [Store]
// returns [djsession.ErrUnavailable].
//
// Security: the memory of the process holds the sessions.
package memstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Store is a [djsession.Store] in memory, with List and ClearExpired. It is safe for
// concurrent use.
type Store struct {
	site *djsession.Site

	mu   sync.RWMutex
	rows *map[string]row // behind a pointer: package fmt follows only the one to a Store
	down error           // the argument of Fail
}

// row is one session. Its text and dict never change; the row is replaced.
type row struct {
	text    string
	data    *serializer.Dict // nil if err is set
	err     error            // why text does not decode
	expires time.Time
	meta    djsession.Meta
}

var (
	_ djsession.Store         = (*Store)(nil)
	_ djsession.Reaper        = (*Store)(nil)
	_ djsession.Lister        = (*Store)(nil)
	_ djsession.FreshLoader   = (*Store)(nil)
	_ djsession.ExpiredLoader = (*Store)(nil)
)

// New returns an empty [Store] for the sessions of site.
func New(site *djsession.Site) *Store {
	return &Store{site: site, rows: &map[string]row{}}
}

// Site implements [djsession.Store].
func (s *Store) Site() *djsession.Site { return s.site }

// Load implements [djsession.Store]. It does not decode again.
func (s *Store) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.load(ctx, key, false)
}

// LoadFresh implements [djsession.FreshLoader]. There is no cache: it is [Store.Load].
func (s *Store) LoadFresh(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.load(ctx, key, false)
}

// LoadExpired implements [djsession.ExpiredLoader].
func (s *Store) LoadExpired(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.load(ctx, key, true)
}

func (s *Store) load(ctx context.Context, key string, expired bool) (*djsession.Record, djsession.Version, error) {
	s.mu.RLock()
	w, ok, err := s.find(ctx, "load session", key)
	s.mu.RUnlock()
	switch {
	case err != nil:
		return nil, djsession.Version{}, err
	case !ok:
		return nil, djsession.Version{}, djsession.ErrNotFound
	case !expired && !w.expires.After(s.site.Now()):
		return nil, djsession.Version{}, djsession.ErrExpired
	case w.err != nil:
		return nil, w.version(), w.err
	}
	return w.record(), w.version(), nil
}

// Create implements [djsession.Store]. As in Django's engine db, an expired session
// occupies its key until [Store.ClearExpired] has removed it.
func (s *Store) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	w, err := s.encode("create session", r)
	if err != nil {
		return djsession.Version{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, taken, err := s.find(ctx, "create session", key)
	switch {
	case err != nil:
		return djsession.Version{}, err
	case taken:
		return djsession.Version{}, djsession.ErrKeyTaken
	}
	(*s.rows)[key] = w
	return w.version(), nil
}

// Update implements [djsession.Store].
func (s *Store) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	w, err := s.encode("update session", r)
	if err != nil {
		return djsession.Version{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.match(ctx, "update session", key, seen); err != nil {
		return djsession.Version{}, err
	}
	(*s.rows)[key] = w
	return w.version(), nil
}

// Delete implements [djsession.Store].
func (s *Store) Delete(ctx context.Context, key string, seen djsession.Version) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.match(ctx, "delete session", key, seen); err != nil {
		return err
	}
	delete(*s.rows, key)
	return nil
}

// Touch implements [djsession.Store]. The Version stays the same.
func (s *Store) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, err := s.match(ctx, "touch session", key, seen)
	if err != nil {
		return err
	}
	w.expires = exact(expires)
	(*s.rows)[key] = w
	return nil
}

// find returns the row of key. The caller must hold the lock.
func (s *Store) find(ctx context.Context, doing, key string) (row, bool, error) {
	if err := s.usable(ctx, doing); err != nil {
		return row{}, false, err
	}
	w, ok := (*s.rows)[key]
	return w, ok, nil
}

// match returns the row of key if it is the one that seen saw.
func (s *Store) match(ctx context.Context, doing, key string, seen djsession.Version) (row, error) {
	w, ok, err := s.find(ctx, doing, key)
	switch {
	case err != nil:
		return row{}, err
	case !ok:
		return row{}, djsession.ErrNotFound
	case !seen.IsForce() && !seen.Equal(w.version()):
		return row{}, djsession.ErrConflict
	}
	return w, nil
}

func (s *Store) usable(ctx context.Context, doing string) error {
	if err := ctx.Err(); err != nil {
		return djsession.Unavailable(doing, err)
	}
	if s.down != nil {
		return djsession.Unavailable(doing, s.down)
	}
	return nil
}

// encode returns the row of r. It decodes its own output, so that the row shares no slice
// with the caller, and so that only a record that can be read back is written.
func (s *Store) encode(doing string, r *djsession.Record) (row, error) {
	text, err := s.site.Encode(r.Data)
	switch {
	case errors.Is(err, signer.ErrTooLarge), err == nil && len(text) > s.site.Limits().Payload:
		return row{}, fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	case err != nil:
		return row{}, fmt.Errorf("%s: %w", doing, err)
	}
	data, err := s.site.Decode(text)
	if err != nil {
		return row{}, fmt.Errorf("%s: what was encoded does not decode: %w", doing, err)
	}
	return row{text: text, data: data, expires: exact(r.Expires), meta: r.Meta}, nil
}

func (w row) version() djsession.Version { return djsession.VersionOf(w.text) }

func (w row) record() *djsession.Record {
	return &djsession.Record{Data: w.data, Expires: w.expires, Meta: w.meta}
}

// exact returns t with the precision of Django's databases.
func exact(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
