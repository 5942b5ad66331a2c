package migrate

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/convert"
	"github.com/go-djsession/go-djsession/internal/handover"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
)

// moving is a session on its way.
type moving struct {
	l  djsession.Listed
	id hash

	was      *entry // what the journal says
	intended *entry // and what it says was about to be written

	record  *djsession.Record // as it is to be stored; nil if it is not
	content int64
	expires int64 // in seconds since 1970, or 0

	noted bool   // a move of it has begun, and is not over
	put   *entry // for the journal
	drop  bool   // out of the journal
	leave bool   // it may be deleted from the old engine
	hand  bool   // it is to be handed over
	out   bool   // it was logged out on the new engine
	sent  bool   // an earlier run may have sent its deletion to the old engine
}

// batchBytes is the most bytes of sessions that a batch holds, unless one session is
// larger.
const batchBytes = 8 << 20

// walk goes through the old engine from where the journal says.
func (m *mover) walk(ctx context.Context) error {
	return m.batches(ctx, m.From.Lister, func(items []*moving) error { return m.move(ctx, items) })
}

// batches lists an engine in batches. It reads the next batch while do works on one. The
// journal gets the cursor of a batch together with the batch that follows, so that a run
// that was killed may do one batch twice.
func (m *mover) batches(ctx context.Context, lister djsession.Lister, do func([]*moving) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type page struct {
		items []*moving
		err   error
	}
	pages := make(chan page, 1)
	go func() {
		defer close(pages)
		var p page
		size := 0
		for l, err := range lister.List(ctx, m.state.Cursor) {
			if p.err = err; err != nil {
				break
			}
			p.items = append(p.items, &moving{l: l, id: keyHash(l.Key())})
			if size += l.Size; len(p.items) < m.Batch && size < batchBytes {
				continue
			}
			select {
			case pages <- p:
			case <-ctx.Done():
				return
			}
			p, size = page{}, 0
		}
		select {
		case pages <- p:
		case <-ctx.Done():
		}
	}()
	for p := range pages {
		m.done = m.state
		if p.err != nil {
			return p.err
		}
		if len(p.items) == 0 {
			continue
		}
		if err := do(p.items); err != nil {
			return err
		}
		m.state.Cursor = cursorOf(p.items[len(p.items)-1].l)
		m.Progress(m.state.Counts.Seen)
	}
	return ctx.Err()
}

// cursorOf returns where to go on after l, or a little before. The cursor of an engine ends
// in the session's key. cursorOf keeps only the part of the key that may be shown: a later
// run sees some sessions a second time and misses none.
func cursorOf(l djsession.Listed) string {
	n := len(l.Cursor()) - len(l.Key())
	if n < 0 || l.Cursor()[n:] != l.Key() {
		return "" // from the beginning, then
	}
	return l.Cursor()[:n] + l.Key()[:min(payload.ShownKey, len(l.Key())/2)]
}

// move does a batch: it writes the sessions to the new engine, then notes them in the
// journal, and then deletes them from the old engine. So if the journal does not call a
// copy settled and its session is not on the old engine, somebody else deleted the session.
//
// In the second step, a session that was not copied is handed over when the journal is
// written: the journal then does not have it.
func (m *mover) move(ctx context.Context, items []*moving) error {
	if m.journal != nil {
		if err := m.journal.lookUp(ctx, items); err != nil {
			return err
		}
	}
	if err := m.each(ctx, items, func(s *moving) error { return m.prepare(s) }); err != nil {
		return err
	}
	if m.DryRun {
		return m.each(ctx, items, m.estimate)
	}
	do := m.bring
	if !m.Switched {
		do = m.copy
		if err := m.journal.intend(ctx, items); err != nil {
			return err
		}
	}
	if err := m.each(ctx, items, func(s *moving) error { return do(ctx, s) }); err != nil {
		return err
	}
	if err := m.emptied(items); err != nil {
		return err
	}
	if err := m.journal.commit(ctx, items, m.done); err != nil {
		return err
	}
	if !m.Switched {
		return nil
	}
	return m.each(ctx, items, func(s *moving) error {
		if s.hand {
			return m.hand(ctx, s)
		}
		return m.leave(ctx, s)
	})
}

