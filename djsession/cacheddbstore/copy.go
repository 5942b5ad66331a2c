package cacheddbstore

import (
	"context"
	"errors"
	"strings"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/linger"
	"github.com/go-djsession/go-djsession/serializer"
)

// The first byte of a Version's token says whether it is that of a row or of a copy.
const (
	tokenOfRow  = "r"
	tokenOfCopy = "c"
)

func ofRow(v djsession.Version) djsession.Version  { return marked(tokenOfRow, v) }
func ofCopy(v djsession.Version) djsession.Version { return marked(tokenOfCopy, v) }

func marked(mark string, v djsession.Version) djsession.Version {
	if token, ok := v.Token(); ok {
		return djsession.VersionOf(mark + token)
	}
	return v
}

// RowText returns the text of the row that v stands for. ok is false if v is not the Version
// of a row, or that of a copy.
func RowText(v djsession.Version) (text string, ok bool) {
	token, _ := v.Token()
	return strings.CutPrefix(token, tokenOfRow)
}

// ofItem returns the record of a copy.
func ofItem(item djcache.Item) *djsession.Record {
	return &djsession.Record{Data: item.Value, Expires: item.Expires}
}

// row returns the Version of the row that seen stands for. If seen saw a copy, the row
// must hold the same.
func (s *Store) row(ctx context.Context, key string, seen djsession.Version) (djsession.Version, error) {
	token, ok := seen.Token()
	if !ok {
		return seen, nil // Force, or nothing that was ever seen
	}
	if token, ok := strings.CutPrefix(token, tokenOfRow); ok {
		return djsession.VersionOf(token), nil
	}
	copied := djsession.VersionOf(strings.TrimPrefix(token, tokenOfCopy))
	if v, ok := s.known.row(key, copied); ok {
		return v, nil
	}
	r, v, err := s.loadExpired(ctx, key)
	if err != nil {
		if errors.Is(err, djsession.ErrCorrupt) {
			err = djsession.ErrConflict
		}
		return djsession.Version{}, s.forget(ctx, key, err)
	}
	data, err := s.read(ctx, key, copied)
	if err != nil || !s.same(data, r.Data) {
		return djsession.Version{}, s.changed(ctx, key, seen, djsession.ErrConflict)
	}
	s.known.add(key, v, copied)
	return v, nil
}

// read returns what the copy held that was seen.
func (s *Store) read(ctx context.Context, key string, seen djsession.Version) (*serializer.Dict, error) {
	if s.recall != nil {
		return s.recall.Recall(seen)
	}
	item, err := s.cache.get(ctx, s.prefix+key, false)
	if err == nil && !item.Version.Equal(seen) {
		err = djsession.ErrConflict
	}
	return item.Value, err
}

// changed returns err, the error of a change of the row. A conflict with a record that was
// read from the copy drops the copy: it may be outdated, and a Touch would make it last.
func (s *Store) changed(ctx context.Context, key string, seen djsession.Version, err error) error {
	if token, _ := seen.Token(); errors.Is(err, djsession.ErrConflict) && strings.HasPrefix(token, tokenOfCopy) {
		_ = s.drop(ctx, key, nil, false)
		return err
	}
	return s.forget(ctx, key, err)
}

// same reports whether a row and its copy hold the same. If the serializer keeps less
// than a pickle does, as JSON makes lists of tuples, the comparison ignores the
// difference.
func (s *Store) same(a, b *serializer.Dict) bool {
	to := s.site.Settings().Serializer
	x, err := to.Dumps(nil, a)
	if err != nil {
		return false
	}
	y, err := to.Dumps(nil, b)
	return err == nil && string(x) == string(y)
}

// stamp returns the context with which copies are made.
func (s *Store) stamp(ctx context.Context) context.Context {
	if s.stamps == nil {
		return ctx
	}
	return djcache.Stamp(ctx)
}

