package djsession

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// Save is SessionBase.save: it stores the session now, under a new key if it has none.
// Inside a request, the response sets the cookie.
//
// Errors: [ErrInterrupted] if the session was deleted or another user logged in
// meanwhile; [ErrUnavailable]; [ErrTooLarge]; [ErrCommitted]; or the error of an earlier
// change.
func (s *Session) Save(ctx context.Context) error {
	saving := s.m.saving(ctx)
	defer saving.end()
	ctx = saving
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.done {
		s.m.lateChange()
		return ErrCommitted
	}
	return s.save(ctx)
}

// Create is SessionBase.create: it stores the session now, under a new key. The session
// under the old key stays; see [Session.CycleKey]. Errors as for [Session.Save].
func (s *Session) Create(ctx context.Context) error {
	saving := s.m.saving(ctx)
	defer saving.end()
	ctx = saving
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.done {
		s.m.lateChange()
		return ErrCommitted
	}
	if s.err != nil {
		return s.err
	}
	return s.create(ctx)
}

// CycleKey is SessionBase.cycle_key: it gives the session a new key, against session
// fixation. The key changes when the session is saved. The old key stays good until then,
// and also if the response is an error. [Session.Key] returns the old key until then. A
// session that was deleted meanwhile stays deleted. Errors: [ErrCommitted].
func (s *Session) CycleKey() error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := s.record(nil, nil, s.data); err != nil {
		return err
	}
	s.cycle = true
	return nil
}

// Renew is Set(name, value) for a change that each request makes if it finds the session
// in need of it, such as a login whose hash was made with an old SECRET_KEY. It is no
// conflict if another request has set the same value meanwhile. If this request changed
// nothing else, it is no error either if the session has ended: then nothing is saved,
// and no cookie is set. Errors as for [Session.Set].
//
// Unlike Django, which gives the session a new key, Renew leaves the key as it is. When
// all requests of one page renew, only one of them could have the new key.
func (s *Session) Renew(name string, value any) error {
	v, err := s.m.format.Freeze(value)
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	first := !s.modified
	o := func(d *serializer.Dict) (*serializer.Dict, error) { return d.With(name, v), nil }
	var after *serializer.Dict
	if err == nil {
		after, err = o(s.data)
	}
	if err := s.record(err, o, after); err != nil {
		return err
	}
	s.renewal, s.renew = first, o
	return nil
}

// SetAside makes the session read as empty from now on, for the reason why. Call it for a
// session that is not good, if that may be a mistake of this program, such as a wrong
// SECRET_KEY: the stored session and the cookie stay as they are. A value that is set
// afterwards begins a new session, under a new key. [Session.Flush] still deletes the
// stored session, because somebody asked for that.
//
// SetAside drops the changes that this request made before, as Django's flush does, and
// logs a line. The changes may contain data of the session, and in a new session they
// would replace the cookie. A change or a Flush that failed before still makes the saving fail,
// and a session that was saved before still gets its cookie. After the response has
// begun, SetAside only makes the session read as empty.
func (s *Session) SetAside(why error) {
	if s.lock() != nil {
		return
	}
	defer s.mu.Unlock()
	if n := len(s.log); n > 0 && !s.done {
		ctx := context.Background()
		if s.request != nil {
			ctx = s.request.Context()
		}
		s.m.site.log(ctx, slog.LevelWarn, "djsession: a session is set aside, and what this request had changed in it is dropped", "error", why, "changes", n)
	}
	err, saved := s.err, s.saved
	s.forget()
	s.aside, s.why, s.modified = true, why, false
	s.err, s.saved = err, saved
}

// forget drops everything known of the stored session, except its key.
func (s *Session) forget() {
	s.cycle, s.renewal, s.renew, s.saved, s.err = false, false, nil, false, nil
	s.base, s.data, s.version, s.log = nil, nil, Version{}, nil
}

// Flush is SessionBase.flush, for a logout: it deletes the session from the store now,
// even if the client is gone already, and leaves an empty session without a key. It
// leaves a session that does not decode, but does not delete it.
//
// Unlike Django, Flush does not take a missing login for one that it ended. If somebody
// was logged in when this request read the session, and the store no longer has it,
// another request may have given it a new key: the login lives on. Flush then returns
// [ErrInterrupted]. The client keeps its cookie, which may be the new one by now, so that
// a second try ends the session. This package cannot help if Django cycles a key during a
// logout by Django.
//
// Errors: [ErrInterrupted], [ErrUnavailable], [ErrCommitted]. After an error the session
// is as it was before, and the saving fails with the same error.
func (s *Session) Flush(ctx context.Context) error {
	saving := s.m.saving(ctx)
	defer saving.end()
	ctx = saving
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.done {
		s.m.lateChange()
		return ErrCommitted
	}
	if !s.corrupt && s.m.sealer == nil && s.m.site.ValidKey(s.key) {
		err := s.m.delete(ctx, s.key, Force)
		switch {
		case errors.Is(err, ErrNotFound) && s.login:
			s.err = ErrInterrupted
			return s.err
		case err != nil && !errors.Is(err, ErrNotFound):
			s.err = err
			return err
		}
	}
	s.forget()
	s.key, s.corrupt, s.aside, s.login, s.modified = "", false, false, false, true
	return nil
}

