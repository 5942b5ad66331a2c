// Command djsession reads, explains and changes the sessions of a Django site,
// and runs on a bare value as well as on the site's database.
//
// It tells nothing that was not asked for: values and whole session keys are
// printed only with --reveal, and no secret is taken from the command line, where
// other users of the machine can read it. Results go to stdout; errors, each with
// a hint, and warnings go to stderr. The exit status is 0 if all went well, 1 if
// something was refused or not found, and 2 if the command was not understood.
//
// Try it without a Django at hand:
//
//	go run github.com/go-djsession/go-djsession/cmd/djsession@latest demo
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // --time-zone works where the system has no zones

	"github.com/go-djsession/go-djsession/internal/console"
)

func main() { os.Exit(run()) }

// run is the program with the process's own streams, environment and clock.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the program at once
	a := &app{console.Console{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Getenv, Now: time.Now, Terminal: console.IsTerminal}}
	return a.main(ctx, os.Args[1:])
}
