package handover_test

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
	"github.com/go-djsession/go-djsession/signer"
)

const key, cycledKey = visit.Key, "zyxwvutsrqponmlkjihgfedcba543210"

// scene is a site between two engines, with one session.
type scene struct {
	t         testing.TB
	site      *djsession.Site
	before    *djsession.Site // the same a day before
	old, next *memstore.Store
	copied    bool
	faulty    bool // answers get lost
	hasty     bool // programs try twice
	lease     time.Duration
	parties   map[string]*interleave.Party
}

// mover is the Mover of a party, or of the judge.
func (s *scene) mover(p *interleave.Party) *handover.Mover {
	m := &handover.Mover{Lease: s.lease, Tries: 6, Copied: func(context.Context, string) (bool, error) { return s.copied, nil }}
	if m.Old, m.New = s.old, s.next; p != nil {
		m.Old, m.New = interleave.Store(p, "old", s.old), interleave.Store(p, "new", s.next)
		m.Waits = make([]time.Duration, 1)
		if s.hasty {
			m.Waits, m.Tries = nil, 2
		}
	} else {
		m.Lease = 0
	}
	return m
}

// actors are what a party does. Each returns its outcome.
var actors = map[string]func(ctx context.Context, m *handover.Mover) string{
	// Programs with package movingstore.
	"move": func(ctx context.Context, m *handover.Mover) string {
		r, _, err := m.Load(ctx, key, nil)
		return found(r, err)
	},
	// The same when the lease of every claim has ended.
	"take over": func(ctx context.Context, m *handover.Mover) string {
		m.Lease = 0
		r, _, err := m.Load(ctx, key, nil)
		return found(r, err)
	},
	"logout": func(ctx context.Context, m *handover.Mover) string {
		m.Tries = 20
		if err := m.End(ctx, key); err != nil {
			return "refused"
		}
		return acknowledged
	},
	"save": func(ctx context.Context, m *handover.Mover) string {
		for range 10 {
			r, v, err := m.Load(ctx, key, nil)
			if found(r, err) != loggedIn {
				return "refused"
			}
			n, _ := r.Data.Get("n")
			_, err = m.New.Update(ctx, key, with(r, "n", n.(int64)+1), v)
			if err == nil {
				return "saved"
			}
			if !errors.Is(err, djsession.ErrConflict) {
				return "refused"
			}
		}
		return "refused"
	},
	"cycle": func(ctx context.Context, m *handover.Mover) string {
		r, v, err := m.New.Load(ctx, key)
		if found(r, err) != loggedIn {
			return "refused"
		}
		if _, err := m.New.Create(ctx, cycledKey, r); err != nil {
			return "refused"
		}
		if err := m.EndSeen(ctx, key, v); err != nil {
			_ = m.New.Delete(ctx, cycledKey, djsession.Force)
			return "refused"
		}
		return "cycled"
	},
	// A Django on the new engine: its UPDATE does not look at what is there, and its DELETE
	// not at whether something is.
	"Django's save": func(ctx context.Context, m *handover.Mover) string {
		r, _, err := m.New.Load(ctx, key)
		if err != nil {
			return "refused"
		}
		if _, err := m.New.Update(ctx, key, with(r, "d", int64(1)), djsession.Force); err != nil {
			return "refused"
		}
		return "saved by Django"
	},
	"Django's logout": func(ctx context.Context, m *handover.Mover) string {
		r, _, err := m.New.Load(ctx, key)
		if found(r, err) != loggedIn {
			return "refused"
		}
		_ = m.New.Delete(ctx, key, djsession.Force)
		return acknowledged
	},
	"Django's cycle": func(ctx context.Context, m *handover.Mover) string {
		r, _, err := m.New.Load(ctx, key)
		if found(r, err) != loggedIn {
			return "refused"
		}
		_, _ = m.New.Create(ctx, cycledKey, r)
		_ = m.New.Delete(ctx, key, djsession.Force)
		return "cycled"
	},
	// A Django on the old engine that has read the session before all this, and saves it.
	"late save": func(ctx context.Context, m *handover.Mover) string {
		if _, err := m.Old.Update(ctx, key, with(visit.Session(), "late", int64(1)), djsession.Force); err != nil {
			return "refused"
		}
		return "saved late"
	},
	// A Django on the old engine reads whatever is there, and saves it.
	"old save": func(ctx context.Context, m *handover.Mover) string {
		r, _, err := m.Old.Load(ctx, key)
		if err != nil {
			return "refused"
		}
		if _, err := m.Old.Update(ctx, key, with(r, "o", int64(1)), djsession.Force); err != nil {
			return "refused"
		}
		return "saved by the old Django"
	},
	// A logout of a Django that knows only the old engine.
	"old logout": func(ctx context.Context, m *handover.Mover) string {
		r, _, err := m.Old.Load(ctx, key)
		if found(r, err) != loggedIn {
			return "refused"
		}
		if err := m.Old.Delete(ctx, key, djsession.Force); err != nil {
			return "refused"
		}
		return acknowledged
	},
}

