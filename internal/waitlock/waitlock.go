// Package waitlock locks a mutex, or gives up when a context ends.
package waitlock

import (
	"context"
	"sync"
)

// until is a context with the values of another one.
type until struct {
	context.Context
	values context.Context
}

func (u until) Value(key any) any { return u.values.Value(key) }

// Until returns a context that ends with ctx and has the values of values.
func Until(ctx, values context.Context) context.Context { return until{ctx, values} }

// Lock locks mu. If ctx ends first, Lock leaves mu alone and returns the error of ctx. A
// free mu is locked for any ctx.
func Lock(ctx context.Context, mu *sync.Mutex) error {
	if mu.TryLock() {
		return nil
	}
	if ctx.Done() == nil {
		mu.Lock()
		return nil
	}
	// A Mutex has no other way to wait. The goroutine ends when mu was free once.
	locked := make(chan struct{})
	go func() {
		mu.Lock()
		select {
		case locked <- struct{}{}:
		case <-ctx.Done():
			mu.Unlock()
		}
	}()
	select {
	case <-locked:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
