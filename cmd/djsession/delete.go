package main

import (
	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/payload"
)

func (a *app) deleteCommand() *cobra.Command {
	var f siteFlags
	c := &cobra.Command{
		Use:     "delete KEY",
		GroupID: groupSessions,
		Short:   "Delete a session, which logs its user out",
		Long: `delete removes a session from the database, whatever it holds: who had it is logged
out. It needs no SECRET_KEY.

` + keyHelp,
		Example: `  djsession delete 5k2h9x1q --dsn db.sqlite3
  djsession delete - <key.txt`,
		Args:              arguments(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			e, err := f.openWith(c.Context(), a, nil)
			if err != nil {
				return err
			}
			defer e.close()
			key, err := e.key(c.Context(), a, args[0])
			if err != nil {
				return err
			}
			if err := e.Sessions.Delete(c.Context(), key); err != nil {
				return err
			}
			a.Say("deleted session %s", payload.ShortKey(key))
			return nil
		},
	}
	f.addDatabase(a, c)
	return c
}