const loggedIn, acknowledged = "logged in", "acknowledged"

func found(r *djsession.Record, err error) string {
	switch {
	case errors.Is(err, djsession.ErrNotFound):
		return "nobody"
	case err != nil:
		return "unavailable"
	case r.Data.Has("_auth_user_id"):
		return loggedIn
	}
	return "anonymous"
}

func with(r *djsession.Record, name string, v any) *djsession.Record {
	return &djsession.Record{Data: r.Data.With(name, v), Expires: r.Expires}
}

// The answers of judge.
const (
	loginSurvives  = "a logout was acknowledged, and the login lives on"
	oldKeySurvives = "a new key was acknowledged, and the old one is good"
	sessionLost    = "nobody logged out, and the session is gone"
	countLost      = "an acknowledged count is lost"
	dataLost       = "something of the session is lost"
	onBoth         = "the session is on both engines"
	noteLeft       = "a note is left on the old engine"
	noteShown      = "a program was shown a note"
)

// judge says what is wrong at the end, or "".
func (s *scene) judge() string {
	ctx := context.Background()
	acked, cycled, ended, saved := false, false, false, int64(0)
	for name, p := range s.parties {
		ends := strings.Contains(name, "logout") || strings.Contains(name, "cycle")
		ended = ended || ends && (p.Killed() || s.faulty)
		switch p.Outcome() {
		case acknowledged:
			acked, ended = true, true
		case "cycled":
			cycled, ended = true, true
		case "saved":
			saved++
		}
	}
	m := s.mover(nil)
	r, _, err := m.Load(ctx, key, nil)
	live := found(r, err)
	switch live {
	case "unavailable":
		return "the session stays unavailable: " + err.Error()
	case "anonymous":
		return noteShown
	}
	other, _, err := s.next.Load(ctx, cycledKey)
	otherLive := found(other, err)
	if acked && (live == loggedIn || otherLive == loggedIn) {
		return loginSurvives
	}
	if cycled && live == loggedIn {
		return oldKeySurvives
	}
	if live != loggedIn && otherLive != loggedIn && !ended {
		return sessionLost
	}
	if live == loggedIn {
		n, _ := r.Data.Get("n")
		if n.(int64) < saved {
			return countLost
		}
		if !r.Data.Has("_auth_user_hash") || !r.Data.Has("_auth_user_backend") {
			return dataLost
		}
	}
	for k := range s.keysOf(r) {
		if strings.HasPrefix(k, "_djsession") {
			return noteShown
		}
	}
	if r, _, err := s.old.Load(ctx, key); err == nil {
		if _, _, err := s.next.Load(ctx, key); err == nil && !handover.Noted(key, r) && !s.copied {
			return onBoth
		} else if handover.Noted(key, r) {
			return noteLeft
		}
	}
	return ""
}

func (s *scene) keysOf(r *djsession.Record) map[string]bool {
	names := map[string]bool{}
	if r != nil {
		for k := range r.Data.Keys() {
			names[k.(string)] = true
		}
	}
	return names
}

