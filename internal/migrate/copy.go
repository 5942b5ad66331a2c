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
	case s.noted:
		m.count(&n.Later) // a program that is switched already is moving it
		return nil
	case s.record == nil:
		return nil
	case s.was != nil && s.intended == nil && !m.changed(s):
		m.count(&n.Already)
		s.note(m)
		return nil
	}
	// What was never copied is created without a look. A copy is brought up to date if the
	// new engine still holds it.
	look := s.was != nil || s.intended != nil
	for range tries {
		var (
			r    *djsession.Record
			v    djsession.Version
			err  error = djsession.ErrNotFound
			done       = &n.Updated
		)
		if look {
			r, v, err = m.load(ctx, s.l.Key())
		}
		switch {
		case errors.Is(err, djsession.ErrExpired):
			v, err = m.To.Store.Update(ctx, s.l.Key(), s.record, djsession.Force) // it is still in the way
		case errors.Is(err, djsession.ErrNotFound):
			// It never was there, the copy has expired, or it was logged out just now.
			look, done = true, &n.Copied
			v, err = m.To.Store.Create(ctx, s.l.Key(), s.record)
		case err != nil && !errors.Is(err, djsession.ErrCorrupt):
			return err
		case err == nil && m.holds(r, &entry{content: s.content, expires: s.expires}):
			m.count(&n.Already)
			s.put = s.entry(m)
			return nil
		case err != nil || !m.ours(r, s):
			m.count(&n.Taken)
			s.note(m)
			return nil
		default:
			v, err = m.To.Store.Update(ctx, s.l.Key(), s.record, v)
		}
		switch {
		case errors.Is(err, djsession.ErrConflict), errors.Is(err, djsession.ErrNotFound), errors.Is(err, djsession.ErrKeyTaken):
			continue
		case refusedByEngine(err):
			m.count(&n.Left)
			s.note(m)
			return nil
		case err != nil:
			return err
		}
		m.count(done)
		s.put = s.entry(m)
		return m.written(ctx, s, v)
	}
	m.count(&n.Taken)
	s.note(m)
	return nil
}
