// Package upkeep is `djsession clearsessions --every`: it removes expired sessions again and
// again, one process of several at a time.
package upkeep

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/go-djsession/go-djsession/djmetrics"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/status"
)

// firstTurn limits how long the first turn waits, so that a failure is seen soon.
const firstTurn = time.Minute

// Config says what to do. Only Every and Log are required.
type Config struct {
	// Every is the time between two turns. Each is up to a tenth shorter or longer, so that
	// processes that were started together do not stay together.
	Every   time.Duration
	Options djsession.ReapOptions
	// Check is called before each turn; an error leaves the turn out. May be nil.
	Check func(ctx context.Context) error
	// Metrics are what /metrics serves at Status; they must be the Observer of the sessions.
	Metrics *djmetrics.Metrics
	Status  string // "host:port" or "unix:PATH"; default none
	Log     *slog.Logger
	// Ready is called with the address of Status, or nil; may be nil.
	Ready func(status net.Addr)
}

// Serve removes the expired sessions of site until ctx ends. A turn that fails is logged, and
// the next one tries again.
//
// Errors: those of listening at Status.
func Serve(ctx context.Context, site *djsite.Site, c Config) error {
	failed := make(chan error, 1)
	var at net.Addr
	if c.Status != "" {
		ln, err := status.Listen(c.Status)
		if err != nil {
			return err
		}
		at = ln.Addr()
		server := status.Server(status.Handler(site.Sessions, c.Metrics), c.Log)
		defer server.Close()
		go func() { failed <- server.Serve(ln) }()
	}
	if c.Ready != nil {
		c.Ready(at)
	}
	wait := rand.N(max(min(c.Every/10, firstTurn), 1))
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-time.After(wait):
		}
		c.turn(ctx, site)
		wait = c.Every*9/10 + rand.N(max(c.Every/5, 1))
	}
}

// turn removes what has expired, unless another process is at it.
func (c *Config) turn(ctx context.Context, site *djsite.Site) {
	const name = "djsession clearsessions: "
	release, err := Lock(ctx, site)
	switch {
	case errors.Is(err, ErrBusy):
		c.Log.InfoContext(ctx, name+"another process is at work")
		return
	case err != nil && ctx.Err() == nil:
		// Several at once do the same work twice, and nothing wrong.
		c.Log.WarnContext(ctx, name+"no lock keeps other processes from working at the same time", "error", err)
	case err == nil:
		defer release()
	}
	if c.Check != nil {
		if err := c.Check(ctx); err != nil {
			c.Log.ErrorContext(ctx, name+"nothing was removed", "error", err)
			return
		}
	}
	start := time.Now()
	n, err := site.Sessions.ClearExpired(ctx, &c.Options)
	switch {
	case err == nil:
		c.Log.InfoContext(ctx, name+"removed", "count", n, "took", time.Since(start))
	case ctx.Err() != nil:
		c.Log.InfoContext(ctx, name+"stopped", "count", n)
	default:
		c.Log.ErrorContext(ctx, name+"stopped", "count", n, "error", err)
	}
}