// each does something to the sessions of a batch, several at a time.
func (m *mover) each(ctx context.Context, items []*moving, do func(*moving) error) error {
	var (
		next  atomic.Int64
		group sync.WaitGroup
		errs  = make([]error, m.Workers)
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for i := range errs {
		group.Go(func() {
			for ctx.Err() == nil {
				n := next.Add(1) - 1
				if n >= int64(len(items)) {
					return
				}
				if err := do(items[n]); err != nil {
					errs[i] = err
					cancel()
					return
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs { // the first to fail made the others stop
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// count adds 1 to a count. It takes a lock because an atomic addition needs a multiple of
// eight bytes as the address, which a machine of 32 bits does not give these fields.
func (m *mover) count(n *int64) {
	m.counting.Lock()
	defer m.counting.Unlock()
	*n++
}

// prepare decides whether a session is to be stored, and as what.
func (m *mover) prepare(s *moving) error {
	n := &m.state.Counts
	m.count(&n.Seen)
	now := m.site.Now()
	switch {
	case !m.site.ValidKey(s.l.Key()):
		m.count(&n.Corrupt)
	case s.l.Err != nil:
		m.count(&n.Corrupt)
		s.note(m)
	case !s.l.Record.Expires.IsZero() && !s.l.Record.Expires.After(now):
		m.count(&n.Expired)
		s.note(m)
		s.leave = true
	case handover.Noted(s.l.Key(), s.l.Record):
		s.noted = true
	default:
		r, ok := m.converted(handover.Clean(s.l.Record))
		if !ok {
			m.count(&n.Left)
			s.note(m)
			return nil
		}
		content, err := contentOf(r.Data)
		if err != nil {
			m.count(&n.Left)
			s.note(m)
			return nil
		}
		s.record, s.content = r, content
		if !s.l.Record.Expires.IsZero() {
			s.expires = r.Expires.Unix()
		}
	}
	return nil
}

// converted returns r as the new engine needs it; ok is false if that is not possible.
func (m *mover) converted(r *djsession.Record) (_ *djsession.Record, ok bool) {
	n := *r
	if m.JSON && payload.WasPickle(r.Data) {
		if n.Data, ok = convert.ToJSON(m.site, r.Data); !ok {
			return nil, false
		}
	}
	end, err := m.site.ExpiryDate(n.Data, m.site.Now())
	if err != nil {
		return nil, false // a Django that could not read it would be worse
	}
	if n.Expires.IsZero() {
		n.Expires = end
	}
	return &n, true
}

// contentOf returns a hash of the values of a session. It does not depend on the
// serializer.
func contentOf(d *serializer.Dict) (int64, error) {
	text, err := tagged.Append(nil, d)
	if err != nil {
		return 0, err
	}
	return contentHash(text), nil
}

// entry is what the journal notes of a session that is stored as it should be.
func (s *moving) entry(m *mover) *entry {
	return &entry{content: s.content, expires: s.expires, seen: m.mark()}
}

// mark returns entry.seen for a session that this walk has seen.
func (m *mover) mark() int64 {
	if m.Switched {
		return settled
	}
	return m.state.Pass
}

// note marks a session of the journal as seen. A session that the journal does not have
// stays out of it.
func (s *moving) note(m *mover) {
	if s.was != nil {
		e := *s.was
		e.seen = m.mark()
		s.put = &e
	}
}

// holds reports whether r is what an entry says.
func (m *mover) holds(r *djsession.Record, e *entry) bool {
	if e == nil {
		return false
	}
	content, err := contentOf(r.Data)
	return err == nil && content == e.content && m.ends(r, e.expires)
}

// ends reports whether r ends at that second. It allows for Redis, which counts
// milliseconds by a clock of its own.
func (m *mover) ends(r *djsession.Record, expires int64) bool {
	if expires == 0 || r.Expires.IsZero() || m.To.Decodes { // which makes it of the data
		return true
	}
	d := r.Expires.Sub(time.Unix(expires, 0)) // which has no fraction
	return d > -time.Second && d < 2*time.Second
}

// inTime is a closer ends for a record that was just written. Some engines keep whole
// seconds and round up.
func (m *mover) inTime(r, want *djsession.Record) bool {
	if r.Expires.IsZero() || want.Expires.IsZero() || m.To.Decodes {
		return true
	}
	d := r.Expires.Sub(want.Expires)
	return d > -slowLoad && d <= time.Second
}

// changed reports whether the session on the old engine differs from what was copied.
func (m *mover) changed(s *moving) bool {
	return s.content != s.was.content || s.expires != 0 && s.was.expires != 0 && max(s.expires-s.was.expires, s.was.expires-s.expires) > 1
}

// ours reports whether the new engine holds what was copied to it.
func (m *mover) ours(r *djsession.Record, s *moving) bool {
	return m.holds(r, s.was) || m.holds(r, s.intended) || m.holds(r, &entry{content: s.content, expires: s.expires})
}

// A Redis stores the time that a session has left, not the moment at which it ends. So the
// moment is off by the time of the command; a command that took too long is done again.
const (
	slowLoad = 500 * time.Millisecond
	tries    = 5
)

// load reads a session of the new engine, past its caches.
func (m *mover) load(ctx context.Context, key string) (r *djsession.Record, v djsession.Version, err error) {
	for range tries {
		start := time.Now()
		if f, ok := m.To.Store.(djsession.FreshLoader); ok {
			r, v, err = f.LoadFresh(ctx, key)
		} else {
			r, v, err = m.To.Store.Load(ctx, key)
		}
		if err != nil || r.Expires.IsZero() || time.Since(start) < slowLoad {
			break
		}
	}
	return r, v, err
}

// written reads back a session that was just stored as v. It returns *MismatchError if the
// engine does not hold what it was given.
func (m *mover) written(ctx context.Context, s *moving, v djsession.Version) error {
	for try := 1; ; try++ {
		r, is, err := m.load(ctx, s.l.Key())
		switch {
		case errors.Is(err, djsession.ErrNotFound):
			return nil // logged out in this moment
		case errors.Is(err, djsession.ErrCorrupt):
			return mismatch(s, "it does not decode")
		case err != nil:
			return err
		case m.Switched && !is.Equal(v):
			return nil // Django has written it in this moment
		}
		content, err := contentOf(r.Data)
		switch {
		case err != nil || content != s.content:
			return mismatch(s, "it holds something else")
		case m.inTime(r, s.record):
			return nil
		case try == tries:
			return mismatch(s, "it ends at another time")
		}
		err = m.To.Store.Touch(ctx, s.l.Key(), s.record.Expires, is)
		if err != nil && !errors.Is(err, djsession.ErrNotFound) && !errors.Is(err, djsession.ErrConflict) {
			return err
		}
	}
}

func mismatch(s *moving, what string) error {
	return &MismatchError{payload.ShortKey(s.l.Key()), what}
}

// refusedByEngine reports whether err means that the engine cannot hold this session. The
// session then stays where it is.
func refusedByEngine(err error) bool {
	var wrong *serializer.ConvertError
	return errors.Is(err, errNotConvertible) || errors.Is(err, djsession.ErrTooLarge) || errors.As(err, &wrong) || errors.Is(err, serializer.ErrLimit)
}

// estimate counts what a run would do. It does not ask the new engine.
func (m *mover) estimate(s *moving) error {
	n := &m.state.Counts
	switch {
	case s.record == nil:
	case s.was == nil:
		m.count(&n.Copied)
	case m.changed(s):
		m.count(&n.Updated)
	default:
		m.count(&n.Already)
	}
	return nil
}
