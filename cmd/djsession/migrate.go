package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/migrate"
	"github.com/go-djsession/go-djsession/serializer"
)

// envFrom and envTo name the engines if --from and --to do not. A DSN may hold a password,
// which others can read on a command line.
const (
	envFrom = "DJSESSION_FROM"
	envTo   = "DJSESSION_TO"
)

// migrateFlags say where sessions move from and to. The embedded site flags are those of
// the old engine.
type migrateFlags struct {
	siteFlags
	to       placeFlags
	format   string // of the new engine
	django   string // of the new engine
	journal  string
	switched bool
	keep     bool
	dryRun   bool
	batch    int
	workers  int
	grace    time.Duration
	json     bool
}

func (a *app) migrateCommand() *cobra.Command {
	var f migrateFlags
	c := &cobra.Command{
		Use:     "migrate",
		GroupID: groupSessions,
		Short:   "Move the sessions of a site to another engine while it runs",
		Long: `migrate moves the sessions of a site from one engine to another, with the moment at
which each ends, and with nobody logged out. djsession engines tells how engines
are named. It takes two steps:

  1. djsession migrate copies the sessions while Django is on the old engine. Run it
     again just before the switch: it copies what has changed, and deletes copies of
     sessions that were deleted.
  2. Switch Django to the new engine, and run djsession migrate --switched. It brings
     over what was written since, deletes copies of sessions that had been logged out,
     and deletes from the old engine what is safely on the new one.

Programs in Go use package movingstore meanwhile, with the phase Copying in step 1 and
Switched in step 2. When step 2 is through they use the new engine alone.

What is logged out stays logged out: what the new engine holds no more is not brought
back, and what was deleted on the old one is deleted on the new one, also if it has been
used there since. For a session that both have written in the seconds of the switch the
new one wins. Sessions that have expired are not copied, and what does not decode is left
where it is. What is written is read back, and anything else than expected is an error.

--journal FILE is a database of SQLite that belongs to one move and is needed until it is
over. It holds hashes of the keys and of what was copied, and no key. migrate can be
killed at any time: the same command goes on from there, and for step 1 it should do so
before Django is switched.

A signed engine keeps the serializer that each session has, and JSON what comes from
a cache; --to-serializer says otherwise. A session that it cannot hold stays where it is.

--json prints the counts as one object. The exit status is 1 if not all could be moved.`,
		Example: `  djsession migrate --from db.sqlite3 --to cache+redis://localhost/1 --journal moved
  djsession migrate --from db.sqlite3 --to cache+redis://localhost/1 --journal moved --switched`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			f.to.dsn = cmp.Or(f.to.dsn, a.Env(envTo))
			if f.set == nil {
				f.at.dsn = cmp.Or(f.at.dsn, a.Env(envFrom))
			}
			switch {
			case f.at.dsn == "" && f.set == nil || f.to.dsn == "":
				return usage("a move needs --from and --to", dsnForms)
			case f.journal == "":
				return usage("a move needs --journal", "FILE is made if it is not there")
			case f.batch < 1 || f.workers < 1:
				return usage("--batch or --workers is not positive", "the defaults are 2000 and 16")
			}
			return f.migrate(c.Context(), a)
		},
	}
	f.formatFlags.add(a, c)
	f.addSerializer(c)
	f.addLocation(a, c, "from", "`DSN` of the old engine (default "+envFrom+")")
	f.addEnds(c)
	fs := c.Flags()
	addDSN(fs, &f.to.dsn, "to", "`DSN` of the new engine (default "+envTo+")")
	fs.StringVar(&f.to.table, "to-table", "", "`TABLE` of the sessions there (default that of the engine)")
	addDSN(fs, &f.to.cache, "to-cache", "`DSN` of the cache, if the new engine is cached_db")
	fs.StringVar(&f.format, "to-serializer", "", "`NAME` of the serializer of the new engine: json or pickle")
	fs.StringVar(&f.django, "to-django", "", "`VERSION` of the Django on the new engine (default --django)")
	fs.StringVar(&f.journal, "journal", "", "`FILE` for what was copied, and for how far the move has come")
	fs.BoolVar(&f.switched, "switched", false, "Django is on the new engine now")
	fs.BoolVar(&f.keep, "keep", false, "delete nothing from the old engine")
	fs.BoolVar(&f.dryRun, "dry-run", false, "count them and change nothing")
	fs.IntVar(&f.batch, "batch", 2000, "write the journal after every `N` sessions")
	fs.IntVar(&f.workers, "workers", 16, "write `N` sessions at a time")
	fs.DurationVar(&f.grace, "grace", 10*time.Second, "how long a program may take to move a session that it has begun to move")
	fs.BoolVar(&f.json, "json", false, "print the counts as one JSON object")
	_ = c.MarkFlagFilename("journal")
	_ = c.RegisterFlagCompletionFunc("to-serializer", choices("json", "pickle"))
	for _, name := range []string{"from", "to", "to-table", "to-cache", "to-django", "batch", "workers", "grace"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

func (f *migrateFlags) migrate(ctx context.Context, a *app) error {
	opts := migrate.Options{
		Journal: f.journal, Switched: f.switched, Keep: f.keep, DryRun: f.dryRun, Batch: f.batch, Workers: f.workers, Grace: f.grace,
		Task: f.task(),
	}
	from, to, err := f.ends(ctx, a, &opts)
	if err != nil {
		return err
	}
	defer from.close()
	defer to.close()
	if opts.From.Lister, err = from.lister(); err != nil {
		return atEnd("--from", err)
	}
	opts.To.Lister, _ = to.lister()
	opts.From.Store, opts.To.Store = from.Sessions.Store(), to.Sessions.Store()
	opts.From.Decodes, opts.To.Decodes = from.Engine().Decodes, to.Engine().Decodes
	opts.Warn = func(w migrate.Warning, n int64) {
		switch w {
		case migrate.Interrupted:
			a.Warn("djsession migrate was stopped in the middle of %s and Django was switched before it was run again: who of them has logged out since may be logged in once more", console.Count(n, "session"))
		case migrate.NotPruned:
			a.Warn("copied and then deleted from --from, and in --to until it expires: %s; %s", console.Count(n, "session"), to.Engine().Unlistable)
		}
	}
	doing := "copying sessions"
	if f.switched {
		doing = "moving sessions"
	}
	var hide func()
	opts.Progress, hide = a.Progress(doing, 0)
	done, err := migrate.Run(ctx, opts)
	hide()
	if err = f.problem(err); done == nil {
		return err
	}
	return errors.Join(err, f.summary(a, done, err == nil))
}

// ends opens both engines.
func (f *migrateFlags) ends(ctx context.Context, a *app, opts *migrate.Options) (from, to *engine, err error) {
	f.to.prefix = "to-"
	here, err := f.place(a)
	if err != nil {
		return nil, nil, atEnd("--from", err)
	}
	next, err := f.to.settings()
	if err != nil {
		return nil, nil, atEnd("--to", err)
	}
	toCache := next.Sessions.Kind == djsettings.EngineCache
	keys, err := f.secrets.Load(&a.Console)
	if err == nil && keys == nil && !(here.Sessions.Kind == djsettings.EngineCache && toCache) {
		keys, err = f.secrets.Need(&a.Console)
	}
	if err != nil {
		return nil, nil, err
	}
	f.keys = keys
	if from, err = f.openWith(ctx, a, keys); err != nil {
		return nil, nil, atEnd("--from", err)
	}
	there := f.siteFlags
	there.formatFlags.django = cmp.Or(f.django, f.siteFlags.django)
	there.formatFlags.format = cmp.Or(f.format, f.siteFlags.format)
	set, err := there.siteSettings(a, keys)
	if err == nil {
		if there.format == "" && !from.Engine().Signed {
			set.Serializer = serializer.JSON{}
		}
		_, isJSON := set.Serializer.(serializer.JSON)
		opts.JSON = isJSON && !toCache
		to, err = f.to.open(ctx, next, set)
		err = atEnd("--to", err)
	}
	if err != nil {
		from.close()
		return nil, nil, err
	}
	opts.JSON = opts.JSON || to.Engine().JSONOnly
	return from, to, nil
}

// problem returns the problem for an error of package migrate.
func (f *migrateFlags) problem(err error) error {
	const whose = "the journal says which sessions were copied: it has to be that of the first run"
	var (
		file    *migrate.FileError
		journal *migrate.JournalError
		emptied *migrate.EmptiedError
		wrong   *migrate.MismatchError
	)
	switch {
	case errors.Is(err, migrate.ErrSamePlace):
		return refused("--from and --to are the same place", "db and cached_db share a table: switch Django, and nothing has to be moved")
	case errors.Is(err, migrate.ErrNoJournal):
		return refused("there is no journal "+f.journal, "the move begins with djsession migrate without --switched, before Django is switched\n"+whose)
	case errors.Is(err, migrate.ErrNotJournal):
		return refused(f.journal+" is no journal of djsession migrate", whose)
	case errors.Is(err, migrate.ErrJournalInUse):
		return refused("another djsession migrate is at work with this journal", "wait until it has come to its end, or end it")
	case errors.Is(err, migrate.ErrOtherMove):
		return usage("the journal belongs to a move between other engines", whose)
	case errors.Is(err, migrate.ErrSwitched):
		return usage("this move has come to its second step", "go on with --switched")
	case errors.As(err, &emptied) && emptied.Old:
		return refused(fmt.Sprintf("%d of %d sessions that were copied are not in --from any more", emptied.Missing, emptied.Copied),
			"was it emptied? djsession migrate does that itself; otherwise these sessions would be deleted from --to as logged out")
	case errors.As(err, &emptied):
		return refused(fmt.Sprintf("%d of %d sessions that were copied are not in --to any more", emptied.Missing, emptied.Copied),
			"was it emptied? then remove the journal and copy anew: otherwise these sessions would be deleted from --from as logged out")
	case errors.As(err, &wrong):
		return refused(fmt.Sprintf("session %s is not in --to as it was written there: %s", wrong.Session, wrong.What),
			"are the clocks right, and does Django or another program write to --to already?")
	case errors.As(err, &file):
		return console.FileProblem(file.Err)
	case errors.As(err, &journal):
		text, hint := console.DatabaseProblem(journal.Err)
		if text == "" {
			text, hint = "it is damaged, or none that djsession migrate wrote", whose
		}
		return console.Because(journal.Err, "the journal cannot be used: "+text, hint)
	}
	return err
}

// atEnd adds the flag of the engine to an error.
func atEnd(flag string, err error) error {
	var p *console.Problem
	if errors.As(err, &p) && !strings.HasPrefix(p.Text, "--") {
		n := *p
		n.Text = flag + ": " + p.Text
		return &n
	}
	return err
}

// password matches the user and password before the host of a URL.
var password = regexp.MustCompile(`//[^/@]*@`)

// task returns a hash of the two ends of a move, so that a journal cannot be used for
// another move.
func (f *migrateFlags) task() string {
	text := fmt.Sprintf("%q %q %q %q", f.at.dsn, f.at.table, f.at.cache, []string{f.to.dsn, f.to.table, f.to.cache})
	if f.set != nil {
		in := f.set.Sessions
		text += fmt.Sprint(in.Kind, in.Table, f.set.Databases[in.Database], f.set.Caches[in.CacheAlias], in.Redis.Host, in.Redis.Port, in.Redis.DB, in.Redis.Prefix, in.FilePath)
	}
	sum := sha256.Sum256([]byte(password.ReplaceAllString(text, "//")))
	return hex.EncodeToString(sum[:8])
}

// summary prints the counts. It returns an error if a session was left behind.
func (f *migrateFlags) summary(a *app, n *migrate.Result, complete bool) error {
	would := ""
	if f.dryRun {
		would = "would be "
	}
	var rows []console.CountOf
	for _, row := range []struct {
		console.CountOf
		only bool // only with --switched
	}{
		{console.CountOf{What: "seen", Name: "seen", N: n.Seen}, false},
		{console.CountOf{What: would + "copied", Name: "copied", N: n.Copied}, false},
		{console.CountOf{What: would + "updated", Name: "updated", N: n.Updated}, false},
		{console.CountOf{What: "there already", Name: "there_already", N: n.Already}, false},
		{console.CountOf{What: "written on both, new one kept", Name: "newer", N: n.Newer}, true},
		{console.CountOf{What: "logged out on the new engine", Name: "logged_out", N: n.LoggedOut}, true},
		{console.CountOf{What: "gone meanwhile", Name: "gone", N: n.Gone}, true},
		{console.CountOf{What: "expired", Name: "expired", N: n.Expired}, false},
		{console.CountOf{What: "not convertible", Name: "not_convertible", N: n.Left}, false},
		{console.CountOf{What: "corrupt", Name: "corrupt", N: n.Corrupt}, false},
		{console.CountOf{What: "in the way", Name: "in_the_way", N: n.Taken}, false},
		{console.CountOf{What: "to be looked at again", Name: "later", N: n.Later}, true},
		{console.CountOf{What: "deleted from --from", Name: "deleted", N: n.Deleted}, true},
		{console.CountOf{What: "logged out before, deleted from --to", Name: "pruned", N: n.Pruned}, false},
		{console.CountOf{What: "of these used since", Name: "used", N: n.Used}, true},
	} {
		if !row.only || f.switched || f.json {
			rows = append(rows, row.CountOf)
		}
	}
	if err := a.printRun(rows, f.json, f.dryRun, complete, n.Seen-n.Before, n.Took); err != nil {
		return err
	}
	if n.Corrupt > 0 {
		a.Warn("%s not decode, and are left where they are: are the key and the salt those of the site?", doing(n.Corrupt))
	}
	switch {
	case !complete:
		return nil // the caller has an error already
	case n.Taken > 0:
		return refused("--to holds other values for "+console.Count(n.Taken, "session")+" than were copied", "was it empty in the beginning? is Django on it already? then give --switched")
	case n.Left > 0:
		return refused("--to cannot hold "+console.Count(n.Left, "session")+", left as before", "djsession convert --report tells why, for an engine that is signed")
	case n.Later > 0:
		return refused("--from still gets writes: "+console.Count(n.Later, "session")+" to be looked at again", "is every Django on the new engine? run the command again")
	}
	return nil
}
