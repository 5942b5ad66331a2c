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
// Delete works on both engines in both phases. Between the copy and the end of the second
// phase, a session that is on the old engine and not on the new one has two possible
// reasons: it was never copied, or it was copied and then logged out by Django, which knows
// no other engine. [Options.Copied] decides which one it is; [Journal] makes one of the
// journal of djsession migrate. The new engine decides about a session that was copied.
//
// A copy of a session that was logged out on the old engine before the switch stays on
// the new one until djsession migrate --switched comes to it.
//
// # One session moves
//
// A move is five steps, each of them a compare and swap on one engine. The session becomes a
// claim on the old engine; the new engine gets a reservation; the claim becomes the note that
// the move is committed; the reservation becomes the session; the note is deleted. A claim
// and a reservation hold the session under changed names, in which nobody is logged in:
// neither for Django nor for Go.
//
// So the order of steps, and a program that is killed between two of them, change nothing:
//
//   - The session is on one engine. It never gets lost with a program.
//   - A logout that this Store or a Django on the new engine acknowledges leaves no login.
//   - Any program completes a move that another one has begun. Only a claim without its
//     reservation has to wait. Meanwhile Load returns [djsession.ErrUnavailable] after 1.3
//     seconds, and the next Load after five seconds takes the claim over. The clocks of the
//     programs may differ: a wrong one changes only how long this takes.
//
// # What no program can order
//
// A Django on the old engine and one on the new engine share no record. If both run at the
// same time, nobody can tell which of them was first. In the seconds of the switch:
//
//   - A logout by the old Django deletes from the old engine. It does not reach a session
//     that has already moved. `djsession migrate --switched` finds it only for a session that
//     was copied.
//   - A request of the old Django that began before a session moved may save it on the old
//     engine once more. The session on the new engine is kept. If a Django on the new engine
//     has logged it out before that save, the session comes back.
//   - A Django sees no session that is only on the other engine, and deletes its cookie.
//   - A Django that reads a session while it moves finds it without a login. What it saves
//     then is kept, but not for names that the session has. If it saves after the session
//     has moved, as its UPDATE ignores what is there, the visitor is logged out.
//
// So let the old Django end before the new one starts, or let visitors wait in between.
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
	"github.com/go-djsession/go-djsession/internal/handover"
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
	// phase. [Journal] makes one. It is required in the phase [Switched], and called for
	// sessions that the old engine has and the new one does not. If djsession migrate was not
	// run before the switch, use [NothingCopied].
	Copied func(ctx context.Context, key string) (bool, error)
}

// NothingCopied is an [Options.Copied] for a move without a first phase: each session is
// moved when somebody asks for it, or by djsession migrate --switched.
func NothingCopied(context.Context, string) (bool, error) { return false, nil }

// Store is a [djsession.Store] of a site that moves. It is safe for concurrent use.
type Store struct {
	site     *djsession.Site
	truth    djsession.Store
	other    djsession.Store
	switched bool
	mover    *handover.Mover
}

var (
	_ djsession.Store       = (*Store)(nil)
	_ djsession.FreshLoader = (*Store)(nil)
	_ djsession.Serializing = (*Store)(nil)
)

// New returns the [Store] of the sessions while they move from old to next. opts may be
// nil.
//
// Errors: [djsession.ErrConfig] if old and next were made for two Sites, and if
// [Options.Copied] is missing.
func New(old, next djsession.Store, opts *Options) (*Store, error) {
	if old.Site() != next.Site() {
		return nil, fmt.Errorf("%w: the old and the new engine are of two Sites", djsession.ErrConfig)
	}
	var o Options
	if opts != nil {
		o = *opts
	}
	s := &Store{site: old.Site(), truth: old, other: next, switched: o.Phase == Switched}
	s.mover = &handover.Mover{Old: old, New: next, Copied: o.Copied, Lease: handover.Lease, Waits: handover.Waits}
	if s.switched {
		if o.Copied == nil {
			return nil, fmt.Errorf("%w: Options.Copied is missing: use Journal, or NothingCopied if djsession migrate was not run", djsession.ErrConfig)
		}
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
	moving := err == nil && handover.Noted(key, r)
	switch {
	case s.switched && (moving || errors.Is(err, djsession.ErrNotFound)):
		return s.mover.Load(ctx, key, err)
	case moving: // to a program that is switched already
		return nil, djsession.Version{}, djsession.Unavailable("load session", handover.ErrMoving)
	case err != nil:
		return nil, v, err
	}
	return handover.Clean(r), v, nil
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
	switch {
	case seen.IsForce() && s.switched:
		return s.mover.End(ctx, key)
	case seen.IsForce():
		return s.mover.EndCopying(ctx, key)
	case s.switched:
		return s.mover.EndSeen(ctx, key, seen)
	}
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
