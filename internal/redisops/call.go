package redisops

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A command waits for its answer in a read from a connection. A context that only ends, at
// no known time, does not end that read: go-redis looks at deadlines alone. To run each
// command in a goroutine of its own doubles what it costs. So a call tells its connection
// who it is, and the end of its context ends the read.
//
// go-redis passes nothing from a context to a connection but a deadline. So the deadline of
// a call is in a time zone that belongs to the call. A connection of [Dialer] knows it by
// that. Over other connections, commands run in goroutines.

// call is the context of one use of a client.
type call struct {
	context.Context
	tag *tag

	mu   sync.Mutex
	conn *conn // the last that carried it
	over bool  // its context has ended
}

// tag is the time zone by which a connection finds a call.
type tag struct {
	zone time.Location
	call atomic.Pointer[call]
}

// tags are all time zones of calls: those in use, by address, and those that are free.
var tags struct {
	all  sync.Map // *time.Location: *tag
	mu   sync.Mutex
	free []*tag
}

func newCall(ctx context.Context) *call {
	tags.mu.Lock()
	var t *tag
	if n := len(tags.free); n > 0 {
		t, tags.free = tags.free[n-1], tags.free[:n-1]
	}
	tags.mu.Unlock()
	if t == nil {
		t = new(tag)
		tags.all.Store(&t.zone, t)
	}
	c := &call{Context: ctx, tag: t}
	t.call.Store(c)
	return c
}

// end ends the use of the time zone.
func (c *call) end() {
	c.tag.call.Store(nil)
	tags.mu.Lock()
	tags.free = append(tags.free, c.tag)
	tags.mu.Unlock()
}

const (
	far = 24 * time.Hour // later than every timeout of a client
	// The context ends before a read does, and so says why.
	grace = 20 * time.Millisecond
)

// Deadline implements [context.Context].
func (c *call) Deadline() (time.Time, bool) {
	t, ok := c.Context.Deadline()
	switch {
	case c.tag.call.Load() != c: // a late use
		return t, ok
	case ok:
		t = t.Add(grace)
	default:
		t = time.Now().Add(far)
	}
	return t.In(&c.tag.zone), true
}

// interrupt ends the call's read or write.
func (c *call) interrupt() {
	c.mu.Lock()
	c.over = true
	conn := c.conn
	c.mu.Unlock()
	if conn != nil {
		conn.interrupt(c)
	}
}

// carried returns the last connection, nil for none.
func (c *call) carried() *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

// callOf returns the call whose deadline t is, or nil.
func callOf(t time.Time) *call {
	zone := t.Location()
	if zone == time.Local || zone == time.UTC {
		return nil
	}
	if v, ok := tags.all.Load(zone); ok {
		return v.(*tag).call.Load()
	}
	return nil
}

// client is one of the clients of an [Ops].
type client struct {
	redis.UniversalClient
	// inline is set once a call was carried by a connection of Dialer.
	inline atomic.Bool
	// replicas is set if the client may read from replicas, except in a transaction.
	replicas bool
}

func newClient(c redis.UniversalClient) *client {
	own := &client{UniversalClient: c}
	if cluster, ok := c.(*redis.ClusterClient); ok && cluster != nil {
		own.replicas = cluster.Options().ReadOnly
	}
	return own
}

// await returns the result of f, or an error soon after ctx ends. f must pass on its
// context to the client.
func await[T any](ctx context.Context, c *client, f func(ctx context.Context) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	call := newCall(ctx)
	defer call.end()
	switch {
	case ctx.Done() == nil:
		return f(call)
	case c.inline.Load():
		stop := context.AfterFunc(ctx, call.interrupt)
		defer stop()
		return f(call)
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f(call)
		if err == nil && call.carried() != nil {
			c.inline.Store(true)
		}
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// renew makes the connections that are as old as the call's last one stale.
func (c *call) renew() {
	if conn := c.carried(); conn != nil {
		conn.from.renew(conn.age)
	}
}
