package main

import (
	"bufio"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
)

// savingHelp is part of the help of the commands that save a session.
const savingHelp = `The session is saved as the site would save it: only this value is changed, on what
is stored at that moment, and a session that somebody deletes meanwhile stays
deleted. Saving prolongs the session as SESSION_COOKIE_AGE says: give --cookie-age
if the site has one of its own.`

func (a *app) setCommand() *cobra.Command {
	var f siteFlags
	c := &cobra.Command{
		Use:     "set KEY NAME [VALUE]",
		GroupID: groupSessions,
		Short:   "Set a value of a session",
		Long: `set changes one value of a session. VALUE is JSON; without it, standard input is
read.

` + keyHelp + `
With - for KEY and without VALUE, the first line of standard input is the key and
the rest the value.

` + savingHelp,
		Example: `  djsession set 5k2h9x1q visits 8
  djsession set 5k2h9x1q language '"de"'
  djsession set 5k2h9x1q cart <cart.json`,
		Args:              arguments(2, 3),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			e, err := f.open(c.Context(), a)
			if err != nil {
				return err
			}
			defer e.close()
			key, value, err := e.keyAndValue(c.Context(), a, args)
			if err != nil {
				return err
			}
			name := args[1]
			return e.change(c.Context(), a, key, "set "+payload.Printable(name), func(s *djsession.Session) error {
				return s.Set(name, value)
			})
		},
	}
	f.add(a, c)
	return c
}

// keyAndValue reads KEY and VALUE. Either or both may come from stdin.
func (e *engine) keyAndValue(ctx context.Context, a *app, args []string) (key string, value serializer.RawJSON, err error) {
	if len(args) == 3 {
		if value, err = payload.ParseValue(args[2]); err != nil {
			return "", "", valueHint(err)
		}
		key, err = e.key(ctx, a, args[0])
		return key, value, err
	}
	in, err := a.TakeStdin("the value")
	if err != nil {
		return "", "", err
	}
	r := bufio.NewReader(in)
	if args[0] == "-" {
		key, err = e.keyFrom(r)
	} else {
		key, err = e.key(ctx, a, args[0])
	}
	if err != nil {
		return "", "", err
	}
	if a.Terminal(a.Stdin) {
		a.Warn("reading the value from the terminal; end it with Ctrl-D")
	}
	text, err := console.ReadAll(r, console.MaxInput)
	if err != nil {
		return "", "", err
	}
	value, err = payload.ParseValue(text)
	return key, value, valueHint(err)
}

// valueHint adds a hint about the most common mistake.
func valueHint(err error) error {
	var p *console.Problem
	if errors.As(err, &p) && p.Hint == payload.JSONHint {
		p.Hint = `VALUE is JSON: text stands in double quotes, as in '"de"'`
	}
	return err
}

// change calls do for a session and saves the session.
func (e *engine) change(ctx context.Context, a *app, key, what string, do func(*djsession.Session) error) error {
	s, err := e.Sessions.Open(ctx, key)
	if err != nil {
		return err
	}
	if err := do(s); err != nil {
		return err
	}
	if err := s.Save(ctx); err != nil {
		return err
	}
	expires, err := s.ExpiryDate()
	if err != nil {
		return err
	}
	a.Say("%s in session %s, which now expires at %s UTC", what, payload.ShortKey(key), expires.Format(time.DateTime))
	return nil
}
