package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djmetrics"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/upkeep"
	"github.com/go-djsession/go-djsession/serializer"
)

func (a *app) clearsessionsCommand() *cobra.Command {
	var (
		f    siteFlags
		opts djsession.ReapOptions
		json bool
		keep upkeep.Config
	)
	c := &cobra.Command{
		Use:     "clearsessions",
		GroupID: groupSessions,
		Short:   "Remove the sessions that have expired",
		Long: `clearsessions does what manage.py clearsessions does: it removes the sessions that have
expired. It removes some at a time, so that no statement keeps the table locked
for long, and can be interrupted.

A database tells when its sessions end, and no SECRET_KEY is needed. Session files
don't: they are read, which needs SECRET_KEY, and end by --cookie-age. As in Django a
file that does not verify ends by its age too, so that a wrong key removes sessions
that are still good: where none verifies, nothing is removed.

There is a progress bar when standard error is a terminal.

With --every it goes on until a signal ends it, and logs each turn as JSON on standard
error. Of several such processes one at a time works: they take an advisory lock of
PostgreSQL or MySQL, or lock the folder of the SQLite database or of the files. The times
between two turns differ a little. --status is the address of /metrics, for Prometheus, and
of /healthz and /readyz.

--json prints one object: count is how many were removed, or would be; complete is
false if an error or a signal came before all were.`,
		Example: `  djsession clearsessions --dsn db.sqlite3 --dry-run
  djsession clearsessions --batch 5000
  djsession clearsessions --settings profile.json --every 1h --status localhost:9101`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if opts.Batch < 1 && c.Flags().Changed("batch") {
				return usage("--batch is not positive", "by default one statement removes as many as take 50 ms")
			}
			if c.Flags().Changed("every") {
				if opts.DryRun || json {
					return usage("--every goes on, and does not go with --dry-run or --json", "")
				}
				if keep.Every < time.Second {
					return usage("--every is shorter than a second", "it looks like 1h or 30m")
				}
				keep.Metrics = djmetrics.New()
				f.observer = keep.Metrics.Observe
			} else if keep.Status != "" {
				return usage("--status goes with --every", "")
			}
			e, err := f.openWith(c.Context(), a, nil)
			if err == nil && e.Engine().Decodes {
				e.close()
				e, err = f.open(c.Context(), a)
			}
			if err != nil {
				return err
			}
			defer e.close()
			if by := e.Engine().SelfExpiring; by != "" {
				if json {
					return printCleared(a, 0, opts.DryRun, true)
				}
				a.Say("there is nothing to remove: %s", by)
				return nil
			}
			if keep.Every > 0 {
				keep.Options, keep.Log = opts, slog.New(slog.NewJSONHandler(a.Stderr, nil))
				keep.Check = func(ctx context.Context) error { return e.checkKey(ctx, a) }
				if err := upkeep.Serve(c.Context(), e.Site, keep); err != nil {
					return console.FileProblem(err)
				}
				return nil
			}
			if err := e.checkKey(c.Context(), a); err != nil {
				return err
			}
			return e.clear(c.Context(), a, opts, json)
		},
	}
	f.add(a, c)
	c.Flags().IntVar(&opts.Batch, "batch", 0, "remove `N` sessions by one statement (default as many as take 50 ms)")
	c.Flags().BoolVar(&opts.DryRun, "dry-run", false, "count them and remove nothing")
	c.Flags().BoolVar(&json, "json", false, "print one JSON object")
	c.Flags().DurationVar(&keep.Every, "every", 0, "go on, and do it each `DURATION`, such as 1h")
	c.Flags().StringVar(&keep.Status, "status", "", "`ADDRESS` of /metrics, /healthz and /readyz, with --every")
	for _, name := range []string{"batch", "every", "status"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

// checkKey is for engines that remove a session that does not decode. It warns about such
// sessions, and returns an error if there are no others.
func (e *engine) checkKey(ctx context.Context, a *app) error {
	if !e.Engine().Decodes {
		return nil
	}
	lister, err := e.lister()
	if err != nil {
		return err
	}
	const few = 10 // so few may be old leftovers
	seen, bad := int64(0), int64(0)
	for l, err := range lister.List(ctx, "") {
		if err != nil {
			return err
		}
		if seen++; errors.Is(l.Err, djsession.ErrCorrupt) {
			bad++
		}
	}
	switch {
	case bad > few && bad == seen:
		return refused("no session decodes, so that none can be told to have expired", "are the key, the salt and the serializer those of the site?")
	case bad > 0:
		a.Warn("%s not decode, and end by the age of the file: are the key, the salt and the serializer those of the site?", doing(bad))
	}
	return nil
}

func (e *engine) clear(ctx context.Context, a *app, opts djsession.ReapOptions, json bool) error {
	if opts.DryRun {
		n, err := e.Sessions.ClearExpired(ctx, &opts)
		switch {
		case json:
			return errors.Join(err, printCleared(a, n, true, err == nil))
		case err == nil:
			a.Say("would remove %s", expiredSessions(n))
		}
		return err
	}
	hide := func() {}
	if a.Terminal(a.Bar) {
		total, err := e.Sessions.ClearExpired(ctx, &djsession.ReapOptions{DryRun: true})
		if err != nil {
			return err
		}
		var show func(int64)
		show, hide = a.Progress("removing expired sessions", max(total, 1))
		// More may be removed than were counted, because sessions keep expiring.
		opts.Progress = func(done int64) { show(min(done, total)) }
	}
	n, err := e.Sessions.ClearExpired(ctx, &opts)
	hide()
	if json {
		return errors.Join(err, printCleared(a, n, false, err == nil))
	}
	if err != nil && (n > 0 || ctx.Err() != nil) {
		a.Say("removed %s, then stopped", expiredSessions(n))
	}
	if err == nil {
		a.Say("removed %s", expiredSessions(n))
	}
	return err
}

// printCleared prints what clear has done as a JSON object.
func printCleared(a *app, n int64, dryRun, complete bool) error {
	return a.JSON("", serializer.Item{Key: "count", Value: n}, serializer.Item{Key: "dry_run", Value: dryRun}, serializer.Item{Key: "complete", Value: complete})
}

func expiredSessions(n int64) string {
	if n == 1 {
		return "1 expired session"
	}
	return fmt.Sprintf("%d expired sessions", n)
}
