package share

import (
	"iter"
	"sync"
)

// Ahead yields what seq yields. While the caller works on a value, seq makes the next one, in
// a goroutine. When the caller stops, Ahead returns after seq has made that one.
func Ahead[T any](seq iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		made, stop := make(chan T), make(chan struct{})
		var maker sync.WaitGroup
		maker.Go(func() {
			defer close(made)
			for v := range seq {
				select {
				case made <- v:
				case <-stop:
					return
				}
			}
		})
		defer maker.Wait()
		defer close(stop)
		for v := range made {
			if !yield(v) {
				return
			}
		}
	}
}
