package memcached

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// maxIdle is the most lanes that wait for work, each with a connection to a server.
const maxIdle = 16

// lanes are clients of gomemcache, each for one call at a time. gomemcache takes no context,
// and picks a connection for each command. A lane has one connection to a server, so that
// the end of a context can interrupt it, and the command cas goes to the process that gave
// the token.
type lanes struct {
	servers *Servers
	timeout time.Duration
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	mu   sync.Mutex
	idle []*lane
}

// lane is a client for one call at a time.
type lane struct {
	client *memcache.Client
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	ctx    context.Context // of the call under way
	sealed bool            // the call must not make a connection

	mu    sync.Mutex
	over  bool     // ctx has ended
	conn  net.Conn // that the call uses
	fresh bool     // the call has made it
}

// errSealed: the connection is gone on which cas has to go.
var errSealed = errors.New("memcached: the connection was lost between get and cas")

// take returns a lane for a call, and the function that ends the call.
func (ls *lanes) take(ctx context.Context) (l *lane, done func(err error)) {
	ls.mu.Lock()
	if n := len(ls.idle); n > 0 {
		l, ls.idle = ls.idle[n-1], ls.idle[:n-1]
	}
	ls.mu.Unlock()
	if l == nil {
		l = &lane{client: memcache.NewFromSelector(ls.servers), dial: ls.dial}
		l.client.Timeout, l.client.MaxIdleConns, l.client.DialContext = ls.timeout, 1, l.connect
	}
	l.ctx, l.sealed, l.conn, l.fresh = ctx, false, nil, false
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, l.interrupt)
	}
	return l, func(err error) {
		if broken(err) {
			ls.close() // a server that has restarted knows none of them
		}
		if !stop() {
			_ = l.client.Close() // it may be interrupted any moment
			return
		}
		ls.mu.Lock()
		defer ls.mu.Unlock()
		if len(ls.idle) < maxIdle {
			ls.idle = append(ls.idle, l)
			return
		}
		_ = l.client.Close()
	}
}

// close closes the lanes that wait for work.
func (ls *lanes) close() {
	ls.mu.Lock()
	idle := ls.idle
	ls.idle = nil
	ls.mu.Unlock()
	for _, l := range idle {
		_ = l.client.Close()
	}
}

// broken reports whether a connection was closed by the other side.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// interrupt ends the call that is under way.
func (l *lane) interrupt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.conn != nil {
		_ = l.conn.SetDeadline(time.Unix(1, 0))
	}
}

// connect makes a connection.
func (l *lane) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if l.sealed {
		return nil, errSealed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	l.fresh = true
	c, err := l.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &laneConn{c, l}, nil
}

// laneConn is a connection of a lane.
type laneConn struct {
	net.Conn
	l *lane
}

// SetDeadline implements net.Conn. gomemcache calls it before each command.
func (c *laneConn) SetDeadline(t time.Time) error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.l.conn = c.Conn; c.l.over {
		t = time.Unix(1, 0)
	}
	return c.Conn.SetDeadline(t)
}
