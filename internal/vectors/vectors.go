// Package vectors computes the examples of a site's profile anew. The site's own code made
// them. Where Go makes something else, the settings are misread, the profile is of another
// site, or the site's code is not what its ancestry says.
package vectors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/serializer"
)

// Options say what only the caller knows. The zero value is good: what it leaves open is
// skipped.
type Options struct {
	// CacheFormat returns the format of the values in a cache of Redis.
	CacheFormat func(alias string) (serializer.Serializer, error)
	// Sealer makes the engine of signed cookies.
	Sealer func(*djsession.Site) (djsession.Sealer, error)
	// AuthHash returns the hash of a user with these fields, if the site's own hash was
	// given as code.
	AuthHash func(fields djsettings.Params) (hash string, ok bool)
	// UserID returns the text of a primary key in a session, if it is converted.
	UserID func(value any) (text string, ok bool)
	// WithoutPasswords skips the password, whose hash may take a second.
	WithoutPasswords bool
}

// Fault is an example that does not fit.
type Fault struct {
	// Rule is the kind of the example: "cache_key".
	Rule string
	// What says which one: a cache's alias, for example. It may be "".
	What string
	// Why is a sentence, and Cure another. Neither holds a value.
	Why, Cure string
}

// Error names the rule, and says why and what to do.
func (f *Fault) Error() string {
	text := "the profile's example of " + f.Rule
	if f.What != "" {
		text += " (" + f.What + ")"
	}
	return text + " does not fit: " + f.Why + ": " + f.Cure
}

// Skipped is an example that was not computed.
type Skipped struct{ Rule, Why string }

// Report is what Check found.
type Report struct {
	// Checked counts the examples that fit, by rule.
	Checked map[string]int
	Faults  []*Fault
	Skipped []Skipped
}

// Err returns the faults as one error, each text once, or nil.
func (r *Report) Err() error {
	var all faults
	seen := map[string]bool{}
	for _, f := range r.Faults {
		if text := f.Error(); !seen[text] {
			seen[text] = true
			all = append(all, f)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

// faults are several errors in one line.
type faults []error

func (f faults) Error() string {
	var texts []string
	for _, err := range f {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

func (f faults) Unwrap() []error { return f }

// Rules returns the kinds of examples that Check knows, sorted.
func Rules() []string {
	var names []string
	for name := range rules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// rule computes one example. It returns errSkip for one that it cannot compute.
type rule func(c *checker, v djsettings.Vector) error

var rules = map[string]rule{
	"session": (*checker).session, "session_cookie": (*checker).sessionCookie, "session_file": (*checker).sessionFile,
	"session_cache_key": (*checker).sessionCacheKey, "expiry": (*checker).expiry,
	"cache_key": (*checker).cacheKey, "cache_file": (*checker).cacheFile, "cache_value": (*checker).cacheValue,
	"auth_hash": (*checker).authHash, "password": (*checker).password, "user_id": (*checker).userID,
	"signed_cookie": (*checker).signedCookie, "messages": (*checker).messages, "csrf_token": (*checker).csrfToken,
}

// skip says why an example is not computed.
type skip string

func (s skip) Error() string { return string(s) }

// wrong says why an example does not fit.
type wrong struct{ what, why, cure string }

func (w *wrong) Error() string { return w.why }

const (
	anew   = "run the probe again, and compare the settings of Go with the site's"
	ofCode = "the site's own code decides it: give it in the options"
)

type checker struct {
	ctx  context.Context
	set  *djsettings.Settings
	in   djsession.Settings
	site *djsession.Site
	opts Options
}

// Check computes all examples of set.Profile by the settings. Without a profile the report
// is empty.
//
// Errors: those of [djsettings.Settings.Session] and [djsession.NewSite]. An example that
// does not fit is in the report.
func Check(ctx context.Context, set *djsettings.Settings, opts Options) (*Report, error) {
	r := &Report{Checked: map[string]int{}}
	if set.Profile == nil {
		return r, nil
	}
	in, err := set.Session()
	if err != nil {
		return nil, err
	}
	in.Logger = slog.New(slog.DiscardHandler) // examples that do not fit are in the report
	site, err := djsession.NewSite(in)
	if err != nil {
		return nil, err
	}
	c := &checker{ctx, set, in, site, opts}
	for _, v := range set.Profile.Vectors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		compute, ok := rules[v.Kind]
		if !ok {
			r.Faults = append(r.Faults, &Fault{Rule: fmt.Sprintf("%.40q", v.Kind), Why: "this version of Go does not know the rule", Cure: "print the probe anew, and run it again"})
			continue
		}
		err := compute(c, v)
		var (
			s skip
			w *wrong
		)
		switch {
		case err == nil:
			r.Checked[v.Kind]++
		case errors.As(err, &s):
			r.Skipped = append(r.Skipped, Skipped{v.Kind, string(s)})
		case errors.As(err, &w):
			r.Faults = append(r.Faults, &Fault{Rule: v.Kind, What: w.what, Why: w.why, Cure: cmp.Or(w.cure, anew)})
		default:
			r.Faults = append(r.Faults, &Fault{Rule: v.Kind, Why: "Go cannot read what Django made", Cure: anew})
		}
	}
	return r, nil
}
