package cacheddbstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
	"github.com/go-djsession/go-djsession/internal/testkit/visit"
)

// silent is a locmem that does not tell when a copy expires, as most caches.
type silent struct{ *locmem.Cache }

func (c silent) Get(ctx context.Context, name string) (djcache.Item, error) {
	item, err := c.Cache.Get(ctx, name)
	item.Expires = time.Time{}
	return item, err
}

// requests is a model of requests of one visitor whose session has a copy in the cache, or
// none. What goes wrong is up to faults; clients try again what is unavailable.
func requests(t testing.TB, kinds []visit.Kind, copied bool, retries int) *interleave.Model {
	site := visit.NewSite(t)
	return &interleave.Model{Start: func(w *interleave.World) {
		rows, cache := memstore.New(site), silent{locmem.New(site, nil)}
		store := newStore(t, rows, cache)
		if _, err := store.Create(context.Background(), visit.Key, visit.Session()); err != nil {
			t.Fatal(err)
		}
		if !copied {
			if err := cache.Delete(context.Background(), prefix+visit.Key, djsession.Force); err != nil {
				t.Fatal(err)
			}
		}
		w.Name(visit.Key, "k1")
		var all visit.Requests
		for _, kind := range kinds {
			all.Add(w, kind, retries, site, func(p *interleave.Party) djsession.Store {
				return newStore(t, interleave.Store(p, "db", rows), interleave.Cache(p, "cache", prefix, cache))
			})
		}
		w.Judge(func() string {
			keys := append(visit.Keys(rows), visit.Key)
			for found := range cache.List(context.Background(), prefix, "") {
				keys = append(keys, strings.TrimPrefix(found.Name(), prefix))
			}
			live, err := visit.Live(store, keys)
			if err != nil {
				t.Fatal(err)
			}
			return all.Judge(live)
		})
	}}
}

func ofCache(what interleave.Fault) func(interleave.Step) interleave.Fault {
	return func(s interleave.Step) interleave.Fault {
		if strings.HasPrefix(s.Object, "cache ") {
			return what
		}
		return 0
	}
}

// TestSchedules runs requests of one visitor in every order, with a cache that refuses
// one operation or two, or whose answers are lost. The whole test runs about a million
// schedules in a few seconds. -short, for the race detector, leaves out three requests at
// once, and two beside faults.
func TestSchedules(t *testing.T) {
	const (
		save, touch, cycle, logout, read = visit.Save, visit.Touch, visit.Cycle, visit.Logout, visit.Read
		both                             = interleave.Refuse | interleave.Lose
	)
	ghost := visit.Known{visit.LoginSurvives: "who reads or saves beside a logout leaves a copy behind that the cache did not drop"}
	tests := []struct {
		kinds   []visit.Kind
		faults  interleave.Fault
		most    int
		retries int
		known   visit.Known
		// uncopied is known where the session has no copy at first.
		uncopied visit.Known
	}{
		{kinds: []visit.Kind{save, save}},
		{kinds: []visit.Kind{save, touch}},
		{kinds: []visit.Kind{save, cycle}},
		{kinds: []visit.Kind{save, logout}},
		{kinds: []visit.Kind{read, save}},
		{kinds: []visit.Kind{read, logout}},
		{kinds: []visit.Kind{cycle, logout}},
		{kinds: []visit.Kind{logout, logout}},
		{kinds: []visit.Kind{read, save, logout}},
		{kinds: []visit.Kind{logout}, faults: both, most: 3, retries: 1},
		{kinds: []visit.Kind{save}, faults: both, most: 3, retries: 1, known: visit.Known{
			visit.CountLost: "an old copy stays when the cache could neither take the new one nor drop the old",
		}},
		{kinds: []visit.Kind{cycle}, faults: both, most: 2, known: visit.Known{
			visit.SessionLost: "a new key is taken back because the cache fails after the old row was deleted",
			visit.Orphan:      "the copy of a new key that was taken back stays when the cache cannot be asked",
		}},
		{kinds: []visit.Kind{read, logout}, faults: both, most: 2, retries: 1, uncopied: ghost},
		{kinds: []visit.Kind{save, logout}, faults: both, most: 1, retries: 1, known: ghost},
	}
	var total uint64
	for _, tt := range tests {
		for _, copied := range []bool{true, false} {
			var name []string
			for _, k := range tt.kinds {
				name = append(name, string(k))
			}
			if tt.most > 0 {
				name = append(name, "faults")
			}
			if copied {
				name = append(name, "copied")
			}
			t.Run(strings.Join(name, ", "), func(t *testing.T) {
				if testing.Short() && (len(tt.kinds) > 2 || len(tt.kinds) > 1 && tt.most > 0) {
					t.Skip("runs all schedules of three requests, or of two and faults")
				}
				m := requests(t, tt.kinds, copied, tt.retries)
				if m.MaxFaults = tt.most; tt.most > 0 {
					m.Faults = ofCache(tt.faults)
				}
				known := tt.known
				if !copied && tt.uncopied != nil {
					known = tt.uncopied
				}
				total += visit.Check(t, m, known).Schedules
			})
		}
	}
	t.Logf("%d schedules", total)
}
