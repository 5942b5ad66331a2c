// Package share lets several goroutines do the work of one loop, ahead of it.
package share

import (
	"iter"
	"runtime"
	"slices"
	"sync"
)

// Map yields work of each value that seq yields, in their order. Several goroutines call
// work, and another one runs seq, a few values ahead of the caller. When the caller stops,
// Map returns after they have ended.
func Map[T, U any](seq iter.Seq[T], work func(T) U) iter.Seq[U] {
	type job struct {
		value T
		done  chan U
	}
	return func(yield func(U) bool) {
		workers := runtime.GOMAXPROCS(0)
		jobs, results, stop := make(chan job), make(chan chan U, 2*workers), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			defer close(results)
			defer close(jobs)
			for v := range seq {
				j := job{v, make(chan U, 1)}
				select {
				case results <- j.done:
				case <-stop:
					return
				}
				select {
				case jobs <- j:
				case <-stop:
					return
				}
			}
		})
		for range workers {
			all.Go(func() {
				for j := range jobs {
					j.done <- work(j.value)
				}
			})
		}
		defer all.Wait()
		defer close(stop)
		for done := range results {
			if !yield(<-done) {
				return
			}
		}
	}
}

// piece is how many values a goroutine takes at once: fewer are not worth it.
const piece = 16

// Pages is [Map] for the values of pages. The next page is made meanwhile. Pages ends with
// the first error.
func Pages[T, U any](pages iter.Seq2[[]T, error], work func(*T) U) iter.Seq2[U, error] {
	type page struct {
		values []T
		err    error
	}
	type results struct {
		of  []U
		err error
	}
	made := func(yield func(page) bool) {
		for values, err := range pages {
			if !yield(page{values, err}) || err != nil {
				return
			}
		}
	}
	pieces := func(yield func(page) bool) {
		for p := range Ahead(made) {
			for values := range slices.Chunk(p.values, piece) {
				if !yield(page{values: values}) {
					return
				}
			}
			if p.err != nil {
				yield(page{err: p.err})
			}
		}
	}
	return func(yield func(U, error) bool) {
		for r := range Map(pieces, func(p page) results {
			r := results{make([]U, len(p.values)), p.err}
			for i := range p.values {
				r.of[i] = work(&p.values[i])
			}
			return r
		}) {
			for _, v := range r.of {
				if !yield(v, nil) {
					return
				}
			}
			if r.err != nil {
				var none U
				yield(none, r.err)
				return
			}
		}
	}
}
