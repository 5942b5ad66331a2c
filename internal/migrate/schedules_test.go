package migrate

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/handover"
	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
	"github.com/go-djsession/go-djsession/internal/testkit/visit"
)

const cycledKey = "cycled0000000000000000000000000k"

// plot is a site that moves, with one session: its engines and its journal.
type plot struct {
	t             testing.TB
	site          *djsession.Site
	old, next     *memstore.Store
	was, intended *entry // what the journal says
	keep          bool
	parties       map[string]*interleave.Party
}

// mover is a run of one of the two steps, on the engines as a party has them.
func (w *plot) mover(old, next djsession.Store, switched bool) *mover {
	return newMover(Options{
		From: Engine{Store: old}, To: Engine{Store: next}, Switched: switched, Keep: w.keep, Grace: time.Hour,
	})
}

// journal does something to the journal, as a step of p; a nil p is the judge.
func (w *plot) journal(p *interleave.Party, op string, do func()) {
	if p == nil {
		do()
		return
	}
	_ = p.Step("journal", op, func() (string, bool) { do(); return "done", op == "write" })
}

// run does one step for the session, as move does it for a batch.
func (w *plot) run(ctx context.Context, p *interleave.Party, m *mover) error {
	var s *moving
	list := func() (string, bool) {
		for l := range w.old.List(ctx, "") {
			if l.Key() == visit.Key {
				s = &moving{l: l, id: keyHash(l.Key())}
			}
		}
		return "done", false
	}
	if p == nil {
		list()
	} else if err := p.Step("old k1", "list", list); err != nil {
		return err
	}
	if s == nil {
		return nil
	}
	w.journal(p, "read", func() { s.was, s.intended = w.was, w.intended })
	if err := m.prepare(s); err != nil {
		return err
	}
	do := m.bring
	if !m.Switched {
		do = m.copy
		if s.record != nil {
			w.journal(p, "write", func() { w.intended = &entry{content: s.content, expires: s.expires} })
		}
	}
	if err := do(ctx, s); err != nil {
		return err
	}
	w.journal(p, "write", func() {
		switch w.intended = nil; {
		case s.put != nil:
			w.was = s.put
		case s.drop:
			w.was = nil
		}
	})
	switch {
	case !m.Switched:
		return nil
	case s.hand:
		return m.hand(ctx, s)
	}
	return m.leave(ctx, s)
}

// finish is what the user does in the end: run the second step, twice if somebody was killed.
func (w *plot) finish(ctx context.Context) error {
	if w.intended != nil && w.was == nil { // as opening the journal does
		w.was = &entry{content: w.intended.content, expires: w.intended.expires}
	}
	m := w.mover(w.old, w.next, true)
	m.Grace = 0
	for range 2 {
		if err := w.run(ctx, nil, m); err != nil {
			return err
		}
	}
	if w.was == nil || w.was.seen == settled {
		return nil
	}
	for l := range w.next.List(ctx, "") {
		if s := (&moving{l: l, was: w.was}); l.Key() == visit.Key && l.Err == nil {
			return m.pruneOne(ctx, s)
		}
	}
	return nil
}

// program is the Mover of a program with package movingstore.
func (w *plot) program(p *interleave.Party, old, next djsession.Store) *handover.Mover {
	return &handover.Mover{Old: old, New: next, Lease: time.Hour, Tries: 6, Waits: make([]time.Duration, 1),
		Copied: func(context.Context, string) (copied bool, err error) {
			w.journal(p, "read", func() {
				if w.intended != nil {
					err = djsession.Unavailable("read the journal", errors.New("interrupted"))
				}
				copied = w.was != nil
			})
			return copied, err
		},
	}
}

func live(r *djsession.Record, err error) bool { return err == nil && r.Data.Has("_auth_user_id") }

// the outcomes of parties
const (
	acknowledged = "acknowledged"
	refused      = "refused"
)

func outcome(err error, word string) string {
	if err != nil {
		return refused
	}
	return word
}

