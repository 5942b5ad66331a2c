package interleave_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
)

// counter is a number that each party reads and then writes, increased by one.
type counter struct{ n int }

func (c *counter) read(p *interleave.Party) (n int, err error) {
	err = p.Step("counter", "read", func() (string, bool) { n = c.n; return "done", false })
	return n, err
}

func (c *counter) write(p *interleave.Party, n int) error {
	return p.Step("counter", "write", func() (string, bool) { c.n = n; return "done", true })
}

func (c *counter) count(p *interleave.Party) string {
	n, err := c.read(p)
	if err == nil {
		err = c.write(p, n+1)
	}
	if err != nil {
		return "failed"
	}
	return "counted"
}

// counting returns a model with n parties that count.
func counting(n int) *interleave.Model {
	return &interleave.Model{Start: func(w *interleave.World) {
		c := new(counter)
		for i := range n {
			w.Party(string(rune('a'+i)), c.count)
		}
		w.Judge(func() string {
			if c.n != n {
				return "lost counts"
			}
			return ""
		})
	}}
}

// The numbers are known: n parties with two steps each have (2n)!/2^n orders. An order
// loses no count if each party does its two steps in succession, which n! orders do.
func TestCounts(t *testing.T) {
	for n, want := range map[int][2]uint64{1: {1, 0}, 2: {6, 4}, 3: {90, 84}, 4: {2520, 2496}} {
		for _, apart := range []bool{true, false} {
			m := counting(n)
			m.Apart = apart
			r := interleave.Explore(t, m)
			if got := [2]uint64{r.Schedules, r.Violations}; got != want || !r.Finished {
				t.Errorf("%d parties, apart %v: %v, want %v", n, apart, r, want)
			}
			if apart && uint64(r.Runs) != r.Schedules || !apart && n > 2 && uint64(r.Runs) >= r.Schedules {
				t.Errorf("%d parties, apart %v: %d runs of %d schedules", n, apart, r.Runs, r.Schedules)
			}
		}
	}
}

// If the parties share nothing, almost nothing runs twice.
func TestUnrelated(t *testing.T) {
	m := &interleave.Model{Start: func(w *interleave.World) {
		for _, name := range []string{"a", "b", "c"} {
			w.Party(name, func(p *interleave.Party) string {
				for range 6 {
					_ = p.Step(name, "write", func() (string, bool) { return "done", true })
				}
				return ""
			})
		}
	}}
	r := interleave.Explore(t, m)
	if want := uint64(17153136); r.Schedules != want || r.Runs > 1000 { // 18!/6!^3
		t.Errorf("%v, want %d schedules", r, want)
	}
}

func TestFaults(t *testing.T) {
	for _, apart := range []bool{true, false} {
		m := counting(2)
		m.Apart, m.MaxFaults = apart, 2
		m.Faults = func(s interleave.Step) interleave.Fault {
			if s.Party == "a" {
				return interleave.Kill | interleave.Refuse | interleave.Lose
			}
			return 0
		}
		m.Start = func(w *interleave.World) {
			c := new(counter)
			parties := []*interleave.Party{w.Party("a", c.count), w.Party("b", c.count)}
			w.Judge(func() string {
				counted := 0
				for _, p := range parties {
					if p.Outcome() == "counted" {
						counted++
					}
				}
				switch {
				case c.n > counted:
					return "counted without saying so"
				case c.n < counted:
					return "lost counts"
				}
				return ""
			})
		}
		r := interleave.Explore(t, m)
		// a's outcomes: both steps (3 places for its first, ...): 6 orders without a fault, with its
		// write refused or lost 6 each, its read refused or lost 3 each, killed 6.
		if want := uint64(6 + 2*6 + 2*3 + 6); r.Schedules != want {
			t.Errorf("apart %v: %v, want %d schedules", apart, r, want)
		}
		if !r.Has("lost counts") || !r.Has("counted without saying so") {
			t.Errorf("apart %v: %v", apart, r)
		}
		for _, v := range r.Found {
			if v.Text == "counted without saying so" && !strings.Contains(v.Schedule, "a: counter write: done, and the answer was lost") {
				t.Errorf("the schedule is\n%s", v.Schedule)
			}
		}
	}
}

// A sleep of any length decides nothing and takes no time.
func TestSleep(t *testing.T) {
	start := time.Now()
	m := counting(2)
	m.Start = func(w *interleave.World) {
		c := new(counter)
		for i, name := range []string{"a", "b"} {
			w.Party(name, func(p *interleave.Party) string {
				n, _ := c.read(p)
				time.Sleep(time.Duration(1+i*60) * time.Millisecond)
				_ = c.write(p, n+1)
				return ""
			})
		}
	}
	if r := interleave.Explore(t, m); r.Schedules != 6 {
		t.Errorf("%v, want 6 schedules", r)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// One party waits for another in this process. If it has a timeout, that ends the wait.
func TestWaiting(t *testing.T) {
	for _, timeout := range []bool{true, false} {
		m := &interleave.Model{Start: func(w *interleave.World) {
			door := make(chan struct{})
			write := func(p *interleave.Party, object string) {
				_ = p.Step(object, "write", func() (string, bool) { return "done", true })
			}
			w.Party("holds", func(p *interleave.Party) string {
				write(p, "first")
				write(p, "second")
				close(door)
				return ""
			})
			w.Party("waits", func(p *interleave.Party) string {
				write(p, "third")
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				if !timeout { // only to end the bubble
					ctx, cancel = context.WithTimeout(context.Background(), 90*time.Second)
				}
				defer cancel()
				select {
				case <-door:
				case <-ctx.Done():
				}
				write(p, "fourth")
				return ""
			})
		}, Faults: func(s interleave.Step) interleave.Fault {
			if s.Party == "holds" {
				return interleave.Kill
			}
			return 0
		}}
		r := interleave.Explore(t, m)
		if r.Has("deadlock: waits") == timeout {
			t.Errorf("timeout %v: %v", timeout, r)
		}
	}
}

func TestPanic(t *testing.T) {
	r := interleave.Explore(t, &interleave.Model{Start: func(w *interleave.World) {
		w.Party("a", func(p *interleave.Party) string {
			_ = p.Step("x", "read", func() (string, bool) { return "done", false })
			panic(errors.New("no"))
		})
	}})
	if !r.Has("a panics: no") || r.Violations != 1 {
		t.Error(r)
	}
}

// A model with too many schedules is not Finished.
func TestUnfinished(t *testing.T) {
	m := counting(4)
	m.Apart, m.MaxRuns = true, 100
	if r := interleave.Explore(t, m); r.Finished || r.Runs != 100 || !strings.Contains(r.String(), "NOT FINISHED") {
		t.Error(r)
	}
}
