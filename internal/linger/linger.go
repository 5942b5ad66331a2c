// Package linger is for work that is not to be left half done because the client of a
// request went away.
package linger

import (
	"context"
	"time"
)

// Grace is how long such work may go on.
const Grace = time.Second

// Context returns a context with the values of ctx that ends Grace after ctx, or by
// cancel, which has to be called.
func Context(ctx context.Context) (lasting context.Context, cancel context.CancelFunc) {
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(Grace, end)
		context.AfterFunc(lasting, func() { timer.Stop() })
	})
	return lasting, func() { stop(); end() }
}
