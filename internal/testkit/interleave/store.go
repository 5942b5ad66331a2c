package interleave

import (
	"context"
	"errors"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// Store returns s for the party p: each operation is a step.
func Store(p *Party, name string, s djsession.Store) *Stepped {
	return &Stepped{Store: s, p: p, name: name}
}

// Stepped is the store that [Store] returns.
type Stepped struct {
	djsession.Store
	p    *Party
	name string
}

// Unwrap is for listing and upkeep, which are not steps: see [djsession.As].
func (s *Stepped) Unwrap() djsession.Store { return s.Store }

// do runs a method as a step. It returns the error of the method or of the fault.
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
	if err = s.do(key, "load", false, func() error { r, v, err = s.Store.Load(ctx, key); return err }); unanswered(err) {
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
	err = s.do(key, "create", true, func() error { v, err = s.Store.Create(ctx, key, r); return err })
	return version(v, err), err
}

// Update implements djsession.Store.
func (s *Stepped) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (v djsession.Version, err error) {
	err = s.do(key, "update", true, func() error { v, err = s.Store.Update(ctx, key, r, seen); return err })
	return version(v, err), err
}

// Delete implements djsession.Store.
func (s *Stepped) Delete(ctx context.Context, key string, seen djsession.Version) error {
	op := "delete what was seen"
	if seen.IsForce() {
		op = "delete"
	}
	return s.do(key, op, true, func() error { return s.Store.Delete(ctx, key, seen) })
}

// Touch implements djsession.Store.
func (s *Stepped) Touch(ctx context.Context, key string, expires time.Time, seen djsession.Version) error {
	return s.do(key, "touch", true, func() error { return s.Store.Touch(ctx, key, expires, seen) })
}

// Cycler is a [Stepped] that gives a record a new key in one step.
type Cycler struct{ *Stepped }

// Cycle implements djsession.Cycler. The object of the step is the old key alone, because
// no other party knows the new key.
func (s Cycler) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (v djsession.Version, err error) {
	err = s.do(old, "cycle", true, func() error {
		if v, err = s.Store.Create(ctx, key, r); err != nil {
			return err
		}
		if err = s.Store.Delete(ctx, old, seen); err != nil {
			return errors.Join(err, s.Store.Delete(ctx, key, v))
		}
		return nil
	})
	return version(v, err), err
}

// unanswered reports whether a fault hid the answer.
func unanswered(err error) bool { return errors.Is(err, ErrRefused) || errors.Is(err, ErrLost) }

// version returns v, or the zero Version beside an error.
func version(v djsession.Version, err error) djsession.Version {
	if err != nil {
		return djsession.Version{}
	}
	return v
}

// outcome returns the kind of an error, for the printed schedule.
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
