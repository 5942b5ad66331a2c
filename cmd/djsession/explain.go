package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// explainFlags are what explain may know besides the value.
type explainFlags struct {
	formatFlags
	file   string
	cookie string
	maxAge age
	reveal bool
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
			keys, err := f.secrets.load(a)
			if err != nil {
				return err
			}
			v, err := f.version()
			if err != nil {
				return err
			}
			text, err := a.value("the value", args, f.file)
			if err != nil {
				return err
			}
			x := &explainer{
				now: a.now(), keys: keys, salt: f.salt, django: v, cookie: f.cookie,
				maxAge: time.Duration(f.maxAge),
			}
			x.explain(text)
			return x.print(a, f.reveal)
		},
	}
	f.add(a, c)
	fs := c.Flags()
	fs.StringVarP(&f.file, "file", "f", "", "`FILE` to read the value from")
	fs.StringVar(&f.cookie, "cookie", "", "`NAME` of the cookie that the value comes from, for set_signed_cookie")
	fs.Var(&f.maxAge, "max-age", "say if it was signed longer ago: seconds, or as in 14d")
	fs.BoolVar(&f.reveal, "reveal", false, "print the session too, even if it does not verify")
	_ = c.MarkFlagFilename("file")
	_ = c.RegisterFlagCompletionFunc("cookie", choices("sessionid", "messages"))
	_ = c.RegisterFlagCompletionFunc("max-age", cobra.NoFileCompletions)
	return c
}

// print prints what was found out.
func (x *explainer) print(a *app, reveal bool) error {
	for _, line := range x.lines {
		a.say("%s", line)
	}
	if reveal && x.session != nil {
		text, err := serializer.AppendText(nil, x.session, "  ")
		if err != nil {
			return err
		}
		a.say("%s", text)
	}
	for _, line := range x.next {
		a.say("next: %s", line)
	}
	if !x.good || x.spoiled {
		return errQuiet
	}
	return nil
}

// explainer finds out what a value is. It has no word of what the value holds in
// its lines.
type explainer struct {
	now    time.Time
	keys   *secrets // nil if there are none
	salt   string
	django djsession.DjangoVersion
	cookie string
	maxAge time.Duration

	lines   []string
	next    []string         // what to do
	session *serializer.Dict // what it holds, verified or not
	good    bool             // it verifies and is a session; or nothing could be verified
	spoiled bool             // but not as it came
}

func (x *explainer) say(format string, args ...any) {
	x.lines = append(x.lines, fmt.Sprintf(format, inLine(args)...))
}

func (x *explainer) advise(format string, args ...any) {
	x.next = append(x.next, fmt.Sprintf(format, inLine(args)...))
}

// explain goes from the outside in: what is around the value, what it is that
// carries no signature, and then what does.
func (x *explainer) explain(text string) {
	text = x.unwrap(text)
	switch {
	case text == "":
		x.say("There is no value: it is empty.")
	case x.legacy(text), x.unsigned(text), x.truncated(text), x.signed(text):
	default:
		x.say("This is nothing that Django signs or stores for a session: %d bytes without a colon, which every signed value has.", len(text))
		x.advise("was all of it copied? A session looks like eyJ...:1r31eq:T75S..., or begins with a dot if it is compressed")
	}
}

// holds describes serialized data.
func (x *explainer) holds(data []byte, how string) {
	format := "JSON"
	if isPickle(data) {
		format = "a pickle"
	}
	d, err := anySerializer{}.Loads(data)
	switch {
	case err == nil:
		x.session = d
		login := ""
		if d.Has("_auth_user_id") {
			login = ", among them those of a login"
		}
		x.say("It holds %s%s of %d bytes: a dict with %s%s.", format, how, len(data), count(d.Len(), "key"), login)
		if format != "JSON" {
			x.say("So SESSION_SERIALIZER of the site is PickleSerializer, which Django removed in 5.0.")
		}
	default:
		x.say("It holds %d bytes%s that are no session: %s.", len(data), how, dataProblem(data, err))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// when tells a moment and how far away it is.
func (x *explainer) when(t time.Time) string {
	if y := t.Year(); y < 1 || y > 9999 {
		return "a year that no calendar has"
	}
	d := x.now.Sub(t)
	text := t.UTC().Format(time.DateTime) + " UTC, "
	if d < 0 {
		return text + span(-d) + " in the future"
	}
	return text + span(d) + " ago"
}

// span is a duration in the largest unit of which there are two.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	for _, u := range []struct {
		d    time.Duration
		name string
	}{{365 * day, "year"}, {30 * day, "month"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= 2*u.d {
			return count(int(d/u.d), u.name)
		}
	}
	return count(int(d/time.Second), "second")
}
