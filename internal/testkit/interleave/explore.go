package interleave

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// Explore runs all schedules of a model. A violation does not fail the test; a model that
// differs from run to run does.
func Explore(t *testing.T, m *Model) *Report {
	t.Helper()
	x := &explorer{model: m, report: new(Report), seen: map[digest]counts{}, found: map[string]Violation{}}
	synctest.Test(t, func(t *testing.T) {
		for more := true; more; {
			if x.report.Runs == cmp.Or(m.MaxRuns, 1_000_000) {
				return
			}
			if more = x.run(); x.broken != "" {
				t.Fatal(x.broken)
			}
		}
		x.report.Finished = true
	})
	x.report.States = len(x.seen)
	for _, v := range x.found {
		x.report.Found = append(x.report.Found, v)
	}
	slices.SortFunc(x.report.Found, func(a, b Violation) int { return strings.Compare(a.Text, b.Text) })
	return x.report
}

// explorer walks the tree of choices, depth first.
type explorer struct {
	model  *Model
	report *Report
	stack  []frame // the choices of the current run
	seen   map[digest]counts
	found  map[string]Violation
	broken string
}

// frame is a situation with its choices. Those before next are done.
type frame struct {
	state digest
	menu  []choice
	next  int
	counts
}

// counts are the numbers of all schedules, and of bad ones, that go through a situation.
type counts struct{ all, bad uint64 }

func (c *counts) add(d counts) {
	c.all, c.bad = plus(c.all, d.all), plus(c.bad, d.bad)
}

// plus returns the sum, or the largest number if it overflows.
func plus(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// run runs one schedule: the choices of the stack, then the first choice of each new
// situation. It reports whether another schedule remains.
func (x *explorer) run() bool {
	x.report.Runs++
	w := &World{objects: map[string]digest{}, budget: cmp.Or(x.model.MaxFaults, 1)}
	x.model.Start(w)
	synctest.Wait()
	w.begin()
	end := x.play(w)
	w.stop()
	return x.back(end)
}

// play returns the counts of the schedule, or the known counts of its rest.
func (x *explorer) play(w *World) counts {
	for depth := 0; ; depth++ {
		menu := w.menu(x.model.Faults)
		if len(menu) == 0 || w.fault != "" {
			if depth < len(x.stack) {
				x.broken = "interleave: a schedule ended before it did the last time\n" + w.schedule()
			}
			return x.judge(w)
		}
		if depth < len(x.stack) {
			if f := &x.stack[depth]; !slices.Equal(f.menu, menu) {
				x.broken = "interleave: what can happen is not what could the last time\n" + w.schedule()
				return counts{}
			}
		} else {
			state := w.state()
			if known, ok := x.seen[state]; ok && !x.model.Apart {
				return known
			}
			x.stack = append(x.stack, frame{state: state, menu: menu})
		}
		f := &x.stack[depth]
		w.do(f.menu[f.next])
	}
}

// judge judges a complete schedule.
func (x *explorer) judge(w *World) counts {
	text := w.fault
	if text == "" && w.judge != nil {
		text = w.judge()
	}
	if text == "" {
		return counts{all: 1}
	}
	if v, ok := x.found[text]; !ok || len(w.trace) < v.steps {
		x.found[text] = Violation{text, w.schedule(), len(w.trace)}
	}
	return counts{all: 1, bad: 1}
}

// back returns to the last situation with another choice. It reports whether there is one.
func (x *explorer) back(end counts) bool {
	for len(x.stack) > 0 {
		f := &x.stack[len(x.stack)-1]
		f.add(end)
		if f.next++; f.next < len(f.menu) {
			return true
		}
		end = f.counts
		x.seen[f.state] = end
		x.stack = x.stack[:len(x.stack)-1]
	}
	x.report.Schedules, x.report.Violations = end.all, end.bad
	return false
}
