package cacheddbstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
)

// rowsAround and cacheAround are decorators that change nothing.
type (
	rowsAround  struct{ djsession.Store }
	cacheAround struct{ djcache.Cache }
)

func (d rowsAround) Unwrap() djsession.Store { return d.Store }
func (d cacheAround) Unwrap() djcache.Cache  { return d.Cache }

// Decorators around the rows, the cache and both together take nothing away.
func TestDecorated(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		HidesExpires: true,
		Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
			w := newWorld(t, site)
			store := newStore(t, rowsAround{w.rows}, cacheAround{w.cache})
			return storetest.Engine{
				Store:  djsession.New(rowsAround{store}).Store(),
				Stored: func(t testing.TB, key string) (string, bool) { return w.rows.Text(key) },
				Plant: func(t testing.TB, key, raw string, expires time.Time) {
					w.rows.Put(key, raw, expires)
					_ = w.cache.Delete(t.Context(), prefix+key, djsession.Force)
				},
				Break: func(t testing.TB) func() {
					w.rows.Fail(errors.New("unplugged"))
					w.cache.Fail(errors.New("unplugged"))
					return func() { w.rows.Fail(nil); w.cache.Fail(nil) }
				},
			}
		},
		Skip: map[string]string{"context/stalled": "nothing in memory takes time", "cycle/": "the copies are in no transaction of the rows"},
	})
}

// Rows that cannot be listed or reaped are refused when it comes to that.
func TestMissingPower(t *testing.T) {
	w := newWorld(t, nil)
	s := newStore(t, struct{ djsession.Store }{w.rows}, w.cache)
	if n, err := djsession.New(s).ClearExpired(t.Context(), nil); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("ClearExpired = %d, %v, want errors.ErrUnsupported", n, err)
	}
	for _, err := range s.List(t.Context(), "") {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("List says %v, want errors.ErrUnsupported", err)
		}
	}
}

// Rows and copies of two Sites do not go together.
func TestTwoSites(t *testing.T) {
	one, two := newWorld(t, nil).site, newWorld(t, nil).site
	if s, err := cacheddbstore.New(memstore.New(one), locmem.New(two, nil), nil); s != nil || !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("New = %v, %v, want ErrConfig", s, err)
	}
}
