package faults_test

import (
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fault is what befalls a server, or the way to it.
type fault string

const (
	healthy fault = "none"
	// Of the way to the server, by the proxy.
	refuse     fault = "connections refused"
	blackHole  fault = "black hole"
	dropped    fault = "request dropped, reset"
	replyReset fault = "reply swallowed, reset"
	replyHang  fault = "reply swallowed, hang"
	replyCut   fault = "reply cut"
	slow       fault = "slow"
	// Of the server itself, by signals.
	frozen  fault = "SIGSTOP"
	killed  fault = "kill -9"
	restart fault = "restart"
)

// strikes reports whether the fault strikes a single piece of what is sent. The others
// last until they are mended.
func (f fault) strikes() bool {
	return f == dropped || f == replyReset || f == replyHang || f == replyCut
}

// proxy is the way to a server, and the one place where a fault is planted on it.
type proxy struct {
	addr, target string

	mu       sync.Mutex
	change   *sync.Cond
	listener net.Listener
	fault    fault
	skip     int // pieces that pass before the fault strikes
	struck   bool
	ways     map[*way]bool
	fillers  []int // file descriptors of the black hole
	running  sync.WaitGroup
}

// way is one connection through the proxy.
type way struct {
	client, server *net.TCPConn
	hangs          bool
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	p := &proxy{target: target, fault: healthy, ways: map[*way]bool{}}
	p.change = sync.NewCond(&p.mu)
	if err := p.listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	p.addr = p.listener.Addr().String()
	t.Cleanup(p.close)
	return p
}

func (p *proxy) listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	p.listener = l
	p.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(c.(*net.TCPConn)) })
		}
	})
	return nil
}

// close ends the proxy and all that it has started.
func (p *proxy) close() {
	p.mu.Lock()
	p.listener.Close()
	p.drain()
	p.cut()
	p.fault = refuse
	p.change.Broadcast()
	p.mu.Unlock()
	p.running.Wait()
}

// plant plants the fault. One that strikes lets skip pieces pass first.
func (p *proxy) plant(f fault, skip int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.skip, p.struck = f, skip, false
	switch f {
	case refuse:
		p.listener.Close()
		p.cut()
	case blackHole:
		p.listener.Close()
		p.swallow()
	}
}

// mend ends the fault, and reports whether it has struck. What was held back arrives now.
func (p *proxy) mend(t testing.TB) bool {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.fault
	p.fault = healthy
	if f == refuse || f == blackHole {
		p.drain()
		var err error
		for range 100 {
			if err = p.listen(p.addr); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil {
			t.Fatalf("the proxy cannot listen again: %v", err)
		}
	}
	for w := range p.ways {
		if w.hangs {
			w.reset()
		}
	}
	p.change.Broadcast()
	return p.struck
}

// cut resets all connections.
func (p *proxy) cut() {
	for w := range p.ways {
		w.reset()
	}
}

// reset ends the connection by a RST on both sides.
func (w *way) reset() {
	for _, c := range []*net.TCPConn{w.client, w.server} {
		_ = c.SetLinger(0)
		c.Close()
	}
}

// swallow takes the port of the proxy by a listener that never accepts and whose queue is
// full: the system drops all that comes, and a client waits.
func (p *proxy) swallow() {
	to := &syscall.SockaddrInet4{Port: p.listener.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	l, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	p.fillers = append(p.fillers, l)
	_ = syscall.SetsockoptInt(l, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if syscall.Bind(l, to) != nil || syscall.Listen(l, 0) != nil {
		return
	}
	for range 3 {
		c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
		if err != nil {
			return
		}
		p.fillers = append(p.fillers, c)
		_ = syscall.Connect(c, to)
	}
}

// drain ends swallow.
func (p *proxy) drain() {
	for _, fd := range p.fillers {
		syscall.Close(fd)
	}
	p.fillers = nil
}

func (p *proxy) serve(client *net.TCPConn) {
	c, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.SetLinger(0)
		client.Close()
		return
	}
	w := &way{client: client, server: c.(*net.TCPConn)}
	p.mu.Lock()
	p.ways[w] = true
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.forward(w, w.server, w.client, false) })
	both.Go(func() { p.forward(w, w.client, w.server, true) })
	both.Wait()
	client.Close()
	c.Close()
	p.mu.Lock()
	delete(p.ways, w)
	p.mu.Unlock()
}

// forward copies one direction, piece by piece. reply says that it is the server's.
func (p *proxy) forward(w *way, to, from *net.TCPConn, reply bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		piece := buf[:n]
		if n > 0 {
			piece = p.pass(w, piece, reply)
		}
		if n > 0 && piece == nil {
			continue
		}
		if _, e := to.Write(piece); e != nil {
			err = e
		}
		if err == nil && len(piece) < n { // cut
			err = net.ErrClosed
		}
		if err != nil {
			p.pass(w, nil, reply) // also the end waits in a black hole
			w.client.Close()
			w.server.Close()
			return
		}
	}
}

// pass returns what goes on of a piece, nil for nothing.
func (p *proxy) pass(w *way, piece []byte, reply bool) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.fault == blackHole {
		p.change.Wait()
	}
	switch {
	case piece == nil || w.hangs:
		return nil
	case p.fault == slow:
		p.mu.Unlock()
		time.Sleep(15 * time.Millisecond)
		p.mu.Lock()
		p.struck = true
		return piece
	case !p.fault.strikes() || p.struck || reply == (p.fault == dropped):
		return piece
	case p.skip > 0:
		p.skip--
		return piece
	}
	p.struck = true
	switch p.fault {
	case replyCut:
		return piece[:max(1, len(piece)/2)]
	case replyHang:
		w.hangs = true
	default:
		w.reset()
	}
	return nil
}
