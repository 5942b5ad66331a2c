// Package linger is for work that must not stop half done when the client of a request
// goes away.
package linger

import (
	"context"
	"time"
)

// Grace is the time that such work may still take.
const Grace = time.Second

// Context returns a context with the values of ctx. It ends [Grace] after ctx, or by
// cancel, which the caller must call.
func Context(ctx context.Context) (lasting context.Context, cancel context.CancelFunc) {
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(Grace, end)
		context.AfterFunc(lasting, func() { timer.Stop() })
	})
	return lasting, func() { stop(); end() }
}

// Lasts is a key for which a context has a value if it does not end when the client goes
// away, but at its deadline.
type Lasts struct{}
