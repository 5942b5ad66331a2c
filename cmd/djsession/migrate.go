package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/serializer"
)

// envFrom and envTo name the engines when --from and --to do not: there may be a
// password in them, which others can read on a command line.
const (
	envFrom = "DJSESSION_FROM"
	envTo   = "DJSESSION_TO"
)

// migrateFlags say from where to where sessions move. Those of the site are about
// the old engine.
type migrateFlags struct {
	siteFlags
	to       location
	format   string // of the new engine
	django   string // of the new engine
	journal  string
	switched bool
	keep     bool
	dryRun   bool
	batch    int
	workers  int
	grace    time.Duration
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

The exit status is 1 if not all could be moved.`,
		Example: `  djsession migrate --from db.sqlite3 --to cache+redis://localhost/1 --journal moved
  djsession migrate --from db.sqlite3 --to cache+redis://localhost/1 --journal moved --switched`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			f.to.dsn = cmp.Or(f.to.dsn, a.Env(envTo))
			if f.set == nil {
				f.dsn = cmp.Or(f.dsn, a.Env(envFrom))
			}
			switch {
			case f.dsn == "" && f.set == nil || f.to.dsn == "":
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
	_ = c.MarkFlagFilename("journal")
	_ = c.RegisterFlagCompletionFunc("to-serializer", choices("json", "pickle"))
	for _, name := range []string{"from", "to", "to-table", "to-cache", "to-django", "batch", "workers", "grace"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

func (f *migrateFlags) migrate(ctx context.Context, a *app) (err error) {
	m := &mover{switched: f.switched, keep: f.keep, dryRun: f.dryRun, batch: f.batch, workers: f.workers, grace: f.grace}
	if m.from, m.to, err = f.ends(ctx, a, m); err != nil {
		return err
	}
	defer m.from.close()
	defer m.to.close()
	if m.old, m.new, err = m.engines(); err != nil {
		return err
	}
	if !f.dryRun {
		if err := m.apart(ctx); err != nil {
			return err
		}
	}
	if err := f.openJournal(ctx, m); err != nil {
		return err
	}
	if m.journal != nil {
		defer m.journal.close()
		if n := len(m.journal.intended); f.switched && n > 0 {
			a.Warn("djsession migrate was stopped in the middle of %s and Django was switched before it was run again: who of them has logged out since may be logged in once more", console.Count(n, "session"))
		}
	}
	doing := "copying sessions"
	if f.switched {
		doing = "moving sessions"
	}
	show, hide := a.Progress(doing, 0)
	m.progress = show
	start, already := time.Now(), m.state.Counts.Seen
	err = m.run(ctx, a)
	took := time.Since(start)
	hide()
	return errors.Join(err, f.summary(a, m, already, took, err == nil))
}

// ends opens both engines.
func (f *migrateFlags) ends(ctx context.Context, a *app, m *mover) (from, to *engine, err error) {
	here, err := f.location(a)
	if err == nil {
		err = f.to.check("--to-table")
	}
	if err != nil {
		return nil, nil, err
	}
	keys, err := f.secrets.Load(&a.Console)
	if err == nil && keys == nil && !(isCache(here.dsn) && isCache(f.to.dsn)) {
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
		if there.format == "" && !from.signed {
			set.Serializer = serializer.JSON{}
		}
		_, isJSON := set.Serializer.(serializer.JSON)
		m.toJSON = isJSON && !isCache(f.to.dsn)
		m.site, err = newSite(set)
	}
	if err == nil {
		to, err = openSite(ctx, f.to, m.site)
		err = atEnd("--to", err)
	}
	if err != nil {
		from.close()
		return nil, nil, err
	}
	m.toJSON = m.toJSON || to.jsonOnly
	return from, to, nil
}

// atEnd says which of two engines an error is about.
func atEnd(flag string, err error) error {
	var p *console.Problem
	if errors.As(err, &p) {
		n := *p
		n.Text = flag + ": " + p.Text
		return &n
	}
	return err
}

// engines are the stores, as ones that sessions can move between.
func (m *mover) engines() (old, next movingstore.Engine, err error) {
	if _, err := m.from.lister(); err != nil {
		return nil, nil, atEnd("--from", err)
	}
	old, ok := m.from.store.(movingstore.Engine)
	next, also := m.to.store.(movingstore.Engine)
	if !ok || !also {
		return nil, nil, refused("sessions cannot move between these engines", "")
	}
	return old, next, nil
}

// apart makes sure that both engines are not one place under two names, from which
// every session would be deleted that is there already: it puts a session into the
// new one and looks for it on the old one.
func (m *mover) apart(ctx context.Context) error {
	key := strings.ToLower(rand.Text()) + "migrate"
	probe := &djsession.Record{Data: serializer.NewDict(), Expires: m.site.Now().Add(time.Minute)}
	if _, err := m.new.Create(ctx, key, probe); err != nil {
		return err
	}
	_, _, found := m.old.Load(ctx, key)
	if err := m.new.Delete(context.WithoutCancel(ctx), key); err != nil && !errors.Is(err, djsession.ErrNotFound) {
		return err
	}
	switch {
	case errors.Is(found, djsession.ErrNotFound):
		return nil
	case found == nil, errors.Is(found, djsession.ErrCorrupt):
		return refused("--from and --to are the same place", "db and cached_db share a table: switch Django, and nothing has to be moved")
	}
	return found
}

// password is what comes before the host of a URL.
var password = regexp.MustCompile(`//[^/@]*@`)

// task is a hash of where a move goes from and to, so that nobody goes on with the
// journal of another one.
func (f *migrateFlags) task() string {
	text := fmt.Sprintf("%q %q %q %q", f.dsn, f.table, f.cache, []string{f.to.dsn, f.to.table, f.to.cache})
	if f.set != nil {
		in := f.set.Sessions
		text += fmt.Sprint(in.Kind, in.Table, f.set.Databases[in.Database], f.set.Caches[in.CacheAlias], in.Redis.Host, in.Redis.Port, in.Redis.DB, in.Redis.Prefix, in.FilePath)
	}
	sum := sha256.Sum256([]byte(password.ReplaceAllString(text, "//")))
	return hex.EncodeToString(sum[:8])
}

// openJournal finds out how far the move has come.
func (f *migrateFlags) openJournal(ctx context.Context, m *mover) error {
	if _, err := os.Stat(f.journal); f.dryRun && errors.Is(err, os.ErrNotExist) {
		m.state = moveState{Stage: "walk", Pass: 1}
		return nil
	}
	j, err := openJournal(ctx, f.journal, f.task(), !f.switched)
	if err != nil {
		return err
	}
	m.journal, m.state = j, j.state
	switch {
	case m.state.Switched && !f.switched:
		j.close()
		return usage("this move has come to its second step", "go on with --switched")
	case f.switched && !m.state.Switched, m.state.Stage == "done", f.dryRun:
		m.state = moveState{Switched: f.switched, Stage: "walk", Pass: m.state.Pass + 1}
	}
	if !f.dryRun {
		err = j.save(ctx, m.state)
	}
	return err
}

// moveRounds is how often the old engine is walked over again for sessions that
// somebody else was moving or writing.
const moveRounds = 3

// run does what there is left to do.
func (m *mover) run(ctx context.Context, a *app) error {
	s := &m.state
	for s.Stage == "walk" {
		if err := m.walk(ctx); err != nil || m.dryRun {
			return err
		}
		s.Cursor = ""
		if !m.switched || s.Counts.Later == 0 || s.Round == moveRounds {
			s.Stage = "prune"
		} else {
			if err := wait(ctx, m.grace); err != nil {
				return err
			}
			s.Round++
			s.Counts.Later = 0
		}
		if err := m.journal.save(ctx, *s); err != nil {
			return err
		}
	}
	if err := m.prune(ctx, a); err != nil {
		return err
	}
	s.Stage, s.Cursor = "done", ""
	if !m.switched {
		// What a run that was killed was about to copy, and no walk has seen since, was
		// logged out, and its copy is gone.
		return m.journal.decide(ctx, *s)
	}
	return m.journal.save(ctx, *s)
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// summary tells what was done, and whether all could be.
func (f *migrateFlags) summary(a *app, m *mover, already int64, took time.Duration, complete bool) error {
	n := &m.state.Counts
	would := ""
	if f.dryRun {
		would = "would be "
	}
	var rows []console.CountOf
	for _, row := range []struct {
		what string
		n    int64
		only bool // with --switched
	}{
		{"seen", n.Seen, false},
		{would + "copied", n.Copied, false},
		{would + "updated", n.Updated, false},
		{"there already", n.Already, false},
		{"written on both, new one kept", n.Newer, true},
		{"logged out on the new engine", n.LoggedOut, true},
		{"gone meanwhile", n.Gone, true},
		{"expired", n.Expired, false},
		{"not convertible", n.Left, false},
		{"corrupt", n.Corrupt, false},
		{"in the way", n.Taken, false},
		{"to be looked at again", n.Later, true},
		{"deleted from --from", n.Deleted, true},
		{"logged out before, deleted from --to", n.Pruned, false},
		{"of these used since", n.Used, true},
	} {
		if !row.only || f.switched {
			rows = append(rows, console.CountOf{What: row.what, N: row.n})
		}
	}
	if err := a.PrintCounts(rows, n.Seen-already, took); err != nil {
		return err
	}
	if n.Corrupt > 0 {
		a.Warn("%s not decode, and are left where they are: are the key and the salt those of the site?", doing(n.Corrupt))
	}
	switch {
	case !complete:
		return nil // there is an error already
	case n.Taken > 0:
		return refused("--to holds other values for "+console.Count(int(n.Taken), "session")+" than were copied", "was it empty in the beginning? is Django on it already? then give --switched")
	case n.Left > 0:
		return refused("--to cannot hold "+console.Count(int(n.Left), "session")+", left as before", "djsession convert --report tells why, for an engine that is signed")
	case n.Later > 0:
		return refused("--from still gets writes: "+console.Count(int(n.Later), "session")+" to be looked at again", "is every Django on the new engine? run the command again")
	}
	return nil
}
