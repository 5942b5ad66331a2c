package djsession

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/signer"
)

type valueKey struct{}

func savingFor(t *testing.T, parent context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	site, err := NewSite(Settings{Keys: signer.SecretKey("k"), SaveTimeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	c := (&Manager{site: site}).saving(parent)
	return c, c.end
}

// TestSaving checks that the context of a save is what context.WithTimeout makes of
// context.WithoutCancel, whether or not somebody has waited for its end.
func TestSaving(t *testing.T) {
	for name, wait := range map[string]bool{"before Done": false, "after Done": true} {
		t.Run(name, func(t *testing.T) {
			why := errors.New("the request's own")
			parent, stop := context.WithCancelCause(context.WithValue(t.Context(), valueKey{}, "v"))
			ctx, cancel := savingFor(t, parent, time.Hour)
			if wait {
				ctx.Done()
			}
			stop(why)
			if ctx.Err() != nil || context.Cause(ctx) != nil {
				t.Errorf("the request's end ends it: %v, %v", ctx.Err(), context.Cause(ctx))
			}
			if got := ctx.Value(valueKey{}); got != "v" {
				t.Errorf("got value %v", got)
			}
			if at, ok := ctx.Deadline(); !ok || time.Until(at) < 59*time.Minute || time.Until(at) > time.Hour {
				t.Errorf("got deadline %v, %t", at, ok)
			}
			cancel()
			if ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled {
				t.Errorf("after its end: %v, %v", ctx.Err(), context.Cause(ctx))
			}
			select {
			case <-ctx.Done():
			default:
				t.Error("after its end, Done is open")
			}

			ctx, cancel = savingFor(t, parent, time.Nanosecond)
			defer cancel()
			if wait {
				<-ctx.Done()
			}
			time.Sleep(time.Millisecond)
			if ctx.Err() != context.DeadlineExceeded {
				t.Errorf("after the deadline: %v", ctx.Err())
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Minute):
				t.Error("after the deadline, Done is open")
			}
		})
	}
}

// Contexts made of it end with it, and need no goroutine.
func TestSavingHasChildren(t *testing.T) {
	ctx, cancel := savingFor(t, t.Context(), time.Hour)
	before := runtime.NumGoroutine()
	var children []context.Context
	for range 100 {
		child, stop := context.WithCancel(ctx)
		defer stop()
		children = append(children, child)
	}
	if now := runtime.NumGoroutine(); now > before+50 {
		t.Errorf("%d goroutines more", now-before)
	}
	cancel()
	for _, child := range children {
		<-child.Done()
		if child.Err() != context.Canceled {
			t.Fatalf("a child ended with %v", child.Err())
		}
	}
}

// All saves of a Manager share a timer, in whatever order somebody begins to wait for them.
func TestSavesShareATimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, err := NewSite(Settings{Keys: signer.SecretKey("k"), SaveTimeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		m := &Manager{site: site}
		var all []*savingContext
		for range 10 {
			all = append(all, m.saving(t.Context()))
			time.Sleep(10 * time.Millisecond)
		}
		for _, i := range []int{9, 3, 0, 1, 8, 2, 7, 4} { // nobody waits for 5 and 6
			var child context.Context
			if i%2 == 0 {
				var stop context.CancelFunc
				child, stop = context.WithCancel(all[i])
				defer stop()
			} else {
				all[i].Done()
			}
			go func() {
				<-all[i].Done()
				if at := time.Since(all[i].deadline); at != 0 && i != 8 {
					t.Errorf("%d ended %v after its deadline", i, at)
				}
				if child != nil {
					<-child.Done()
					if err := child.Err(); err != all[i].Err() {
						t.Errorf("the child of %d ended with %v, and it with %v", i, err, all[i].Err())
					}
				}
			}()
		}
		all[8].end()
		synctest.Wait()
		waiting := func() (n int, next time.Time) {
			m.saves.mu.Lock()
			defer m.saves.mu.Unlock()
			return m.saves.line.Len(), m.saves.next
		}
		if n, _ := waiting(); n != 7 {
			t.Errorf("%d saves wait, want 7", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for i, c := range all {
			if want := map[bool]error{true: context.Canceled, false: context.DeadlineExceeded}[i == 8]; c.Err() != want {
				t.Errorf("%d: got %v, want %v", i, c.Err(), want)
			}
		}
		if n, next := waiting(); n != 0 || !next.IsZero() {
			t.Errorf("%d saves are left, and a timer at %v", n, next)
		}
		called := false
		stop := context.AfterFunc(all[0], func() { called = true })
		synctest.Wait()
		if !called || stop() {
			t.Error("a function for a context that has ended is not called at once")
		}
	})
}

// TestQueue runs many writers of few keys, some of which give up. One has the turn at a
// time, and nothing is left of a line in the end.
func TestQueue(t *testing.T) {
	var q queue
	var wg sync.WaitGroup
	inside := map[string]*int{"a": new(int), "b": new(int), "c": new(int)}
	for i := range 60 {
		for key, n := range inside {
			wg.Go(func() {
				for range 30 {
					ctx, cancel := t.Context(), func() {}
					if i%3 == 0 {
						ctx, cancel = context.WithTimeout(ctx, 50*time.Microsecond)
					}
					if err := q.enter(ctx, key); err == nil {
						*n++
						if *n != 1 {
							t.Errorf("%d have the turn", *n)
						}
						runtime.Gosched()
						*n--
						q.leave(key)
					} else if i%3 != 0 {
						t.Error(err)
					}
					cancel()
				}
			})
		}
	}
	wg.Wait()
	if len(q.lines) > 0 {
		t.Errorf("%d lines are left", len(q.lines))
	}
}
