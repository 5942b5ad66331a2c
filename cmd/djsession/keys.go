package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
)

func (a *app) keysCommand() *cobra.Command {
	var (
		f        formatFlags
		messages bool
		cookies  []string
	)
	c := &cobra.Command{
		Use:     "keys",
		GroupID: groupMore,
		Short:   "Print the keys that are derived from SECRET_KEY for sessions",
		Long: `keys prints what Django makes of SECRET_KEY for session data and for the hash that ties
a login to the password. A service that has only these can read and write logins,
but cannot forge password reset links or anything else that the site signs.

They are secrets all the same: who has them, and can write the store of the
sessions, can log in as anyone.

Give them to a service as DJSESSION_KEYS or in a file for --keys-file; in Go they
are read by signer.ParseDerivedKeys.`,
		Example: `  djsession keys >session.keys
  djsession list --keys-file session.keys --dsn db.sqlite3`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := f.secrets.Need(&a.Console)
			if err != nil {
				return err
			}
			if s.Derived {
				return usage(s.From+" holds derived keys already", "keys are derived from SECRET_KEY: "+console.EnvSecret+", --secret-file or --secret-stdin")
			}
			v, err := f.version()
			if err != nil {
				return err
			}
			text, err := payload.DeriveKeys(s.Keys, f.salt, v, &payload.KeyOptions{Messages: messages, Cookies: cookies})
			if err != nil {
				return err
			}
			a.Warn("these keys are secrets: who has them, and can write the store of the sessions, can log in as anyone")
			a.Say("%s", []byte(strings.TrimSuffix(text, "\n")))
			return nil
		},
	}
	f.add(a, c)
	c.Flags().BoolVar(&messages, "messages", false, "also the key of django.contrib.messages in cookies")
	c.Flags().StringArrayVar(&cookies, "cookie", nil, "also the keys of the signed cookie `NAME` (may be repeated)")
	_ = c.RegisterFlagCompletionFunc("cookie", cobra.NoFileCompletions)
	return c
}
