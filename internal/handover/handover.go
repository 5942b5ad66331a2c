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
	waits := m.Waits
	var mine note
	for range cmp.Or(m.Tries, 20) {
		// The old engine first: what is on neither was on neither at one time then.
		o, err := look(ctx, m.Old, key)
		if err != nil {
			return nil, djsession.Version{}, err
		}
		n := state{err: missing}
		if missing == nil || o.kind != session { // which Create finds out too
			if n, err = look(ctx, m.New, key); err != nil {
				return nil, djsession.Version{}, err
			}
		}
		missing = nil
		switch n.kind {
		case session:
			// Nothing that the old engine has of a move counts any more. It is forgotten by
			// whoever comes next, if not now.
			both := false
			if o.kind == session { // saved by a Django that had read it before it was moved
				was, err := m.copied(ctx, key)
				both = err == nil && !was
			}
			if o.kind == committed || o.kind == claim || both {
				_, _ = remove(ctx, m.Old, key, o.version)
			}
			return n.record, n.version, nil
		case corrupt:
			return nil, n.version, n.err
		}
		switch o.kind {
		case corrupt:
			return nil, djsession.Version{}, o.err
		case absent:
			if n.kind == absent {
				return nil, djsession.Version{}, n.err
			}
			_, err = remove(ctx, m.New, key, n.version) // of a move that was ended
		case committed:
			if n.is(reserved, o.note) {
				err = m.fill(ctx, key, n)
			} else { // the session has ended since
				_, err = remove(ctx, m.Old, key, o.version)
			}
		case session:
			var copied bool
			if copied, err = m.copied(ctx, key); err != nil {
				break
			}
			switch {
			case !copied:
				if mine, err = m.move(ctx, key, o, n); err == nil {
					if n, err = look(ctx, m.New, key); err == nil && n.kind == session {
						return n.record, n.version, nil
					}
				}
			case n.kind == reserved: // by djsession migrate --keep
				err = m.fill(ctx, key, n)
			default:
				return nil, djsession.Version{}, n.err
			}
		case claim:
			switch {
			case n.is(reserved, o.note):
				_, _, err = swap(ctx, m.Old, key, bare(key, o.record, o.note.as(committed)), o.version)
			case m.over(o.note), o.note.id == mine.id:
				o.record = show(o.record)
				mine, err = m.move(ctx, key, o, n)
			case len(waits) == 0:
				return nil, djsession.Version{}, djsession.Unavailable("load session", ErrMoving)
			default:
				err = wait(ctx, waits[0])
				waits = waits[1:]
			}
		}
		if err != nil {
			return nil, djsession.Version{}, err
		}
	}
	return nil, djsession.Version{}, djsession.Unavailable("move session", errBusy)
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
// move returns its claim. If others were faster, the error is nil, and Load looks at what
// there is now.
func (m *Mover) move(ctx context.Context, key string, o, n state) (mine note, err error) {
	r, err := m.ending(o.record)
	if err != nil {
		return note{}, err
	}
	next := r
	if m.Convert != nil {
		if next, err = m.Convert(r); err != nil {
			return note{}, err
		}
	}
	// The steps belong together, even if the client goes away in between.
	ctx, cancel := linger.Context(ctx)
	defer cancel()
	// 1. Claim.
	mine = newClaim(m.Old.Site().Now())
	claimed, ok, err := swap(ctx, m.Old, key, hide(key, r, mine), o.version)
	if !ok {
		return note{}, err
	}
	// 2. Reserve.
	at, ok, err := m.reserve(ctx, key, hide(key, next, mine.as(reserved)), n)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), linger.Grace)
		defer cancel()
		_, _, _ = swap(ctx, m.Old, key, r, claimed) // undo the claim
		return mine, err
	}
	if !ok {
		return mine, nil
	}
	// 3. Commit.
	done, ok, err := swap(ctx, m.Old, key, bare(key, r, mine.as(committed)), claimed)
	if !ok {
		return mine, err
	}
	// 4. Fill.
	if _, ok, err = swap(ctx, m.New, key, next, at); !ok {
		return mine, err
	}
	// 5. Forget.
	_, err = remove(ctx, m.Old, key, done)
	return mine, err
}

// reserve puts a reservation in the place of n.
func (m *Mover) reserve(ctx context.Context, key string, r *djsession.Record, n state) (v djsession.Version, ok bool, err error) {
	if n.kind == reserved {
		return swap(ctx, m.New, key, r, n.version)
	}
	v, err = m.New.Create(ctx, key, r)
	if errors.Is(err, djsession.ErrKeyTaken) && errors.Is(n.err, djsession.ErrExpired) {
		// An expired copy is still in the way. It has no Version.
		var now state
		if now, err = look(ctx, m.New, key); err != nil || !errors.Is(now.err, djsession.ErrExpired) {
			return djsession.Version{}, false, err
		}
		return swap(ctx, m.New, key, r, djsession.Force)
	}
	if errors.Is(err, djsession.ErrKeyTaken) {
		return djsession.Version{}, false, nil
	}
	return v, err == nil, err
}

// fill makes a session of a reservation.
func (m *Mover) fill(ctx context.Context, key string, n state) error {
	r, err := m.ending(show(n.record))
	if err == nil {
		_, _, err = swap(ctx, m.New, key, r, n.version)
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
