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
	spare *line // an unused one, or nil
}

// line is the queue of one key.
type line struct {
	turn chan struct{} // holds a token while nobody has the turn; nil if nobody ever waited
	n    int           // how many have the turn or wait
}

// enter waits for its turn. If there is no error, call leave to end the turn.
func (q *queue) enter(ctx context.Context, key string) error {
	q.mu.Lock()
	l := q.lines[key]
	if l == nil {
		if q.lines == nil {
			q.lines = make(map[string]*line)
		}
		if l = q.spare; l == nil {
			l = new(line)
		}
		q.spare = nil
		l.n = 1
		q.lines[key] = l
		q.mu.Unlock()
		return nil
	}
	if l.turn == nil {
		l.turn = make(chan struct{}, 1)
	}
	l.n++
	q.mu.Unlock()

	select {
	case <-l.turn:
		return nil
	case <-ctx.Done():
		q.mu.Lock()
		q.quit(key, l)
		q.mu.Unlock()
		return ctx.Err()
	}
}

// leave ends the turn.
func (q *queue) leave(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[key]
	if q.quit(key, l); l.n > 0 {
		l.turn <- struct{}{} // there is room: nobody else has the turn
	}
}

// quit takes one out of a line.
func (q *queue) quit(key string, l *line) {
	if l.n--; l.n > 0 {
		return
	}
	delete(q.lines, key)
	if l.turn == nil {
		q.spare = l
	}
}