// model is a model of parties, each of which does what its name says; a digit at the end
// tells those of a kind apart.
func model(t testing.TB, names []string, setUp func(*scene)) *interleave.Model {
	site := visit.NewSite(t)
	before, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("x"), Now: func() time.Time { return visit.Now.Add(-24 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	return &interleave.Model{Start: func(w *interleave.World) {
		s := &scene{t: t, site: site, before: before, old: memstore.New(site), next: memstore.New(site), lease: time.Hour, parties: map[string]*interleave.Party{}}
		if _, err := s.old.Create(context.Background(), key, visit.Session()); err != nil {
			t.Fatal(err)
		}
		if setUp != nil {
			setUp(s)
		}
		w.Name(key, "k1")
		w.Name(cycledKey, "k2")
		for _, name := range names {
			do := actors[strings.TrimRight(name, " 0123456789")]
			s.parties[name] = w.Party(name, func(p *interleave.Party) string { return do(context.Background(), s.mover(p)) })
		}
		w.Judge(s.judge)
	}}
}

// hasty programs give up soon.
func hasty(s *scene) { s.hasty = true }

// copied is a session that djsession migrate has copied before the switch.
func copied(s *scene) {
	s.copied = true
	if _, err := s.next.Create(context.Background(), key, visit.Session()); err != nil {
		s.t.Fatal(err)
	}
}

// orphan is a claim of a program that was killed long ago.
func orphan(s *scene) {
	m := s.mover(nil)
	m.Old, m.New = past{m.Old, s.before}, killing{m.New}
	defer func() { _ = recover() }()
	_, _, _ = m.Load(context.Background(), key, nil)
}

// killing is an engine that kills whoever creates.
type killing struct{ djsession.Store }

func (killing) Create(context.Context, string, *djsession.Record) (djsession.Version, error) {
	panic("killed")
}

// past is an engine of an earlier time.
type past struct {
	djsession.Store
	site *djsession.Site
}

func (p past) Site() *djsession.Site { return p.site }

// overSession is the fate of a session that Django read while it was moved, and saved then.
var overSession = visit.Known{sessionLost: "Django's UPDATE replaces the session by the reservation that it has read, in which nobody is logged in"}

// TestSchedules runs the protocol in all schedules.
func TestSchedules(t *testing.T) {
	tests := []struct {
		why   string
		names []string
		setUp func(*scene)
		kill  string // the beginning of the names of those that may be killed
		fault interleave.Fault
		long  bool
		known visit.Known
	}{
		{names: []string{"move", "logout"}, kill: "move"},
		{names: []string{"move", "logout"}, kill: "logout"},
		{why: "answers get lost", names: []string{"move", "logout"}, fault: interleave.Lose | interleave.Refuse},
		{names: []string{"move", "move 2"}, kill: "move", long: true},
		{names: []string{"move", "take over"}, kill: "move", long: true},
		{names: []string{"move", "take over"}, kill: "take over", long: true},
		{names: []string{"move", "cycle"}, kill: "move"},
		{names: []string{"move", "save"}, kill: "move", long: true},
		{names: []string{"save", "save 2"}},
		{names: []string{"move", "Django's save"}, kill: "move", known: overSession},
		{names: []string{"move", "Django's logout"}, kill: "move"},
		{names: []string{"move", "late save"}, kill: "move"},
		{names: []string{"move", "old save"}, kill: "move"},
		{names: []string{"move", "old logout"}, kill: "move", known: visit.Known{
			loginSurvives: "no record tells a Django on the old engine that the session has moved",
		}},
		{why: "an orphaned claim", names: []string{"move", "logout"}, setUp: orphan, kill: "move"},
		{why: "an orphaned claim", names: []string{"move", "move 2"}, setUp: orphan, kill: "move", long: true},
		{why: "copied", names: []string{"move", "logout", "cycle"}, setUp: copied, kill: "move"},
		{why: "copied", names: []string{"move", "Django's logout", "save"}, setUp: copied, kill: "move"},
		{names: []string{"move", "logout", "cycle"}, kill: "move", long: true},
		{names: []string{"move", "logout", "Django's save"}, kill: "move", long: true, known: overSession},
		{names: []string{"move", "logout", "late save"}, kill: "move", long: true},
		{names: []string{"move", "logout", "old save"}, kill: "move", long: true},
		{names: []string{"move", "Django's logout", "Django's save"}, kill: "move", long: true, known: overSession},
		{why: "two tries each", names: []string{"move", "move 2", "logout"}, setUp: hasty, long: true},
	}
	var total uint64
	for _, tt := range tests {
		name := strings.Join(tt.names, ", ")
		if tt.kill != "" {
			name += ", " + tt.kill + " killed"
		}
		if tt.why != "" {
			name += ", " + tt.why
		}
		t.Run(name, func(t *testing.T) {
			if tt.long && (testing.Short() || os.Getenv("DJSESSION_TEST_REQUIRE") == "") {
				t.Skip("runs some hundred million schedules, which takes a minute: set DJSESSION_TEST_REQUIRE=1, as CI does")
			}
			m := model(t, tt.names, func(s *scene) {
				if s.faulty = tt.fault != 0; tt.setUp != nil {
					tt.setUp(s)
				}
			})
			m.MaxRuns = 3_000_000
			m.Faults = func(s interleave.Step) interleave.Fault {
				if tt.kill != "" && strings.HasPrefix(s.Party, tt.kill) {
					return interleave.Kill
				}
				return tt.fault
			}
			start := time.Now()
			total += visit.Check(t, m, tt.known).Schedules
			t.Logf("%v", time.Since(start))
		})
	}
	t.Logf("%d schedules", total)
}
