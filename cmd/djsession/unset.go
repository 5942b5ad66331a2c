package main

import (
	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/payload"
)

func (a *app) unsetCommand() *cobra.Command {
	var f siteFlags
	c := &cobra.Command{
		Use:     "unset KEY NAME",
		GroupID: groupSessions,
		Short:   "Remove a value from a session",
		Long: `unset removes one value from a session.

` + keyHelp + `

` + savingHelp,
		Example:           `  djsession unset 5k2h9x1q cart`,
		Args:              arguments(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			e, err := f.open(c.Context(), a)
			if err != nil {
				return err
			}
			defer e.close()
			key, err := e.key(c.Context(), a, args[0])
			if err != nil {
				return err
			}
			name := args[1]
			return e.change(c.Context(), a, key, "removed "+payload.Printable(name), func(s *djsession.Session) error {
				if !s.Has(name) {
					return refused("the session has no value "+payload.Printable(name), "djsession show lists the names")
				}
				return s.Delete(name)
			})
		},
	}
	f.add(a, c)
	return c
}
