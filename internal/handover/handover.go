package handover

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/linger"
)

// Lease is how long others leave a claim alone.
const Lease = 5 * time.Second

// ErrMoving is in the error for a session that another program is moving.
var ErrMoving = errors.New("handover: another program is moving the session")

// errBusy is in the error for a session that is written all the time.
var errBusy = errors.New("handover: others write the session all the time")

// Mover moves sessions. Its methods work on the Stores by Load, Create, Update and Delete
// alone. It is safe for concurrent use.
type Mover struct {
	Old, New djsession.Store
	// Copied reports whether the session was copied to New before the site was switched to
	// it. If so, New decides about the session. With nil, nothing was copied.
	Copied func(ctx context.Context, key string) (bool, error)
	// Convert makes of a record of Old one for New. It may be nil.
	Convert func(r *djsession.Record) (*djsession.Record, error)
	// Lease is how long a claim is left alone.
	Lease time.Duration
	// Tries is how often an operation begins anew when others were faster; default 20.
	Tries int
	// Waits are the pauses after which somebody else's claim is looked at again.
	Waits []time.Duration
}

// Waits are pauses of 1.3 seconds in all.
var Waits = []time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond,
	80 * time.Millisecond, 160 * time.Millisecond, 320 * time.Millisecond, 640 * time.Millisecond,
}

// state is what an engine holds under a key.
type state struct {
	kind    kind
	note    note
	record  *djsession.Record
	version djsession.Version
	err     error // ErrExpired, ErrNotFound or ErrCorrupt
}

// look reads a key past caches that other writers do not go through. It returns only errors
// that say nothing about the session.
func look(ctx context.Context, s djsession.Store, key string) (state, error) {
	var st state
	if f, ok := s.(djsession.FreshLoader); ok {
		st.record, st.version, st.err = f.LoadFresh(ctx, key)
	} else {
		st.record, st.version, st.err = s.Load(ctx, key)
	}
	switch {
	case errors.Is(st.err, djsession.ErrNotFound):
		st.kind = absent
	case errors.Is(st.err, djsession.ErrCorrupt):
		st.kind = corrupt
	case st.err != nil:
		return state{}, st.err
	default:
		st.kind = session
		if n, ok := noteOf(key, st.record.Data); ok {
			st.kind, st.note = n.kind, n
		} else {
			st.record = Clean(st.record)
		}
	}
	return st, nil
}

// is reports whether st is of the same move as n.
func (st state) is(k kind, n note) bool { return st.kind == k && st.note.id == n.id }

// swap is a compare and swap. ok is false if the store holds something else, or nothing.
func swap(ctx context.Context, s djsession.Store, key string, r *djsession.Record, seen djsession.Version) (v djsession.Version, ok bool, err error) {
	v, err = s.Update(ctx, key, r, seen)
	if errors.Is(err, djsession.ErrConflict) || errors.Is(err, djsession.ErrNotFound) {
		return djsession.Version{}, false, nil
	}
	return v, err == nil, err
}

