package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/probe"
)

func (a *app) probeCommand() *cobra.Command {
	var (
		opts        djsettings.ProbeOptions
		manage, out string
		to          string
		view        bool
	)
	c := &cobra.Command{
		Use:     "probe [-- ARGUMENT...]",
		GroupID: groupMore,
		Short:   "Ask the site's own Django what its settings do not say",
		Long: `probe prints a Python program that asks a Django site how it shares sessions and
logins: which classes its code derives from, what is_active is, what get_user asks the
database, how the session hash is made. Read it before you run it. It changes nothing, and
needs no database. What it prints is a profile, for --settings of all commands:
    djsession probe > probe.py
    python manage.py shell -v 0 < probe.py > site.profile
    docker exec -i web python manage.py shell -v 0 < probe.py > site.profile
    DJANGO_SETTINGS_MODULE=shop.settings python - < probe.py > site.profile

With --manage it runs the manage.py in DIR and writes the profile to the file of -o, which
only you can read. What comes after -- are arguments for manage.py. The Python is that of
.venv or venv in DIR, else of VIRTUAL_ENV, else python3, or --python.

A profile is a secret: with its keys one can forge sessions. SECRET_KEY itself is not in it.`,
		Example: `  djsession probe --manage /srv/shop -o site.profile
  djsession doctor --settings site.profile`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			set := probe.Options{SecretKey: opts.SecretKey, EnvPasswords: opts.EnvPasswords, Cookies: opts.Cookies, File: to}
			switch {
			case view && (manage != "" || len(args) > 0 || c.Flags().NFlag() > 1):
				return usage("--view goes by itself", "djsession probe --view > djsession_view.py")
			case view:
				a.Say("%s", []byte(probe.View))
				return nil
			case manage == "" && len(args) > 0:
				return usage("an argument too many", "usage: "+c.UseLine())
			case manage == "" && (c.Flags().Changed("output") || c.Flags().Changed("python")):
				return usage("-o and --python are for a profile, which --manage makes", "to keep the program: djsession probe > probe.py")
			case manage != "" && to != "":
				return usage("--to is for the printed program, which runs inside of a server", "leave out --manage")
			case manage == "":
				a.Say("%s", []byte(probe.Source(set)))
				return nil
			case out == "":
				return usage("a profile needs a file: it holds keys of the site", "say -o site.profile, or -o - for standard output")
			}
			opts.Args, opts.Stderr = args, a.Stderr
			text, profile, err := djsettings.RunProbe(c.Context(), manage, &opts)
			if err != nil {
				return settingsProblem(err)
			}
			for _, m := range profile.Missing {
				a.Warn("the profile lacks %s", m)
			}
			if out == "-" {
				a.Say("%s", []byte(text.Reveal()))
				return nil
			}
			if err := probe.WriteFile(out, text.Reveal()); err != nil {
				return console.FileProblem(err)
			}
			a.Warn("%s holds keys of the site: keep it secret", out)
			a.Say("Django %s, %s, %s: %s, %s", profile.Versions.Django, profile.Module, profile.Made.Format(time.DateOnly),
				console.Count(len(profile.Vectors), "example"), console.Count(len(profile.Missing), "missing answer"))
			return nil
		},
	}
	fs := c.Flags()
	fs.StringVar(&manage, "manage", "", "run manage.py in `DIR`, which runs the site's code")
	fs.BoolVar(&view, "view", false, "print the view that djauth.AskDjango asks, for the site to add")
	fs.StringVar(&opts.Python, "python", "", "the `PROGRAM` that runs manage.py")
	fs.StringVarP(&out, "output", "o", "", "write the profile to this `FILE` (- is standard output)")
	fs.StringVar(&to, "to", "", "the printed program writes the profile to a new `FILE`: for a view of the site that runs it, so that the profile says which server it is")
	fs.BoolVar(&opts.SecretKey, "with-secret-key", false, "put SECRET_KEY itself into the profile, not only keys derived from it")
	fs.BoolVar(&opts.EnvPasswords, "env-passwords", false, "name variables in the place of the databases' passwords")
	fs.StringArrayVar(&opts.Cookies, "cookie", nil, "also the keys of the signed cookie `NAME` (may be repeated)")
	_ = c.MarkFlagDirname("manage")
	_ = c.RegisterFlagCompletionFunc("cookie", cobra.NoFileCompletions)
	return c
}
