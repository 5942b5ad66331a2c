package djsession

import (
	"context"
	"sync"
)

// queue lets the writers of one session in this process through one at a time. Otherwise
// they would only make each other try again.
type queue struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is the queue of one key.
type line struct {
	turn chan struct{} // holds one token while nobody has the turn
	n    int           // how many have the turn or wait
}

// enter waits for its turn. Call leave to end the turn.
func (q *queue) enter(ctx context.Context, key string) (leave func(), err error) {
	q.mu.Lock()
	l := q.lines[key]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		l.turn <- struct{}{}
		if q.lines == nil {
			q.lines = make(map[string]*line)
		}
		q.lines[key] = l
	}
	l.n++
	q.mu.Unlock()

	quit := func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if l.n--; l.n == 0 {
			delete(q.lines, key)
		}
	}
	select {
	case <-l.turn:
		return func() { l.turn <- struct{}{}; quit() }, nil
	case <-ctx.Done():
		quit()
		return nil, ctx.Err()
	}
}
