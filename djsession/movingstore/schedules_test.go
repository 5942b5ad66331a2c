package movingstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
	"github.com/go-djsession/go-djsession/internal/testkit/visit"
)

// requests is a model of requests of one visitor whose session is on the old engine only,
// and who is moved by whichever of them asks for it first.
func requests(t testing.TB, kinds []visit.Kind) *interleave.Model {
	site := visit.NewSite(t)
	opts := &movingstore.Options{Phase: movingstore.Switched, Copied: movingstore.NothingCopied}
	return &interleave.Model{Start: func(w *interleave.World) {
		old, next := memstore.New(site), memstore.New(site)
		if _, err := old.Create(context.Background(), visit.Key, visit.Session()); err != nil {
			t.Fatal(err)
		}
		w.Name(visit.Key, "k1")
		var all visit.Requests
		for _, kind := range kinds {
			all.Add(w, kind, 0, site, func(p *interleave.Party) djsession.Store {
				s := newStore(t, interleave.Store(p, "old", old), interleave.Store(p, "new", next), opts)
				s.SetLease(time.Hour, 1)
				return s
			})
		}
		w.Judge(func() string {
			keys := append(visit.Keys(old), visit.Keys(next)...)
			judge := newStore(t, old, next, opts)
			judge.SetLease(0, 0)
			live, err := visit.Live(judge, keys)
			if err != nil {
				t.Fatal(err)
			}
			return all.Judge(live)
		})
	}}
}

// TestSchedules runs requests of one visitor in every order while his session is moved, also
// with a process that is killed on the way. Package internal/handover has the models of three
// programs, in which not every request moves the session first.
func TestSchedules(t *testing.T) {
	const save, cycle, logout, read = visit.Save, visit.Cycle, visit.Logout, visit.Read
	tests := []struct {
		kinds []visit.Kind
		kill  visit.Kind
		known visit.Known
	}{
		{kinds: []visit.Kind{read, read}},
		{kinds: []visit.Kind{read, save}},
		{kinds: []visit.Kind{save, save}},
		{kinds: []visit.Kind{read, cycle}},
		{kinds: []visit.Kind{read, logout}},
		{kinds: []visit.Kind{save, logout}},
		{kinds: []visit.Kind{cycle, logout}},
		{kinds: []visit.Kind{read, save}, kill: read},
		{kinds: []visit.Kind{read, cycle}, kill: read},
		{kinds: []visit.Kind{read, logout}, kill: read},
	}
	var total uint64
	for _, tt := range tests {
		var name []string
		for _, k := range tt.kinds {
			name = append(name, string(k))
		}
		if tt.kill != "" {
			name = append(name, "killed")
		}
		t.Run(strings.Join(name, ", "), func(t *testing.T) {
			if testing.Short() && (tt.kill != "" || tt.kinds[0] != read) {
				t.Skip("runs a long time")
			}
			m := requests(t, tt.kinds)
			if tt.kill != "" {
				m.Faults = func(s interleave.Step) interleave.Fault {
					if s.Party == string(tt.kill) {
						return interleave.Kill
					}
					return 0
				}
			}
			total += visit.Check(t, m, tt.known).Schedules
		})
	}
	t.Logf("%d schedules", total)
}
