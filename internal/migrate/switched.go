package migrate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// bring does one session in the second step, in which the new engine has the truth: what
// the new engine holds is kept, and a copy that it has lost was logged out.
func (m *mover) bring(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	if s.record == nil {
		return nil
	}
	if s.was == nil {
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
			return m.bringNew(ctx, s) // the copy has expired, or it never was made
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

// bringNew moves a session that was not copied in the first step. It deletes the session
// from the old engine at once, as package movingstore does. So if the session is on neither
// engine, somebody has logged out.
//
// A session that the journal has is settled in the journal first. Otherwise the next run
// would find a copy on the new engine alone, and take that for a logout.
func (m *mover) bringNew(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	// Stopped between two steps, it could not tell a logout from a session of its own.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
	defer cancel()
	v, err := m.To.Store.Create(ctx, s.l.Key(), s.record)
	switch {
	case errors.Is(err, djsession.ErrKeyTaken):
		return m.onBoth(ctx, s)
	case refusedByEngine(err):
		m.count(&n.Left)
		s.note(m)
		return nil
	case err != nil:
		return err
	}
	s.sent = false // a run that deletes from the old engine has left it on the new one
	if err := m.written(ctx, s, v); err != nil {
		return err
	}
	if s.was != nil {
		s.put, s.leave = s.entry(m), true
		m.count(&n.Copied)
		return nil
	}
	if m.Keep {
		_, _, err = m.From.Store.Load(ctx, s.l.Key())
		s.put = s.entry(m)
	} else {
		err = m.From.Store.Delete(ctx, s.l.Key(), s.l.Version)
	}
	switch {
	case errors.Is(err, djsession.ErrNotFound):
		// Whoever logged out meanwhile found nothing on the new engine.
		m.count(&n.Gone)
		if err := m.To.Store.Delete(ctx, s.l.Key(), djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
			return err
		}
		return nil
	case errors.Is(err, djsession.ErrConflict):
		s.put = s.entry(m) // so that the next walk knows what is here
		m.count(&n.Later)
		return nil
	case err != nil && !errors.Is(err, djsession.ErrCorrupt):
		return err
	}
	if !m.Keep {
		m.count(&n.Deleted)
	}
	m.count(&n.Copied)
	return nil
}

// stepTimeout is how long engines may take to move one session.
const stepTimeout = time.Minute

// onBoth does a session that both engines have and that this program did not copy. A program
// with package movingstore is moving it, or has moved it and somebody wrote it on the old
// engine once more. The program that moves a session deletes it, so onBoth leaves it alone
// in the first round. In a later round the journal notes the session before it is deleted
// from the old engine. So neither that program nor the next run takes this for a logout.
func (m *mover) onBoth(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	if m.Keep {
		m.count(&n.Newer)
		s.put = s.entry(m) // so that its absence on the new engine will mean a logout
		return nil
	}
	if m.state.Round == 0 {
		m.count(&n.Later)
		return nil
	}
	switch r, _, err := m.load(ctx, s.l.Key()); {
	case errors.Is(err, djsession.ErrExpired):
		v, err := m.To.Store.Update(ctx, s.l.Key(), s.record, djsession.Force)
		if err != nil {
			m.count(&n.Later)
			return nil
		}
		m.count(&n.Copied)
		s.put, s.leave = s.entry(m), true
		return m.written(ctx, s, v)
	case errors.Is(err, djsession.ErrNotFound): // logged out in this moment
		m.count(&n.LoggedOut)
	case errors.Is(err, djsession.ErrCorrupt):
		m.count(&n.Taken)
		return nil
	case err != nil:
		return err
	case m.holds(r, &entry{content: s.content, expires: s.expires}):
		m.count(&n.Already)
	default:
		m.count(&n.Newer)
	}
	s.put, s.leave = s.entry(m), true
	return nil
}

// leave deletes a session from the old engine when the new one has it.
func (m *mover) leave(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	if !s.leave {
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
