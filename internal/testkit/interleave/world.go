package interleave

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// World is one schedule: the parties, and what they have done so far.
type World struct {
	mu      sync.Mutex // guards what a party changes when it wakes up by itself
	parties []*Party
	judge   func() string
	names   map[string]string
	objects map[string]digest
	budget  int
	over    bool // the parties must end
	trace   []event
	fault   string // a violation found without the judge
}

// digest stands for the history of a state.
type digest [sha256.Size]byte

// Party is one of the concurrent goroutines.
type Party struct {
	w       *World
	name    string
	turn    chan Fault
	step    Step
	pending bool // waits for its turn to do step
	waiting bool // waits for another party
	killed  bool
	ended   bool
	steps   int
	keys    int // how many keys it named
	seen    digest
	outcome string
}

// Party adds a party that runs do. do returns the party's outcome.
func (w *World) Party(name string, do func(p *Party) (outcome string)) *Party {
	p := &Party{w: w, name: name, turn: make(chan Fault), seen: sha256.Sum256([]byte(name))}
	w.parties = append(w.parties, p)
	go func() {
		defer func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			p.ended = true
			if r := recover(); r != nil && !w.over {
				w.fault = fmt.Sprintf("%s panics: %v", p.name, r)
			}
		}()
		if _, ok := <-p.turn; ok {
			p.outcome = do(p)
		}
	}()
	return p
}

// Judge sets the function to call when all parties have ended. It returns what is wrong, or
// "".
func (w *World) Judge(fn func() string) { w.judge = fn }

// Name gives a key a name for the printed schedule. A key without a name is named after the
// first party that uses it.
func (w *World) Name(key, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.name(key, name)
}

func (w *World) name(key, name string) {
	if w.names == nil {
		w.names = map[string]string{}
	}
	w.names[key] = name
}

// Outcome returns the party's outcome, or "" if it was killed.
func (p *Party) Outcome() string { return p.outcome }

// Killed reports whether the party was killed.
func (p *Party) Killed() bool { return p.killed }

// Key returns the name of a key.
func (p *Party) Key(key string) string {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	name, ok := p.w.names[key]
	if !ok {
		p.keys++
		name = fmt.Sprintf("%s's k%d", p.name, p.keys)
		p.w.name(key, name)
	}
	return name
}

// Step waits for the party's turn and calls do, which does op to an object. do returns the
// result, for the printed schedule, and whether the object changed.
//
// Errors: [ErrRefused], [ErrLost].
func (p *Party) Step(object, op string, do func() (result string, changed bool)) error {
	w := p.w
	p.await(Step{p.name, object, op})
	fault, ok := <-p.turn
	if !ok {
		runtime.Goexit()
	}
	p.steps++
	before := w.objects[object]
	p.seen = sum(p.seen[:], []byte(object), []byte{0}, []byte(op), []byte{0, byte(fault)}, before[:])
	if fault == Refuse {
		w.note(p.step, "refused")
		return ErrRefused
	}
	if fault == Late {
		w.note(p.step, "not answered")
		w.late(p.step, do)
		return ErrLost
	}
	result, changed := do()
	if changed {
		w.objects[object] = sum(before[:], p.seen[:])
	}
	if fault == Lose {
		w.note(p.step, result+", and the answer was lost")
		return ErrLost
	}
	w.note(p.step, result)
	return nil
}

// late adds a party whose only step is one that another party took for lost.
func (w *World) late(s Step, do func() (result string, changed bool)) {
	s.Party += fmt.Sprintf(" (late %d)", len(w.parties))
	l := w.Party(s.Party, func(p *Party) string {
		_ = p.Step(s.Object, s.Op, do)
		return ""
	})
	l.turn <- 0 // to its step
}

// await sets the party's next step.
func (p *Party) await(s Step) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if p.w.over {
		runtime.Goexit()
	}
	if p.pending {
		panic("interleave: " + p.name + " does two steps at once")
	}
	p.step, p.pending = s, true
}

// event is a step with its result.
type event struct {
	Step
	result string
}

func (w *World) note(s Step, result string) { w.trace = append(w.trace, event{s, result}) }

