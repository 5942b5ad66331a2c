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
	ended := false // something that counts
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
		var did, over bool
		if o.kind == claim || !copied && (o.kind == session || o.kind == corrupt) {
			did, over, err = m.endOld(ctx, key, o)
		} else {
			did, over, err = m.endNew(ctx, key, o, copied)
		}
		ended = ended || did
		switch {
		case err != nil:
			return err
		case over && !ended:
			return djsession.ErrNotFound
		case over:
			return nil
		}
	}
	return djsession.Unavailable("delete session", errBusy)
}

// endOld ends a session that the old engine decides about. over is false if others were
// faster.
func (m *Mover) endOld(ctx context.Context, key string, o state) (did, over bool, err error) {
	if over, err = remove(ctx, m.Old, key, o.version); !over {
		return false, false, err
	}
	// There may be a reservation.
	err = m.New.Delete(ctx, key, djsession.Force)
	if !errors.Is(err, djsession.ErrNotFound) {
		return true, true, err
	}
	if o.kind == claim {
		return true, true, nil
	}
	// djsession migrate --keep may have copied it meanwhile, and the copy may have got a new key.
	copied, err := m.copied(ctx, key)
	return !copied, true, err
}

// endNew ends a session that the new engine decides about. over is false if others were
// faster.
func (m *Mover) endNew(ctx context.Context, key string, o state, copied bool) (did, over bool, err error) {
	n, err := look(ctx, m.New, key)
	switch {
	case err != nil:
		return false, false, err
	case errors.Is(n.err, djsession.ErrExpired):
		err = m.New.Delete(ctx, key, djsession.Force)
		if did = err == nil; err != nil && !errors.Is(err, djsession.ErrNotFound) {
			return false, false, err
		}
	case n.kind != absent:
		if ok, err := remove(ctx, m.New, key, n.version); !ok {
			return false, false, err
		}
		// A reservation counts if it would have been filled.
		did = n.kind != reserved || copied || o.kind == committed && n.note.id == o.note.id
	}
	if o.kind == absent {
		return did, true, nil
	}
	// If a late save of Django has replaced what was there, this begins anew.
	over, err = remove(ctx, m.Old, key, o.version)
	return did, over, err
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
	if ok, err := remove(ctx, m.Old, key, o.version); ok || err != nil {
		return cmp.Or(err, ended)
	}
	// It is gone, or a late save of Django has replaced it.
	if err := m.End(ctx, key); err != nil && !errors.Is(err, djsession.ErrNotFound) {
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
