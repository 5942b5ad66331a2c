package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/doctor"
	"github.com/go-djsession/go-djsession/serializer"
)

// doctorFlags say what to examine.
type doctorFlags struct {
	from   settingsFlags
	django string
	cookie string
	json   bool
}

func (a *app) doctorCommand() *cobra.Command {
	var f doctorFlags
	c := &cobra.Command{
		Use:     "doctor",
		GroupID: groupSessions,
		Short:   "Say why Go and Django would disagree, and what to change",
		Long: `doctor compares the settings of a Django site with what is in its stores: are the
database, the cache or the folder those that Django uses, are the sessions there
signed with this SECRET_KEY, does the user table fit.

With --cookie - it follows one real cookie, given on standard input: the value, or
a whole header of a request ("Cookie: ...") or of an answer ("Set-Cookie: ..."), as
the tools of a browser show them. Log in to the Django site, copy it, and doctor
says whether Go would know the same user, and why not: another SECRET_KEY, salt,
serializer, table, prefix or time zone, a cookie of another name, an old password.

It only reads. No secret, key or value of a session is printed. It says what it
compared and what it could not. The exit status is 0 if no fault was found, and 1 if
there is one, or if nothing could be compared: no session in the store and no cookie.

--json prints one object: findings with severity, id, text and change, what was
compared and not_compared, and ok, which is true if the exit status is 0.`,
		Example: `  python manage.py diffsettings --all >settings.txt
  djsession doctor --settings settings.txt
  djsession doctor --settings settings.txt --cookie - <header.txt
  pbpaste | djsession doctor --manage . --cookie -`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.run(c.Context(), a)
		},
	}
	f.from.add(c)
	fs := c.Flags()
	fs.StringVar(&f.django, "django", "", "`VERSION` of the site's Django, such as 4.2 (default what the settings tell)")
	fs.StringVar(&f.cookie, "cookie", "", "read a cookie, or a header with it, from standard input, for `-`")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	fs.Lookup("settings").Usage = "`FILE` with what manage.py diffsettings --all prints (- is standard input)"
	_ = c.RegisterFlagCompletionFunc("django", cobra.NoFileCompletions)
	_ = c.RegisterFlagCompletionFunc("cookie", choices("-"))
	return c
}

func (f *doctorFlags) run(ctx context.Context, a *app) error {
	if f.cookie != "" && f.cookie != "-" {
		return usage("--cookie takes nothing but -: a cookie on the command line can be read by every user of this machine, and stays in the shell's history",
			"pipe it to djsession doctor --cookie -")
	}
	set, err := f.from.read(ctx, a, f.django)
	if err != nil {
		return err
	}
	if set == nil {
		return usage("there are no settings to examine", manageHint()+"python manage.py diffsettings --all >settings.txt, and then: djsession doctor --settings settings.txt")
	}
	opts := doctor.Options{Now: a.Now}
	if f.cookie == "-" {
		if opts.Cookie, err = a.Value("the cookie", nil, ""); err != nil {
			return err
		}
		if opts.Cookie == "" {
			return usage("there is no cookie: standard input is empty", "log in to the site, and copy the Cookie header of a request")
		}
	}
	report, err := doctor.Examine(ctx, set, &opts)
	if err != nil {
		return err
	}
	for _, w := range set.Warnings {
		a.Warn("%s", w)
	}
	if f.json {
		return tellJSON(a, report)
	}
	return tell(a, report)
}

// faults returns how many findings are faults.
func faults(report *doctor.Report) (n int) {
	for _, f := range report.Findings {
		if f.Severity == doctor.Fault {
			n++
		}
	}
	return n
}

// tell prints the report. It returns console.ErrQuiet if there is a fault, or if nothing that
// Django wrote was compared.
func tell(a *app, report *doctor.Report) error {
	faults := faults(report)
	for _, f := range report.Findings {
		a.Say("%s %s: %s", f.Severity, f.ID, asFlags.Replace(f.Text))
		a.Say("  change: %s", asFlags.Replace(f.Change))
	}
	a.Say("compared: %s", strings.Join(report.Compared, ", "))
	if len(report.Missed) > 0 {
		a.Say("not compared: %s", strings.Join(report.Missed, ", "))
	}
	switch {
	case faults > 0:
		a.Say("%s found", console.Count(faults, "fault"))
	case !report.Proved:
		a.Say("nothing that Django wrote could be compared, so that these settings may be right or wrong")
		a.Say("  change: log in to the site, and give the cookie with --cookie -.")
	default:
		a.Say("no fault found")
		return nil
	}
	return console.ErrQuiet
}

// tellJSON is tell for programs.
func tellJSON(a *app, report *doctor.Report) error {
	findings := []any{}
	for _, f := range report.Findings {
		findings = append(findings, serializer.NewDict(
			serializer.Item{Key: "severity", Value: f.Severity.String()}, serializer.Item{Key: "id", Value: f.ID},
			serializer.Item{Key: "text", Value: asFlags.Replace(f.Text)}, serializer.Item{Key: "change", Value: asFlags.Replace(f.Change)},
		))
	}
	n := faults(report)
	ok := n == 0 && report.Proved
	err := a.JSON("  ",
		serializer.Item{Key: "ok", Value: ok}, serializer.Item{Key: "faults", Value: n}, serializer.Item{Key: "proved", Value: report.Proved},
		serializer.Item{Key: "findings", Value: findings},
		serializer.Item{Key: "compared", Value: listOf(report.Compared)}, serializer.Item{Key: "not_compared", Value: listOf(report.Missed)},
	)
	if err == nil && !ok {
		return console.ErrQuiet
	}
	return err
}

func listOf(texts []string) []any {
	list := []any{}
	for _, text := range texts {
		list = append(list, text)
	}
	return list
}