// save stores the session. It and the functions below require s.mu to be held.
func (s *Session) save(ctx context.Context) error {
	switch {
	case s.err != nil:
		return s.err
	case s.aside && s.data.Len() == 0:
		return nil // nothing to begin a new session with
	case s.key == "" || s.corrupt || s.aside || s.m.sealer != nil:
		return s.create(ctx)
	}
	key := s.key // which cycleKey changes
	if err := s.m.queue.enter(ctx, key); err != nil {
		return Unavailable("wait for other writers of the session", err)
	}
	defer s.m.queue.leave(key)
	if s.cycle {
		return s.cycleKey(ctx)
	}
	return s.update(ctx)
}

// create stores the session under a new key.
func (s *Session) create(ctx context.Context) error {
	r, err := s.toStore()
	if err != nil {
		return err
	}
	key, v, err := s.insert(ctx, r)
	if err != nil {
		return err
	}
	s.corrupt, s.aside = false, false
	s.stored(key, r, v)
	return nil
}

// insert stores r under a new key that nobody has.
func (s *Session) insert(ctx context.Context, r *Record) (key string, v Version, err error) {
	if s.m.sealer != nil {
		key, err = s.m.sealer.Seal(r)
		return key, v, err
	}
	for range 10 { // 36^32 keys: even a second try is improbable
		key = s.m.site.NewKey()
		v, err = s.m.create(ctx, key, r)
		if !errors.Is(err, ErrKeyTaken) {
			break
		}
	}
	return key, v, err
}

// update stores the session under its key. If somebody else changed it since it was read,
// update repeats the changes on what is stored.
func (s *Session) update(ctx context.Context) error {
	for try := 0; ; try++ {
		r, err := s.toStore()
		if err != nil {
			return err
		}
		v := s.version
		if len(s.log) == 0 {
			err = s.m.touch(ctx, s.key, r.Expires, v)
		} else {
			v, err = s.m.update(ctx, s.key, r, v)
		}
		switch {
		case err == nil:
			s.stored(s.key, r, v)
			return nil
		case errors.Is(err, ErrNotFound):
			return ErrInterrupted
		case !errors.Is(err, ErrConflict):
			return err
		}
		if err := s.backOff(ctx, try); err != nil {
			return err
		}
		if err := s.refresh(ctx); err != nil {
			return err
		}
	}
}

// cycleKey stores the session under a new key and deletes the old one. If somebody
// deleted the old one already, the session must not come back under the new key.
func (s *Session) cycleKey(ctx context.Context) error {
	if c, ok := s.m.store.(Cycler); ok {
		if err := s.cycleAtOnce(ctx, c); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return s.cycleInSteps(ctx)
}

// cycleAtOnce is cycleKey in one step of the store.
func (s *Session) cycleAtOnce(ctx context.Context, c Cycler) error {
	for try := 0; ; try++ {
		r, err := s.toStore()
		if err != nil {
			return err
		}
		key := s.m.site.NewKey()
		most, cancel := mostOf(ctx)
		v, err := s.m.cycle(most, c, s.key, s.version, key, r)
		cancel()
		switch {
		case err == nil:
			s.stored(key, r, v)
			return nil
		case errors.Is(err, ErrNotFound):
			return ErrInterrupted
		case errors.Is(err, ErrUnavailable):
			// The store may have done it, and only its answer is lost.
			if _, v, missing := s.m.load(ctx, key); missing == nil {
				s.stored(key, r, v)
				return nil
			}
			return err
		case errors.Is(err, ErrKeyTaken) && try < 10:
			continue
		case !errors.Is(err, ErrConflict):
			return err
		}
		if err := s.backOff(ctx, try); err != nil {
			return err
		}
		if err := s.refresh(ctx); err != nil {
			return err
		}
	}
}

// mostOf leaves a quarter of the time of ctx, in which to look whether a step whose answer
// did not come was done.
func mostOf(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end.Add(-time.Until(end)/4))
}

