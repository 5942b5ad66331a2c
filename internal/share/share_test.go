package share

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestMap: the results come in order, from several goroutines, whichever ends first; and
// nothing runs on after the caller has stopped.
func TestMap(t *testing.T) {
	const n = 200
	for _, stop := range []int{0, 1, 17, n - 1, n} {
		var working, most atomic.Int64
		seq := func(yield func(int) bool) {
			for i := range n {
				if !yield(i) {
					return
				}
			}
		}
		next := 0
		for v := range Map(seq, func(i int) int {
			most.Store(max(most.Load(), working.Add(1)))
			defer working.Add(-1)
			time.Sleep(time.Duration(i%3) * 100 * time.Microsecond)
			return 2 * i
		}) {
			if v != 2*next {
				t.Fatalf("got %d, want %d", v, 2*next)
			}
			if next++; next > stop {
				break
			}
		}
		if want := min(stop+1, n); next != want || working.Load() != 0 {
			t.Errorf("got %d results, want %d; %d still work", next, want, working.Load())
		}
		if stop == n && runtime.GOMAXPROCS(0) > 1 && most.Load() < 2 {
			t.Error("one worked at a time")
		}
	}
}

// TestPages: all values of all pages come in order, and then the error.
func TestPages(t *testing.T) {
	broken := errors.New("broken")
	for _, fails := range []error{nil, broken} {
		n := 0
		pages := func(yield func([]int, error) bool) {
			for size := range 3 * piece {
				page := make([]int, size)
				for i := range page {
					page[i], n = n, n+1
				}
				if !yield(page, nil) {
					return
				}
			}
			if fails != nil {
				yield(nil, fails)
			}
		}
		next, last := 0, error(nil)
		for v, err := range Pages(pages, func(v *int) int { return *v + 1 }) {
			if last = err; err != nil {
				continue
			}
			if next++; v != next {
				t.Fatalf("got %d, want %d", v, next)
			}
		}
		if next != n || last != fails {
			t.Errorf("got %d values and %v, want %d and %v", next, last, n, fails)
		}
	}
}

// TestAhead: Ahead yields all values in order, one is made while the caller works, and
// nothing runs on after the caller has stopped.
func TestAhead(t *testing.T) {
	for stop := range 6 {
		made, working := make(chan int, 5), true
		numbers := func(yield func(int) bool) {
			defer func() { working = false }()
			for i := range 5 {
				made <- i
				if !yield(i) {
					return
				}
			}
		}
		var got []int
		for v := range Ahead(numbers) {
			if got = append(got, v); v < 4 {
				for len(made) < v+2 { // the next one, while we look at this one
					time.Sleep(time.Millisecond)
				}
			}
			if v == stop {
				break
			}
		}
		if want := min(stop+1, 5); len(got) != want || working {
			t.Errorf("stopped at %d: got %v, and it works on: %t", stop, got, working)
		}
	}
}
