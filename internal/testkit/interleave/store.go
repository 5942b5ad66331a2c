package interleave

import (
	"context"
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// rows is what the engines of this module are. Only what requests use is a step, no walk.
type rows interface {
	djsession.Store
	djsession.Toucher
	djsession.CompareDeleter
	djsession.Reaper
	djsession.Lister
}

// Store returns the store as p uses it: each operation is a step.
func Store(p *Party, name string, s rows) *Stepped { return &Stepped{rows: s, p: p, name: name} }

// Stepped is what Store returns.
type Stepped struct {
	rows
	p    *Party
	name string
}

// do is a step of a method. It returns the method's error, or that of the fault.
func (s *Stepped) do(key, op string, writes bool, method func() error) error {
	var err error
	if fault := s.p.Step(s.name+" "+s.p.Key(key), op, func() (string, bool) {
		err = method()
		return outcome(err), writes && err == nil
	}); fault != nil {
		return djsession.Unavailable(op+" session", fault)
	}
	return err
}

// Load implements djsession.Store.
func (s *Stepped) Load(ctx context.Context, key string) (r *djsession.Record, v djsession.Version, err error) {
	if err = s.do(key, "load", false, func() error { r, v, err = s.rows.Load(ctx, key); return err }); unanswered(err) {
		return nil, djsession.Version{}, err
	}
	return r, v, err
}

// LoadFresh implements djsession.FreshLoader.
func (s *Stepped) LoadFresh(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	return s.Load(ctx, key)
}

// Create implements djsession.Store.
func (s *Stepped) Create(ctx context.Context, key string, r *djsession.Record) (v djsession.Version, err error) {
	err = s.do(key, "create", true, func() error { v, err = s.rows.Create(ctx, key, r); return err })
	return version(v, err), err
}

// Update implements djsession.Store.
func (s *Stepped) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (v djsession.Version, err error) {
	err = s.do(key, "update", true, func() error { v, err = s.rows.Update(ctx, key, r, seen); return err })
	return version(v, err), err
}

// Delete implements djsession.Store.
func (s *Stepped) Delete(ctx context.Context, key string) error {
	return s.do(key, "delete", true, func() error { return s.rows.Delete(ctx, key) })
}

// Touch implements djsession.Toucher.
func (s *Stepped) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	return s.do(key, "touch", true, func() error { return s.rows.Touch(ctx, key, expires, seen) })
}

// DeleteSeen implements djsession.CompareDeleter.
func (s *Stepped) DeleteSeen(ctx context.Context, key string, seen djsession.Version) error {
	return s.do(key, "delete what was seen", true, func() error { return s.rows.DeleteSeen(ctx, key, seen) })
}

// unanswered reports whether a fault took the answer away.
func unanswered(err error) bool { return errors.Is(err, ErrRefused) || errors.Is(err, ErrLost) }

// version is what a writing method returns beside err.
func version(v djsession.Version, err error) djsession.Version {
	if err != nil {
		return djsession.Version{}
	}
	return v
}

// outcome is the kind of an error, for the printed schedule.
func outcome(err error) string {
	for _, kind := range []error{djsession.ErrExpired, djsession.ErrNotFound, djsession.ErrConflict, djsession.ErrKeyTaken,
		djsession.ErrCorrupt, djsession.ErrUnavailable} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	if err != nil {
		return "another error"
	}
	return "done"
}
