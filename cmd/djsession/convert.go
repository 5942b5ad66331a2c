package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/convert"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// convertFlags say what to convert sessions to.
type convertFlags struct {
	siteFlags
	to, toFormat string
	dryRun       bool
	lossy        bool
	batch        int64
	resume       string
	report       string
	json         bool
}

func (a *app) convertCommand() *cobra.Command {
	var f convertFlags
	c := &cobra.Command{
		Use:     "convert",
		GroupID: groupSessions,
		Short:   "Rewrite sessions from pickle to JSON, or in the format of today",
		Long: `convert rewrites the sessions of a site in place, so that another Django can read
them: from pickle, which Django no longer writes since 5.0, to JSON, and from the
format of Django before 3.1 to that of today. --django is the version that will
read them; what they were written by is found. No pickle is ever run.

The site may be at work meanwhile: a session that it writes is read again, one that
it deletes stays deleted, and none lives longer or shorter for it. Expired sessions
are skipped, and what does not verify is left alone.

To JSON goes what Django's JSONSerializer takes: tuples become lists, keys that are
numbers become text, and a datetime in _session_expiry the text that Django 4.1 and
later read. A session with anything else (sets, bytes, objects) stays as it is. With
--lossy the datetimes, dates, times, durations, Decimals and UUIDs become the text
that DjangoJSONEncoder makes of them; sets, bytes and objects are never converted.

--report FILE gets a JSON object a line for each value that changes its type, or that
keeps a session from being converted:
    {"session":"90a3ed9e32b2","path":"cart.items[3]","type":"set","result":"left"}
session is the beginning of the SHA-256 of the key. Names are told, values are not.

--resume FILE is written after each batch; a run on the same database that finds it goes
on from there. It holds the key of the last session seen, so it is readable by its owner
only, and it is removed when all is done.

--json prints the counts as one object. The exit status is 1 if a session could not be
converted.`,
		Example: `  djsession convert --dsn db.sqlite3 --dry-run --report report.jsonl
  djsession convert --django 4.2 --resume convert.state
  djsession convert --to keep --to-format current --dsn files:///srv/site/sessions`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.batch < 1 {
				return usage("--batch is not positive", "the default is 1000")
			}
			conv, target, err := f.conversion(a)
			if err != nil {
				return err
			}
			e, err := f.openWith(c.Context(), a, f.keys)
			if err != nil {
				return err
			}
			defer e.close()
			return f.convert(c.Context(), a, e, conv, target)
		},
	}
	f.formatFlags.add(a, c)
	f.addDatabase(a, c)
	fs := c.Flags()
	fs.StringVar(&f.to, "to", "json", "`SERIALIZER` to convert to: json, pickle, or keep for what each has")
	fs.StringVar(&f.toFormat, "to-format", "", "`FORMAT` to convert to: current, or legacy for Django before 3.1 (default by --django)")
	fs.BoolVar(&f.lossy, "lossy", false, "convert dates, Decimals and UUIDs to text")
	fs.BoolVar(&f.dryRun, "dry-run", false, "count them and change nothing")
	fs.Int64Var(&f.batch, "batch", 1000, "write --resume after every `N` sessions")
	fs.StringVar(&f.resume, "resume", "", "`FILE` to go on from, and to note in how far it came")
	fs.StringVar(&f.report, "report", "", "`FILE` for the values that change or that JSON cannot hold")
	fs.BoolVar(&f.json, "json", false, "print the counts as one JSON object")
	_ = c.RegisterFlagCompletionFunc("to", choices("json", "pickle", "keep"))
	_ = c.RegisterFlagCompletionFunc("to-format", choices("current", "legacy"))
	_ = c.RegisterFlagCompletionFunc("batch", cobra.NoFileCompletions)
	_ = c.MarkFlagFilename("resume")
	_ = c.MarkFlagFilename("report")
	return c
}

// conversion returns the options that the flags give, without the stores, and the Site for
// which the sessions are written.
func (f *convertFlags) conversion(a *app) (*convert.Options, *djsession.Site, error) {
	keys, err := f.secrets.Need(&a.Console)
	if err != nil {
		return nil, nil, err
	}
	f.keys = keys
	set, err := f.siteSettings(a, keys)
	if err != nil {
		return nil, nil, err
	}
	c := &convert.Options{
		Lossy: f.lossy, DryRun: f.dryRun, Batch: f.batch, Keep: f.to == "keep", Pickle: f.to == "pickle", Resume: f.resume, Report: f.report,
		Task: fmt.Sprintf("convert to %s %s, table %s, lossy %t, dry run %t", f.to, f.toFormat, f.at.table, f.lossy, f.dryRun),
	}
	given := set.Django != djsession.DjangoVersion{}
	switch f.toFormat {
	case "":
		c.Legacy = given && set.Django.Before(3, 1)
	case "current":
		if given && set.Django.Before(3, 1) {
			return nil, nil, usage("--to-format is current, which Django before 3.1 does not read", "--django is the version that will read the sessions")
		}
	case "legacy":
		c.Legacy = true
		if set.Django = cmp.Or(set.Django, djsession.DjangoVersion{Major: 3, Minor: 2}); !set.Django.Before(4, 0) {
			return nil, nil, usage("--to-format is legacy, which Django 4.0 and later do not read", "--django is the version that will read the sessions")
		}
		set.LegacyHashing = !set.Django.Before(3, 1)
	default:
		return nil, nil, usage("--to-format is neither current nor legacy", "legacy is the format before Django 3.1")
	}
	switch f.to {
	case "json":
		set.Serializer = serializer.JSON{}
	case "pickle":
		set.Serializer = payload.PickleFor(set.Django)
		if !given || !set.Django.Before(5, 0) {
			a.Warn("Django 5.0 and later have no PickleSerializer: the site needs one of its own")
		}
	case "keep":
		set.Serializer = payload.Any{}
	default:
		return nil, nil, usage("--to is neither json, pickle nor keep", "json is Django's default")
	}
	target, err := newSite(set)
	// Read the sessions as the newest Django, which knows every form of
	// _session_expiry. openWith makes that Site.
	f.django = ""
	return c, target, err
}

