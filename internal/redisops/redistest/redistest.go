// Package redistest has the Redises for the tests of the engines in Redis: one
// server, several, a Cluster, a Ring and a primary that Sentinel names, each
// behind a plug that a test can pull.
package redistest

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// Rig is an empty Redis.
type Rig struct {
	// Client is behind the plug, Other is not.
	Client, Other redis.UniversalClient
	// Log takes note of what Client sends.
	Log *Log

	proxies []*testserver.Proxy
}

type dialer = func(ctx context.Context, network, addr string) (net.Conn, error)

// plug dials the proxy of each server.
type plug map[string]*testserver.Proxy

func (p plug) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, p[addr].Addr)
}

// rig makes a Rig of two clients of servers; dial is nil for Other.
func rig(t testing.TB, servers []*testserver.Server, open func(dialer) redis.UniversalClient) *Rig {
	t.Helper()
	r := &Rig{Log: new(Log)}
	p := plug{}
	for _, s := range servers {
		p[s.Addr()] = testserver.NewProxy(t, s.Addr())
		r.proxies = append(r.proxies, p[s.Addr()])
	}
	r.Client, r.Other = open(p.dial), open(nil)
	r.Client.AddHook(r.Log)
	t.Cleanup(func() {
		r.Client.Close()
		r.Other.Close()
	})
	r.Flush(t)
	return r
}

// Single is one server.
func Single(t testing.TB) *Rig {
	t.Helper()
	return single(t, testserver.Redis(t), as)
}

// SingleBy is Single with the client that options make.
func SingleBy(options func(*redis.Options) *redis.Options) func(testing.TB) *Rig {
	return func(t testing.TB) *Rig {
		t.Helper()
		return single(t, testserver.Redis(t), options)
	}
}

// Valkey is one server of a version of Valkey, with the client that options make.
func Valkey(version string, options func(*redis.Options) *redis.Options) func(testing.TB) *Rig {
	return func(t testing.TB) *Rig {
		t.Helper()
		return single(t, testserver.Valkey(t, version), options)
	}
}

func as(o *redis.Options) *redis.Options { return o }

func single(t testing.TB, s *testserver.Server, options func(*redis.Options) *redis.Options) *Rig {
	t.Helper()
	return rig(t, []*testserver.Server{s}, func(dial dialer) redis.UniversalClient {
		return redis.NewClient(options(&redis.Options{Addr: s.Addr(), Dialer: dial}))
	})
}

// Several are n servers that know nothing of each other.
func Several(t testing.TB, n int) []*Rig {
	t.Helper()
	var rigs []*Rig
	for _, s := range testserver.Redises(t, n) {
		rigs = append(rigs, single(t, s, as))
	}
	return rigs
}

// Cluster is a Redis Cluster.
func Cluster(t testing.TB) *Rig {
	t.Helper()
	return ClusterBy(func(o *redis.ClusterOptions) *redis.ClusterOptions { return o })(t)
}

// ClusterBy is Cluster with the client that options make.
func ClusterBy(options func(*redis.ClusterOptions) *redis.ClusterOptions) func(testing.TB) *Rig {
	return func(t testing.TB) *Rig {
		t.Helper()
		nodes := testserver.RedisCluster(t)
		return rig(t, nodes, func(dial dialer) redis.UniversalClient {
			return redis.NewClusterClient(options(&redis.ClusterOptions{Addrs: addrs(nodes), Dialer: dial}))
		})
	}
}

// Ring is the Ring of go-redis over three servers, of which none is that of Single.
func Ring(t testing.TB) *Rig {
	t.Helper()
	servers := testserver.Redises(t, 4)[1:]
	return rig(t, servers, func(dial dialer) redis.UniversalClient {
		shards := map[string]string{}
		for i, s := range servers {
			shards[string(rune('a'+i))] = s.Addr()
		}
		// A shard that does not answer is not given up while a test is at work.
		return redis.NewRing(&redis.RingOptions{Addrs: shards, Dialer: dial, HeartbeatFrequency: time.Hour})
	})
}

// Sentinel is the primary that a Sentinel names. There is no plug.
func Sentinel(t testing.TB) *Rig {
	t.Helper()
	sentinel := testserver.RedisSentinel(t)
	return rig(t, nil, func(dialer) redis.UniversalClient {
		return redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "mymaster", SentinelAddrs: []string{sentinel.Addr()}})
	})
}

func addrs(servers []*testserver.Server) []string {
	var all []string
	for _, s := range servers {
		all = append(all, s.Addr())
	}
	return all
}

// Break makes every operation of Client fail until mend is called.
func (r *Rig) Break() (mend func()) {
	return r.each((*testserver.Proxy).Break)
}

// Stall makes every operation of Client hang until resume is called.
func (r *Rig) Stall() (resume func()) {
	return r.each((*testserver.Proxy).Stall)
}

func (r *Rig) each(f func(*testserver.Proxy)) (undo func()) {
	for _, p := range r.proxies {
		f(p)
	}
	return func() {
		for _, p := range r.proxies {
			p.Mend()
		}
	}
}

// Flush removes everything.
func (r *Rig) Flush(t testing.TB) {
	t.Helper()
	r.Each(t, func(c *redis.Client) error { return c.FlushAll(t.Context()).Err() })
}

// Each calls f with each server.
func (r *Rig) Each(t testing.TB, f func(c *redis.Client) error) {
	t.Helper()
	ctx := t.Context()
	each := func(_ context.Context, c *redis.Client) error { return f(c) }
	var err error
	switch c := r.Other.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(ctx, each)
	case *redis.Ring:
		err = c.ForEachShard(ctx, each)
	case *redis.Client:
		err = f(c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Stored returns the text under key.
func (r *Rig) Stored(t testing.TB, key string) (raw string, ok bool) {
	t.Helper()
	raw, err := r.Other.Get(context.Background(), key).Result()
	if err != nil && err != redis.Nil {
		t.Fatal(err)
	}
	return raw, err == nil
}

// Plant puts raw under key, in place of what is there.
func (r *Rig) Plant(t testing.TB, key, raw string, expires time.Time) {
	t.Helper()
	if err := r.Other.Set(context.Background(), key, raw, time.Until(expires)).Err(); err != nil {
		t.Fatal(err)
	}
}

// Log is a hook that takes note of commands, one string a round trip.
type Log struct {
	mu    sync.Mutex
	trips []string
}

// Take returns what was sent since the last Take.
func (l *Log) Take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	trips := l.trips
	l.trips = nil
	return trips
}

func (l *Log) add(cmds ...redis.Cmder) {
	var names []string
	for _, c := range cmds {
		if c.Name() == "hello" || c.Name() == "client" { // of a new connection
			return
		}
		names = append(names, c.Name())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trips = append(l.trips, strings.Join(names, "+"))
}

// DialHook implements redis.Hook.
func (l *Log) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (l *Log) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		l.add(cmd)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook.
func (l *Log) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		l.add(cmds...)
		return next(ctx, cmds)
	}
}
