package cacheddbstore

import (
	"context"
	"errors"
	"strings"

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
	r, v, err := s.loadExpired(ctx, key)
	if err != nil {
		if errors.Is(err, djsession.ErrCorrupt) {
			err = djsession.ErrConflict
		}
		return djsession.Version{}, s.forget(ctx, key, err)
	}
	item, err := s.cache.Get(ctx, s.prefix+key)
	if err != nil || !ofCopy(item.Version).Equal(seen) || !s.same(item.Value, r.Data) {
		if err == nil {
			s.drop(ctx, key, nil) // or a Touch would make it last
		}
		return djsession.Version{}, djsession.ErrConflict
	}
	return v, nil
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

// copy puts a copy of the row that was just written into the cache.
func (s *Store) copy(ctx context.Context, key string, r *djsession.Record, v djsession.Version) {
	data := r.Data
	if s.data != nil {
		data = s.data(r)
	}
	ctx, cancel := linger.Context(ctx)
	defer cancel()
	if _, err := s.cache.Set(ctx, s.prefix+key, data, r.Expires); err != nil {
		s.unmade(ctx, key, err)
		return
	}
	s.settle(ctx)
	s.recheck(ctx, key, v)
}

// unmade drops the copy after an attempt to make one has failed because of cause. If the
// cache did not answer, it may still make the copy later.
func (s *Store) unmade(ctx context.Context, key string, cause error) {
	if errors.Is(cause, djsession.ErrUnavailable) {
		s.suspect(ctx, key)
	}
	_ = s.drop(ctx, key, cause)
}

// recheck drops the copy unless the row is still the one that v saw.
func (s *Store) recheck(ctx context.Context, key string, v djsession.Version) {
	_, now, err := s.db.Load(ctx, key)
	if err == nil && now.Equal(v) {
		return
	}
	if errors.Is(err, djsession.ErrExpired) {
		err = nil // so is its copy
	}
	if errors.Is(err, djsession.ErrNotFound) {
		err = nil
	}
	s.drop(ctx, key, err)
}

// forget drops the copy of a row that is gone, or whose state is unknown because the
// answer of the database was lost. It returns err, or an ErrUnavailable if the row is
// gone and the copy may still be there.
func (s *Store) forget(ctx context.Context, key string, err error) error {
	switch {
	case errors.Is(err, djsession.ErrNotFound):
		if kept := s.drop(ctx, key, nil); kept != nil {
			return notAsked(kept)
		}
	case errors.Is(err, djsession.ErrUnavailable):
		_ = s.drop(ctx, key, err) // drop logs it
	}
	return err
}

// notAsked returns the error for a session without a row if the cache, which may have a
// copy of it, does not answer.
func notAsked(cause error) error {
	return djsession.Unavailable("look for a copy of a session that has no row", cause)
}

// drop deletes a copy that may be outdated. cause says why it cannot be replaced. drop
// logs its error.
func (s *Store) drop(ctx context.Context, key string, cause error) error {
	ctx, cancel := linger.Context(ctx)
	defer cancel()
	if cause != nil {
		s.log(ctx, "djsession: the copy of a session in the cache is dropped", cause)
	}
	err := s.cache.Delete(ctx, s.prefix+key, djsession.Force)
	if err == nil || errors.Is(err, djsession.ErrNotFound) {
		return nil
	}
	s.log(ctx, "djsession: an outdated copy of a session stays in the cache until that answers again", err)
	s.suspect(ctx, key)
	return err
}
