//go:build unix

package redisops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// process is a Redis of one test, which may be killed, stopped and started again.
type process struct {
	t    *testing.T
	dir  string
	port int
	args []string
	cmd  *exec.Cmd
}

func newProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), port: free(t), args: args}
	t.Cleanup(p.kill)
	p.start()
	return p
}

// free returns a port that nobody has.
func free(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (p *process) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

func (p *process) start() {
	p.t.Helper()
	bin, err := exec.LookPath(testserver.RedisProgram())
	if err != nil {
		testserver.Lacks(p.t, testserver.RedisProgram()+" is not here: run compat_test/setup.sh")
	}
	args := append([]string{"--port", strconv.Itoa(p.port), "--bind", "127.0.0.1", "--save", "", "--dir", p.dir}, p.args...)
	if len(p.args) > 0 && p.args[0] == "--sentinel" {
		args = []string{filepath.Join(p.dir, "sentinel.conf"), "--sentinel"}
	}
	p.cmd = exec.Command(bin, args...)
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.until(func() bool {
		c, err := net.Dial("tcp", p.addr())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (p *process) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

// until waits for a minute at most.
func (p *process) until(done func() bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatal("not in a minute")
		}
	}
}

// ask sends a command by a client of its own.
func (p *process) ask(args ...any) (any, error) {
	c := redis.NewClient(&redis.Options{Addr: p.addr(), MaxRetries: -1, Protocol: 2})
	defer c.Close()
	return c.Do(context.Background(), args...).Result()
}

// do sends a command by a client of its own. Its error is the test's, if must is set.
func (p *process) do(must bool, args ...any) any {
	p.t.Helper()
	v, err := p.ask(args...)
	if err != nil && must {
		p.t.Fatalf("%v: %v", args, err)
	}
	return v
}

func (p *process) client(change func(*redis.Options)) *redis.Client {
	o := &redis.Options{Addr: p.addr()}
	if change != nil {
		change(o)
	}
	c := redis.NewClient(ClientOptions(o))
	p.t.Cleanup(func() { c.Close() })
	return c
}

// quiet is what a test writes to os.Stderr, where go-redis writes by default: the text of
// each call of its logger, by the global that is never set here.
func quiet(t *testing.T) {
	t.Helper()
	var log bytes.Buffer
	redis.SetLogger(logger{&log})
	t.Cleanup(func() {
		redis.SetLogger(logger{os.Stderr})
		if log.Len() > 0 {
			t.Errorf("go-redis would have written to stderr:\n%s", log.String())
		}
	})
}

type logger struct{ w io.Writer }

func (l logger) Printf(_ context.Context, format string, v ...any) {
	fmt.Fprintf(l.w, format+"\n", v...)
}

// Each way in which a server fails is made to happen, and the error says which it is.
func TestWhy(t *testing.T) {
	quiet(t)
	ctx := t.Context()
	p := newProcess(t)
	later := now.Add(time.Hour)
	add := func(o *Ops) error { return o.Add(ctx, doing, "canary", "canary", later) }
	get := func(o *Ops) error { _, err := o.Get(ctx, doing, "canary"); return err }
	ops := func(c redis.UniversalClient) *Ops { return New(newSite(t), c, Options{Once: true}) }
	check := func(name string, err error, says string) {
		t.Helper()
		if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got error %v, want ErrUnavailable with %q", name, err, says)
		}
	}
	nobody := p.client(func(o *redis.Options) { o.Addr = "127.0.0.1:1" })
	check("refused", get(ops(nobody)), "nobody listens")
	check("no such host", get(ops(p.client(func(o *redis.Options) { o.Addr = "nobody.invalid:1" }))), "name of the server")
	check("wrong password", get(ops(p.client(func(o *redis.Options) { o.Username, o.Password = "web", "canary" }))), "(WRONGPASS)")
	check("no such database", get(ops(p.client(func(o *redis.Options) { o.DB = 99 }))), "no database of this number")

	c := p.client(nil)
	o := ops(c)
	set := func(name string, value any) { p.do(true, "config", "set", name, value) }
	set("maxmemory", 1)
	check("memory", add(o), "(OOM)")
	set("maxmemory", 0)
	set("min-replicas-to-write", 1)
	check("replicas", add(o), "(NOREPLICAS)")
	set("min-replicas-to-write", 0)

	p.do(true, "replicaof", "127.0.0.1", "1")
	check("replica, old connection", add(o), "is a replica")
	check("replica, new connection", get(ops(p.client(nil))), "is a replica")
	set("replica-serve-stale-data", "no")
	check("replica without its primary", get(ops(redis.NewClient(&redis.Options{Addr: p.addr(), MaxRetries: -1}))), "(MASTERDOWN)")
	p.do(true, "replicaof", "no", "one")
	set("replica-serve-stale-data", "yes")
	if err := add(o); err != nil {
		t.Errorf("as a primary again: %v", err)
	}

	// A disk that takes nothing.
	if err := os.Mkdir(filepath.Join(p.dir, "dump.rdb"), 0o700); err != nil {
		t.Fatal(err)
	}
	set("save", "3600 1")
	p.do(false, "bgsave")
	p.until(func() bool { return strings.Contains(text(p.do(true, "info")), "rdb_last_bgsave_status:err") })
	check("disk", o.Set(ctx, doing, "k", "x", later), "(MISCONF)")
	set("save", "")

	go func() { _, _ = p.ask("eval", "while true do end", 0) }() // until it is killed
	set2 := redis.NewClient(&redis.Options{Addr: p.addr(), MaxRetries: -1})
	defer set2.Close()
	p.until(func() bool { return says(set2.Ping(ctx).Err(), "BUSY") })
	check("script", get(o), "(BUSY)")
	p.do(false, "script", "kill")

	set("requirepass", "other")
	check("no password", get(ops(p.client(nil))), "(NOAUTH)")
	if err := c.Do(ctx, "config", "set", "requirepass", "").Err(); err != nil { // the connection is older
		t.Fatal(err)
	}

	set("maxclients", 3)
	var held []*redis.Conn
	for range 3 {
		conn := c.Conn()
		_ = conn.Ping(ctx).Err()
		held = append(held, conn)
	}
	check("clients", get(ops(p.client(nil))), "maximal number of clients")
	for _, conn := range held {
		conn.Close()
	}
	c.Close()

	// What is loading: a file that takes a while.
	slow := newProcess(t, "--appendonly", "yes", "--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024")
	fill := redis.NewClient(&redis.Options{Addr: slow.addr()})
	pipe := fill.Pipeline()
	for i := range 3000 {
		pipe.Set(ctx, fmt.Sprint("fill", i), strings.Repeat("x", 100), 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	slow.do(true, "bgrewriteaof")
	slow.until(func() bool {
		i := text(slow.do(true, "info", "persistence"))
		return strings.Contains(i, "aof_rewrite_in_progress:0") && strings.Contains(i, "aof_rewrite_scheduled:0")
	})
	fill.Close()
	slow.kill()
	slow.start()
	check("loading", get(ops(slow.client(nil))), "(LOADING)")
	slow.kill()
	check("killed", get(ops(slow.client(nil))), "nobody listens")

	quick := p.client(func(o *redis.Options) { o.ReadTimeout = 50 * time.Millisecond })
	p.do(true, "config", "set", "maxclients", 100)
	_ = quick.Ping(ctx)
	_ = p.cmd.Process.Signal(syscall.SIGSTOP)
	check("stopped", get(ops(quick)), "did not answer in time")
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
}

// After a restart no read fails, however many connections the pool has, and no write.
func TestRestart(t *testing.T) {
	quiet(t)
	ctx := t.Context()
	p := newProcess(t, "--appendonly", "yes")
	c := p.client(func(o *redis.Options) { o.PoolSize = 20 })
	o := New(newSite(t), c, Options{})
	if err := o.Set(ctx, doing, "k", "text", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		var conns []*redis.Conn
		for range 20 {
			conn := c.Conn()
			if err := conn.Ping(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		for _, conn := range conns {
			conn.Close()
		}
		if n := c.PoolStats().IdleConns; n < 20 {
			t.Fatalf("%d connections wait, want 20", n)
		}
		p.kill()
		p.start()
		p.until(func() bool { return text(p.do(false, "get", "k")) != "" })
		for i := range 50 {
			if round == 1 {
				if err := o.Set(ctx, doing, "k", "text", now.Add(time.Hour)); err != nil {
					t.Fatalf("write %d: %v", i, err)
				}
			}
			if v, err := o.Get(ctx, doing, "k"); err != nil || v.Text != "text" {
				t.Fatalf("round %d, read %d: got %+v, %v", round, i, v, err)
			}
		}
	}
}

// A call waits a moment for a server at whose address nobody listens, a write too; with Once
// it does not. A server that does not answer in time is asked once.
func TestWaits(t *testing.T) {
	quiet(t)
	ctx := t.Context()
	p := newProcess(t)
	nobody := net.JoinHostPort("127.0.0.1", strconv.Itoa(free(t)))
	var dials, refuse atomic.Int32
	ops := func(once bool) *Ops {
		return New(newSite(t), p.client(func(o *redis.Options) {
			o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if dials.Add(1) <= refuse.Load() {
					addr = nobody
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}
			o.ReadTimeout = 200 * time.Millisecond
		}), Options{Once: once})
	}
	for name, do := range map[string]func(*Ops) error{
		"write": func(o *Ops) error { return o.Set(ctx, doing, "k", "text", now.Add(time.Hour)) },
		"read": func(o *Ops) error {
			if _, err := o.Get(ctx, doing, "k"); !errors.Is(err, djsession.ErrNotFound) {
				return err
			}
			return nil
		},
	} {
		for _, test := range []struct {
			once   bool
			refuse int
			dials  int
			err    error
		}{
			{false, 100, 1 + len(pauses), syscall.ECONNREFUSED},
			{false, len(pauses), 1 + len(pauses), nil},
			{true, 100, 1, syscall.ECONNREFUSED},
		} {
			dials.Store(0)
			refuse.Store(int32(test.refuse))
			if err := do(ops(test.once)); !errors.Is(err, test.err) || int(dials.Load()) != test.dials {
				t.Errorf("%s, %+v: got error %v after %d connections", name, test, err, dials.Load())
			}
		}
		_ = p.cmd.Process.Signal(syscall.SIGSTOP)
		dials.Store(0)
		refuse.Store(0)
		if err := do(ops(false)); !errors.Is(err, djsession.ErrUnavailable) || dials.Load() != 1 {
			t.Errorf("%s, stopped: got error %v after %d connections, want it after one", name, err, dials.Load())
		}
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
	}
}

// A connection that the server ends while it is in use costs no read, nor do those beside it,
// whose end nobody can see: under TLS, for example.
func TestUnseenEnd(t *testing.T) {
	ctx := t.Context()
	p := newProcess(t)
	proxy := testserver.NewProxy(t, p.addr())
	blind := func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, proxy.Addr)
		return struct{ net.Conn }{c}, err // without SyscallConn
	}
	c := p.client(func(o *redis.Options) { o.Dialer, o.PoolSize = blind, 20 })
	o := New(newSite(t), c, Options{})
	var conns []*redis.Conn
	for range 20 {
		conn := c.Conn()
		if err := conn.Ping(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		conn.Close()
	}
	proxy.Break()
	proxy.Mend()
	for i := range 50 {
		if _, err := o.Get(ctx, doing, "k"); !errors.Is(err, djsession.ErrNotFound) {
			t.Fatalf("read %d: %v", i, err)
		}
	}
}

// A replica without data is an outage, on a connection that is new, and on one from the time
// when it was the primary.
func TestEmptyReplica(t *testing.T) {
	quiet(t)
	ctx := t.Context()
	p := newProcess(t)
	o := New(newSite(t), p.client(nil), Options{Once: true})
	if err := o.Set(ctx, doing, "k", "text", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	replica := newProcess(t, "--replicaof", "127.0.0.1", "1")
	fresh := New(newSite(t), replica.client(nil), Options{Once: true})
	if _, err := fresh.Get(ctx, doing, "k"); !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djsession.ErrNotFound) {
		t.Errorf("a replica without data: got error %v, want ErrUnavailable", err)
	}
	// Rights as few as can be: HELLO needs none.
	replica.do(true, "acl", "setuser", "web", "on", ">webpw", "~*", "-@all", "+get", "+getrange", "+pttl")
	few := New(newSite(t), replica.client(func(o *redis.Options) { o.Username, o.Password = "web", "webpw" }), Options{Once: true})
	if _, err := few.Get(ctx, doing, "k"); !errors.Is(err, errReplica) {
		t.Errorf("with few rights: got error %v, want that of a replica", err)
	}
}
