package cacheddbstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
	"github.com/go-djsession/go-djsession/internal/testkit/visit"
	"github.com/go-djsession/go-djsession/serializer"
)

// lying is a cache that says that it stamps, and does not.
type lying struct{ silent }

// bare is a context without values.
type bare struct{ context.Context }

func (bare) Value(any) any { return nil }

func (c lying) Stamped(djsession.Version) bool { return true }

func (c lying) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.silent.Set(bare{ctx}, name, value, expires)
}

func (c lying) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return c.silent.Add(bare{ctx}, name, value, expires)
}

func (c lying) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	return c.silent.Replace(bare{ctx}, name, value, expires, seen)
}

// TestToAndFro runs two requests that change a session and change it back, beside a third, in
// every order. No outdated copy stays, but with a cache whose equal copies cannot be told
// apart.
func TestToAndFro(t *testing.T) {
	for _, stamps := range []bool{true, false} {
		site := visit.NewSite(t)
		model := &interleave.Model{Start: func(w *interleave.World) {
			rows, plain := memstore.New(site), silent{locmem.New(site, nil)}
			var cache interface {
				djcache.Cache
				djcache.Stamping
			} = plain
			if !stamps {
				cache = lying{plain}
			}
			first := newStore(t, rows, cache)
			_, err := first.Create(context.Background(), visit.Key, visit.Session())
			must(t, err)
			w.Name(visit.Key, "k1")
			party := func(name string, changes ...func(*djsession.Session) error) {
				w.Party(name, func(p *interleave.Party) string {
					lasts := false
					store := newStore(t, interleave.Store(p, "db", rows), probed{interleave.Cache(p, "cache", prefix, cache), cache, &lasts})
					store.Serial()
					store.ShareKnown(first)
					for _, change := range changes {
						s, err := djsession.New(store).Open(context.Background(), visit.Key)
						if err == nil {
							err = change(s)
						}
						if err == nil {
							err = s.Save(context.Background())
						}
						if err != nil {
							return err.Error()
						}
					}
					return "done"
				})
			}
			party("x", func(s *djsession.Session) error { return s.Set("x", 1) })
			party("to and fro", func(s *djsession.Session) error { return s.Set("y", 1) }, func(s *djsession.Session) error {
				if err := s.Delete("y"); err != nil {
					return err
				}
				return s.Delete("x")
			})
			w.Judge(func() string {
				row, _, err := rows.Load(context.Background(), visit.Key)
				must(t, err)
				item, err := plain.Get(context.Background(), prefix+visit.Key)
				if err == nil && (item.Value.Has("x") != row.Data.Has("x") || item.Value.Has("y") != row.Data.Has("y")) {
					return "an outdated copy stays"
				}
				return ""
			})
		}}
		r := interleave.Explore(t, model)
		t.Logf("stamps %t: %d schedules, %d violations", stamps, r.Schedules, r.Violations)
		if !r.Finished || stamps && r.Violations > 0 || !stamps && r.Violations == 0 {
			t.Errorf("stamps %t: finished %t, %d violations in %d schedules\n%s", stamps, r.Finished, r.Violations, r.Schedules, r)
		}
	}
}
