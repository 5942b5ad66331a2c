package cacheddbstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

const (
	// between is the time from the end of a probe that failed to the next one.
	between = 100 * time.Millisecond
	// joined is how long after its beginning a probe is waited for by operations that need
	// the cache.
	joined = 2 * time.Millisecond
	// slow is how long an operation must have taken before the end of its context counts
	// as a failure of the cache.
	slow = 50 * time.Millisecond
)

// errDown: the server has not answered, and no probe has found it back yet.
var errDown = errors.New("cacheddbstore: the cache does not answer")

// guard is the cache behind a breaker for each of its servers. An operation on a server
// that did not answer the last one fails at once. Meanwhile one probe at a time, in a
// goroutine of its own, asks the server for a name. When it answers, the operations reach
// it again.
type guard struct {
	cache   djcache.Cache
	servers djcache.Spread // nil: all names are on one server
	log     func(ctx context.Context, level slog.Level, msg string, err error)
	joined  time.Duration
	run     func(probe func()) // in a goroutine

	n    atomic.Int32 // the number of servers that are down, for the usual case of none
	mu   sync.Mutex
	down map[int]*outage
}

// outage is a server that does not answer.
type outage struct {
	next  time.Time     // when the next probe may begin
	probe chan struct{} // closed when the running probe ends; nil if none runs
	begun time.Time     // when it began
}

// need says whether the outcome of an operation depends on the cache. Such an operation
// waits a moment for a probe, so that it succeeds as soon as the server is back.
type need bool

func newGuard(cache djcache.Cache, log func(context.Context, slog.Level, string, error)) *guard {
	g := &guard{cache: cache, log: log, joined: joined, run: func(probe func()) { go probe() }, down: map[int]*outage{}}
	g.servers, _ = djcache.As[djcache.Spread](cache)
	return g
}

func (g *guard) get(ctx context.Context, name string, n need) (item djcache.Item, err error) {
	err = g.do(ctx, name, n, func() error { item, err = g.cache.Get(ctx, name); return err })
	return item, err
}

func (g *guard) add(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (v djsession.Version, err error) {
	err = g.do(ctx, name, false, func() error { v, err = g.cache.Add(ctx, name, value, expires); return err })
	return v, err
}

func (g *guard) set(ctx context.Context, name string, value *serializer.Dict, expires time.Time) (v djsession.Version, err error) {
	err = g.do(ctx, name, false, func() error { v, err = g.cache.Set(ctx, name, value, expires); return err })
	return v, err
}

func (g *guard) replace(ctx context.Context, name string, value *serializer.Dict, expires time.Time, seen djsession.Version) (v djsession.Version, err error) {
	err = g.do(ctx, name, false, func() error { v, err = g.cache.Replace(ctx, name, value, expires, seen); return err })
	return v, err
}

func (g *guard) touch(ctx context.Context, name string, expires time.Time) error {
	return g.do(ctx, name, false, func() error { _, err := g.cache.Touch(ctx, name, expires, djsession.Force); return err })
}

// delete deletes a copy. It is no error if there is none.
func (g *guard) delete(ctx context.Context, name string, n need) error {
	err := g.do(ctx, name, n, func() error { return g.cache.Delete(ctx, name, djsession.Force) })
	if errors.Is(err, djsession.ErrNotFound) {
		return nil
	}
	return err
}

// do runs an operation on the server of name, unless that is down.
func (g *guard) do(ctx context.Context, name string, n need, op func() error) error {
	if g.n.Load() > 0 && g.isDown(ctx, name, n) {
		return djsession.Unavailable("ask the cache", errors.Join(errDown, ctx.Err()))
	}
	begun := time.Now()
	err := op()
	if errors.Is(err, djsession.ErrUnavailable) && (ctx.Err() == nil || time.Since(begun) >= slow) {
		g.failed(ctx, name, err)
	}
	return err
}

// server returns the number of the server of name.
func (g *guard) server(name string) int {
	if g.servers == nil {
		return 0
	}
	return g.servers.Server(name)
}

// failed notes that the server of name is down.
func (g *guard) failed(ctx context.Context, name string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if server := g.server(name); g.down[server] == nil {
		g.down[server] = new(outage)
		g.n.Store(int32(len(g.down)))
		g.log(ctx, slog.LevelError, "djsession: the cache of the sessions does not answer: their rows are read until it does", err)
	}
}

// isDown reports whether the server of name is down. If it is time, it begins a probe.
func (g *guard) isDown(ctx context.Context, name string, n need) bool {
	server := g.server(name)
	g.mu.Lock()
	o := g.down[server]
	if o == nil {
		g.mu.Unlock()
		return false
	}
	begin := o.probe == nil && (bool(n) || !time.Now().Before(o.next))
	if begin {
		o.probe, o.begun = make(chan struct{}), time.Now()
	}
	probe, left := o.probe, time.Until(o.begun.Add(g.joined))
	g.mu.Unlock()
	if begin {
		g.run(func() { g.probe(context.WithoutCancel(ctx), server, o, name) })
	}
	if !n || probe == nil || left <= 0 {
		return true
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-probe:
	case <-timer.C:
	case <-ctx.Done():
	}
	return g.isDownNow(name)
}

// isDownNow reports whether the server of name is down.
func (g *guard) isDownNow(name string) bool {
	if g.n.Load() == 0 {
		return false
	}
	server := g.server(name)
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.down[server] != nil
}

// probe asks a server that is down for a name.
func (g *guard) probe(ctx context.Context, server int, o *outage, name string) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, probing{}, true), latest)
	defer cancel()
	_, err := g.cache.Get(ctx, name)
	g.mu.Lock()
	defer g.mu.Unlock()
	close(o.probe)
	o.probe, o.next = nil, time.Now().Add(between)
	if !errors.Is(err, djsession.ErrUnavailable) {
		delete(g.down, server)
		g.n.Store(int32(len(g.down)))
		g.log(ctx, slog.LevelInfo, "djsession: the cache of the sessions answers again", nil)
	}
}

// probing marks the context of a probe.
type probing struct{}