// copy puts a copy of the row that was just written into the cache. seen is the Version that
// the record had before, zero if there was none.
//
// If it was read from a copy with a stamp, and that copy is still there, nobody has changed the
// row since it was written: he would have dropped or replaced the copy before or will do so
// later. See DESIGN.md.
func (s *Store) copy(ctx context.Context, key string, r *djsession.Record, v, seen djsession.Version) {
	data := r.Data
	if s.data != nil {
		data = s.data(r)
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	stamped := s.stamp(ctx)
	if token, _ := seen.Token(); s.stamps != nil && strings.HasPrefix(token, tokenOfCopy) {
		if old := djsession.VersionOf(token[len(tokenOfCopy):]); s.stamps.Stamped(old) {
			made, err := s.cache.replace(stamped, s.prefix+key, data, r.Expires, old)
			switch {
			case err == nil:
				s.settle(ctx)
				s.known.add(key, v, made)
				return
			case !errors.Is(err, djsession.ErrNotFound) && !errors.Is(err, djsession.ErrConflict):
				s.unmade(ctx, key, err)
				return
			}
		}
	}
	made, err := s.cache.set(stamped, s.prefix+key, data, r.Expires)
	if err != nil {
		s.unmade(ctx, key, err)
		return
	}
	s.settle(ctx)
	s.recheck(ctx, key, v, made)
}

// unmade drops the copy after an attempt to make one has failed because of cause. If the
// cache did not answer, it may still make the copy later.
func (s *Store) unmade(ctx context.Context, key string, cause error) {
	if errors.Is(cause, djsession.ErrUnavailable) {
		s.suspect(ctx, key)
	}
	_ = s.drop(ctx, key, cause, true)
}

// recheck drops the copy unless the row is still the one that v saw. made is the Version
// of the copy of it that was just made, or zero.
func (s *Store) recheck(ctx context.Context, key string, v, made djsession.Version) {
	_, now, err := s.db.Load(ctx, key)
	if err == nil && now.Equal(v) {
		s.known.add(key, v, made)
		return
	}
	if errors.Is(err, djsession.ErrExpired) {
		err = nil // so is its copy
	}
	if errors.Is(err, djsession.ErrNotFound) {
		err = nil
	}
	s.drop(ctx, key, err, false)
}

// forget drops the copy of a row that is gone, or whose state is unknown because the
// answer of the database was lost. It returns err, or an ErrUnavailable if the row is
// gone and the copy may still be there.
func (s *Store) forget(ctx context.Context, key string, err error) error {
	switch {
	case errors.Is(err, djsession.ErrNotFound):
		if kept := s.drop(ctx, key, nil, true); kept != nil {
			return notAsked(kept)
		}
	case errors.Is(err, djsession.ErrUnavailable):
		_ = s.drop(ctx, key, err, false) // drop logs it
	}
	return err
}

// notAsked returns the error for a session without a row if the cache, which may have a
// copy of it, does not answer.
func notAsked(cause error) error {
	return djsession.Unavailable("look for a copy of a session that has no row", cause)
}

// drop deletes a copy that may be outdated. cause says why it cannot be replaced. n says
// whether the caller's outcome depends on it. drop logs its error.
func (s *Store) drop(ctx context.Context, key string, cause error, n need) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	s.known.forget(key)
	err := cause
	if !errors.Is(cause, errDown) {
		if cause != nil {
			s.log(ctx, "djsession: the copy of a session in the cache is dropped", cause)
		}
		if err = s.cache.delete(ctx, s.prefix+key, n); err == nil {
			return nil
		}
	}
	s.log(ctx, "djsession: an outdated copy of a session stays in the cache until that answers again", err)
	s.suspect(ctx, key)
	s.settleLater(ctx)
	return err
}

// lasting returns the context for work on a copy that has begun. It goes on when the client
// goes away, but not beyond the deadline of ctx: what is then left to do is done later.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Value(linger.Lasts{}) != nil || ctx.Done() == nil || ctx.Value(goesOn{}) != nil {
		return ctx, func() {}
	}
	on, cancel := linger.Context(context.WithValue(ctx, goesOn{}, true))
	if end, ok := ctx.Deadline(); ok {
		on, end := context.WithDeadline(on, end)
		return on, func() { end(); cancel() }
	}
	return on, cancel
}

// goesOn marks a context of lasting.
type goesOn struct{}
