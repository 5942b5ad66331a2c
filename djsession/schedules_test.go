package djsession_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
	"github.com/go-djsession/go-djsession/internal/testkit/visit"
)

// requests returns a model of concurrent requests of one visitor. wrap may be nil.
func requests(t testing.TB, kinds []visit.Kind, wrap func(*interleave.Stepped) djsession.Store) *interleave.Model {
	site := visit.NewSite(t)
	return &interleave.Model{Start: func(w *interleave.World) {
		mem := memstore.New(site)
		if _, err := mem.Create(context.Background(), visit.Key, visit.Session()); err != nil {
			t.Fatal(err)
		}
		w.Name(visit.Key, "k1")
		var all visit.Requests
		for _, kind := range kinds {
			all.Add(w, kind, 0, site, func(p *interleave.Party) djsession.Store {
				s := interleave.Store(p, "db", mem)
				if wrap != nil {
					return wrap(s)
				}
				return s
			})
		}
		w.Judge(func() string {
			live, err := visit.Live(mem, visit.Keys(mem))
			if err != nil {
				t.Fatal(err)
			}
			return all.Judge(live)
		})
	}}
}

// groups returns all pairs, triples and so on of kinds, without regard to their order.
func groups(n int, of []visit.Kind) [][]visit.Kind {
	if n == 0 {
		return [][]visit.Kind{nil}
	}
	var all [][]visit.Kind
	for i, kind := range of {
		for _, rest := range groups(n-1, of[i:]) {
			all = append(all, append([]visit.Kind{kind}, rest...))
		}
	}
	return all
}

func nameOf(kinds []visit.Kind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// TestSchedules runs two and three requests of one visitor in every order.
func TestSchedules(t *testing.T) {
	var total uint64
	for n := 1; n <= 3; n++ {
		for _, kinds := range groups(n, visit.Kinds) {
			t.Run(nameOf(kinds), func(t *testing.T) {
				r := visit.Check(t, requests(t, kinds, nil), nil)
				total += r.Schedules
			})
		}
	}
	t.Logf("%d schedules", total)
}

// TestSchedulesOfCycler does the same with a Store that cycles a key in one step, for
// groups of requests with such a cycle.
func TestSchedulesOfCycler(t *testing.T) {
	atOnce := func(s *interleave.Stepped) djsession.Store { return interleave.Cycler{Stepped: s} }
	var total uint64
	for n := 1; n <= 3; n++ {
		for _, kinds := range groups(n, visit.Kinds) {
			if !slices.Contains(kinds, visit.Cycle) {
				continue
			}
			t.Run(nameOf(kinds), func(t *testing.T) {
				r := visit.Check(t, requests(t, kinds, atOnce), nil)
				total += r.Schedules
			})
		}
	}
	t.Logf("%d schedules", total)
}

// TestSchedulesOfCyclerFaults also kills requests, refuses to cycle, and loses the
// answer. Even then no session is lost, and none is stored under two keys.
func TestSchedulesOfCyclerFaults(t *testing.T) {
	atOnce := func(s *interleave.Stepped) djsession.Store { return interleave.Cycler{Stepped: s} }
	for _, kinds := range groups(2, visit.Kinds) {
		if !slices.Contains(kinds, visit.Cycle) {
			continue
		}
		t.Run(nameOf(kinds), func(t *testing.T) {
			m := requests(t, kinds, atOnce)
			m.Faults = func(s interleave.Step) interleave.Fault {
				if s.Op == "cycle" {
					return interleave.Kill | interleave.Refuse | interleave.Lose
				}
				return interleave.Kill
			}
			m.MaxFaults = 2
			visit.Check(t, m, nil)
		})
	}
}

// hasty is a Cycler that does not compare.
type hasty struct{ interleave.Cycler }

func (s hasty) Cycle(ctx context.Context, old string, _ djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	return s.Cycler.Cycle(ctx, old, djsession.Force, key, r)
}

// deaf is a Store whose Delete does not report whether there was a record.
type deaf struct{ *interleave.Stepped }

func (s deaf) Delete(ctx context.Context, key string, seen djsession.Version) error {
	if err := s.Stepped.Delete(ctx, key, seen); !seen.IsForce() || !errors.Is(err, djsession.ErrNotFound) {
		return err
	}
	return nil
}

// TestSchedulesFind checks that planted faults are found.
func TestSchedulesFind(t *testing.T) {
	t.Run("a logout that takes not found for done", func(t *testing.T) {
		m := requests(t, []visit.Kind{visit.Logout, visit.Cycle}, func(s *interleave.Stepped) djsession.Store { return deaf{s} })
		if r := interleave.Explore(t, m); !r.Has(visit.LoginSurvives) {
			t.Error(r)
		}
	})
	t.Run("a cycle that does not compare", func(t *testing.T) {
		m := requests(t, []visit.Kind{visit.Save, visit.Cycle}, func(s *interleave.Stepped) djsession.Store {
			return hasty{interleave.Cycler{Stepped: s}}
		})
		if r := interleave.Explore(t, m); !r.Has(visit.CountLost) {
			t.Error(r)
		}
	})
	t.Run("an update that does not compare", func(t *testing.T) {
		m := requests(t, []visit.Kind{visit.Save, visit.Save}, func(s *interleave.Stepped) djsession.Store { return blind{s} })
		if r := interleave.Explore(t, m); !r.Has(visit.CountLost) {
			t.Error(r)
		}
	})
}

// blind is a Store whose Update overwrites any record, as Django's does.
type blind struct{ *interleave.Stepped }

func (s blind) Update(ctx context.Context, key string, r *djsession.Record, _ djsession.Version) (djsession.Version, error) {
	return s.Stepped.Update(ctx, key, r, djsession.Force)
}
