package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/explain"
	"github.com/go-djsession/go-djsession/serializer"
)

// explainFlags are what explain can know besides the value.
type explainFlags struct {
	formatFlags
	file   string
	cookie string
	maxAge age
	reveal bool
	json   bool
}

func (a *app) explainCommand() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:     "explain VALUE",
		GroupID: groupValues,
		Short:   "Say in plain words what a value is, and why it does not verify",
		Long: `explain looks at anything that could be a session: a cookie, session_data of a row, an
entry of a cache. It says what that is and when it was signed; and if SECRET_KEY
is given, whether it verifies and, if not, why: another key, a fallback key,
another salt, the format of an old Django, a pickle, a part that is missing.

The value is the argument, the content of --file, or what standard input gives.
It may still have around it what it was copied with: quotes, b'...', a header's
"Cookie: sessionid=", the escapes of a URL.

Nothing of what the value holds is printed without --reveal. The exit status is 1
if the value does not verify, or is no session.`,
		Example: `  djsession explain 'eyJ2aXNpdHMiOjd9:1r31eq:T75S6Hd...'
  djsession explain --file cookie.txt --secret-file secret_key.txt
  pbpaste | djsession explain`,
		Args:              arguments(0, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			keys, err := f.secrets.Load(&a.Console)
			if err != nil {
				return err
			}
			v, err := f.version()
			if err != nil {
				return err
			}
			text, err := a.Value("the value", args, f.file)
			if err != nil {
				return err
			}
			r := explain.Explain(text, f.options(a, keys, v))
			if f.json {
				return a.printReportJSON(r, f.reveal)
			}
			return a.printReport(r, f.reveal)
		},
	}
	f.add(a, c)
	fs := c.Flags()
	fs.StringVarP(&f.file, "file", "f", "", "`FILE` to read the value from")
	fs.StringVar(&f.cookie, "cookie", "", "`NAME` of the cookie that the value comes from, for set_signed_cookie")
	fs.Var(&f.maxAge, "max-age", "say if it was signed longer ago: seconds, or as in 14d")
	fs.BoolVar(&f.reveal, "reveal", false, "print the session too, even if it does not verify")
	fs.BoolVar(&f.json, "json", false, "print one JSON object")
	_ = c.MarkFlagFilename("file")
	_ = c.RegisterFlagCompletionFunc("cookie", choices("sessionid", "messages"))
	_ = c.RegisterFlagCompletionFunc("max-age", cobra.NoFileCompletions)
	return c
}

func (f *explainFlags) options(a *app, keys *console.Secrets, v djsession.DjangoVersion) explain.Options {
	opts := explainOptions(a, keys, f.salt, v)
	opts.Cookie, opts.MaxAge = f.cookie, time.Duration(f.maxAge)
	return opts
}

// explainOptions returns the options that all explanations of values share.
func explainOptions(a *app, keys *console.Secrets, salt string, v djsession.DjangoVersion) explain.Options {
	opts := explain.Options{Now: a.Now(), Salt: salt, Django: v}
	if keys != nil {
		opts.Keys, opts.KeysFrom, opts.Secret, opts.Derived = keys.Keys, keys.From, keys.Secret, keys.Derived
	}
	return opts
}

// printReport prints a report about a value.
func (a *app) printReport(r *explain.Report, reveal bool) error {
	for _, line := range r.Lines {
		a.Say("%s", line)
	}
	if reveal && r.Session != nil {
		text, err := serializer.AppendText(nil, r.Session, "  ")
		if err != nil {
			return err
		}
		a.Say("%s", text)
	}
	for _, line := range r.Next {
		a.Say("next: %s", line)
	}
	if !r.Good || r.Spoiled {
		return console.ErrQuiet
	}
	return nil
}

// printReportJSON is printReport for programs.
func (a *app) printReportJSON(r *explain.Report, reveal bool) error {
	ok := r.Good && !r.Spoiled
	items := []serializer.Item{{Key: "ok", Value: ok}, {Key: "text", Value: listOf(r.Lines)}, {Key: "next", Value: listOf(r.Next)}}
	if reveal && r.Session != nil {
		items = append(items, serializer.Item{Key: "session", Value: r.Session})
	}
	err := a.JSON("  ", items...)
	if err == nil && !ok {
		return console.ErrQuiet
	}
	return err
}
