package console

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// errTerminated is the cause of a context that SIGTERM ended.
var errTerminated = fmt.Errorf("%w by SIGTERM", context.Canceled)

// Signals returns a context that ends at the first SIGINT (Ctrl-C) or SIGTERM. A second
// one ends the program at once. Call stop to end the context without a signal.
func Signals(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		var cause error
		select {
		case s := <-signals:
			if s == syscall.SIGTERM {
				cause = errTerminated
			}
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel(cause)
	}()
	return ctx, func() { cancel(nil) }
}

// interruption returns the problem of a command whose context is done.
func interruption(ctx context.Context, err error) *Problem {
	const hint = "what was done until then stays done"
	if errors.Is(context.Cause(ctx), errTerminated) {
		return &Problem{StatusTerminated, "terminated", hint, err}
	}
	return &Problem{StatusInterrupted, "interrupted", hint, err}
}
