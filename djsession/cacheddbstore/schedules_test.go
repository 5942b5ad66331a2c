package cacheddbstore_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
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

// probed is the cache of a party. Probes are no steps of it: they succeed at once, unless
// the outage lasts until the request is answered.
type probed struct {
	djcache.Cache
	djcache.Stamping
	lasts *bool
}

func (c probed) Get(ctx context.Context, name string) (djcache.Item, error) {
	switch {
	case !cacheddbstore.Probing(ctx):
		return c.Cache.Get(ctx, name)
	case *c.lasts:
		return djcache.Item{}, djsession.Unavailable("probe", errors.New("the outage lasts"))
	}
	return djcache.Item{}, djsession.ErrNotFound
}

// process returns a store of a process of its own, and what that process does when its
// request is answered and the cache is back: it serves other visitors. If first is not nil,
// the process knows the copies that first made.
func process(t testing.TB, p *interleave.Party, rows djsession.Store, cache djcache.Cache, lasts bool, first *cacheddbstore.Store) (djsession.Store, func()) {
	store := newStore(t, rows, probed{interleave.Cache(p, "cache", prefix, cache), cache.(djcache.Stamping), &lasts})
	store.Serial()
	if first != nil {
		store.ShareKnown(first)
	}
	return store, func() {
		lasts = false
		for store.Doubts() > 0 {
			time.Sleep(cacheddbstore.Latest)
			_, _, _ = store.Load(context.Background(), other)
		}
	}
}

// other is the session key of another visitor.
const other = "543210zyxwvutsrqponmlkjihgfedcba"

// how says how the processes of a model stand to the cache.
type how struct {
	atOnce bool // the rows are a Cycler
	copied bool // the session has a copy
	knows  bool // all requests are of the process that made the copy
	lasts  bool // an outage that a request meets lasts until it is answered
}

// requests is a model of requests of one visitor. What goes wrong is up to faults; clients
// try again what is unavailable.
func requests(t testing.TB, kinds []visit.Kind, h how, retries int) *interleave.Model {
	site := visit.NewSite(t)
	return &interleave.Model{Start: func(w *interleave.World) {
		rows, cache := memstore.New(site), silent{locmem.New(site, nil)}
		store := newStore(t, rows, cache)
		for _, key := range []string{visit.Key, other} {
			if _, err := store.Create(context.Background(), key, visit.Session()); err != nil {
				t.Fatal(err)
			}
		}
		if !h.copied {
			if err := cache.Delete(context.Background(), prefix+visit.Key, djsession.Force); err != nil {
				t.Fatal(err)
			}
		}
		w.Name(visit.Key, "k1")
		w.Name(other, "another visitor's")
		var all visit.Requests
		for _, kind := range kinds {
			all.AddLasting(w, kind, retries, site, func(p *interleave.Party) (djsession.Store, func()) {
				var of djsession.Store = interleave.Store(p, "db", rows)
				if h.atOnce {
					of = interleave.Cycler{Stepped: interleave.Store(p, "db", rows)}
				}
				var first *cacheddbstore.Store
				if h.knows {
					first = store
				}
				return process(t, p, of, cache, h.lasts, first)
			})
		}
		w.Judge(func() string {
			if err := rows.Delete(context.Background(), other, djsession.Force); err != nil {
				t.Fatal(err)
			}
			keys := append(visit.Keys(rows), visit.Key)
			for found := range cache.List(context.Background(), prefix, "") {
				if key := strings.TrimPrefix(found.Name(), prefix); key != other {
					keys = append(keys, key)
				}
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
// operations, whose answers are lost, or that does later what it did not answer, and that
// comes back in the end. -short, for the race detector, leaves out three requests at once,
// and two beside faults.
func TestSchedules(t *testing.T) {
	const (
		save, touch, cycle, renew, logout, read = visit.Save, visit.Touch, visit.Cycle, visit.Renew, visit.Logout, visit.Read
		faults                                  = interleave.Refuse | interleave.Lose | interleave.Late
	)
	tests := []struct {
		kinds   []visit.Kind
		most    int // faults
		retries int
		copied  bool // only with a copy, because the others are too many
		known   visit.Known
	}{
		{kinds: []visit.Kind{save, save}},
		{kinds: []visit.Kind{save, touch}},
		{kinds: []visit.Kind{save, cycle}},
		{kinds: []visit.Kind{save, renew}},
		{kinds: []visit.Kind{save, logout}},
		{kinds: []visit.Kind{read, save}},
		{kinds: []visit.Kind{read, logout}},
		{kinds: []visit.Kind{cycle, logout}},
		{kinds: []visit.Kind{renew, logout}},
		{kinds: []visit.Kind{renew, cycle}},
		{kinds: []visit.Kind{logout, logout}},
		{kinds: []visit.Kind{read, save, logout}},
		{kinds: []visit.Kind{logout}, most: 3, retries: 1},
		{kinds: []visit.Kind{save}, most: 3, retries: 1},
		{kinds: []visit.Kind{renew}, most: 3, retries: 1},
		{kinds: []visit.Kind{cycle}, most: 2, retries: 1},
		{kinds: []visit.Kind{read, logout}, most: 2, retries: 1},
		{kinds: []visit.Kind{save, logout}, most: 1, retries: 1},
		{kinds: []visit.Kind{save, save}, most: 1, retries: 1, copied: true},
		{kinds: []visit.Kind{read, save}, most: 1, retries: 1},
		{kinds: []visit.Kind{save, cycle}, most: 1, retries: 1, copied: true},
		{kinds: []visit.Kind{cycle, logout}, most: 1, retries: 1, copied: true, known: visit.Known{
			visit.LoginSurvives: "the second try of a logout finds no session, because the other request took it to a new key meanwhile: the browser has that, or will have it",
		}},
		{kinds: []visit.Kind{renew, logout}, most: 1, retries: 1},
		{kinds: []visit.Kind{renew, save}, most: 1, retries: 1, copied: true},
	}
	var total, with uint64
	for _, tt := range tests {
		for _, h := range []how{
			{atOnce: true, copied: true}, {copied: true}, {atOnce: true}, {},
			{atOnce: true, copied: true, knows: true}, {atOnce: true, copied: true, lasts: true}, {atOnce: true, lasts: true},
		} {
			if !h.atOnce && !slices.Contains(tt.kinds, cycle) || !h.copied && tt.copied || h.lasts && tt.most == 0 || h.knows && tt.most > 0 && len(tt.kinds) > 1 {
				continue
			}
			known := tt.known
			if h.lasts { // then no second try of a logout succeeds
				known = nil
			}
			var name []string
			for _, k := range tt.kinds {
				name = append(name, string(k))
			}
			for words, on := range map[string]bool{"faults": tt.most > 0, "copied": h.copied, "in steps": !h.atOnce, "known": h.knows, "lasting": h.lasts} {
				if on {
					name = append(name, words)
				}
			}
			slices.Sort(name[len(tt.kinds):])
			t.Run(strings.Join(name, ", "), func(t *testing.T) {
				if testing.Short() && (len(tt.kinds) > 2 || len(tt.kinds) > 1 && tt.most > 0) {
					t.Skip("runs all schedules of three requests, or of two and faults")
				}
				m := requests(t, tt.kinds, h, tt.retries)
				if m.MaxFaults = tt.most; tt.most > 0 {
					m.Faults = ofCache(faults)
				}
				n := visit.Check(t, m, known).Schedules
				if total += n; tt.most > 0 {
					with += n
				}
			})
		}
	}
	t.Logf("%d schedules, %d with a cache that fails", total, with)
}
