// Package movingstore moves a site from one engine to another while it runs. Nobody is
// logged out.
//
//	store, err := movingstore.New(old, next, &movingstore.Options{Phase: movingstore.Copying})
//
// # The move
//
// Django can be on one engine at a time. So a move has two phases:
//
//  1. Copying: Django and Go are on the old engine, which is the truth. Meanwhile
//     `djsession migrate` copies its sessions to the new one, and keeps a journal
//     of the copies.
//  2. Switched: Django was restarted with the settings of the new engine, which
//     now is the truth. `djsession migrate --switched` brings over what changed on
//     the old one since the copy, and removes what was deleted there. If somebody asks this Store for a
//     session that is only on the old engine, it moves the session.
//
// Start the Go programs with [Copying] before the copy, and with [Switched] as soon as Django
// is switched. When `djsession migrate --switched` has ended, use the [Store] of the new
// engine alone.
//
// Both engines must accept the same session keys. They may store the sessions in
// different ways.
//
// # What is deleted stays deleted
//
// Delete works on both engines in both phases. It begins with the one that is not the
// truth, so that a logout that fails half way can be tried again. Between the copy and
// the end of the second phase, a session that is on the old engine and not on the new one
// has two possible reasons: it was never copied, or it was copied and then logged out by
// Django, which knows no other engine. [Options.Copied] decides which one it is; [Journal]
// makes one of the journal of djsession migrate. Without it, a session that Django logged
// out in that time can be found on the old engine once more.
//
// A copy of a session that was logged out on the old engine before the switch stays on
// the new one until djsession migrate --switched comes to it.
//
// A move takes two steps. A visitor who logs out between them is still found on the new
// engine until the second step fails. If another request gives that session a new key in
// just this time, its login lives on. A process that is killed between the steps leaves
// the session on both engines.
//
// # Errors
//
// They are those of the two Stores.
package movingstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/linger"
	"github.com/go-djsession/go-djsession/serializer"
)

// Phase is the phase of a move.
type Phase int

// The phases of a move.
const (
	// Copying: the old engine is the truth.
	Copying Phase = iota
	// Switched: the new engine is the truth.
	Switched
)

// Options describe a move.
type Options struct {
	// Phase is [Copying] or [Switched].
	Phase Phase

	// Copied reports whether the session of key was copied to the new engine in the first
	// phase. It may be nil; see the package documentation. The [Store] calls it in the
	// second phase for sessions that only the old engine has, and once more if somebody
	// else took the session from the old engine while it moved: djsession migrate notes a
	// session before it deletes it there, and that is no logout.
	Copied func(ctx context.Context, key string) (bool, error)
}

// Store is a [djsession.Store] of a site that moves. It is safe for concurrent use.
type Store struct {
	site      *djsession.Site
	old, next djsession.Store
	truth     djsession.Store
	other     djsession.Store
	switched  bool
	copied    func(ctx context.Context, key string) (bool, error)
}

var (
	_ djsession.Store       = (*Store)(nil)
	_ djsession.FreshLoader = (*Store)(nil)
	_ djsession.Serializing = (*Store)(nil)
)

// New returns the [Store] of the sessions while they move from old to next. opts may be
// nil.
//
// Errors: [djsession.ErrConfig] if old and next were made for two Sites.
func New(old, next djsession.Store, opts *Options) (*Store, error) {
	if old.Site() != next.Site() {
		return nil, fmt.Errorf("%w: the old and the new engine are of two Sites", djsession.ErrConfig)
	}
	s := &Store{site: old.Site(), old: old, next: next, truth: old, other: next}
	if opts != nil {
		s.switched = opts.Phase == Switched
		s.copied = opts.Copied
	}
	if s.switched {
		s.truth, s.other = next, old
	}
	return s, nil
}

// Site implements [djsession.Store].
func (s *Store) Site() *djsession.Site { return s.site }

// Serializer implements [djsession.Serializing]: that of the engine that is the truth.
func (s *Store) Serializer() serializer.Serializer {
	if own, ok := djsession.As[djsession.Serializing](s.truth); ok {
		return own.Serializer()
	}
	return nil
}

// Load implements [djsession.Store]. In the second phase it moves a session that only the
// old engine has.
func (s *Store) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.load(ctx, key, djsession.Store.Load)
}

// LoadFresh implements [djsession.FreshLoader].
func (s *Store) LoadFresh(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.load(ctx, key, loadFresh)
}

type loader func(djsession.Store, context.Context, string) (*djsession.Record, djsession.Version, error)

// loadFresh calls LoadFresh of s itself only: its result is also written, and must not
// pass by a decorator.
func loadFresh(s djsession.Store, ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	if f, ok := s.(djsession.FreshLoader); ok {
		return f.LoadFresh(ctx, key)
	}
	return s.Load(ctx, key)
}

