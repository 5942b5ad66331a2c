package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/doctor"
	"github.com/go-djsession/go-djsession/internal/report"
)

// reportFlags say what to report, and where to.
type reportFlags struct {
	siteFlags
	out   string
	force bool
	all   bool
}

func (a *app) reportCommand() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:     "report -o FILE",
		GroupID: groupSessions,
		Short:   "Write the census and what doctor finds as a page for a browser",
		Long: `report counts the sessions as djsession census does, examines the settings as djsession
doctor does, and writes both as one HTML page with plots. The page needs no server, no
script and no other file. doctor needs --settings or --manage; without them the page has
the census only. What could not be counted or examined is on the page with the reason.

The page holds no key, user or value. It names settings, tables, hosts and files of the
site. Only its owner can read the file (mode 0600). An older report is replaced as a
whole, any other file only with --force. The exit status is 0 if the page is written,
also if there are faults on it.`,
		Example: `  djsession report -o report.html --dsn db.sqlite3
  djsession report -o report.html --settings site.settings`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.out == "" {
				return usage("there is no file for the page", "say -o report.html")
			}
			return f.run(c.Context(), a)
		},
	}
	f.add(a, c)
	fs := c.Flags()
	fs.StringVarP(&f.out, "output", "o", "", "write the page to this `FILE`")
	fs.BoolVar(&f.force, "force", false, "replace a file that is no report")
	fs.BoolVar(&f.all, "all", false, "go on where none of the first 1000 sessions decodes")
	_ = c.MarkFlagFilename("output", "html")
	return c
}

func (f *reportFlags) run(ctx context.Context, a *app) error {
	if err := report.Check(f.out, f.force); err != nil {
		return reportProblem(err)
	}
	set, err := f.place(a)
	if err != nil {
		return err
	}
	p := &report.Page{Made: a.Now(), Program: cmp.Or(buildInfo().Main.Version, "(devel)"), Settings: set}
	if f.set != nil {
		if p.Doctor, err = doctor.Examine(ctx, f.set, &doctor.Options{Now: a.Now}); err != nil {
			return err
		}
		for i := range p.Doctor.Findings {
			found := &p.Doctor.Findings[i]
			found.Text, found.Change = asFlags.Replace(found.Text), asFlags.Replace(found.Change)
		}
	} else {
		p.NoDoctor = "it needs the settings of the site, by --settings or --manage."
	}
	if err := f.count(ctx, a, p); err != nil {
		return err
	}
	if err := report.Save(f.out, f.force, p); err != nil {
		return reportProblem(err)
	}
	n := 0
	if p.Doctor != nil {
		n = faults(p.Doctor)
	}
	if p.Census == nil {
		a.Warn("the sessions were not counted: %s", p.NoCensus)
		a.Say("%s: %s", f.out, console.Count(n, "fault"))
		return nil
	}
	a.Say("%s: %s, %s", f.out, console.Count(p.Census.Live.Sessions, "session"), console.Count(n, "fault"))
	return nil
}

// count puts the census into the page, or the reason why there is none. Without doctor the
// page would then be empty: that is an error.
func (f *reportFlags) count(ctx context.Context, a *app, p *report.Page) error {
	e, err := f.open(ctx, a)
	if err == nil {
		defer e.close()
		p.Census, err = e.census(ctx, a, f.all)
	}
	if err == nil || p.Doctor == nil || ctx.Err() != nil {
		return err
	}
	why := console.ProblemOf(ctx, err)
	if why.Status == console.StatusUsage {
		return err
	}
	p.Census, p.NoCensus = nil, why.Text+"."
	return nil
}

func reportProblem(err error) error {
	if errors.Is(err, report.ErrOther) {
		return console.Because(err, "the file of -o is there, and is no report of djsession", "name another file, or replace a file by --force")
	}
	return console.FileProblem(err)
}
