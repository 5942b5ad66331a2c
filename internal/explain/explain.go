// Package explain finds out what a value is that could be a session, when it was signed,
// whether it verifies and why not.
package explain

import (
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Options are what may be known besides the value.
type Options struct {
	Now time.Time
	// Keys verify the value; zero if there are none.
	Keys     signer.Keys
	KeysFrom string // where they came from
	Secret   string // SECRET_KEY itself, if it is known: it may be mangled
	Derived  bool   // there are only derived keys
	// Salt is the one that the value should be signed with.
	Salt string
	// Django is the version that should read the value; zero is the newest.
	Django djsession.DjangoVersion
	// Cookie is the name of the cookie that the value comes from, or "".
	Cookie string
	// MaxAge is the most that may have gone by since the value was signed; 0 is any.
	MaxAge time.Duration
}

// Report is what was found out.
type Report struct {
	// Lines are sentences about the value. No word of what it holds is in them.
	Lines []string
	// Next says what to do.
	Next []string
	// Session is what the value holds, verified or not; nil if it holds no session.
	Session *serializer.Dict
	// Good reports whether the value verifies and is a session, or could not be verified
	// because there is no key.
	Good bool
	// Spoiled reports whether Django could not read it as it came.
	Spoiled bool
}

// Explain looks at a value.
func Explain(text string, opts Options) *Report {
	x := &explainer{Options: opts}
	x.explain(text)
	return &x.report
}

type explainer struct {
	Options
	report Report
}

func (x *explainer) say(format string, args ...any) {
	x.report.Lines = append(x.report.Lines, fmt.Sprintf(format, args...))
}

func (x *explainer) advise(format string, args ...any) {
	x.report.Next = append(x.report.Next, fmt.Sprintf(format, args...))
}

// explain goes from the outside in: first what is around the value, then the kinds of
// values without a signature, then those with one.
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
	if payload.IsPickle(data) {
		format = "a pickle"
	}
	d, err := payload.Any{}.Loads(data)
	switch {
	case err == nil:
		x.report.Session = d
		login := ""
		if d.Has("_auth_user_id") {
			login = ", among them those of a login"
		}
		x.say("It holds %s%s of %d bytes: a dict with %s%s.", format, how, len(data), console.Count(d.Len(), "key"), login)
		if format != "JSON" {
			x.say("So SESSION_SERIALIZER of the site is PickleSerializer, which Django removed in 5.0.")
		}
	default:
		x.say("It holds %d bytes%s that are no session: %s.", len(data), how, dataProblem(data, err))
	}
}

// when returns a moment in words, with the time between it and now.
func (x *explainer) when(t time.Time) string {
	if y := t.Year(); y < 1 || y > 9999 {
		return "a year that no calendar has"
	}
	d := x.Now.Sub(t)
	text := t.UTC().Format(time.DateTime) + " UTC, "
	if d < 0 {
		return text + span(-d) + " in the future"
	}
	return text + span(d) + " ago"
}

// span returns a duration in the largest unit of which it has two.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	for _, u := range []struct {
		d    time.Duration
		name string
	}{{365 * day, "year"}, {30 * day, "month"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= 2*u.d {
			return console.Count(int(d/u.d), u.name)
		}
	}
	return console.Count(int(d/time.Second), "second")
}
