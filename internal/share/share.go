// Package share lets several goroutines do the work of one loop.
package share

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// least is how many pieces a goroutine takes at once: fewer are not worth it.
const least = 8

// Do calls work for each number from 0 to n-1, once, in any order and by several
// goroutines, and returns when all calls have returned.
func Do(n int, work func(i int)) {
	var next atomic.Int64
	take := func() {
		for end := int(next.Add(least)); end-least < n; end = int(next.Add(least)) {
			for i := end - least; i < min(end, n); i++ {
				work(i)
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n/least) - 1 {
		others.Go(take)
	}
	take()
	others.Wait()
}
