package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/fault"
)

// Report is the result of an examination.
type Report struct {
	// Findings are in the order in which they should be fixed.
	Findings []Finding
	// Compared is what was compared, such as "40 stored sessions". Missed is what was not,
	// with the reason; it is empty if there is a Fault.
	Compared, Missed []string
	// Proved reports whether something that Django wrote was compared: a stored session or
	// a cookie. Without it, no Fault means nothing.
	Proved bool
}

// seen is what an examination got to see.
type seen struct {
	listed  bool // the stored sessions were looked through
	stored  int  // of them, those that were read
	broken  int  // and those that could not be
	expired int
	why     string // why the rest was not looked through
	cookie  bool   // the session of the cookie was read
	nobody  bool   // nobody is logged in to it
	user    bool   // its user was compared
	users   bool   // the table of users was found
}

// read counts the rows of a table. The session of the cookie is none of them.
func (e *exam) read(rows []row, key string) {
	e.seen.listed = true
	for _, r := range rows {
		o, _, bad := e.unsign(r.text, e.salt())
		if bad {
			o, _ = e.older(r.text)
		}
		switch {
		case r.key == key && key != "" || r.text == "":
		case r.dated && r.expires.Before(e.opts.Now()):
			e.seen.expired++
		case o.good && o.dict != nil:
			e.seen.stored++
		default:
			e.seen.broken++
		}
	}
}

// list lets the library read stored sessions, if no other check has.
func (e *exam) list(site *djsite.Site, key string) {
	if e.seen.listed || e.set.Sessions.Kind == djsettings.EngineSignedCookies {
		return
	}
	lister, err := site.Lister()
	if err != nil {
		e.seen.why = site.Engine().Unlistable
		return
	}
	e.seen.listed = true
	e.within(func(ctx context.Context) {
		looked := 0
		for l, err := range lister.List(ctx, "") {
			if err != nil {
				if e.seen.listed = looked > 0; !errors.Is(err, errors.ErrUnsupported) {
					e.seen.why = "the store " + fault.Why(err)
				}
				return
			}
			if looked++; looked > 10*e.opts.Sample || e.seen.stored >= e.opts.Sample {
				return
			}
			until := l.Record.Expires
			switch {
			case l.Key() == key && key != "":
			case l.Err != nil:
				e.seen.broken++
			case !until.IsZero() && !until.After(e.opts.Now()):
				e.seen.expired++
			default:
				e.seen.stored++
			}
		}
	})
}

// report returns the Report.
func (e *exam) report() *Report {
	s := e.seen
	r := &Report{Findings: e.found, Compared: []string{"the settings"}, Proved: s.stored > 0 || s.cookie}
	compared := func(is bool, what string) {
		if is {
			r.Compared = append(r.Compared, what)
		}
	}
	compared(s.stored > 0, console.Count(s.stored, "stored session"))
	compared(s.cookie, "1 cookie")
	compared(s.user, "the user")
	compared(s.users && !s.user, "the table of users")
	if e.faulty() { // they are the reason
		return r
	}
	missed := func(is bool, what string) {
		if is {
			r.Missed = append(r.Missed, plain(what))
		}
	}
	missed(s.broken > 0, console.Count(s.broken, "stored session")+" that these settings do not read")
	missed(s.expired > 0, console.Count(s.expired, "stored session")+" that expired")
	switch none := s.stored+s.broken+s.expired == 0; {
	case e.set.Sessions.Kind == djsettings.EngineSignedCookies:
		missed(true, "stored sessions (the site keeps sessions in cookies)")
	case s.why != "":
		missed(none, fmt.Sprintf("stored sessions (%s)", s.why))
	case !s.listed:
		missed(none, "stored sessions (they cannot be listed)")
	default:
		missed(none && s.cookie, "other stored sessions (there are none)")
		missed(none && !s.cookie, "stored sessions (there are none)")
	}
	switch {
	case !s.cookie:
		missed(true, "a login (there is no cookie)")
	case s.nobody:
		missed(true, "the user (nobody is logged in to the session)")
	case e.opts.Open.AskDjango != "":
		missed(true, "the user (the site's own view says who it is)")
	default:
		missed(!s.user, "the user")
	}
	return r
}
