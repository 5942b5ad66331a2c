package redisops

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// ClientOptions returns a copy of o for a client whose connections do their part:
//
//   - a call returns soon after its context ends, without a goroutine of its own;
//   - a server that is a replica is not used;
//   - when a server ends one connection, the others are not used again;
//   - a server that cannot be reached is tried once, and reported in the error only.
//
// It reads the timeouts, the Dialer, OnConnect and the Protocol of o, and keeps the rest.
func ClientOptions(o *redis.Options) *redis.Options {
	own := *o
	set := common{own.Dialer, own.OnConnect, own.ReadTimeout, own.WriteTimeout, own.PoolTimeout, own.MaxRetries, own.Protocol}
	if set.dialer == nil {
		set.dialer = redis.NewDialer(&own)
	}
	set.prepare()
	own.Dialer, own.OnConnect, own.ReadTimeout, own.WriteTimeout = set.dialer, set.onConnect, set.read, set.write
	own.PoolTimeout, own.MaxRetries, own.Protocol = set.pool, set.retries, set.protocol
	own.ContextTimeoutEnabled, own.DialerRetries, own.PipelinePoolSize = true, 1, -1
	return &own
}

// ClusterOptions is [ClientOptions] for a Cluster. Its replicas are used if o says so.
func ClusterOptions(o *redis.ClusterOptions) *redis.ClusterOptions {
	own := *o
	set := common{own.Dialer, own.OnConnect, own.ReadTimeout, own.WriteTimeout, own.PoolTimeout, own.MaxRetries, own.Protocol}
	if set.dialer == nil {
		set.dialer = redis.NewDialer(&redis.Options{DialTimeout: own.DialTimeout, TLSConfig: own.TLSConfig})
	}
	set.prepare()
	own.Dialer, own.ReadTimeout, own.WriteTimeout = set.dialer, set.read, set.write
	own.PoolTimeout, own.Protocol = set.pool, set.protocol
	own.ContextTimeoutEnabled, own.DialerRetries, own.PipelinePoolSize = true, 1, -1
	return &own
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// common are the options that a client of one server and that of a Cluster share.
type common struct {
	dialer            dialFunc
	onConnect         func(context.Context, *redis.Conn) error
	read, write, pool time.Duration
	retries, protocol int
}

func (s *common) prepare() {
	const second = time.Second
	or := func(d, standard time.Duration) time.Duration {
		switch {
		case d == 0:
			return standard
		case d < 0:
			return 0 // none
		}
		return d
	}
	read := or(s.read, 3*second)
	write := or(s.write, read)
	if s.pool == 0 {
		s.pool = read + second
	}
	s.dialer = Dialer(s.dialer, read, write)
	s.read, s.write = -1, -1 // those of the connection hold
	s.retries = -1
	if s.protocol == 0 {
		s.protocol = 2 // without pushes, which cost a look before each answer
	}
	after := s.onConnect
	s.onConnect = func(ctx context.Context, c *redis.Conn) error {
		if err := primary(ctx, c); err != nil || after == nil {
			return err
		}
		return after(ctx, c)
	}
}

// Dialer returns a Dialer for the options of a client, by way of dial. Set
// ContextTimeoutEnabled, and ReadTimeout and WriteTimeout to -1: the connections have
// timeouts of their own, none for 0.
//
// A connection that cannot be made is one whose first use fails. go-redis would dial
// several times and write to os.Stderr.
func Dialer(dial dialFunc, read, write time.Duration) dialFunc {
	from := new(origin)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		age := from.age.Load()
		c, err := dial(ctx, network, addr)
		if err != nil {
			return &failed{err: &dialError{err}}, nil
		}
		return &conn{Conn: c, from: from, age: age, read: read, write: write, fresh: true}, nil
	}
}

// origin is what the connections of one client have in common.
type origin struct{ age atomic.Uint64 }

// renew makes all connections of an age stale.
func (o *origin) renew(age uint64) { o.age.CompareAndSwap(age, age+1) }

// conn is a connection that knows the call that it carries.
type conn struct {
	net.Conn
	from        *origin
	age         uint64
	read, write time.Duration // timeouts
	fresh       bool          // nothing was read yet

	mu   sync.Mutex
	call *call
}

var (
	errStale      = errors.New("redisops: another connection to the server has ended")
	errMaxClients = errors.New("redisops: the server has its maximal number of clients")
)

// SetReadDeadline implements [net.Conn].
func (c *conn) SetReadDeadline(t time.Time) error {
	return c.set(t, c.read, c.Conn.SetReadDeadline)
}

// SetWriteDeadline implements [net.Conn].
func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.set(t, c.write, c.Conn.SetWriteDeadline)
}

func (c *conn) set(t time.Time, timeout time.Duration, set func(time.Time) error) error {
	if timeout > 0 {
		if limit := time.Now().Add(timeout); t.IsZero() || t.After(limit) {
			t = limit.In(t.Location())
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.call = callOf(t); c.call != nil && !c.call.on(c) {
		t = past
	}
	return set(t)
}

var past = time.Unix(1, 0)

// on notes the connection. It reports false if the call's context has ended.
func (c *call) on(conn *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	return !c.over
}

// interrupt ends what the connection does for the call.
func (c *conn) interrupt(call *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.call == call {
		_ = c.Conn.SetDeadline(past)
	}
}

// Read implements [net.Conn].
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil && ended(err) {
		c.from.renew(c.age)
	}
	if c.fresh && n > 0 {
		c.fresh = false
		if bytes.HasPrefix(b[:n], []byte("-ERR max number of clients")) {
			return 0, errMaxClients // which go-redis would take for a server without HELLO
		}
	}
	return n, err
}

// ended reports whether an error means that the other side has ended a connection.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

// SyscallConn implements [syscall.Conn]. go-redis asks it whether the server has ended the
// connection.
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if c.from.age.Load() != c.age {
		return nil, errStale
	}
	inner, over := c.Conn, false
	if t, ok := inner.(*tls.Conn); ok {
		inner, over = t.NetConn(), true
	}
	sys, ok := inner.(syscall.Conn)
	if !ok {
		return idle{}, nil
	}
	raw, err := sys.SyscallConn()
	if err != nil || !over {
		return raw, err
	}
	// What is there to read may be TLS's own. Only an end is one.
	return idle{}, peek(raw)
}

// idle is a connection on which nothing has arrived.
type idle struct{}

func (idle) Control(func(uintptr)) error    { return nil }
func (idle) Read(func(uintptr) bool) error  { return nil }
func (idle) Write(func(uintptr) bool) error { return nil }

// dialError is around the error of a dialer: of an error that its own connection returns,
// go-redis takes the outermost layer away, and with it the word that nothing was sent.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// failed is a connection that could not be made.
type failed struct{ err error }

func (c *failed) Read([]byte) (int, error)       { return 0, c.err }
func (c *failed) Write([]byte) (int, error)      { return 0, c.err }
func (*failed) Close() error                     { return nil }
func (*failed) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*failed) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*failed) SetDeadline(time.Time) error      { return nil }
func (*failed) SetReadDeadline(time.Time) error  { return nil }
func (*failed) SetWriteDeadline(time.Time) error { return nil }