// schedule returns the trace as text.
func (w *World) schedule() string {
	var b strings.Builder
	for _, e := range w.trace {
		fmt.Fprintf(&b, "  %s: %s %s: %s\n", e.Party, e.Object, e.Op, e.result)
	}
	return b.String()
}

func sum(parts ...[]byte) digest {
	b := make([]byte, 0, 256)
	for _, part := range parts {
		b = append(b, part...)
	}
	return sha256.Sum256(b)
}

// choice is a possible next step.
type choice struct {
	party int
	fault Fault
	step  Step
}

// begin runs each party up to its first step, one after the other.
func (w *World) begin() {
	for _, p := range w.parties {
		p.turn <- 0
		w.settle()
	}
}

// nap is longer than any sleep of the code under test between two steps.
const nap = 100 * time.Millisecond

// settle waits until each party is at a step, has ended, or waits for another party.
func (w *World) settle() {
	synctest.Wait()
	if !w.busy() {
		return
	}
	time.Sleep(nap)
	synctest.Wait()
	for _, p := range w.parties {
		p.waiting = p.at() == running
	}
}

type where int

const (
	running where = iota
	atStep
	gone
)

func (p *Party) at() where {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	switch {
	case p.ended || p.killed:
		return gone
	case p.pending:
		return atStep
	}
	return running
}

// busy reports whether a party runs or sleeps.
func (w *World) busy() bool {
	for _, p := range w.parties {
		p.waiting = p.waiting && p.at() == running
		if p.at() == running && !p.waiting {
			return true
		}
	}
	return false
}

// menu returns the possible next steps, in a fixed order.
func (w *World) menu(faults func(Step) Fault) []choice {
	menu := w.ready(faults)
	if len(menu) > 0 || !slices.ContainsFunc(w.parties, func(p *Party) bool { return p.at() == running }) {
		return menu
	}
	// All parties wait for each other or for a killed one: see if a timeout ends that.
	time.Sleep(time.Minute)
	synctest.Wait()
	if menu = w.ready(faults); len(menu) == 0 {
		var names []string
		for _, p := range w.parties {
			if p.at() == running {
				names = append(names, p.name)
			}
		}
		if len(names) > 0 {
			w.fault = "deadlock: " + strings.Join(names, ", ")
		}
	}
	return menu
}

func (w *World) ready(faults func(Step) Fault) []choice {
	var menu []choice
	for i, p := range w.parties {
		if p.at() != atStep {
			continue
		}
		menu = append(menu, choice{i, 0, p.step})
		if faults == nil || w.budget == 0 {
			continue
		}
		may := faults(p.step)
		for _, f := range []Fault{Kill, Refuse, Lose, Late} {
			if may&f != 0 && (f != Kill || p.steps > 0) {
				menu = append(menu, choice{i, f, p.step})
			}
		}
	}
	return menu
}

// do does the step c.
func (w *World) do(c choice) {
	p := w.parties[c.party]
	if c.fault != 0 {
		w.budget--
	}
	if c.fault == Kill {
		p.killed = true
		w.note(c.step, "killed before it")
		return
	}
	w.mu.Lock()
	p.pending = false
	w.mu.Unlock()
	p.turn <- c.fault
	w.settle()
}

// state returns a digest of all that decides what can come next.
func (w *World) state() digest {
	parts := [][]byte{{byte(w.budget)}}
	for _, p := range w.parties {
		parts = append(parts, p.seen[:], []byte{byte(p.at()), b(p.killed)})
	}
	for _, name := range slices.Sorted(maps.Keys(w.objects)) {
		o := w.objects[name]
		parts = append(parts, []byte(name), o[:])
	}
	return sum(parts...)
}

func b(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// alive reports whether a party's goroutine has not ended.
func (w *World) alive() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.parties, func(p *Party) bool { return !p.ended })
}

// stop ends all parties.
func (w *World) stop() {
	w.mu.Lock()
	w.over = true
	for _, p := range w.parties {
		if !p.ended {
			close(p.turn)
		}
	}
	w.mu.Unlock()
	synctest.Wait()
	for range 3 {
		if !w.alive() {
			return
		}
		time.Sleep(time.Minute)
		synctest.Wait()
	}
	panic("interleave: a party cannot be ended: " + w.fault + "\n" + w.schedule())
}
