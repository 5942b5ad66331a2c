package djsession

import (
	"context"
	"iter"
	"reflect"
	"runtime"

	"github.com/go-djsession/go-djsession/internal/waitlock"
	"github.com/go-djsession/go-djsession/serializer"
)

// Update changes the session by the function fn. If somebody else changed the stored
// session meanwhile, fn runs again on the new data, possibly more than once, so that a
// counter loses no count. fn must touch nothing but tx. [Edit] does the same for one
// value with a Go type.
//
// If fn uses the Session itself, Update changes nothing and returns [ErrInUpdate]. So do
// the methods of the Session that return an error; the others return zero values.
//
// If fn returns an error, Update drops what fn did to tx and returns the error; in a
// later run, the error fails the saving. Other errors are those of [Session.Set], and
// [ErrConflict] if other goroutines change the Session faster than fn runs.
func (s *Session) Update(fn func(tx *Tx) error) error {
	return s.apply(func(d *serializer.Dict) (*serializer.Dict, error) {
		tx := Tx{s.m.format, d}
		if err := fn(&tx); err != nil {
			return nil, err
		}
		return tx.d, nil
	})
}

// Edit changes one value of the session by the function fn: it reads the value of name as
// a T, as [Value] does, calls fn with it, and sets the result. If somebody else changed
// the stored session meanwhile, fn runs again on the new data, possibly more than once.
// fn must have no other effects. A missing value is the zero T.
//
// Parts that fn does not change stay as they are stored, with the types of a pickle. So
// do parts for which T has no field: see [serializer.Edit].
//
// If fn returns an error, Edit changes nothing and returns the error; in a later run, the
// error fails the saving. Other errors are those of [Value], [Session.Set] and
// [Session.Update].
func Edit[T any](s *Session, name string, fn func(*T) error) error {
	return s.apply(func(d *serializer.Dict) (*serializer.Dict, error) {
		return serializer.Edit(d, s.m.format, name, fn)
	})
}

// apply runs o, which calls a function of the program, and adds it to the log.
func (s *Session) apply(o op) error {
	watched := func(d *serializer.Dict) (*serializer.Dict, error) { return runUpdate(s, o, d) }
	for range maxUpdateRuns {
		if err := s.lock(); err != nil {
			return err
		}
		before := s.data
		s.mu.Unlock()
		after, err := watched(before)
		if err != nil {
			return err
		}
		s.mu.Lock()
		if s.data != before { // changed by another goroutine
			s.mu.Unlock()
			continue
		}
		err = s.record(nil, watched, after)
		s.mu.Unlock()
		return err
	}
	return s.change(ErrConflict, nil)
}

// maxUpdateRuns is how often Update tries. Then it concludes that fn makes another
// goroutine change the Session.
const maxUpdateRuns = 100

// runUpdate returns o(d), or ErrInUpdate if o uses the Session. The caller may hold s.mu.
//
//go:noinline
func runUpdate(s *Session, o op, d *serializer.Dict) (*serializer.Dict, error) {
	misuses := s.misuses.Load()
	s.updates.Add(1)
	defer s.updates.Add(-1)
	after, err := o(d)
	if s.misuses.Load() != misuses {
		return nil, ErrInUpdate
	}
	return after, err
}

// lock locks s.mu. Inside of a function of Update it returns ErrInUpdate and does not
// lock, because the caller of that function may hold s.mu.
func (s *sessionState) lock() error {
	if s.updates.Load() != 0 && inUpdate() {
		s.misuses.Add(1)
		return ErrInUpdate
	}
	s.mu.Lock()
	return nil
}

// lockWithin is lock that waits no longer than ctx lasts. Another goroutine may hold s.mu
// for as long as its use of the store takes.
func (s *sessionState) lockWithin(ctx context.Context) error {
	if s.updates.Load() != 0 && inUpdate() {
		s.misuses.Add(1)
		return ErrInUpdate
	}
	if err := waitlock.Lock(ctx, &s.mu); err != nil {
		return Unavailable("wait for another use of the session", err)
	}
	return nil
}

var runUpdateEntry = reflect.ValueOf(runUpdate).Pointer()

// inUpdate reports whether this goroutine is inside of runUpdate, for any Session: a
// function of Update must use none.
func inUpdate() bool {
	var pcs [64]uintptr
	for skip := 0; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		if n == 0 {
			return false
		}
		frames := runtime.CallersFrames(pcs[:n])
		for more := true; more; {
			var f runtime.Frame
			if f, more = frames.Next(); f.Entry == runUpdateEntry {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

// Tx is the session inside [Session.Update].
type Tx struct {
	format serializer.Serializer
	d      *serializer.Dict
}

func (tx *Tx) dict() *serializer.Dict { return tx.d }

// Get returns the value of name, and whether there is one. Most code calls [Value]
// instead.
func (tx *Tx) Get(name string) (any, bool) { return tx.d.Get(name) }

// Has reports whether the session holds name.
func (tx *Tx) Has(name string) bool { return tx.d.Has(name) }

// Keys yields the names in order.
func (tx *Tx) Keys() iter.Seq[string] { return keys(tx.d) }

// Set sets name to value. Errors: [serializer.ErrType] and [serializer.ErrLimit].
func (tx *Tx) Set(name string, value any) error {
	v, err := tx.format.Freeze(value)
	if err != nil {
		return err
	}
	tx.d = tx.d.With(name, v)
	return nil
}

// Delete removes name. An absent name is no change.
func (tx *Tx) Delete(name string) { tx.d = tx.d.Without(name) }
