// Package userstest checks that a [djauth.Users] keeps its documented contract, and that of
// the optional interfaces. dbusers and pgxusers call [Run] in their tests. A Users for
// tables of your own should do the same:
//
//	func TestUsers(t *testing.T) {
//		userstest.Run(t, userstest.Harness{
//			Open: func(t *testing.T) userstest.Engine {
//				return userstest.Engine{Users: myusers.New(...), Put: ..., Remove: ...}
//			},
//			Skip: map[string]string{"grants/": "there are no permissions"},
//		})
//	}
//
// Wrapped Users pass too. The suite finds the interfaces that read through their Unwrap.
// The ones that write must be the wrapper's own.
//
// Each case is a subtest with a name and a rule, a sentence. A case that fails prints both.
// A case fails if it lacks an optional interface or a hook of [Engine], and [Harness].Skip
// does not name it with a reason. So a Users cannot lose an ability unnoticed.
//
// The suite checks the text of every error: none may hold an id, a name or a password.
package userstest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
)

// Harness describes an engine to [Run]. Only Open is required.
type Harness struct {
	// Open makes an engine without users for one case. It stops what it starts with
	// t.Cleanup.
	Open func(t *testing.T) Engine

	// Adapt changes an account of the suite to what the engine stores, for example if the
	// model lacks some fields. By default the account stays unchanged.
	Adapt func(a *djauth.Account)

	// FoldsCase says that ByName ignores case.
	FoldsCase bool

	// Skip maps each case that the engine cannot pass to the reason. A name that ends in a
	// slash skips the whole group.
	Skip map[string]string
}

// Engine is a Users, and hooks for what the suite cannot do with a Users. All fields except
// Users and Put may be nil if the cases that need them are skipped.
type Engine struct {
	// Users are the Users under test.
	Users djauth.Users

	// Put stores a. No other account has its ID.
	Put func(t testing.TB, a *djauth.Account)

	// Remove removes the account with this id.
	Remove func(t testing.TB, id string)

	// Grant gives an account permissions of its own, as "app_label.codename", and groups,
	// by name with their permissions. It reuses existing groups and permissions.
	Grant func(t testing.TB, id string, own []string, groups map[string][]string)

	// Statements returns how many statements the engine has sent since the last call.
	Statements func() int

	// Break makes every operation fail until mend is called.
	Break func(t testing.TB) (mend func())
}

// testCase is a rule and its check.
type testCase struct {
	name string // group/what
	rule string
	need need
	run  func(e *env)
}

// need is a set of required abilities.
type need int

const (
	remove need = 1 << iota
	grants
	statements
	breaks
	records
	passwords
	many
)

// Cases returns the names of all cases, for [Harness].Skip.
func Cases() []string {
	var names []string
	for _, c := range allCases() {
		names = append(names, c.name)
	}
	return names
}

func allCases() []testCase {
	return slices.Concat(idCases, nameCases, loginCases, passwordCases, manyCases, grantCases, placeCases)
}

// Run checks the engine of h. Each case is a subtest of t.
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	e := &env{T: t, Engine: h.Open(t), h: h, ctx: ctx}
	e.granter, _ = djauth.As[djauth.Granter](e.Users)
	e.recorder, _ = e.Users.(djauth.LoginRecorder)
	e.setter, _ = e.Users.(djauth.PasswordSetter)
	e.loader, _ = djauth.As[djauth.ManyFinder](e.Users)
	lacks := func(n need, missing bool, what string) {
		if c.need&n != 0 && missing {
			t.Fatalf("%s is missing: add it, or name the case in Harness.Skip", what)
		}
	}
	lacks(remove, e.Remove == nil, "Engine.Remove")
	lacks(grants, e.Grant == nil, "Engine.Grant")
	lacks(grants, e.granter == nil, "djauth.Granter")
	lacks(statements, e.Statements == nil, "Engine.Statements")
	lacks(breaks, e.Break == nil, "Engine.Break")
	lacks(records, e.recorder == nil, "djauth.LoginRecorder")
	lacks(passwords, e.setter == nil, "djauth.PasswordSetter")
	lacks(many, e.loader == nil, "djauth.ManyFinder")

	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the rule: %s", c.rule)
		}
	})
	c.run(e)
}
