package migrate

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/payload"
)

// inflight is an old engine whose server got a deletion of a program that was killed, and
// does it later: when the next program comes to delete the same session.
type inflight struct {
	*memstore.Store
	killed func() // ends the program before the server has answered; nil in the next one

	mu   sync.Mutex
	sent func() error
}

func (s *inflight) Delete(ctx context.Context, key string, seen djsession.Version) error {
	if seen.IsForce() {
		return s.Store.Delete(ctx, key, seen)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.killed != nil {
		s.sent = func() error { return s.Store.Delete(context.WithoutCancel(ctx), key, seen) }
		s.killed()
		return djsession.Unavailable("delete", context.Canceled)
	}
	if s.sent != nil {
		_ = s.sent()
		s.sent = nil
	}
	return s.Store.Delete(ctx, key, seen)
}

// The second step is killed while its deletion of a session is on the way to the old
// engine, which does it when the next run has already listed the session. Nobody logged out.
func TestSwitchedKilledWhileDeleting(t *testing.T) {
	for name, change := range map[string]func(w *moveWorld){
		"copied":                   func(*moveWorld) {},
		"written since":            func(w *moveWorld) { w.put(w.old, moveKey, 2, time.Hour) },
		"prolonged since":          func(w *moveWorld) { w.put(w.old, moveKey, 1, 2*time.Hour) },
		"written on both":          func(w *moveWorld) { w.put(w.old, moveKey, 2, time.Hour); w.put(w.new, moveKey, 3, time.Hour) },
		"never copied":             func(w *moveWorld) { w.put(w.old, otherKey, 1, time.Hour) },
		"never copied and on both": func(w *moveWorld) { w.put(w.old, otherKey, 1, time.Hour); w.put(w.new, otherKey, 3, time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newMove(t)
			w.put(w.old, moveKey, 1, time.Hour)
			w.must(false)
			change(w)
			want := map[string]bool{}
			for key := range w.state(w.old) {
				want[key] = true
			}
			old := &inflight{Store: w.old}
			w.prev = old
			// Each run but the last is killed.
			for range 4 {
				ctx, cancel := context.WithCancel(t.Context())
				old.killed = cancel
				_, err := w.run(ctx, true)
				cancel()
				if err == nil {
					break
				}
				old.killed = nil
			}
			w.must(true)
			for key := range want {
				if w.held(w.new, key) == 0 {
					t.Errorf("who has session %s was logged out", payload.ShortKey(key))
				}
			}
			if n := len(w.state(w.old)); n != 0 {
				t.Errorf("%d are left on the old engine", n)
			}
		})
	}
}

const otherKey = "zyxwvutsrqponmlkjihgfedcba543210"
