// Package doctor finds out why a Go service and a Django site disagree about a session. It
// compares the site's settings with the contents of its stores. Given a real cookie, it
// follows that cookie as both sides would.
//
//	report, err := doctor.Examine(ctx, settings, &doctor.Options{Cookie: header})
//
// It only reads. It never writes, creates, locks or deletes anything, and never runs the
// site's code.
//
// Each group of checks has a file: settings.go (the settings by themselves), cookies.go
// (names, attributes), table.go, cache.go, redis.go and files.go (where the session is),
// signed.go (keys, salt, serializer, format), expiry.go (expiry and time zones), login.go
// (the user), rehearse.go (the library itself reads the session). report.go says what was
// compared.
//
// # Effort
//
// Every search has a limit: a few rows, some thousand keys of a cache, the names in a
// folder, and by default five seconds for each store.
//
// # Security
//
// No Finding holds a secret, a password, a session key, a cookie or a value of a session.
// Findings may name settings, tables, files, servers, prefixes and dotted paths. The
// package reads data with a bad signature only to find out why the signature is bad, and
// never trusts it.
package doctor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/signer"
)

// Severity says how bad a Finding is.
type Severity uint8

// The severities.
const (
	// Note means that both sides work.
	Note Severity = iota
	// Fault means that Go and Django disagree, or that sessions end.
	Fault
)

// String returns "note" or "fault".
func (s Severity) String() string { return [...]string{"note", "fault"}[s] }

// Finding is one result of an examination.
type Finding struct {
	// ID is one of the constants of this package, such as SecretKey.
	ID       string
	Severity Severity
	// Text is a sentence that says what is wrong. Change is a sentence that says what to
	// change.
	Text, Change string
}

// Options are the options of Examine. nil and the zero value mean the defaults.
type Options struct {
	// Cookie is what a browser sends or receives: the value of the session cookie, a whole
	// header ("Cookie: ..." or "Set-Cookie: ..."), or several lines of them. If it is "",
	// Examine looks only at the settings and the stores.
	Cookie string
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Timeout limits the time for one store; default 5 s.
	Timeout time.Duration
	// Open are the options for opening the site, for facts that no setting holds, for
	// example about its users. Configure, Timeout and MaxConns are ignored.
	Open djsite.Options
	// Sample is how many sessions of the store are compared; default 40.
	Sample int
}

// Examine looks for faults in the settings. Without a Fault Go and Django agree on what the
// Report says was compared.
//
// It returns an error only if ctx is done. A store that cannot be reached is a Finding.
func Examine(ctx context.Context, set *djsettings.Settings, opts *Options) (*Report, error) {
	e := &exam{ctx: ctx, set: set}
	if opts != nil {
		e.opts = *opts
	}
	if e.opts.Now == nil {
		e.opts.Now = time.Now
	}
	if e.opts.Timeout <= 0 {
		e.opts.Timeout = 5 * time.Second
	}
	if e.opts.Sample <= 0 {
		e.opts.Sample = 40
	}
	e.fill()
	e.run()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return e.report(), nil
}

// exam is one examination.
type exam struct {
	ctx  context.Context
	set  *djsettings.Settings
	opts Options

	lab   *djsite.Site // opens single databases and caches
	found []Finding

	// as and auth are what djsite.Open makes of opts.Open. unanswered says that Open refuses
	// the site, since nothing says what its code does.
	as         *djsite.Options
	auth       *djauth.Options
	unanswered bool
	seen       seen

	// vouched says that SECRET_KEY or a fallback made something real, so that it is the
	// site's. current says that SECRET_KEY itself did.
	vouched, current bool
	// blind are the places that could not be searched.
	blind []string
	// asked says that the users were looked up.
	asked bool
	// suspect says that there was enough to compare, and nothing matched.
	suspect bool
}

// fill asks djsite for the options by which it looks users up.
func (e *exam) fill() {
	var err error
	e.as, e.auth, err = djsite.Fill(e.set, &e.opts.Open)
	e.unanswered = err != nil && e.set.Auth.Installed && e.opts.Open.AskDjango == ""
}

func (e *exam) run() {
	defer e.unknown() // after the faults
	e.settings()
	lab, err := e.open()
	if err != nil {
		e.fault(Unexplained, fmt.Sprintf("These settings cannot be used in Go at all: %s.", own(err)), "See the setting that is named.")
		return
	}
	e.lab = lab
	defer func() { _ = lab.Close() }() // nothing was written
	value := e.cookies()
	if e.set.Sessions.Kind == djsettings.EngineSignedCookies {
		e.sealed(value)
		e.users()
		e.rehearse("")
		return
	}
	key := e.key(value)
	e.stored(key)
	if len(e.blind) > 0 {
		e.notSearched("Some places where the session may be", Note)
	}
	e.users()
	e.rehearse(key)
}

// open returns a Site that has opened nothing yet. Its settings cannot fail: faults in the
// real ones are Findings already, and the examination goes on.
func (e *exam) open() (*djsite.Site, error) {
	set := *e.set
	set.Profile = nil // its examples are of the real settings
	set.Sessions.Kind = djsettings.EngineSignedCookies
	set.Sessions.Engine = string(djsettings.EngineSignedCookies)
	set.Sessions.Serializer = ""
	set.Sessions.CookieName, set.Sessions.CookiePath, set.Sessions.CookieDomain = "sessionid", "/", ""
	if set.Sessions.CookieAge <= 0 {
		set.Sessions.CookieAge = 14 * 24 * time.Hour
	}
	if set.Keys.IsZero() {
		set.Keys = signer.SecretKey("none")
	}
	if _, err := set.Location(); err != nil {
		set.UseTZ = true
	}
	return djsite.Open(e.ctx, &set, &djsite.Options{Timeout: e.opts.Timeout, MaxConns: 2, Configure: e.configure,
		SessionsOnly: true})
}

// configure sets the clock of a Site, and turns its log off.
func (e *exam) configure(in *djsession.Settings) {
	in.Now = e.opts.Now
	in.Logger = slog.New(slog.DiscardHandler)
}

// within runs f with the timeout for one store.
func (e *exam) within(f func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(e.ctx, e.opts.Timeout)
	defer cancel()
	f(ctx)
}

// fault and note add a finding, at most one for each ID.
func (e *exam) fault(id, text, change string) { e.add(Finding{id, Fault, text, change}) }
func (e *exam) note(id, text, change string)  { e.add(Finding{id, Note, text, change}) }

// faultOf adds a fault even if there is a finding with its ID.
func (e *exam) faultOf(id, text, change string) {
	e.found = append(e.found, Finding{id, Fault, plain(text), change})
}

func (e *exam) add(f Finding) {
	if !e.has(f.ID) {
		f.Text, f.Change = plain(f.Text), plain(f.Change)
		e.found = append(e.found, f)
	}
}

// plain replaces control characters, because a table may have any name.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}

func (e *exam) has(ids ...string) bool {
	return slices.ContainsFunc(e.found, func(f Finding) bool { return slices.Contains(ids, f.ID) })
}

// faulty reports whether a Fault was found.
func (e *exam) faulty() bool {
	return slices.ContainsFunc(e.found, func(f Finding) bool { return f.Severity == Fault })
}