// remove is a compare and delete.
func remove(ctx context.Context, s djsession.Store, key string, seen djsession.Version) (ok bool, err error) {
	err = s.Delete(ctx, key, seen)
	if errors.Is(err, djsession.ErrConflict) || errors.Is(err, djsession.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Load returns a session of the new engine. It moves it first if only the old one has it, and
// completes a move that somebody else has begun. missing is the ErrNotFound that the new engine
// has just answered, or nil if it was not asked.
//
// Errors: ErrNotFound and ErrExpired of the new engine; ErrCorrupt of either; ErrUnavailable,
// which matches ErrMoving for a claim of somebody else; the error with which the new engine
// refuses the session, which the old one then still has.
func (m *Mover) Load(ctx context.Context, key string, missing error) (*djsession.Record, djsession.Version, error) {
	r, v, _, err := m.Move(ctx, key, missing)
	return r, v, err
}

// Outcome says what Move did, besides what Load does.
type Outcome int

// The outcomes.
const (
	Nothing Outcome = iota
	// Moved: the session is on the new engine by this call.
	Moved
	// Dropped: both engines had the session, and the old one has lost it by this call.
	Dropped
)

// Move is Load with its Outcome.
func (m *Mover) Move(ctx context.Context, key string, missing error) (*djsession.Record, djsession.Version, Outcome, error) {
	w := work{Mover: m, key: key, waits: m.Waits}
	for range cmp.Or(m.Tries, 20) {
		// The old engine first: what is on neither was on neither at one time then.
		o, err := look(ctx, m.Old, key)
		if err != nil {
			return nil, djsession.Version{}, Nothing, err
		}
		n := state{err: missing}
		if missing == nil || o.kind != session { // which Create finds out too
			if n, err = look(ctx, m.New, key); err != nil {
				return nil, djsession.Version{}, Nothing, err
			}
		}
		missing = nil
		switch {
		case n.kind == session:
			w.forget(ctx, o)
			return n.record, n.version, w.did, nil
		case n.kind == corrupt:
			return nil, n.version, Nothing, n.err
		case o.kind == corrupt:
			return nil, djsession.Version{}, Nothing, o.err
		case o.kind == absent && n.kind == absent:
			return nil, djsession.Version{}, Nothing, n.err
		}
		if n, err = w.step(ctx, o, n); err != nil {
			return nil, djsession.Version{}, Nothing, err
		}
		if n.kind == session {
			return n.record, n.version, w.did, nil
		}
	}
	return nil, djsession.Version{}, Nothing, djsession.Unavailable("move session", errBusy)
}

// work is a call of Move.
type work struct {
	*Mover
	key   string
	mine  note // the last claim of this call
	waits []time.Duration
	did   Outcome
}

// forget deletes what the old engine has beside a session of the new one, if it is left of
// the move. If this fails, whoever comes next does it.
func (w *work) forget(ctx context.Context, o state) {
	switch o.kind {
	case claim, committed:
		_, _ = remove(ctx, w.Old, w.key, o.version)
	case session: // saved by a Django that had read it before it was moved
		if was, err := w.copied(ctx, w.key); err == nil && !was {
			if ok, _ := remove(ctx, w.Old, w.key, o.version); ok {
				w.did = Dropped
			}
		}
	}
}

// step does what comes next for a session that is not on the new engine. It returns the
// session if it is there now.
func (w *work) step(ctx context.Context, o, n state) (now state, err error) {
	switch o.kind {
	case absent:
		_, err = remove(ctx, w.New, w.key, n.version) // of a move that was ended
	case committed:
		if n.is(reserved, o.note) {
			err = w.fill(ctx, n)
		} else { // the session has ended since
			_, err = remove(ctx, w.Old, w.key, o.version)
		}
	case session:
		copied, err := w.copied(ctx, w.key)
		switch {
		case err != nil:
			return state{}, err
		case !copied:
			return w.move(ctx, o, n)
		case n.kind == reserved: // by djsession migrate --keep
			return state{}, w.fill(ctx, n)
		}
		return state{}, n.err // the new engine decides
	case claim:
		switch {
		case n.is(reserved, o.note):
			_, _, err = swap(ctx, w.Old, w.key, bare(w.key, o.record, o.note.as(committed)), o.version)
		case w.over(o.note), o.note.id == w.mine.id:
			o.record = show(o.record)
			return w.move(ctx, o, n)
		case len(w.waits) == 0:
			err = djsession.Unavailable("load session", ErrMoving)
		default:
			err = wait(ctx, w.waits[0])
			w.waits = w.waits[1:]
		}
	}
	return state{}, err
}

func (m *Mover) copied(ctx context.Context, key string) (bool, error) {
	if m.Copied == nil {
		return false, nil
	}
	return m.Copied(ctx, key)
}

// over reports whether the lease of a claim has ended. A clock may be wrong either way.
func (m *Mover) over(n note) bool {
	age := m.Old.Site().Now().Sub(time.UnixMilli(n.began))
	return age.Abs() >= m.Lease
}

// move does the five steps for the session in o, which the old engine has as o.version. The
// new one has n, which is absent or a reservation. n was seen before the claim was made, and
// after o: so a reservation in n is of no move that can still be committed, and may be
// replaced. One that is seen later may be of somebody who has taken the claim over.
//
// If others are faster, the error is nil.
func (w *work) move(ctx context.Context, o, n state) (now state, err error) {
	r, err := w.ending(o.record)
	if err != nil {
		return state{}, err
	}
	next := r
	if w.Convert != nil {
		if next, err = w.Convert(r); err != nil {
			return state{}, err
		}
	}
	// The steps belong together, even if the client goes away in between.
	ctx, cancel := linger.Context(ctx)
	defer cancel()
	// 1. Claim.
	mine := newClaim(w.Old.Site().Now())
	claimed, ok, err := swap(ctx, w.Old, w.key, hide(w.key, r, mine), o.version)
	if !ok {
		return state{}, err
	}
	w.mine = mine
	// 2. Reserve.
	at, ok, err := w.reserve(ctx, hide(w.key, next, mine.as(reserved)), n)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), linger.Grace)
		defer cancel()
		_, _, _ = swap(ctx, w.Old, w.key, r, claimed) // undo the claim
		return state{}, err
	}
	if !ok {
		return state{}, nil
	}
	// 3. Commit.
	done, ok, err := swap(ctx, w.Old, w.key, bare(w.key, r, mine.as(committed)), claimed)
	if !ok {
		return state{}, err
	}
	// 4. Fill.
	if _, ok, err = swap(ctx, w.New, w.key, next, at); !ok {
		return state{}, err
	}
	w.did = Moved
	// 5. Forget. If this fails, whoever comes next does it.
	_, _ = remove(ctx, w.Old, w.key, done)
	return look(ctx, w.New, w.key)
}