// cycleInSteps is cycleKey by Create and Delete. The Delete finds out whether somebody
// else changed the session under the old key since it was read.
func (s *Session) cycleInSteps(ctx context.Context) error {
	r, err := s.toStore()
	if err != nil {
		return err
	}
	key, v, err := s.insert(ctx, r)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		if err = s.m.delete(ctx, s.key, s.version); err == nil {
			s.stored(key, r, v)
			return nil
		}
		if errors.Is(err, ErrConflict) {
			if err = s.backOff(ctx, try); err == nil {
				err = s.refresh(ctx)
			}
			if err == nil {
				r, err = s.toStore()
			}
			if err == nil {
				v, err = s.m.update(ctx, key, r, v)
			}
			if err == nil {
				continue
			}
		}
		if errors.Is(err, ErrNotFound) {
			err = ErrInterrupted
		}
		// Nobody knows the new key yet. If this fails too, the key expires unused.
		_ = s.m.delete(ctx, key, Force)
		return err
	}
}

// refresh reads the session again and repeats the changes on it.
func (s *Session) refresh(ctx context.Context) error {
	start := s.m.starts()
	r, v, err := s.m.loadFresh(ctx, s.key, s.version)
	if errors.Is(err, ErrNotFound) {
		return ErrInterrupted
	}
	if err != nil {
		return err
	}
	if !sameLogin(s.base, r.Data) && !s.renewedBy(r.Data) {
		return ErrInterrupted
	}
	d := r.Data
	for _, o := range s.log {
		if d, err = o(d); err != nil {
			return err
		}
	}
	s.base, s.data, s.version = r.Data, d, v
	s.m.observe(ctx, "replay", start, nil)
	return nil
}

// renewedBy reports whether somebody else stored the same change as Renew, in an
// otherwise equal login.
func (s *Session) renewedBy(fresh *serializer.Dict) bool {
	if s.renew == nil {
		return false
	}
	renewed, err := s.renew(s.base)
	return err == nil && sameLogin(renewed, fresh)
}

// backOff waits before another try, longer each time: first not at all, then up to 1 ms,
// 2 ms, 4 ms and so on to 64 ms.
func (s *Session) backOff(ctx context.Context, try int) error {
	var wait time.Duration
	if try > 0 {
		wait = rand.N(time.Millisecond << min(try-1, 6))
	}
	select {
	case <-ctx.Done():
		return Unavailable("save the session beside other writers", ctx.Err())
	case <-time.After(wait):
		return nil
	}
}

// due reports whether a request that changed nothing prolongs the session, on a site with
// SaveEveryRequest. A cookie must not go out without a write: another request may have
// given the session a new key, and this cookie would replace the new one.
func (s *Session) due(ctx context.Context) bool {
	part := s.m.site.set.TouchAfter
	if part == 0 || s.m.sealer != nil {
		return true
	}
	if s.ends.IsZero() {
		s.m.endless.Do(func() {
			s.m.site.log(ctx, slog.LevelWarn, "djsession: TouchAfter has no effect: the store does not say when a session ends")
		})
		return true
	}
	if ctx.Err() != nil {
		return false // the client is gone, and would not get the cookie
	}
	now := s.m.site.Now()
	ends, err := s.m.site.expiryDate(s.data, now)
	if err != nil {
		return true // saving returns the error
	}
	// Some stores round an end up to a second.
	lost := ends.Sub(s.ends)
	return lost <= -time.Second || lost.Seconds() >= part*ends.Sub(now).Seconds()
}

// toStore returns the record for the store.
func (s *Session) toStore() (*Record, error) {
	expires, err := s.m.site.expiryDate(s.data, s.m.site.Now())
	if err != nil {
		return nil, err
	}
	r := &Record{Data: s.data, Expires: expires}
	if r.Data == nil {
		r.Data = serializer.NewDict()
	}
	if s.request != nil {
		r.Meta.UserAgent = s.request.UserAgent()
		if addr, err := netip.ParseAddr(s.m.site.ClientAddr(s.request)); err == nil {
			r.Meta.RemoteAddr = addr
		}
	}
	return r, nil
}

// stored notes that the store now holds r under key.
func (s *Session) stored(key string, r *Record, v Version) {
	s.key, s.version, s.ends = key, v, r.Expires
	s.base, s.data, s.log = r.Data, r.Data, nil
	s.login = s.login || r.Data.Has(loginKeys[0])
	s.modified, s.cycle, s.renewal, s.renew, s.saved, s.loaded = false, false, false, nil, true, true
}