// act does what the name of a party says.
func (w *plot) act(p *interleave.Party, name string) string {
	ctx := context.Background()
	old, next := djsession.Store(interleave.Store(p, "old", w.old)), djsession.Store(interleave.Store(p, "new", w.next))
	program := w.program(p, old, next)
	switch name {
	case "copy":
		return outcome(w.run(ctx, p, w.mover(old, next, false)), "copied")
	case "bring":
		return outcome(w.run(ctx, p, w.mover(old, next, true)), "brought")
	case "move":
		r, _, err := program.Load(ctx, visit.Key, nil)
		return outcome(err, map[bool]string{true: "in", false: "anonymous"}[live(r, err)])
	case "logout":
		program.Tries = 20
		return outcome(program.End(ctx, visit.Key), acknowledged)
	case "logout before the switch":
		return outcome(program.EndCopying(ctx, visit.Key), acknowledged)
	case "cycle":
		r, v, err := next.Load(ctx, visit.Key)
		if !live(r, err) {
			return refused
		}
		if _, err := next.Create(ctx, cycledKey, r); err != nil {
			return refused
		}
		if err := program.EndSeen(ctx, visit.Key, v); err != nil {
			_ = next.Delete(ctx, cycledKey, djsession.Force)
			return refused
		}
		return "cycled"
	case "save", "save before the switch":
		for range 6 {
			in, load := next, func() (*djsession.Record, djsession.Version, error) { return program.Load(ctx, visit.Key, nil) }
			if name != "save" {
				in, load = old, func() (*djsession.Record, djsession.Version, error) { return old.Load(ctx, visit.Key) }
			}
			r, v, err := load()
			if !live(r, err) {
				return refused
			}
			_, err = in.Update(ctx, visit.Key, &djsession.Record{Data: r.Data.With("n", int64(1)), Expires: r.Expires}, v)
			if !errors.Is(err, djsession.ErrConflict) {
				return outcome(err, "saved")
			}
		}
		return refused
	case "Django's logout":
		if r, _, err := next.Load(ctx, visit.Key); !live(r, err) {
			return refused
		}
		_ = next.Delete(ctx, visit.Key, djsession.Force)
		return acknowledged
	case "late save":
		s := visit.Session()
		_, err := old.Update(ctx, visit.Key, &djsession.Record{Data: s.Data.With("late", true), Expires: s.Expires}, djsession.Force)
		return outcome(err, "late")
	}
	panic(name)
}

// The answers of judge.
const (
	loginSurvives = "a logout was acknowledged, and the login lives on"
	sessionLost   = "nobody logged out, and the session is gone"
	saveLost      = "an acknowledged save is lost"
	onBoth        = "the old engine still has it"
	keyBack       = "a new key was acknowledged, and the old one is good"
)

func (w *plot) judge() string {
	ctx := context.Background()
	if err := w.finish(ctx); err != nil {
		return "the move does not come to its end: " + err.Error()
	}
	out, cycled, ended, saved := false, false, false, false
	for name, p := range w.parties {
		switch p.Outcome() {
		case acknowledged:
			out = true
		case "cycled":
			cycled = true
		case "saved":
			saved = true
		}
		ends := strings.Contains(name, "logout") || name == "cycle"
		ended = ended || ends && (p.Killed() || w.keep) // a logout beside --keep may not know that it was one
	}
	r, _, err := w.next.Load(ctx, visit.Key)
	is := live(r, err)
	c, _, err := w.next.Load(ctx, cycledKey)
	other := live(c, err)
	_, left := w.old.Text(visit.Key)
	switch {
	case out && (is || other):
		return loginSurvives
	case cycled && is:
		return keyBack
	case !is && !other && !out && !cycled && !ended:
		return sessionLost
	case left && !w.keep:
		return onBoth
	case saved && is:
		if n, _ := r.Data.Get("n"); n != int64(1) {
			return saveLost
		}
	}
	return ""
}

// The beginnings.

// wasCopied: the first step has copied the session.
func wasCopied(w *plot) {
	s := visit.Session()
	if _, err := w.next.Create(context.Background(), visit.Key, s); err != nil {
		w.t.Fatal(err)
	}
	content, err := contentOf(s.Data)
	if err != nil {
		w.t.Fatal(err)
	}
	w.was = &entry{content: content, expires: s.Expires.Unix(), seen: 1}
}

