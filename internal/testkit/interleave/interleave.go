// Package interleave runs a small concurrent program in every order that its steps can
// take, and says which orders end badly. A test of random orders finds what is
// frequent; this finds what is there.
//
//	report := interleave.Explore(t, &interleave.Model{Start: func(w *interleave.World) {
//		sessions := memstore.New(site)
//		...
//		w.Name(key, "k1")
//		logout := w.Party("logout", func(p *interleave.Party) string {
//			m := djsession.New(interleave.Store(p, "db", sessions))
//			...
//			return "acknowledged"
//		})
//		w.Judge(func() string { ... })
//	}})
//
// A party is a goroutine that runs ordinary code. [Store] and [Cache] wrap what the
// parties share: before each operation a party waits for its turn. [Explore] gives the
// turns, depth first: it makes a fresh world for each schedule, repeats the choices of
// the one before up to the last that has an alternative, and takes that.
//
// # Time
//
// All of it happens in a bubble of testing/synctest. No sleep of the code under test
// takes time, and none of them decides an order: a party that sleeps is awake before
// the next turn is given.
//
// # What a model must keep
//
//   - A party depends on nothing but the results of its own steps. Make a Manager for each
//     party, as if each were a process, and give the Site a fixed clock.
//   - Judge looks at the outcomes of the parties and at what the stores hold, and at
//     nothing else.
//
// Then two beginnings after which all parties have seen the same, and all objects have
// gone through the same changes, have the same ends. Explore follows only the first of
// them, and counts the schedules of both ([Model.Apart] follows all).
package interleave

import (
	"errors"
	"fmt"
	"strings"
)

// Model is what Explore runs.
type Model struct {
	// Start makes the parties, what they share, and the judge. It is called for each
	// schedule, with a new World, and always does the same.
	Start func(w *World)

	// Faults returns what can go wrong at a step. Nil means that nothing does.
	Faults func(s Step) Fault
	// MaxFaults is how much goes wrong in one schedule, at most; default 1.
	MaxFaults int

	// MaxRuns is how many schedules are run at most; default 1,000,000. A Report of
	// more is not Finished.
	MaxRuns int

	// Apart runs each schedule, also those that differ from another only in the order of
	// steps that have nothing to do with each other.
	Apart bool
}

// Step is one operation of a party.
type Step struct {
	Party  string
	Object string // what it is done to: "db k1"
	Op     string // what is done: "load"
}

// Fault is a set of what can go wrong at a step.
type Fault uint8

// The faults.
const (
	// Kill stops the party for ever, before the step. Before its first step a party
	// is not killed: that would be a model without it.
	Kill Fault = 1 << iota
	// Refuse answers by an error without doing the step.
	Refuse
	// Lose does the step, and answers by an error.
	Lose
)

// String names the fault.
func (f Fault) String() string {
	var names []string
	for i, name := range []string{"killed", "refused", "answer lost"} {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// What Party.Step returns.
var (
	ErrRefused = errors.New("interleave: the step was refused")
	ErrLost    = errors.New("interleave: the answer to the step was lost")
)

// Report is what Explore found.
type Report struct {
	// Schedules is how many there are: complete orders of all steps, with their faults.
	Schedules uint64
	// Violations is how many of them end badly.
	Violations uint64
	// Runs is how many were run, States how many situations they passed.
	Runs, States int
	// Finished says that all schedules are accounted for.
	Finished bool
	// Found holds each kind of violation once.
	Found []Violation
}

// Violation is a kind of bad end.
type Violation struct {
	// Text is what the judge said.
	Text string
	// Schedule is the shortest that ends like this, a line a step.
	Schedule string

	steps int
}

// String tells the figures, and the schedule of each violation.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d schedules (%d run, %d situations), %d violations", r.Schedules, r.Runs, r.States, r.Violations)
	if !r.Finished {
		b.WriteString("; NOT FINISHED")
	}
	for _, v := range r.Found {
		fmt.Fprintf(&b, "\n%s:\n%s", v.Text, strings.TrimSuffix(v.Schedule, "\n"))
	}
	return b.String()
}

// Has reports whether a violation of this text was found.
func (r *Report) Has(text string) bool {
	for _, v := range r.Found {
		if v.Text == text {
			return true
		}
	}
	return false
}
