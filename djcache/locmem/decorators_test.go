package locmem_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/serializer"
)

// counting is a Cache that counts what it is asked for and does nothing else.
type counting struct {
	djcache.Cache
	gets *atomic.Int64
}

func (c counting) Unwrap() djcache.Cache { return c.Cache }

func (c counting) Get(ctx context.Context, name string) (djcache.Item, error) {
	c.gets.Add(1)
	return c.Cache.Get(ctx, name)
}

// A cache in a decorator that changes nothing is a cache like the one beneath.
func TestDecorated(t *testing.T) {
	var gets atomic.Int64
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
			c := locmem.New(site, nil)
			return storetest.Engine{
				Store:  djsession.New(cachestore.New(counting{c, &gets}, nil)).Store(),
				Stored: func(t testing.TB, key string) (string, bool) { return c.Value(prefix + key) },
				Plant:  func(t testing.TB, key, raw string, expires time.Time) { c.Put(prefix+key, raw, expires) },
			}
		},
		Corrupt: func(*djsession.Site) map[string]string { return map[string]string{"nothing": "", "words": "canary"} },
		Skip: map[string]string{
			"cycle/":          "a cache changes one key at a time",
			"context/stalled": "nothing in memory takes time",
			"down/":           "there is no server",
		},
	})
	if gets.Load() == 0 {
		t.Error("nothing came through the decorator")
	}
}

// other is a Cache that changes the names and, sealed, the values.
type other struct {
	djcache.Cache
	sealed bool
}

func (o other) name(name string) string { return "other:" + name }

func (o other) seal(d *serializer.Dict) *serializer.Dict {
	if !o.sealed {
		return d
	}
	text, err := o.Site().Encode(d)
	if err != nil {
		panic(err)
	}
	return serializer.NewDict(serializer.Item{Key: "sealed", Value: base64.StdEncoding.EncodeToString([]byte(text))})
}

func (o other) Get(ctx context.Context, name string) (djcache.Item, error) {
	item, err := o.Cache.Get(ctx, o.name(name))
	if err != nil || !o.sealed {
		return item, err
	}
	sealed, _ := item.Value.Get("sealed")
	text, err := base64.StdEncoding.DecodeString(sealed.(string))
	if err == nil {
		item.Value, err = o.Site().Decode(string(text))
	}
	return item, err
}

func (o other) Add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return o.Cache.Add(ctx, o.name(name), o.seal(value), expires)
}

func (o other) Replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	return o.Cache.Replace(ctx, o.name(name), o.seal(value), expires, seen)
}

func (o other) Set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (djsession.Version, error) {
	return o.Cache.Set(ctx, o.name(name), o.seal(value), expires)
}

func (o other) Touch(ctx context.Context, name string, expires time.Time, seen djsession.Version) (djsession.Version, error) {
	return o.Cache.Touch(ctx, o.name(name), expires, seen)
}

func (o other) Delete(ctx context.Context, name string, seen djsession.Version) error {
	return o.Cache.Delete(ctx, o.name(name), seen)
}

// unwrapping is other with an Unwrap, which it should not have.
type unwrapping struct{ other }

func (u unwrapping) Unwrap() djcache.Cache { return u.Cache }

// A decorator that changes names or values is never passed by, neither as the home of
// sessions nor as that of copies: a test writes through it and looks underneath.
func TestNeverPassedBy(t *testing.T) {
	for _, engine := range []string{"cache", "cached_db"} {
		for _, sealed := range []bool{false, true} {
			for _, unwraps := range []bool{false, true} {
				name := engine
				if sealed {
					name += ", sealed"
				}
				if unwraps {
					name += ", with Unwrap"
				}
				t.Run(name, func(t *testing.T) {
					ctx, site := t.Context(), newSite(t)
					c := locmem.New(site, nil)
					var outer djcache.Cache = other{c, sealed}
					if unwraps {
						outer = unwrapping{other{c, sealed}}
					}
					var store djsession.Store = cachestore.New(outer, nil)
					if engine == "cached_db" {
						var err error
						if store, err = cacheddbstore.New(memstore.New(site), outer, nil); err != nil {
							t.Fatal(err)
						}
					}
					m := djsession.New(store)
					underneath := func(doing string, want int) {
						t.Helper()
						n := 0
						for l, err := range c.List(ctx, "", "") {
							if err != nil {
								t.Fatal(err)
							}
							n++
							if !strings.HasPrefix(l.Name(), "other:") || l.Item.Value.Has("sealed") != sealed {
								t.Errorf("after %s something is underneath that did not come through the decorator", doing)
							}
						}
						if n != want {
							t.Errorf("after %s %d values are underneath, want %d", doing, n, want)
						}
					}
					must := func(err error) {
						t.Helper()
						if err != nil {
							t.Fatal(err)
						}
					}
					s, err := m.Open(ctx, "")
					must(err)
					must(s.Save(ctx))
					underneath("create", 1)
					for name, do := range map[string]func() error{
						"update": func() error { return s.Set("n", 2) },
						"touch":  s.MarkModified,
						"renew":  func() error { return s.Renew("hash", "new") },
						"cycle":  s.CycleKey,
					} {
						theirs, err := m.Open(ctx, s.Key())
						must(err)
						must(theirs.Set("theirs", name))
						must(theirs.Save(ctx))
						must(do())
						must(s.Save(ctx))
						underneath(name, 1)
						back, err := m.Open(ctx, s.Key())
						must(err)
						if got, _ := djsession.Value(back, "theirs", ""); got != name {
							t.Errorf("%s: what the other one wrote is lost", name)
						}
					}
					must(s.Flush(ctx))
					underneath("flush", 0)
					if engine == "cache" && !unwraps {
						if n, err := m.ClearExpired(ctx, nil); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
							t.Errorf("ClearExpired = %d, %v, want errors.ErrUnsupported", n, err)
						}
					}
				})
			}
		}
	}
}

// expiring is a Cache that says whether its server expires what it holds.
type expiring struct {
	djcache.Cache
	yes bool
}

func (e expiring) SelfExpiring() bool { return e.yes }

// A power that is missing is refused, and never "nothing to do".
func TestMissingPower(t *testing.T) {
	type bare struct{ djcache.Cache }
	c := locmem.New(newSite(t), nil)
	for _, tt := range []struct {
		name  string
		cache djcache.Cache
		err   error
	}{
		{"neither", bare{c}, errors.ErrUnsupported},
		{"says that it does not", expiring{bare{c}, false}, errors.ErrUnsupported},
		{"says that it does", expiring{bare{c}, true}, nil},
		{"decorated", counting{expiring{bare{c}, true}, new(atomic.Int64)}, nil},
	} {
		s := cachestore.New(tt.cache, nil)
		if n, err := s.ClearExpired(t.Context(), nil); n != 0 || !errors.Is(err, tt.err) {
			t.Errorf("%s: ClearExpired = %d, %v, want %v", tt.name, n, err, tt.err)
		}
		if s.SelfExpiring() != (tt.err == nil) {
			t.Errorf("%s: SelfExpiring = %v", tt.name, s.SelfExpiring())
		}
	}
	for _, err := range cachestore.New(bare{c}, nil).List(t.Context(), "") {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("List says %v, want errors.ErrUnsupported", err)
		}
	}
}