func (s *Store) load(ctx context.Context, key string, load loader) (*djsession.Record, djsession.Version, error) {
	r, v, err := load(s.truth, ctx, key)
	// An expired copy may be of a session that was prolonged on the old engine since.
	over := errors.Is(err, djsession.ErrExpired)
	if !s.switched || !errors.Is(err, djsession.ErrNotFound) || over && s.copied == nil {
		return r, v, err
	}
	if err := s.move(ctx, key, over); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		return nil, djsession.Version{}, err
	}
	// Load even if there was nothing to move: somebody else may just have moved it.
	return load(s.truth, ctx, key)
}

// move moves a session that only the old engine has. Errors: ErrNotFound if there is
// none, or none that may be moved.
//
// over says that the new engine has the session, but expired.
func (s *Store) move(ctx context.Context, key string, over bool) error {
	r, seen, err := loadFresh(s.old, ctx, key)
	if err != nil {
		return err
	}
	if s.copied != nil {
		was, err := s.copied(ctx, key)
		if err != nil {
			return err
		}
		if was { // and is no longer there
			return djsession.ErrNotFound
		}
	}
	if r.Expires.IsZero() {
		if r.Expires, err = s.site.ExpiryDate(r.Data, s.site.Now()); err != nil {
			return err
		}
	}
	// The two steps belong together, even if the client goes away in between.
	ctx, cancel := linger.Context(ctx)
	defer cancel()
	v, err := s.next.Create(ctx, key, r)
	if errors.Is(err, djsession.ErrKeyTaken) && over {
		if _, _, there := s.next.Load(ctx, key); errors.Is(there, djsession.ErrExpired) {
			v, err = s.next.Update(ctx, key, r, djsession.Force) // and it is still in the way
		}
	}
	if errors.Is(err, djsession.ErrKeyTaken) {
		return nil // somebody else is moving it
	}
	if err != nil {
		return err
	}
	err = s.old.Delete(ctx, key, seen)
	switch {
	case errors.Is(err, djsession.ErrConflict):
		return nil // a late write: left for djsession migrate
	case errors.Is(err, djsession.ErrNotFound):
		// djsession migrate notes a session that is on both before it deletes the old one.
		if s.copied != nil {
			if settled, err := s.copied(ctx, key); err != nil || settled {
				return err
			}
		}
		// A logout in between found nothing to delete on the new engine.
		if err := s.next.Delete(ctx, key, djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
			return err
		}
	case err != nil:
		// A session on both would come back after a logout of Django's.
		if undo := s.next.Delete(ctx, key, v); undo != nil && !errors.Is(undo, djsession.ErrNotFound) {
			return errors.Join(err, undo)
		}
	}
	return err
}

// Create implements [djsession.Store], on the engine that is the truth.
func (s *Store) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	return s.truth.Create(ctx, key, r)
}

// Update implements [djsession.Store], on the engine that is the truth.
func (s *Store) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	return s.truth.Update(ctx, key, r, seen)
}

// Touch implements [djsession.Store].
func (s *Store) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	return s.truth.Touch(ctx, key, expires, seen)
}

// Delete implements [djsession.Store], on both engines. It compares seen with the truth.
// With [djsession.Force] it returns [djsession.ErrNotFound] if the truth did not have the session,
// unless the session was not yet moved.
func (s *Store) Delete(ctx context.Context, key string, seen djsession.Version) error {
	if !seen.IsForce() {
		return s.deleteSeen(ctx, key, seen)
	}
	other := s.other.Delete(ctx, key, seen)
	if other != nil && !errors.Is(other, djsession.ErrNotFound) {
		return other
	}
	truth := s.truth.Delete(ctx, key, seen)
	if !s.switched || other != nil || !errors.Is(truth, djsession.ErrNotFound) {
		return truth // as for somebody who cycles its key meanwhile: the truth decides
	}
	if s.copied != nil {
		if was, err := s.copied(ctx, key); err != nil {
			return err
		} else if was {
			return truth
		}
	}
	return nil // it was not yet moved
}

func (s *Store) deleteSeen(ctx context.Context, key string, seen djsession.Version) error {
	// Not half of it: a caller who cycles a key and gets an error deletes the new one.
	if _, _, err := s.other.Load(ctx, key); errors.Is(err, djsession.ErrUnavailable) {
		return err
	}
	truth := s.truth.Delete(ctx, key, seen)
	if truth != nil && !errors.Is(truth, djsession.ErrNotFound) {
		return truth
	}
	if err := s.other.Delete(ctx, key, djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		return err
	}
	return truth
}