func (f *convertFlags) convert(ctx context.Context, a *app, e *engine, c *convert.Options, target *djsession.Site) (err error) {
	if !e.Engine().Signed {
		return refused("what this engine keeps is not for SESSION_SERIALIZER to choose", "the cache of the site decides how it is serialized: see CACHES")
	}
	lister, err := e.lister()
	if err != nil {
		return err
	}
	c.Reader, c.Lister = e.Sessions.Store(), lister
	if c.Writer, err = e.on(target); err != nil {
		return err
	}
	before := e.Sessions.Site().Settings()
	before.Django = djsession.DjangoVersion{Major: 2, Minor: 2}
	switch old, err := djsession.NewSite(before); {
	case err == nil:
		if c.Old, err = e.on(old); err != nil {
			return err
		}
	case !errors.Is(err, signer.ErrNoKey):
		return err
	}
	var hide func()
	c.Progress, hide = a.Progress("converting sessions", 0)
	start := time.Now()
	done, err := convert.Run(ctx, *c)
	took := time.Since(start)
	hide()
	if err = convertProblem(err); done == nil {
		return err
	}
	return errors.Join(err, f.summary(a, done, took, err == nil))
}

// convertProblem returns the problem for an error of package convert.
func convertProblem(err error) error {
	var (
		file *convert.FileError
		busy *convert.BusyError
	)
	switch {
	case errors.Is(err, convert.ErrNotResume):
		return refused("the file of --resume is none that djsession convert wrote", "remove it to begin at the beginning")
	case errors.Is(err, convert.ErrOtherTask):
		return usage("the file of --resume belongs to a run with other flags", "give the same flags, or remove it to begin at the beginning")
	case errors.As(err, &busy):
		return console.Because(err, busy.Error(), "run djsession convert again")
	case errors.As(err, &file):
		return console.FileProblem(file.Err)
	}
	return err
}

// summary prints the counts. It returns an error if a session was left as it is.
func (f *convertFlags) summary(a *app, n *convert.Result, took time.Duration, complete bool) error {
	converted := "converted"
	if f.dryRun {
		converted = "would be converted"
	}
	rows := []console.CountOf{
		{What: "seen", Name: "seen", N: n.Seen},
		{What: converted, Name: "converted", N: n.Converted},
		{What: "already right", Name: "already_right", N: n.Right},
		{What: "expired", Name: "expired", N: n.Expired},
		{What: "not convertible", Name: "not_convertible", N: n.Left},
		{What: "corrupt", Name: "corrupt", N: n.Corrupt},
		{What: "gone meanwhile", Name: "gone", N: n.Gone},
		{What: "conflicts", Name: "conflicts", N: n.Conflicts},
	}
	if err := a.printRun(rows, f.json, f.dryRun, complete, n.Seen-n.Before, took); err != nil {
		return err
	}
	if n.Corrupt > 0 {
		a.Warn("%s not decode: are the key and the salt those of the site?", doing(n.Corrupt))
	}
	switch {
	case !complete:
		return nil // the caller has an error already
	case n.Left > 0 && f.to == "json":
		return refused(fmt.Sprintf("%d of %d sessions are left as they are: JSON cannot hold them", n.Left, n.Seen), "--report FILE tells why; --lossy converts dates, Decimals and UUIDs")
	case n.Left > 0:
		return refused(fmt.Sprintf("%d of %d sessions are left as they are: that Django could not read them", n.Left, n.Seen), "--report FILE tells why")
	}
	return nil
}

// printRun prints the counts of a run over sessions, as a table or as JSON.
func (a *app) printRun(rows []console.CountOf, json, dryRun, complete bool, seen int64, took time.Duration) error {
	if json {
		var items []serializer.Item
		for _, row := range rows {
			items = append(items, serializer.Item{Key: row.Name, Value: row.N})
		}
		return a.JSON("", append(items, serializer.Item{Key: "dry_run", Value: dryRun}, serializer.Item{Key: "complete", Value: complete})...)
	}
	return a.PrintCounts(rows, seen, took)
}

// doing returns the subject and the verb of a sentence about n sessions.
func doing(n int64) string {
	if n == 1 {
		return "1 session does"
	}
	return fmt.Sprintf("%d sessions do", n)
}
