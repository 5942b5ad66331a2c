package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-djsession/go-djsession/internal/console"
)

// app holds the streams, the environment and the clock of the commands. Tests set their
// own.
type app struct{ console.Console }

// The groups of commands in the help.
const (
	groupValues   = "values"
	groupSessions = "sessions"
	groupMore     = "more"
)

func init() { cobra.EnableCommandSorting = false } // keep our order

// root returns the command djsession with all its subcommands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "djsession",
		Short: "Read, explain and change the sessions of a Django site",
		Long: `djsession reads, explains and changes the sessions of a Django site.

It works on a bare value (a row's session_data, a cookie) and on the site's
database, cache or session files. Values of sessions and whole session keys are shown with --reveal only.

Secrets never stand on the command line. SECRET_KEY comes from
    DJANGO_SECRET_KEY             and DJANGO_SECRET_KEY_FALLBACKS, one a line
    --secret-file FILE            the first line; fallbacks on the next ones
    --secret-stdin                the same, on standard input
or there are only the keys derived from it (see djsession keys), in
    DJSESSION_KEYS, --keys-file FILE

The database comes from --dsn or DJSESSION_DSN. A DSN with a password in it stands in
DJSESSION_DSN, or in a file: --dsn @FILE, or --dsn @- for standard input. So it is with
every flag that takes a DSN.
    db.sqlite3, sqlite:/srv/site/db.sqlite3
    postgres://user:password@host/name
    mysql://user:password@host/name
    files:///srv/site/sessions, the folder of SESSION_FILE_PATH
    redis://host:6379/0, cache+redis://host:6379/1 and others: djsession engines

Or the site's own settings tell all of that:
    --settings FILE               a profile, which djsession probe makes, or what
                                  manage.py diffsettings --all has printed
    --manage DIR                  or run the manage.py in DIR to ask for it
with DJSESSION_DATABASE_HOST and the like for what is other on this machine, and
djsession doctor to tell whether Go and that Django would agree.`,
		Example: `  djsession demo
  djsession explain 'eyJ2aXNpdHMiOjd9:1r31eq:T75S6Hd...'
  djsession list --dsn db.sqlite3`,
		Args:          onlyCommands,
		SilenceErrors: true,
		SilenceUsage:  true,

		DisableFlagsInUseLine:      true,
		SuggestionsMinimumDistance: 2,
	}
	version := root.Flags().Bool("version", false, "print the version of this program")
	root.RunE = func(c *cobra.Command, _ []string) error {
		if *version {
			a.printVersion()
			return nil
		}
		return c.Help()
	}
	root.AddGroup(
		&cobra.Group{ID: groupValues, Title: "Values and cookies:"},
		&cobra.Group{ID: groupSessions, Title: "Sessions in the database:"},
		&cobra.Group{ID: groupMore, Title: "More:"},
	)
	root.SetHelpCommandGroupID(groupMore)
	root.SetCompletionCommandGroupID(groupMore)
	root.SetFlagErrorFunc(flagProblem)
	root.SetHelpCommand(helpCommand())
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		c.InitDefaultHelpFlag()
		fmt.Fprint(a.Stdout, console.Wrap(c.Long+"\n\n"+c.UsageString(), a.Width))
	})
	root.AddCommand(a.commands()...)
	return root
}

func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.decodeCommand(), a.encodeCommand(), a.explainCommand(),
		a.listCommand(), a.showCommand(), a.setCommand(), a.unsetCommand(), a.deleteCommand(), a.logoutCommand(), a.censusCommand(), a.reportCommand(), a.clearsessionsCommand(), a.convertCommand(), a.migrateCommand(), a.doctorCommand(), a.proveCommand(), a.probeCommand(),
		a.keysCommand(), a.gateCommand(), a.demoCommand(), a.enginesCommand(), a.versionCommand(),
	}
}

