package djsession

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/internal/linger"
)

// saving returns the context of a save. It outlives the request, so that closing a tab
// cannot undo a logout. It ends after SaveTimeout.
// Call end when the save is done.
func (m *Manager) saving(ctx context.Context) *savingContext {
	return &savingContext{values: context.WithoutCancel(ctx), deadline: time.Now().Add(m.site.set.SaveTimeout), saves: &m.saves}
}

// savingContext is context.WithDeadline, but costs no timer of its own: see [saves]. It makes
// a channel only if somebody waits for its end.
type savingContext struct {
	values   context.Context // the request's, without its end
	deadline time.Time
	saves    *saves

	mu    sync.Mutex
	err   error
	done  chan struct{} // nil before the first Done
	place *list.Element // among saves, since then
	after map[int]func()
	calls int
}

// end cancels the context.
func (c *savingContext) end() { c.finish(context.Canceled) }

// finish ends the context by err, unless it has ended.
func (c *savingContext) finish(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	if c.done == nil {
		return
	}
	close(c.done)
	c.saves.remove(c.place)
	for _, f := range c.after {
		go f()
	}
	c.after = nil
}

func (c *savingContext) Deadline() (time.Time, bool) { return c.deadline, true }

func (c *savingContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch()
	return c.done
}

// watch makes the channel and begins to wait for the deadline. The caller holds mu.
func (c *savingContext) watch() {
	if c.done != nil {
		return
	}
	c.done = make(chan struct{})
	if c.err != nil {
		close(c.done)
		return
	}
	c.place = c.saves.add(c)
}

// AfterFunc is a method that package context looks for: [context.AfterFunc] and the contexts
// that are made of this one then need no goroutine that waits for its end.
func (c *savingContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	if c.after == nil {
		c.after = map[int]func(){}
	}
	c.calls++
	call := c.calls
	c.after[call] = f
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, waits := c.after[call]
		delete(c.after, call)
		return waits
	}
}

func (c *savingContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return c.err
}

func (c *savingContext) Value(key any) any {
	if key == (linger.Lasts{}) {
		return true
	}
	return c.values.Value(key)
}

// String shows none of the values.
func (c *savingContext) String() string { return "context of a save" }

// saves are the saves that somebody waits for. One timer ends them all: each new timer would
// wake a thread that finds nothing to do.
type saves struct {
	mu   sync.Mutex
	line list.List // of *savingContext, the earliest deadline first
	next time.Time // when the timer fires; zero if none runs
}

func (s *saves) add(c *savingContext) *list.Element {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.line.Back() // all have the same timeout, so the place is nearly always at the end
	for at != nil && at.Value.(*savingContext).deadline.After(c.deadline) {
		at = at.Prev()
	}
	s.arm(c.deadline)
	if at == nil {
		return s.line.PushFront(c)
	}
	return s.line.InsertAfter(c, at)
}

func (s *saves) remove(place *list.Element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line.Remove(place) // nothing if due was faster
}

// arm sets the timer to a moment, unless it fires earlier. The caller holds mu.
func (s *saves) arm(moment time.Time) {
	if s.next.IsZero() || moment.Before(s.next) {
		s.next = moment
		time.AfterFunc(time.Until(moment), s.due)
	}
}

// due ends the saves whose time is over.
func (s *saves) due() {
	s.mu.Lock()
	var over []*savingContext
	now := time.Now()
	for at := s.line.Front(); at != nil && !now.Before(at.Value.(*savingContext).deadline); at = s.line.Front() {
		over = append(over, s.line.Remove(at).(*savingContext))
	}
	if !now.Before(s.next) { // else another timer runs, for the others
		s.next = time.Time{}
		if at := s.line.Front(); at != nil {
			s.arm(at.Value.(*savingContext).deadline)
		}
	}
	s.mu.Unlock()
	for _, c := range over {
		c.finish(context.DeadlineExceeded)
	}
}
