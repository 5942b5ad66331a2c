package testserver

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Run(m)) }

// Each server accepts connections, and a second call returns the same one.
func TestServers(t *testing.T) {
	for name, get := range map[string]func(testing.TB) *Server{
		"PostgreSQL": PostgreSQL, "MariaDB": MariaDB, "Redis": Redis, "Redis Sentinel": RedisSentinel,
	} {
		t.Run(name, func(t *testing.T) {
			s := get(t)
			c, err := net.DialTimeout("tcp", s.Addr(), 5*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			if again := get(t); again != s {
				t.Error("a second server was started")
			}
		})
	}
}

// The nodes of the cluster know each other, and several Redises are different servers.
func TestRedises(t *testing.T) {
	nodes := RedisCluster(t)
	for _, n := range nodes {
		if _, err := n.redis("GET", "abcdefgh"); err != nil && !strings.Contains(err.Error(), "MOVED") {
			t.Errorf("a node of the cluster: %v", err)
		}
	}
	servers := Redises(t, 2)
	if len(nodes) != 3 || len(servers) != 2 || servers[0].Port == servers[1].Port || servers[0] != Redis(t) {
		t.Errorf("got %d nodes and the servers %v, want three and two", len(nodes), servers)
	}
}

// A server ends with the process that started it, even if that is killed. The test runs
// itself again to show this.
func TestLeash(t *testing.T) {
	if os.Getenv("TESTSERVER_CHILD") == "1" {
		s := PostgreSQL(t)
		os.Stdout.WriteString("listening " + s.Addr() + "\n")
		select {}
	}
	PostgreSQL(t) // or skip the test
	cmd := exec.Command(os.Args[0], "-test.run", "^TestLeash$")
	cmd.Env = append(os.Environ(), "TESTSERVER_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if !ok {
		t.Fatalf("the child said %q", line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for range 150 {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return
		}
		c.Close()
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("the server still listens 15 seconds after its process was killed")
}

// A missing server skips a test, or fails it if everything is required.
func TestMissing(t *testing.T) {
	k := kind{name: "Nonesuch", install: "nonesuch", binaries: []string{"djsession-nonesuch"}}
	for _, test := range []struct{ require, want string }{{"", "skip"}, {"1", "fatal"}} {
		t.Setenv("DJSESSION_TEST_REQUIRE", test.require)
		tb := &recorder{TB: t}
		func() {
			defer func() { _ = recover() }()
			k.get(tb)
		}()
		if tb.what != test.want || !strings.Contains(tb.text, "install nonesuch") {
			t.Errorf("DJSESSION_TEST_REQUIRE=%q: got %s %q, want %s", test.require, tb.what, tb.text, test.want)
		}
	}
}

// recorder records how a test would have ended.
type recorder struct {
	testing.TB
	what, text string
}

func (r *recorder) Helper() {}

func (r *recorder) Skip(args ...any) { r.end("skip", args) }

func (r *recorder) Fatal(args ...any) { r.end("fatal", args) }

func (r *recorder) end(what string, args []any) {
	r.what, r.text = what, args[0].(string)
	panic(r)
}

// A server that does not start is an error with the server's output.
func TestBadStart(t *testing.T) {
	k := kind{signal: "TERM", serve: func(map[string]string, string, int) []string { return []string{"sh", "-c", "echo sorry; exit 1"} }}
	_, err := k.start(nil, freePort)
	if err == nil || !strings.Contains(err.Error(), "sorry") {
		t.Errorf("got %v, want an error with the server's words", err)
	}
}

// If another program takes the free port before the server listens, that is an error, so
// that another port is tried. The other program must never count as the server.
func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := func() (int, error) { return l.Addr().(*net.TCPAddr).Port, nil }
	for _, k := range []*kind{&postgres, &mariadb, redisKind("Redis", redisOptions), memcacheds.make()} {
		t.Run(k.name, func(t *testing.T) {
			bin := map[string]string{}
			for _, name := range k.binaries {
				if bin[name] = find(name); bin[name] == "" {
					Lacks(t, k.name+" is not here: install "+k.install)
				}
			}
			if s, err := k.start(bin, taken); err == nil {
				s.stop()
				t.Error("it was started on a port that somebody else has")
			}
		})
	}
}

func TestProxy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // an echo server
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	p := NewProxy(t, l.Addr().String())
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	echo := func(c net.Conn, wait time.Duration) error {
		if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
			return err
		}
		if _, err := c.Write([]byte("x")); err != nil {
			return err
		}
		_, err := c.Read(make([]byte, 1))
		return err
	}
	c := dial()
	if err := echo(c, 5*time.Second); err != nil {
		t.Fatalf("passing: %v", err)
	}
	p.Stall()
	if err := echo(c, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("stalled: got %v, want a timeout", err)
	}
	p.Break()
	if err := echo(c, 5*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("broken: got %v, want a closed connection", err)
	}
	if err := echo(dial(), 5*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("broken, new connection: got %v, want a closed connection", err)
	}
	p.Mend()
	if err := echo(dial(), 5*time.Second); err != nil {
		t.Errorf("mended: %v", err)
	}
}
