package waitlock

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	var mu sync.Mutex
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, ctx := range map[string]context.Context{"endless": context.Background(), "that can end": t.Context(), "that has ended": ended} {
		if err := Lock(ctx, &mu); err != nil {
			t.Errorf("a free mutex, a context %s: %v", name, err)
		}
		mu.Unlock()
	}

	mu.Lock()
	if err := Lock(ended, &mu); !errors.Is(err, context.Canceled) {
		t.Errorf("a held mutex: got %v, want the error of the context", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := Lock(short, &mu); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a held mutex: got %v, want the error of the context", err)
	}
	time.AfterFunc(10*time.Millisecond, mu.Unlock)
	if err := Lock(t.Context(), &mu); err != nil { // those that gave up do not keep it
		t.Error(err)
	}
	mu.Unlock()
}

// TestExclusion has many goroutines lock at once, some of which give up.
func TestExclusion(t *testing.T) {
	var mu sync.Mutex
	var all sync.WaitGroup
	n, in := 0, 0 // guarded by mu
	for i := range 200 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%20)*time.Millisecond)
			defer cancel()
			if Lock(ctx, &mu) != nil {
				return
			}
			defer mu.Unlock()
			if in++; in != 1 {
				t.Errorf("%d hold the mutex", in)
			}
			n++
			time.Sleep(time.Millisecond / 4)
			in--
		})
	}
	all.Wait()
	if n == 0 || n == 200 {
		t.Logf("%d of 200 got the mutex: nobody gave up, or all did", n)
	}
	if err := Lock(t.Context(), &mu); err != nil {
		t.Error(err)
	}
}

func TestUntil(t *testing.T) {
	type name struct{}
	ending, cancel := context.WithCancel(context.WithValue(t.Context(), name{}, "of the end"))
	ctx := Until(ending, context.WithValue(context.Background(), name{}, "of the values"))
	if got := ctx.Value(name{}); got != "of the values" || ctx.Err() != nil {
		t.Errorf("got the value %v, error %v", got, ctx.Err())
	}
	below, stop := context.WithCancel(ctx)
	defer stop()
	cancel()
	<-below.Done()
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Errorf("got error %v", ctx.Err())
	}
}
