package migrate

import (
	"context"
	"errors"

	"github.com/go-djsession/go-djsession/djsession"
)

// copy does one session in the first step, in which the old engine has the truth.
func (m *mover) copy(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	switch {
	case s.record == nil:
		return nil
	case s.was != nil && s.intended == nil && !m.changed(s):
		m.count(&n.Already)
		s.note(m)
		return nil
	case s.was == nil && s.intended == nil:
		return m.create(ctx, s)
	}
	return m.update(ctx, s)
}

// create stores a session that was not copied yet.
func (m *mover) create(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	v, err := m.To.Store.Create(ctx, s.l.Key(), s.record)
	switch {
	case errors.Is(err, djsession.ErrKeyTaken):
		return m.update(ctx, s)
	case refusedByEngine(err):
		m.count(&n.Left)
		s.note(m)
		return nil
	case err != nil:
		return err
	}
	m.count(&n.Copied)
	s.put = s.entry(m)
	return m.written(ctx, s, v)
}

// update brings a copy up to date, if the new engine still holds it.
func (m *mover) update(ctx context.Context, s *moving) error {
	n := &m.state.Counts
	for range tries {
		r, v, err := m.load(ctx, s.l.Key())
		switch {
		case errors.Is(err, djsession.ErrExpired):
			v = djsession.Force // and it is still in the way
		case errors.Is(err, djsession.ErrNotFound):
			// The copy has expired, or was logged out just now.
			v, err = m.To.Store.Create(ctx, s.l.Key(), s.record)
			switch {
			case errors.Is(err, djsession.ErrKeyTaken):
				continue
			case refusedByEngine(err):
				m.count(&n.Left)
				return nil
			case err != nil:
				return err
			}
			m.count(&n.Copied)
			s.put = s.entry(m)
			return m.written(ctx, s, v)
		case errors.Is(err, djsession.ErrCorrupt):
			m.count(&n.Taken)
			s.note(m)
			return nil
		case err != nil:
			return err
		case m.holds(r, &entry{content: s.content, expires: s.expires}):
			m.count(&n.Already)
			s.put = s.entry(m)
			return nil
		case !m.ours(r, s):
			m.count(&n.Taken)
			s.note(m)
			return nil
		}
		v, err = m.To.Store.Update(ctx, s.l.Key(), s.record, v)
		switch {
		case errors.Is(err, djsession.ErrConflict), errors.Is(err, djsession.ErrNotFound):
			continue
		case refusedByEngine(err):
			m.count(&n.Left)
			s.note(m)
			return nil
		case err != nil:
			return err
		}
		m.count(&n.Updated)
		s.put = s.entry(m)
		return m.written(ctx, s, v)
	}
	m.count(&n.Taken)
	s.note(m)
	return nil
}
