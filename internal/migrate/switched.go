package migrate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/handover"
)

// bring does one session in the second step, in which the new engine has the truth: what
// the new engine holds is kept, and a copy that it has lost was logged out.
func (m *mover) bring(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	switch {
	case s.noted:
		s.hand = true
		return nil
	case s.record == nil:
		return nil
	case s.was == nil:
		return m.bringNew(ctx, s)
	}
	s.sent = s.was.seen == settled
	r, v, err := m.load(ctx, s.l.Key())
	changed := m.changed(s)
	switch {
	case errors.Is(err, djsession.ErrExpired) && changed:
		// The copy has expired; the session was prolonged before the switch.
		v = djsession.Force
	case errors.Is(err, djsession.ErrNotFound):
		if changed && m.over(s.was) || s.intended != nil {
			s.drop = true // the copy has expired, or it never was made
			return m.bringNew(ctx, s)
		}
		m.count(&n.LoggedOut)
		s.note(m)
		s.leave, s.out = true, true
		return nil
	case errors.Is(err, djsession.ErrCorrupt):
		m.count(&n.Taken)
		s.note(m)
		return nil
	case err != nil:
		return err
	case handover.Noted(s.l.Key(), r): // with Keep
		s.hand = true
		return nil
	case !changed || m.holds(r, &entry{content: s.content, expires: s.expires}):
		m.count(&n.Already)
		s.put, s.leave = s.entry(m), true
		return nil
	case !m.ours(r, s):
		m.count(&n.Newer)
		s.note(m)
		s.leave = true
		return nil
	}
	v, err = m.To.Store.Update(ctx, s.l.Key(), s.record, v)
	switch {
	case errors.Is(err, djsession.ErrConflict), errors.Is(err, djsession.ErrNotFound):
		m.count(&n.Later) // the next walk sees what it is now
		return nil
	case refusedByEngine(err):
		m.count(&n.Left)
		s.note(m)
		return nil
	case err != nil:
		return err
	}
	m.count(&n.Updated)
	s.put, s.leave = s.entry(m), true
	return m.written(ctx, s, v)
}

// over reports whether a copy has expired.
func (m *mover) over(e *entry) bool { return e.expires != 0 && e.expires <= m.site.Now().Unix() }

// bringNew moves a session that was not copied in the first step: hand does, when the journal
// is written.
//
// With Keep, the old engine has the session after that too, and the journal has to have it
// before it is on the new one: its absence there then means a logout. So the new engine gets
// a reservation first.
func (m *mover) bringNew(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	if !m.Keep {
		s.hand = true
		return nil
	}
	done, err := m.handover(s).Reserve(ctx, s.l.Key(), s.record)
	switch {
	case errors.Is(err, handover.ErrMoving):
		m.count(&n.Later)
		return nil
	case refusedByEngine(err):
		m.count(&n.Left)
		s.note(m)
		return nil
	case err != nil:
		return err
	}
	s.drop, s.put, s.hand = false, s.entry(m), done
	if !done {
		m.count(&n.Newer)
	}
	return nil
}

// stepTimeout is how long engines may take to move one session.
const stepTimeout = time.Minute

// errNotConvertible is a session that is no JSON.
var errNotConvertible = errors.New("migrate: the new engine cannot hold the session")

// handover returns the Mover for a session. It puts the session into s as it was moved.
func (m *mover) handover(s *moving) *handover.Mover {
	return &handover.Mover{
		Old: m.From.Store, New: m.To.Store, Lease: m.Grace, Waits: handover.Waits,
		Copied: func(context.Context, string) (bool, error) { return m.Keep, nil },
		Convert: func(r *djsession.Record) (*djsession.Record, error) {
			next, ok := m.converted(r)
			if !ok {
				return nil, errNotConvertible
			}
			var err error
			s.record = next
			s.content, err = contentOf(next.Data)
			return next, err
		},
	}
}

// hand moves a session by the protocol of package movingstore, or does what is left of a move
// that somebody else has begun.
func (m *mover) hand(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	// Stopped in between, it would be left to the next run.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
	defer cancel()
	r, v, did, err := m.handover(s).Move(ctx, s.l.Key(), nil)
	switch {
	case errors.Is(err, handover.ErrMoving):
		m.count(&n.Later)
		return nil
	case errors.Is(err, djsession.ErrNotFound): // somebody has logged out meanwhile
		m.count(&n.Gone)
		return nil
	case errors.Is(err, djsession.ErrCorrupt):
		m.count(&n.Taken)
		return nil
	case refusedByEngine(err):
		m.count(&n.Left)
		return nil
	case err != nil:
		return err
	case did == handover.Moved:
		m.count(&n.Copied)
	case m.holds(r, &entry{content: s.content, expires: s.expires}):
		m.count(&n.Already)
	default:
		m.count(&n.Newer)
	}
	if !m.Keep {
		m.count(&n.Deleted)
	}
	if did == handover.Moved && s.record != nil {
		return m.written(ctx, s, v)
	}
	return nil
}

