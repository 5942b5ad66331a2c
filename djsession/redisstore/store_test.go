package redisstore_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
	"github.com/go-djsession/go-djsession/internal/redisops"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

const key = "abcdefghijklmnopqrstuvwxyz012345"

func TestStore(t *testing.T) {
	for _, test := range []struct {
		name   string
		rig    func(testing.TB) *redistest.Rig
		prefix string
	}{
		{"single", redistest.SingleBy(redisstore.ClientOptions), ""},
		{"cluster", redistest.ClusterBy(redisops.ClusterOptions), `se*s?[i]o\n:`},
		{"Valkey 9.0", redistest.Valkey("9.0", redisstore.ClientOptions), "9.0"},
		{"Valkey 9.1", redistest.Valkey("9.1", redisstore.ClientOptions), "9.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.prefix != "" && testing.Short() {
				t.Skip("one server is enough for -short")
			}
			t.Parallel() // on other servers, and most of it is waiting for the end of sessions
			rig := test.rig(t)
			opts := &redisstore.Options{Prefix: test.prefix}
			h := harness(func(t *testing.T, site *djsession.Site) storetest.Engine {
				rig.Flush(t)
				head := ""
				if test.prefix != "" {
					head = test.prefix + ":"
				}
				return storetest.Engine{
					Store:  redisstore.New(site, rig.Client, opts),
					Other:  redisstore.New(site, rig.Other, opts),
					Stored: func(t testing.TB, key string) (string, bool) { return rig.Stored(t, head+key) },
					Plant: func(t testing.TB, key, raw string, expires time.Time) {
						rig.Plant(t, head+key, raw, expires)
					},
					Break: func(testing.TB) func() { return rig.Break() },
					Stall: func(testing.TB) func() { return rig.Stall() },
				}
			})
			if _, one := rig.Client.(*redis.Client); !one {
				h.Skip["cycle/"] = "the two keys may be on two servers: TestCycleOnCluster"
			}
			storetest.Run(t, h)
		})
	}
}

func harness(open func(t *testing.T, site *djsession.Site) storetest.Engine) storetest.Harness {
	return storetest.Harness{
		Open:     open,
		RealTime: true,
		// Redis counts in milliseconds, from when the command arrives.
		Precision: 500 * time.Millisecond,
		Skip:      map[string]string{"reap/": "Redis removes what has expired by itself"},
	}
}

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newSite(t testing.TB, change func(*djsession.Settings)) *djsession.Site {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey("redisstore-test"), Now: func() time.Time { return now }}
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

func record(n int) *djsession.Record {
	return &djsession.Record{Data: dict("n", n), Expires: now.Add(time.Hour)}
}

// On a cluster a key is cycled in two steps.
func TestCycleOnCluster(t *testing.T) {
	rig := redistest.Cluster(t)
	site := newSite(t, func(s *djsession.Settings) { s.Now = time.Now })
	unsupported := func(name string, client redis.UniversalClient) {
		r := record(1)
		r.Expires = time.Now().Add(time.Hour)
		_, err := redisstore.New(site, client, nil).Cycle(t.Context(), key, djsession.VersionOf("x"), site.NewKey(), r)
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: Cycle says %v, want errors.ErrUnsupported", name, err)
		}
	}
	unsupported("a client of the cluster", rig.Client)
	// One that takes a server of the cluster for all of it learns it from the server.
	rig.Each(t, func(c *redis.Client) error { unsupported("a client of one server", c); return nil })
	s := redisstore.New(site, rig.Client, nil)
	session, err := djsession.New(s).Open(t.Context(), "")
	if err := errors.Join(err, session.Set("n", 1), session.Save(t.Context())); err != nil {
		t.Fatal(err)
	}
	old := session.Key()
	if err := errors.Join(session.CycleKey(), session.Save(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Load(t.Context(), old); !errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("under the old key: %v", err)
	}
	if _, _, err := s.Load(t.Context(), session.Key()); err != nil {
		t.Errorf("under the new key: %v", err)
	}
}

