package rediscache_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

const (
	engine = "django.contrib.sessions.cache"
	name   = engine + "abcdefghijklmnopqrstuvwxyz012345"
)

func TestStore(t *testing.T) {
	for _, test := range []struct {
		name string
		rig  func(testing.TB) *redistest.Rig
		keys djcache.Keys
	}{
		{"single", redistest.Single, djcache.Keys{}},
		{"cluster", redistest.Cluster, djcache.Keys{Prefix: `s*i?[t]\e`}},
		{"ring", redistest.Ring, djcache.Keys{}},
		{"Valkey 9.1", redistest.Valkey("9.1", rediscache.ClientOptions), djcache.Keys{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name != "single" && testing.Short() {
				t.Skip("one server is enough for -short")
			}
			t.Parallel() // on other servers, and most of it is waiting for the end of sessions
			rig := test.rig(t)
			open := func(site *djsession.Site, client redis.UniversalClient) djcache.Cache {
				return rediscache.New(site, client, &rediscache.Options{Keys: test.keys})
			}
			storetest.Run(t, harness(func(t *testing.T, site *djsession.Site) storetest.Engine {
				rig.Flush(t)
				return storetest.Engine{
					Store: storeOf(open(site, rig.Client)),
					Other: storeOf(open(site, rig.Other)),
					Stored: func(t testing.TB, key string) (string, bool) {
						return rig.Stored(t, test.keys.Key(engine+key))
					},
					Plant: func(t testing.TB, key, raw string, expires time.Time) {
						rig.Plant(t, test.keys.Key(engine+key), raw, expires)
					},
					Break: func(testing.TB) func() { return rig.Break() },
					Stall: func(testing.TB) func() { return rig.Stall() },
				}
			}))
		})
	}
}

func harness(open func(t *testing.T, site *djsession.Site) storetest.Engine) storetest.Harness {
	return storetest.Harness{
		Open:     open,
		RealTime: true,
		// Redis counts in milliseconds, from when the command arrives.
		Precision: 500 * time.Millisecond,
		Corrupt:   corrupt,
		Skip: map[string]string{
			"cycle/": "a cache changes one key at a time",
			"reap/":  "Redis removes what has expired by itself",
		},
	}
}

// storeOf returns a Store with what Redis can do, without the ClearExpired of
// cachestore that does nothing.
func storeOf(cache djcache.Cache) djsession.Store {
	s := cachestore.New(cache, nil)
	return struct {
		djsession.Store
		djsession.Lister
	}{s, s}
}

// corrupt is what is no dict in a pickle.
func corrupt(*djsession.Site) map[string]string {
	list, err := pickle.Append(nil, []any{"canary"}, nil)
	if err != nil {
		panic(err)
	}
	good, err := pickle.Append(nil, dict("text", "canary"), nil)
	if err != nil {
		panic(err)
	}
	return map[string]string{
		"nothing":          "",
		"words":            "canary is no session",
		"an int of Django": "12345",
		"a list":           string(list),
		"cut off":          string(good[:len(good)-1]),
		"without its head": string(good[1:]),
		"JSON":             `{"text": "canary"}`,
		"a signed session": "eyJuIjo3fQ:1r31eq:5OU22IiN7w-qYuvcnQ8pTFU3LfjfJVmka9W9dae38XY",
	}
}

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newSite(t testing.TB, change func(*djsession.Settings)) *djsession.Site {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey("rediscache-test"), Now: func() time.Time { return now }}
	if change != nil {
		change(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func dict(items ...any) *serializer.Dict {
	d := serializer.NewDict()
	for i := 0; i < len(items); i += 2 {
		d = d.With(items[i].(string), items[i+1])
	}
	return d
}

// Each operation is one round trip.
func TestRoundTrips(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	c := rediscache.New(newSite(t, nil), rig.Client, nil)
	later := now.Add(time.Hour)
	var v djsession.Version
	get := func() error { _, err := c.Get(ctx, name); return err }
	for _, test := range []struct {
		name string
		run  func() error
		err  error
		want string
	}{
		{"forget the scripts", get, djsession.ErrNotFound, "getrange+pttl"},
		{"get absent", get, djsession.ErrNotFound, "getrange+pttl"},
		{"replace absent", func() error { _, err := c.Replace(ctx, name, dict("n", 1), later, djsession.Force); return err }, djsession.ErrNotFound, "set"},
		{"add", func() (err error) { v, err = c.Add(ctx, name, dict("n", 1), later); return err }, nil, "set"},
		{"add taken", func() error { _, err := c.Add(ctx, name, dict("n", 1), later); return err }, djsession.ErrKeyTaken, "set"},
		{"get", get, nil, "getrange+pttl"},
		{"replace", func() (err error) { v, err = c.Replace(ctx, name, dict("n", 2), later, v); return err }, nil, "set evalsha eval"},
		{"touch", func() (err error) { v, err = c.Touch(ctx, name, later, v); return err }, nil, "evalsha eval"},
		{"replace again", func() (err error) { v, err = c.Replace(ctx, name, dict("n", 3), later, v); return err }, nil, "evalsha"},
		{"set", func() error { _, err := c.Set(ctx, name, dict("n", 4), later); return err }, nil, "set"},
		{"delete stale", func() error { return c.Delete(ctx, name, v) }, djsession.ErrConflict, "evalsha eval"},
		{"delete", func() error { return c.Delete(ctx, name, djsession.Force) }, nil, "del"},
		{"set", func() error { _, err := c.Set(ctx, name, dict("n", 4), later); return err }, nil, "set"},
		{"set what is over", func() error { _, err := c.Set(ctx, name, dict("n", 4), now); return err }, nil, "del"},
		{"get what is over", get, djsession.ErrNotFound, "getrange+pttl"},
	} {
		if test.name == "forget the scripts" {
			if err := rig.Other.ScriptFlush(ctx).Err(); err != nil {
				t.Fatal(err)
			}
		}
		rig.Log.Take()
		if err := test.run(); !errors.Is(err, test.err) {
			t.Errorf("%s: got error %v, want %v", test.name, err, test.err)
		}
		if got := strings.Join(rig.Log.Take(), " "); got != test.want {
			t.Errorf("%s: sent %q, want %q", test.name, got, test.want)
		}
	}
}
