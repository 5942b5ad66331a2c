package share

import (
	"sync/atomic"
	"testing"
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
