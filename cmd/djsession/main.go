// Command djsession reads, explains and changes the sessions of a Django site. It works on
// a single value and on the site's database.
//
// It prints values and whole session keys only with --reveal. It takes no secret from the
// command line, where other users of the machine can read it. Results go to stdout;
// warnings, and errors with a hint, go to stderr. The exit status is 0 for success, 1 if
// something was refused or not found, 2 for a wrong command line, 130 after Ctrl-C and 143
// after SIGTERM.
//
// Try it without a Django site:
//
//	go run github.com/go-djsession/go-djsession/cmd/djsession@latest demo
package main

import (
	"context"
	"os"
	"time"
	_ "time/tzdata" // for --time-zone on a system without zones

	"github.com/go-djsession/go-djsession/internal/console"
)

func main() { os.Exit(run()) }

// run runs the program with the process's own streams, environment and clock.
func run() int {
	ctx, stop := console.Signals(context.Background())
	defer stop()
	a := &app{console.Console{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Getenv, Now: time.Now, Terminal: console.IsTerminal, Width: console.Width(os.Stdout), ErrWidth: console.Width(os.Stderr)}}
	return a.main(ctx, os.Args[1:])
}
