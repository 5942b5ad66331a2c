// Package storetest checks that a [djsession.Store] keeps the contract in its
// documentation. Every engine calls [Run] from its own tests:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
//				return storetest.Engine{Store: mystore.New(site, ...)}
//			},
//			Skip: map[string]string{
//				"list/": "the engine cannot walk over its keys",
//			},
//		})
//	}
//
// Each case is a subtest with a name and a rule of the contract. If it fails, it prints
// both. [Harness.Skip] names the cases that an engine cannot pass, each with a reason. A
// case fails if it lacks an optional interface or one of the hooks of [Engine] and is not
// skipped. So a Store cannot lose an ability without a test that says so.
//
// The suite checks the text of every error that it gets: none may contain a key or a
// value. It uses a fixed clock of its own, unless the engine counts time itself
// ([Harness.RealTime]).
package storetest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// Harness describes an engine to [Run]. Only Open is required.
type Harness struct {
	// Open returns an empty engine for one case. It must stop by t.Cleanup whatever it
	// starts.
	Open func(t *testing.T, site *djsession.Site) Engine

	// Settings are those of the Sites that the suite makes. Keys have a default. The
	// suite's clock replaces Now, unless RealTime is set.
	Settings djsession.Settings

	// RealTime says that the engine ends records by a clock of its own. The suite then
	// waits for it, and skips the cases that need a fixed clock.
	RealTime bool

	// Precision is how exactly the engine keeps Record.Expires; default one microsecond.
	Precision time.Duration

	// HidesExpires says that Load does not always know Record.Expires, and then leaves it
	// zero.
	HidesExpires bool

	// Adapt changes a record of the suite before it is written, for an engine that keeps
	// the expiry in the data. By default the record stays as it is.
	Adapt func(site *djsession.Site, r *djsession.Record) *djsession.Record

	// Corrupt returns stored values that do not decode, each under a name. The default is
	// for engines that store what Site.Encode returns.
	Corrupt func(site *djsession.Site) map[string]string

	// Skip holds the cases that the engine cannot pass, each with the reason. A name that
	// ends in a slash skips the whole group.
	Skip map[string]string
}

// Engine is a Store, and hooks for what the suite cannot do through it. Every hook may be
// nil if the cases that need it are skipped.
type Engine struct {
	// Store is the Store to test.
	Store djsession.Store

	// Other reaches the same records by another client, as another process would. Nil
	// means Store itself.
	Other djsession.Store

	// Stored returns the bytes that are stored under key. ok is false if there are none.
	Stored func(t testing.TB, key string) (raw string, ok bool)

	// Plant stores raw under key, not through the Store, and replaces what is there.
	Plant func(t testing.TB, key, raw string, expires time.Time)

	// Break makes every operation fail until mend is called.
	Break func(t testing.TB) (mend func())

	// Stall makes every operation hang until resume is called.
	Stall func(t testing.TB) (resume func())
}

// testCase is one rule and the check for it.
type testCase struct {
	name string // group/what
	rule string
	need need
	// settings changes the settings of the Site for this case; may be nil.
	settings func(*djsession.Settings)
	run      func(e *env)
}

// need is a set of abilities that a case needs.
type need int

const (
	fixedClock need = 1 << iota
	tellsExpires
	microseconds
	stored
	plant
	breaks
	stalls
)

// Cases returns the names of all cases, for [Harness.Skip].
func Cases() []string {
	var names []string
	for _, c := range allCases() {
		names = append(names, c.name)
	}
	return names
}

func allCases() []testCase {
	return slices.Concat(loadCases, manyCases, createCases, updateCases, deleteCases, deleteSeenCases, touchCases, cycleCases,
		expiryCases, corruptCases, listCases, reapCases, raceCases, faultCases)
}

// Run runs all cases on the engine of h, each as a subtest of t.
func Run(t *testing.T, h Harness) {
	t.Helper()
	cases := allCases()
	for _, name := range slices.Sorted(maps.Keys(h.Skip)) {
		if !slices.ContainsFunc(cases, func(c testCase) bool { return covers(name, c.name) }) {
			t.Errorf("Skip names %q, which is no case and no group", name)
		}
		if h.Skip[name] == "" {
			t.Errorf("Skip gives no reason for %q", name)
		}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.start(t, &h) })
	}
}

func covers(skip, name string) bool {
	return skip == name || strings.HasSuffix(skip, "/") && strings.HasPrefix(name, skip)
}

func (c *testCase) start(t *testing.T, h *Harness) {
	for skip, reason := range h.Skip {
		if covers(skip, c.name) {
			t.Skip(reason)
		}
	}
	switch {
	case c.need&fixedClock != 0 && h.RealTime:
		t.Skip("needs a fixed clock, the engine has its own")
	case c.need&tellsExpires != 0 && h.HidesExpires:
		t.Skip("needs the expiry, which the engine does not tell")
	case c.need&microseconds != 0 && h.Precision > time.Microsecond:
		t.Skip("needs microseconds, the engine keeps less")
	}

	e := &env{T: t, h: h, clock: newClock(h.RealTime)}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	e.ctx = ctx
	set := h.Settings
	if set.Keys.IsZero() {
		set.Keys = signer.SecretKey("storetest")
	}
	if !h.RealTime {
		set.Now = e.clock.now
	}
	if c.settings != nil {
		c.settings(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatalf("make the site: %v", err)
	}
	e.site = site
	e.Engine = h.Open(t, site)
	if e.Other == nil {
		e.Other = e.Store
	}
	lacks := func(n need, missing bool, what string) {
		if c.need&n != 0 && missing {
			t.Fatalf("Engine.%s is nil: set it, or name the case in Harness.Skip", what)
		}
	}
	lacks(stored, e.Stored == nil, "Stored")
	lacks(plant, e.Plant == nil, "Plant")
	lacks(breaks, e.Break == nil, "Break")
	lacks(stalls, e.Stall == nil, "Stall")

	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the rule: %s", c.rule)
		}
	})
	c.run(e)
}