// main runs the command line and returns the exit status.
func (a *app) main(ctx context.Context, args []string) int {
	logging.Disable() // go-redis would print addresses; the commands report its errors
	out, errs := &console.Harmless{W: bufio.NewWriter(a.Stdout)}, &console.Harmless{W: a.Stderr}
	inner := *a
	inner.Stdin, inner.Stdout, inner.Stderr, inner.Bar = console.Interruptible(ctx, a.Stdin), out, errs, a.Stderr
	root := inner.root()
	root.SetArgs(args)
	root.SetIn(a.Stdin)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	_ = errs.Flush()
	switch {
	case err == nil:
		return console.StatusOK
	case errors.Is(err, console.ErrQuiet), errors.Is(err, syscall.EPIPE): // as in: djsession list | head -n 1
		return console.StatusRefused
	}
	p := console.ProblemOf(ctx, err)
	inner.Print(p)
	_ = errs.Flush()
	return p.Status
}

// usage returns a problem with the command line.
func usage(text, hint string) error { return console.Usage(text, hint) }

// refused returns any other problem.
func refused(text, hint string) error { return console.Refused(text, hint) }

// flagProblem replaces pflag's errors, which quote the argument: it may be secret.
func flagProblem(c *cobra.Command, err error) error {
	hint := fmt.Sprintf("run %s --help", c.CommandPath())
	var (
		unknown  *pflag.NotExistError
		invalid  *pflag.InvalidValueError
		required *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		name := unknown.GetSpecifiedName()
		if strings.HasPrefix("secret-key", name) && len(name) > 2 || name == "key" || name == "password" {
			return usage("there is no flag --"+name+": a secret on the command line can be read by every user of this machine, and stays in the shell's history",
				"put it into DJANGO_SECRET_KEY or a file for --secret-file, or pipe it to --secret-stdin")
		}
		if !isFlagName(name) {
			return usage("unknown flag", hint)
		}
		return usage("unknown flag: --"+name, hint)
	case errors.As(err, &invalid):
		var p *console.Problem
		if errors.As(invalid.Unwrap(), &p) && p.Hint != "" {
			hint = p.Hint
		}
		return usage("--"+invalid.GetFlag().Name+" "+valueProblem(invalid), hint)
	case errors.As(err, &required):
		return usage("--"+required.GetFlag().Name+" needs a value", hint)
	}
	return usage("a flag that djsession does not know", "an argument that begins with - comes after --\n"+hint)
}

// valueProblem says what value a flag needs. It does not quote the value given.
func valueProblem(err *pflag.InvalidValueError) string {
	var p *console.Problem
	if errors.As(err.Unwrap(), &p) {
		return p.Text
	}
	switch err.GetFlag().Value.Type() {
	case "int", "int64":
		return "is not a whole number"
	case "bool":
		return "is neither true nor false"
	}
	return "is not of the right form"
}

// isFlagName reports whether name may be printed. A payload may begin with two dashes too.
func isFlagName(name string) bool {
	return len(name) <= 20 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") == ""
}

// onlyCommands is for the root. It does not quote an unknown command that could be a
// cookie.
func onlyCommands(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !isFlagName(args[0]) {
		return usage("this is no command of djsession", "to look at a session or a cookie: djsession explain VALUE")
	}
	hint := "run djsession --help"
	if s := c.SuggestionsFor(args[0]); len(s) > 0 {
		hint = "did you mean djsession " + s[0] + "?"
	}
	return usage("unknown command: "+args[0], hint)
}

// helpCommand is cobra's own, except that it does not print an unknown command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "help [command]",
		Short:             "Help about any command",
		GroupID:           groupMore,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usage("there is no such command", "run djsession --help")
			}
			return about.Help()
		},
	}
}

// arguments accepts between least and most arguments.
func arguments(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage("an argument is missing", "usage: "+c.UseLine())
		case len(args) > most:
			return usage("an argument too many", "usage: "+c.UseLine())
		}
		return nil
	}
}
