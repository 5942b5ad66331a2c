// Package interleave runs a small concurrent program in every possible order of its steps,
// and reports the orders that end badly. A test of random orders finds only frequent
// faults; this finds all.
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
// A party is a goroutine that runs ordinary code. [Store] and [Cache] wrap what the parties
// share: a party waits for its turn before each operation. [Explore] gives the turns, depth
// first. For each schedule it makes a new [World], repeats the choices of the schedule
// before up to the last one with an alternative, and takes the alternative.
//
// # Time
//
// Everything runs in a bubble of testing/synctest. Sleeps of the code under test take no
// time, and do not decide the order: a sleeping party wakes up before the next turn.
//
// # Rules for a model
//
//   - A party depends only on the results of its own steps. Make a Manager for each
//     party, as if each were a process, and give the Site a fixed clock.
//   - Judge looks only at the outcomes of the parties and the contents of the stores.
//
// If after two beginnings all parties have seen the same, and all objects have gone through
// the same changes, then both have the same ends. Explore follows only the first one, and
// counts the schedules of both ([Model].Apart follows all).
package interleave

import (
	"errors"
	"fmt"
	"strings"
)

// Model is the program that [Explore] runs.
type Model struct {
	// Start makes the parties, their shared objects, and the judge. It is called for each
	// schedule with a new World, and must always do the same.
	Start func(w *World)

	// Faults returns what can go wrong at a step. With nil, nothing goes wrong.
	Faults func(s Step) Fault
	// MaxFaults is the most faults in one schedule; default 1.
	MaxFaults int

	// MaxRuns is the most schedules to run; default 1,000,000. If there are more, the
	// Report is not Finished.
	MaxRuns int

	// Apart runs every schedule, even those that differ only in the order of independent
	// steps.
	Apart bool
}

// Step is one operation of a party.
type Step struct {
	Party  string
	Object string // such as "db k1"
	Op     string // such as "load"
}

// Fault is a set of things that can go wrong at a step.
type Fault uint8

// The faults.
const (
	// Kill stops the party for ever before the step. It never stops a party before its
	// first step: that would be a model without the party.
	Kill Fault = 1 << iota
	// Refuse returns an error without doing the step.
	Refuse
	// Lose does the step and returns an error.
	Lose
	// Late returns an error, and the step is done later, but before anybody wakes up from
	// a sleep of seconds.
	Late
)

// String names the faults.
func (f Fault) String() string {
	var names []string
	for i, name := range []string{"killed", "refused", "answer lost", "late"} {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// The errors of [Party.Step].
var (
	ErrRefused = errors.New("interleave: the step was refused")
	ErrLost    = errors.New("interleave: the answer to the step was lost")
)

// Report is the result of [Explore].
type Report struct {
	// Schedules is the number of complete orders of all steps, with their faults.
	Schedules uint64
	// Violations is the number of schedules that end badly.
	Violations uint64
	// Runs is how many schedules were run. States is how many situations they passed.
	Runs, States int
	// Finished says that all schedules are counted.
	Finished bool
	// Found holds each kind of violation once.
	Found []Violation
}

// Violation is a kind of bad end.
type Violation struct {
	// Text is the judge's answer.
	Text string
	// Schedule is the shortest schedule with this end, one step a line.
	Schedule string

	steps int
}

// String returns the numbers, and the schedule of each violation.
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

// Has reports whether a violation with this text was found.
func (r *Report) Has(text string) bool {
	for _, v := range r.Found {
		if v.Text == text {
			return true
		}
	}
	return false
}
