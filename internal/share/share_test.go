package share

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestDo(t *testing.T) {
	for _, n := range []int{0, 1, least - 1, least, least + 1, 2 * least, 40*least + 7} {
		calls := make([]atomic.Int64, n)
		Do(n, func(i int) { calls[i].Add(1) })
		for i := range calls {
			if got := calls[i].Load(); got != 1 {
				t.Errorf("of %d: got %d calls for %d, want 1", n, got, i)
			}
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