// reserve puts a reservation in the place of n.
func (w *work) reserve(ctx context.Context, r *djsession.Record, n state) (v djsession.Version, ok bool, err error) {
	if n.kind == reserved {
		return swap(ctx, w.New, w.key, r, n.version)
	}
	v, err = w.New.Create(ctx, w.key, r)
	if errors.Is(err, djsession.ErrKeyTaken) && errors.Is(n.err, djsession.ErrExpired) {
		// An expired copy is still in the way. It has no Version.
		var now state
		if now, err = look(ctx, w.New, w.key); err != nil || !errors.Is(now.err, djsession.ErrExpired) {
			return djsession.Version{}, false, err
		}
		return swap(ctx, w.New, w.key, r, djsession.Force)
	}
	if errors.Is(err, djsession.ErrKeyTaken) {
		return djsession.Version{}, false, nil
	}
	return v, err == nil, err
}

// fill makes a session of a reservation.
func (w *work) fill(ctx context.Context, n state) error {
	r, err := w.ending(show(n.record))
	if err != nil {
		return err
	}
	_, ok, err := swap(ctx, w.New, w.key, r, n.version)
	if ok {
		w.did = Moved
	}
	return err
}

// ending returns r with the moment at which it ends.
func (m *Mover) ending(r *djsession.Record) (*djsession.Record, error) {
	if !r.Expires.IsZero() {
		return r, nil
	}
	e := *r
	var err error
	e.Expires, err = m.New.Site().ExpiryDate(r.Data, m.New.Site().Now())
	return &e, err
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return djsession.Unavailable("wait for a move", ctx.Err())
	}
}

// Reserve puts a reservation of r on the new engine for a session that the old one has and is
// to keep. Note then that it was copied: after that, Load fills the reservation if the old
// engine still has the session. done is false if the new engine has the session already.
//
// Errors: ErrMoving for a session that somebody is moving; those of the Stores.
func (m *Mover) Reserve(ctx context.Context, key string, r *djsession.Record) (done bool, err error) {
	w := work{Mover: m, key: key}
	for range cmp.Or(m.Tries, 20) {
		// The new engine first: then a reservation there is of no move that goes on.
		n, err := look(ctx, m.New, key)
		if err != nil || n.kind == session || n.kind == corrupt {
			return false, err
		}
		o, err := look(ctx, m.Old, key)
		if err != nil {
			return false, err
		}
		if o.kind == claim || o.kind == committed {
			return false, ErrMoving
		}
		if _, done, err = w.reserve(ctx, hide(key, r, newClaim(m.Old.Site().Now()).as(reserved)), n); done || err != nil {
			return done, err
		}
	}
	return false, ErrMoving
}
