package fault

import (
	"context"
	"time"
)

// Ended returns why ctx has ended, nil if it has not. On a busy machine the timer of a
// context may be late: past its deadline it has ended, whatever ctx.Err says.
func Ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t, ok := ctx.Deadline(); ok && !time.Now().Before(t) {
		return context.DeadlineExceeded
	}
	return nil
}
