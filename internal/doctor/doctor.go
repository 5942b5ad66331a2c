// Package doctor finds out why a Go service and a Django site would disagree about
// a session: it compares the site's settings with what is in its stores and, given
// one real cookie, follows that cookie as both sides would.
//
//	found, err := doctor.Examine(ctx, settings, &doctor.Options{Cookie: header})
//
// It only reads. Nothing is written, made, locked or deleted anywhere, and nothing
// of the site's code is run.
//
// Each family of checks has a file: settings.go (what the settings say by
// themselves), cookies.go (names, attributes), table.go, cache.go, redis.go and
// files.go (where the session is, and where it is if not there), signed.go (keys,
// salt, serializer, format), expiry.go (ends and time zones), login.go (the user),
// rehearse.go (the same by the library itself).
//
// # Effort
//
// Whatever is looked through is bounded: a few rows, some thousand keys of a cache,
// the names in a folder, five seconds for each store by default.
//
// # Security
//
// No Finding holds a secret, a password, a session key, a cookie or a value of a
// session. Names of settings, tables, files, servers, prefixes and dotted paths are
// told. What a bad signature covers is looked at for a reason that it failed, and
// never believed.
package doctor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/signer"
)

// Severity tells how bad a Finding is.
type Severity uint8

// The severities.
const (
	// Note is something to know; both sides work.
	Note Severity = iota
	// Fault is something that Go and Django disagree about, or that ends sessions.
	Fault
)

// String is "note" or "fault".
func (s Severity) String() string { return [...]string{"note", "fault"}[s] }

// Finding is something that was found.
type Finding struct {
	// ID is one of the constants of this package, such as SecretKey.
	ID       string
	Severity Severity
	// Text is one sentence that says what is wrong; Change, one that says what to
	// change.
	Text, Change string
}

// Options of Examine. nil and the zero value are fine.
type Options struct {
	// Cookie is what a browser has: the value of the session cookie, or a whole
	// header, "Cookie: ..." or "Set-Cookie: ...", or lines of both. "" is none: then
	// only settings and stores are looked at.
	Cookie string
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Timeout bounds what is done with one store; default 5 s.
	Timeout time.Duration
	// Open are the options that the site is opened with, for what no setting tells, such
	// as of its users. Its Configure, Timeout and MaxConns are not used.
	Open djsite.Options
	// Sample is how many sessions of the store are compared; default 40.
	Sample int
}

// Examine looks for what is wrong with the settings. Findings come in the order in
// which they should be mended; none means that Go and Django agree.
//
// Errors: the context's. What cannot be reached is a Finding.
func Examine(ctx context.Context, set *djsettings.Settings, opts *Options) ([]Finding, error) {
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
	e.run()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return e.found, nil
}

// exam is one examination.
type exam struct {
	ctx  context.Context
	set  *djsettings.Settings
	opts Options

	lab   *djsite.Site // opens databases and caches one by one
	found []Finding

	// vouched tells that something real was made with the SECRET_KEY or a fallback:
	// it is the site's. current tells that it was SECRET_KEY itself.
	vouched, current bool
	// blind are the places that could not be looked through.
	blind []string
	// asked tells that the users were asked for.
	asked bool
	// suspect tells that there was enough to compare, and that nothing fitted.
	suspect bool
}

func (e *exam) run() {
	defer e.unknown() // after what is wrong
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

// open makes a Site that has opened nothing, from settings that cannot fail: what is
// wrong with the real ones was found by then, and the rest is looked at all the same.
func (e *exam) open() (*djsite.Site, error) {
	set := *e.set
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

// configure gives a Site our clock, and lets it keep quiet.
func (e *exam) configure(in *djsession.Settings) {
	in.Now = e.opts.Now
	in.Logger = slog.New(slog.DiscardHandler)
}

// within runs f with the time for one store.
func (e *exam) within(f func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(e.ctx, e.opts.Timeout)
	defer cancel()
	f(ctx)
}

// fault and note add what was found, each kind once.
func (e *exam) fault(id, text, change string) { e.add(Finding{id, Fault, text, change}) }
func (e *exam) note(id, text, change string)  { e.add(Finding{id, Note, text, change}) }

// faultOf adds a fault beside notes of its kind.
func (e *exam) faultOf(id, text, change string) {
	e.found = append(e.found, Finding{id, Fault, plain(text), change})
}

func (e *exam) add(f Finding) {
	if !e.has(f.ID) {
		f.Text, f.Change = plain(f.Text), plain(f.Change)
		e.found = append(e.found, f)
	}
}

// plain is text without what plays tricks on a terminal: a database may have tables
// of any name.
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

// faulty reports whether there is a Fault so far.
func (e *exam) faulty() bool {
	return slices.ContainsFunc(e.found, func(f Finding) bool { return f.Severity == Fault })
}
