package testserver

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy forwards connections to a server. A test uses it to cut off a server that other
// tests still need.
type Proxy struct {
	// Addr is the host and port where the Proxy listens.
	Addr string

	target string
	mu     sync.Mutex
	change *sync.Cond
	state  state
	wire   *bytes.Buffer // nil if nothing is recorded
	conns  map[net.Conn]bool
}

type state int

const (
	passing state = iota
	broken        // connections are closed
	stalled       // nothing is forwarded
)

// NewProxy returns a Proxy to target, a host and port. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, conns: map[net.Conn]bool{}}
	p.change = sync.NewCond(&p.mu)
	t.Cleanup(func() {
		l.Close()
		p.Break()
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

// Break closes all connections, also new ones.
func (p *Proxy) Break() {
	p.set(broken)
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Stall keeps connections open, but forwards nothing.
func (p *Proxy) Stall() { p.set(stalled) }

// Record starts to record the forwarded bytes, in both directions.
func (p *Proxy) Record() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wire = new(bytes.Buffer)
}

// Recorded returns the bytes forwarded since [Proxy.Record].
func (p *Proxy) Recorded() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.wire.Bytes())
}

func (p *Proxy) keep(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wire != nil {
		p.wire.Write(b)
	}
}

// SetTarget closes the connections, and forwards new ones to another server.
func (p *Proxy) SetTarget(addr string) {
	p.Break()
	p.mu.Lock()
	p.target = addr
	p.mu.Unlock()
	p.Mend()
}

// Mend ends [Proxy.Break] and [Proxy.Stall].
func (p *Proxy) Mend() { p.set(passing) }

func (p *Proxy) set(s state) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	p.change.Broadcast()
}

// pass waits while the Proxy is stalled. It reports whether to go on.
func (p *Proxy) pass() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.state == stalled {
		p.change.Wait()
	}
	return p.state == passing
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	if !p.pass() {
		return
	}
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, client)
		p.mu.Unlock()
	}()
	go func() {
		defer server.Close()
		p.copy(server, client)
	}()
	p.copy(client, server)
}

func (p *Proxy) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if !p.pass() {
				return
			}
			p.keep(buf[:n])
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
