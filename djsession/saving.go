package djsession

import (
	"context"
	"sync"
	"time"
)

// saving returns the context of a save. It outlives the request, so that closing a tab
// cannot undo a logout. It ends after SaveTimeout.
// Call end when the save is done.
func (m *Manager) saving(ctx context.Context) *savingContext {
	return &savingContext{values: context.WithoutCancel(ctx), deadline: time.Now().Add(m.site.set.SaveTimeout)}
}

// savingContext is context.WithDeadline, but makes the timer and the channel only if
// somebody waits for its end. A store that answers at once needs neither.
type savingContext struct {
	values   context.Context // the request's, without its end
	deadline time.Time

	mu    sync.Mutex
	full  context.Context // nil before the first Done
	stop  context.CancelFunc
	ended bool
}

// end cancels the context.
func (c *savingContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.stop != nil {
		c.stop()
	}
}

func (c *savingContext) Deadline() (time.Time, bool) { return c.deadline, true }

func (c *savingContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full == nil {
		c.full, c.stop = context.WithDeadline(c.values, c.deadline)
		if c.ended {
			c.stop()
		}
	}
	return c.full.Done()
}

func (c *savingContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.full != nil:
		return c.full.Err()
	case c.ended:
		return context.Canceled
	case !time.Now().Before(c.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// Value asks the full context if there is one: by a value of its own, package context
// finds out whom to cancel with it.
func (c *savingContext) Value(key any) any {
	c.mu.Lock()
	full := c.full
	c.mu.Unlock()
	if full == nil {
		full = c.values
	}
	return full.Value(key)
}

// String shows none of the values.
func (c *savingContext) String() string { return "context of a save" }