// The primary that a Sentinel names is a client as any other.
func TestSentinel(t *testing.T) {
	rig := redistest.Sentinel(t)
	s := redisstore.New(newSite(t, nil), rig.Other, nil)
	v, err := s.Create(t.Context(), key, record(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), key, record(2), v); err != nil {
		t.Error(err)
	}
	if _, ok := rig.Stored(t, key); !ok {
		t.Error("nothing is stored in the primary")
	}
}

// Each operation is one round trip.
func TestRoundTrips(t *testing.T) {
	for _, test := range []struct {
		name string
		rig  func(testing.TB) *redistest.Rig
	}{{"single", redistest.Single}, {"cluster", redistest.Cluster}} {
		t.Run(test.name, func(t *testing.T) {
			roundTrips(t, test.rig(t))
		})
	}
}

func roundTrips(t *testing.T, rig *redistest.Rig) {
	ctx := t.Context()
	s := redisstore.New(newSite(t, nil), rig.Client, nil)
	over := &djsession.Record{Data: dict("n", 1), Expires: now}
	var v djsession.Version
	first := true
again:
	for _, test := range []struct {
		name string
		run  func() error
		err  error
		want string
	}{
		{"load absent", func() error { _, _, err := s.Load(ctx, key); return err }, djsession.ErrNotFound, "getrange+pttl"},
		{"create", func() (err error) { v, err = s.Create(ctx, key, record(1)); return err }, nil, "set"},
		{"create taken", func() error { _, err := s.Create(ctx, key, record(1)); return err }, djsession.ErrKeyTaken, "set"},
		{"load", func() error { _, _, err := s.Load(ctx, key); return err }, nil, "getrange+pttl"},
		{"touch", func() error { return s.Touch(ctx, key, now.Add(2*time.Hour), v) }, nil, "evalsha"},
		{"touch by force", func() error { return s.Touch(ctx, key, now.Add(2*time.Hour), djsession.Force) }, nil, "pexpire"},
		{"update", func() error { _, err := s.Update(ctx, key, record(2), v); return err }, nil, "evalsha"},
		{"update stale", func() error { _, err := s.Update(ctx, key, record(3), v); return err }, djsession.ErrConflict, "evalsha"},
		{"update of nothing", func() error { _, err := s.Update(ctx, key, record(3), djsession.Version{}); return err }, djsession.ErrConflict, "exists"},
		{"update by force", func() error { _, err := s.Update(ctx, key, record(3), djsession.Force); return err }, nil, "set"},
		{"create over, taken", func() error { _, err := s.Create(ctx, key, over); return err }, djsession.ErrKeyTaken, "exists"},
		{"delete seen, stale", func() error { return s.Delete(ctx, key, v) }, djsession.ErrConflict, "evalsha"},
		{"delete", func() error { return s.Delete(ctx, key, djsession.Force) }, nil, "del"},
		{"delete absent", func() error { return s.Delete(ctx, key, djsession.Force) }, djsession.ErrNotFound, "del"},
		{"create over", func() error { _, err := s.Create(ctx, key, over); return err }, nil, "exists"},
	} {
		rig.Log.Take()
		if err := test.run(); !errors.Is(err, test.err) {
			t.Errorf("%s: got error %v, want %v", test.name, err, test.err)
		}
		got := strings.Join(rig.Log.Take(), " ")
		// A script is sent once more, to a server that does not know it. The first one comes
		// after SET with IFEQ, which this server does not have.
		if first {
			got = strings.Replace(got, "evalsha eval", "evalsha", 1)
			got = strings.Replace(got, "set evalsha", "evalsha", 1)
		}
		if got != test.want {
			t.Errorf("%s: sent %q, want %q", test.name, got, test.want)
		}
	}
	if first {
		first = false
		goto again
	}
}