// wasChanged: and the session was written on the old engine since.
func wasChanged(w *plot) {
	wasCopied(w)
	s := visit.Session()
	if _, err := w.old.Update(context.Background(), visit.Key, &djsession.Record{Data: s.Data.With("since", true), Expires: s.Expires}, djsession.Force); err != nil {
		w.t.Fatal(err)
	}
}

// keeps: the old engine is left as it is.
func keeps(w *plot) { w.keep = true }

// TestSchedules runs the two steps beside other programs in all schedules. When all have
// ended, the second step is run to its end.
func TestSchedules(t *testing.T) {
	site := visit.NewSite(t)
	tests := []struct {
		why   string
		names []string
		begin func(*plot)
		kill  string
		known visit.Known
		long  bool
	}{
		{names: []string{"copy", "logout before the switch"}, kill: "copy"},
		{names: []string{"copy", "save before the switch"}, kill: "copy"},
		{why: "copied", names: []string{"copy", "logout before the switch"}, begin: wasChanged, kill: "copy"},
		{names: []string{"bring", "logout"}, kill: "bring"},
		{names: []string{"bring", "move"}, kill: "bring", long: true},
		{names: []string{"bring", "move"}, kill: "move", long: true},
		{names: []string{"bring", "save"}, kill: "bring", long: true},
		{names: []string{"bring", "cycle"}, kill: "bring"},
		{names: []string{"bring", "Django's logout"}, kill: "bring"},
		{names: []string{"bring", "late save"}, kill: "bring"},
		{names: []string{"bring", "logout", "cycle"}, kill: "bring", long: true},
		{names: []string{"bring", "logout", "late save"}, kill: "bring", long: true},
		{why: "copied", names: []string{"bring", "logout", "cycle"}, begin: wasCopied, kill: "bring"},
		{why: "copied", names: []string{"bring", "save", "logout"}, begin: wasCopied, kill: "bring"},
		{why: "copied", names: []string{"bring", "Django's logout", "move"}, begin: wasCopied, kill: "bring"},
		{why: "written since", names: []string{"bring", "save"}, begin: wasChanged, kill: "bring"},
		{why: "written since", names: []string{"bring", "logout", "cycle"}, begin: wasChanged, kill: "bring", long: true},
		{why: "written since", names: []string{"bring", "Django's logout", "move"}, begin: wasChanged, kill: "bring"},
		{why: "keep", names: []string{"bring", "logout"}, begin: keeps, kill: "bring"},
		{why: "keep", names: []string{"bring", "move"}, begin: keeps, kill: "bring", long: true},
		{why: "keep", names: []string{"bring", "Django's logout"}, begin: keeps, kill: "bring"},
		{why: "keep", names: []string{"bring", "logout", "cycle"}, begin: keeps, kill: "bring"},
	}
	var total uint64
	for _, tt := range tests {
		name := strings.Join(tt.names, ", ")
		if tt.kill != "" {
			name += ", " + tt.kill + " killed"
		}
		if tt.why != "" {
			name = tt.why + ": " + name
		}
		t.Run(name, func(t *testing.T) {
			if tt.long && (testing.Short() || os.Getenv("DJSESSION_TEST_REQUIRE") == "") {
				t.Skip("runs some hundred million schedules, which takes a minute: set DJSESSION_TEST_REQUIRE=1, as CI does")
			}
			m := &interleave.Model{MaxRuns: 3_000_000, Start: func(iw *interleave.World) {
				w := &plot{t: t, site: site, old: memstore.New(site), next: memstore.New(site), parties: map[string]*interleave.Party{}}
				if _, err := w.old.Create(context.Background(), visit.Key, visit.Session()); err != nil {
					t.Fatal(err)
				}
				if tt.begin != nil {
					tt.begin(w)
				}
				iw.Name(visit.Key, "k1")
				iw.Name(cycledKey, "k2")
				for _, name := range tt.names {
					w.parties[name] = iw.Party(name, func(p *interleave.Party) string { return w.act(p, name) })
				}
				iw.Judge(w.judge)
			}}
			m.Faults = func(s interleave.Step) interleave.Fault {
				if s.Party == tt.kill {
					return interleave.Kill
				}
				return 0
			}
			total += visit.Check(t, m, tt.known).Schedules
		})
	}
	t.Logf("%d schedules", total)
}
