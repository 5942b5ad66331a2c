package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	keep := false
	c := &cobra.Command{
		Use:     "demo",
		GroupID: groupMore,
		Short:   "Share a session with a Django, on a database that one wrote",
		Long: `demo works on a copy of a small SQLite database that a real Django wrote: it shows the
sessions and who is logged in by them, serves a request through the middleware,
changes the session and reads it back. When it finds a python3 with Django 4.1 or
newer (DJSESSION_PYTHON, then python3), Django reads what Go wrote, and the reverse.

It needs nothing else, and leaves nothing behind without --keep.`,
		Example: `  djsession demo
  djsession demo --keep`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "djsession-demo-")
			if err != nil {
				return console.FileProblem(err)
			}
			if !keep {
				defer os.RemoveAll(dir)
			}
			d, err := demo.New(c.Context(), &a.Console, dir)
			if err != nil {
				return err
			}
			defer d.Close()
			if err := d.Run(c.Context()); err != nil {
				return err
			}
			if keep {
				d.Step("The copy stays at %s. Try", d.Path)
				a.Say("     export DJANGO_SECRET_KEY=%s", d.SecretKey)
				a.Say("     djsession list --dsn %s", d.Path)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&keep, "keep", false, "leave the copy of the database, to try other commands on")
	return c
}