// leave deletes a session from the old engine when the new one has it.
func (m *mover) leave(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	if !s.leave || m.Keep {
		return nil
	}
	switch err := m.From.Store.Delete(ctx, s.l.Key(), s.l.Version); {
	case errors.Is(err, djsession.ErrConflict):
		m.count(&n.Later)
	case errors.Is(err, djsession.ErrNotFound) && s.sent:
		// A run that was killed had settled it too, and the old engine may have done
		// its deletion only now. That is no logout: the new engine decides.
		m.count(&n.Deleted)
	case errors.Is(err, djsession.ErrNotFound):
		if s.record == nil || s.out || s.expires != 0 && s.expires <= m.site.Now().Unix() {
			return nil
		}
		// Somebody who is not yet on the new engine has logged out.
		m.count(&n.Gone)
		if err := m.To.Store.Delete(ctx, s.l.Key(), djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
			return err
		}
	case err != nil:
		return err
	default:
		m.count(&n.Deleted)
	}
	return nil
}

// few sessions say nothing about all.
const few = 100

// emptied returns *EmptiedError if the new engine has lost most of the copies in a batch.
// So many users do not log out at once.
func (m *mover) emptied(items []*moving) error {
	copied, out := 0, 0
	for _, s := range items {
		if s.was != nil && s.record != nil {
			copied++
			if s.out {
				out++
			}
		}
	}
	if m.Switched && copied >= few && out > copied/2 {
		return &EmptiedError{Missing: int64(out), Copied: int64(copied)}
	}
	return nil
}

// prune deletes the copies of sessions that were deleted on the old engine. It walks over
// the new engine because the journal holds no keys.
func (m *mover) prune(ctx context.Context) error {
	now := m.site.Now().Unix()
	before := m.state.Pass // seen by no later walk
	if m.Switched {
		before = 1 << 62
	}
	unseen, all, err := m.journal.unseen(ctx, before, now)
	if err != nil || unseen == 0 {
		return err
	}
	if unseen >= few && unseen > all/2 {
		return &EmptiedError{Old: true, Missing: unseen, Copied: all}
	}
	if m.To.Lister == nil {
		m.Warn(NotPruned, unseen)
		return nil
	}
	var wanted map[hash]bool // nil if they are too many to be held
	if unseen <= maxUnseen {
		if wanted, err = m.journal.unseenKeys(ctx, before, now); err != nil {
			return err
		}
	}
	return m.batches(ctx, m.To.Lister, func(items []*moving) error {
		if wanted != nil {
			items = slices.DeleteFunc(slices.Clone(items), func(s *moving) bool { return !wanted[s.id] })
		}
		if err := m.journal.lookUp(ctx, items); err != nil {
			return err
		}
		err := m.each(ctx, items, func(s *moving) error {
			if s.was == nil || s.was.seen == settled || s.was.seen >= before || m.over(s.was) || s.l.Err != nil {
				return nil
			}
			return m.pruneOne(ctx, s)
		})
		if err != nil {
			return err
		}
		return m.journal.commit(ctx, items, m.done)
	})
}

// maxUnseen is the most hashes that prune keeps in memory.
const maxUnseen = 200_000

// pruneOne deletes a copy if its session is not on the old engine.
func (m *mover) pruneOne(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	_, _, err := m.From.Store.Load(ctx, s.l.Key())
	switch {
	case err == nil || errors.Is(err, djsession.ErrCorrupt) || errors.Is(err, djsession.ErrExpired):
		return nil
	case !errors.Is(err, djsession.ErrNotFound):
		return err
	}
	r, v := s.l.Record, s.l.Version
	for range 5 {
		used := !m.holds(r, s.was)
		if used && !m.Switched {
			m.count(&n.Taken) // nobody should write there yet
			return nil
		}
		err = m.To.Store.Delete(ctx, s.l.Key(), v)
		if err == nil {
			m.count(&n.Pruned)
			if used {
				m.count(&n.Used)
			}
			s.drop = true
			return nil
		}
		if !errors.Is(err, djsession.ErrConflict) {
			break
		}
		if r, v, err = m.load(ctx, s.l.Key()); err != nil {
			break
		}
	}
	if errors.Is(err, djsession.ErrNotFound) {
		s.drop, err = true, nil
	}
	return err
}
