package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/prove"
	"github.com/go-djsession/go-djsession/internal/venv"
)

func (a *app) proveCommand() *cobra.Command {
	var from settingsFlags
	c := &cobra.Command{
		Use:     "prove --manage DIR",
		GroupID: groupSessions,
		Short:   "Show that Go and a Django site share sessions",
		Long: `prove makes two sessions in the site's own store, one by Go and one by the site's
own Django. Each side reads and changes the other's session and sees that the other
has deleted one.

It runs manage.py shell in DIR, which runs the site's code. The two sessions are
anonymous and live for five minutes. prove deletes them, also when it is interrupted
or killed. The exit status is 0 if both sides agree, and 1 if they differ.`,
		Example: `  djsession prove --manage .
  djsession prove --manage /srv/shop --python /srv/shop/env/bin/python`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, _ []string) error { return a.prove(c.Context(), &from) },
	}
	from.add(c)
	return c
}

func (a *app) prove(ctx context.Context, from *settingsFlags) error {
	if from.manage == "" {
		return usage("prove runs the site's own Django, and needs its folder", cmp.Or(manageHint(), "give the folder of manage.py: --manage DIR"))
	}
	set, err := from.read(ctx, a, "")
	if err != nil {
		return err
	}
	site, err := djsite.Open(ctx, set, &djsite.Options{SessionsOnly: true})
	if err != nil {
		return settingsProblem(err)
	}
	defer site.Close()
	dir, err := filepath.Abs(from.manage)
	if err != nil {
		return console.FileProblem(err)
	}
	report, err := prove.Run(ctx, site.Sessions, prove.Command(ctx, cmp.Or(from.python, venv.Python(dir, os.Getenv)), dir))
	if report != nil {
		a.Say("Django %s, %s", report.Django, report.Engine)
		for _, text := range report.Shown {
			a.Say("  %s", text)
		}
	}
	switch {
	case errors.Is(err, prove.ErrDiffers):
		a.Say("%s.", strings.TrimPrefix(err.Error(), "prove: "))
		a.Say("  djsession doctor --manage %s looks for the cause.", from.manage)
		return console.ErrQuiet
	case errors.Is(err, prove.ErrSite):
		return console.Because(err, strings.TrimPrefix(err.Error(), "prove: "), "run this, and see what it prints: python manage.py shell")
	case err != nil:
		return err
	}
	a.Say("Go and Django share the sessions of this site.")
	return nil
}
