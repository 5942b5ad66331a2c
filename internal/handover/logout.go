package handover

import (
	"cmp"
	"context"
	"errors"

	"github.com/go-djsession/go-djsession/djsession"
)

// End ends the session of key on both engines, for a logout.
//
// Errors: ErrNotFound if this call ended nothing: somebody else has, or has given the
// session a new key. ErrUnavailable.
func (m *Mover) End(ctx context.Context, key string) error {
	for range cmp.Or(m.Tries, 20) {
		o, err := look(ctx, m.Old, key)
		if err != nil {
			return err
		}
		copied := false
		if o.kind == session || o.kind == corrupt {
			if copied, err = m.copied(ctx, key); err != nil {
				return err
			}
		}
		var done bool
		if o.kind == claim || !copied && (o.kind == session || o.kind == corrupt) {
			done, err = m.endOld(ctx, key, o)
		} else {
			done, err = m.endNew(ctx, key, o, copied)
		}
		if done || err != nil {
			return err
		}
	}
	return djsession.Unavailable("delete session", errBusy)
}

// endOld ends a session that the old engine decides about.
func (m *Mover) endOld(ctx context.Context, key string, o state) (done bool, err error) {
	if ok, err := remove(ctx, m.Old, key, o.version); !ok {
		return false, err
	}
	// There may be a reservation.
	if err := m.New.Delete(ctx, key, djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		return true, err
	}
	return true, nil
}

// endNew ends a session that the new engine decides about.
func (m *Mover) endNew(ctx context.Context, key string, o state, copied bool) (done bool, err error) {
	n, err := look(ctx, m.New, key)
	if err != nil {
		return true, err
	}
	switch {
	case errors.Is(n.err, djsession.ErrExpired):
		err = m.New.Delete(ctx, key, djsession.Force)
	case n.kind == absent:
		err = djsession.ErrNotFound
	default:
		var ok bool
		if ok, err = remove(ctx, m.New, key, n.version); err != nil || !ok {
			return false, err
		}
		// A reservation counts if it would have been filled.
		if n.kind == reserved && !copied && !(o.kind == committed && n.note.id == o.note.id) {
			err = djsession.ErrNotFound
		}
	}
	if err != nil && !errors.Is(err, djsession.ErrNotFound) || o.kind == absent {
		return true, err
	}
	// Whatever the old engine has now: a late save of Django may have replaced it.
	if old := m.Old.Delete(ctx, key, djsession.Force); old != nil && !errors.Is(old, djsession.ErrNotFound) {
		return true, old
	}
	return true, err
}

// EndSeen ends the session that the new engine has as seen, for a caller who gives it a new
// key. Whatever the old engine has under the key ends with it.
//
// Errors: ErrNotFound, ErrConflict and ErrUnavailable of the new engine; ErrUnavailable of the
// old one.
func (m *Mover) EndSeen(ctx context.Context, key string, seen djsession.Version) error {
	o, err := look(ctx, m.Old, key)
	if err != nil {
		return err // nothing is half done: the caller deletes the new key
	}
	if o.kind == session || o.kind == claim {
		var copied bool
		if copied, err = m.copied(ctx, key); err != nil {
			return err
		}
		if !copied { // a late save of Django, which would be moved once more
			if _, err = remove(ctx, m.Old, key, o.version); err != nil {
				return err
			}
		}
	}
	ended := m.New.Delete(ctx, key, seen)
	if ended != nil && !errors.Is(ended, djsession.ErrNotFound) || o.kind == absent {
		return ended
	}
	if err := m.Old.Delete(ctx, key, djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		return err
	}
	return ended
}

// EndCopying is End before the site is switched: the old engine decides, and a copy on the new
// one is deleted first.
func (m *Mover) EndCopying(ctx context.Context, key string) error {
	for range cmp.Or(m.Tries, 20) {
		o, err := look(ctx, m.Old, key)
		if err != nil {
			return err
		}
		if o.kind == claim || o.kind == committed {
			return m.End(ctx, key) // another program is switched already
		}
		if err := m.New.Delete(ctx, key, djsession.Force); err != nil && !errors.Is(err, djsession.ErrNotFound) {
			return err
		}
		if o.kind == absent {
			return m.Old.Delete(ctx, key, djsession.Force)
		}
		if ok, err := remove(ctx, m.Old, key, o.version); ok || err != nil {
			return err
		}
	}
	return djsession.Unavailable("delete session", errBusy)
}
