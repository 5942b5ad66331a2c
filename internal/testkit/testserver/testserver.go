// Package testserver starts private database servers for tests. It uses binaries on the
// PATH or in Debian's places, a free port of the loopback interface, and a temporary
// folder.
//
// The tests of a package share one server of each kind. The first test that needs it starts
// it, and [Run], which TestMain calls, stops it:
//
//	func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }
//
// A server ends with the test binary, even if that crashes. It is fast because its data
// need not survive a crash.
//
// If a server is not installed, the test is skipped, or fails with DJSESSION_TEST_REQUIRE=1
// in the environment.
package testserver

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a running server. User needs no password.
type Server struct {
	Host string // 127.0.0.1
	Port int
	User string

	stop  func()
	ended <-chan struct{} // closed when the guard has ended
}

// Addr returns the host and port.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Run runs the tests and stops the servers. Pass its result to os.Exit.
func Run(m *testing.M) int {
	defer stopAll()
	return m.Run()
}

var running struct {
	sync.Mutex
	servers []*Server
}

func stopAll() {
	running.Lock()
	defer running.Unlock()
	for _, s := range running.servers {
		s.stop()
	}
	running.servers = nil
}

// kind says how to start a server.
type kind struct {
	name     string
	install  string   // the package to install
	binaries []string // all are needed
	user     string   // the superuser
	signal   string   // stops it without waiting for clients
	ready    string   // it logs this when it accepts connections
	bound    string   // or it creates this file in its folder when it listens
	// prepare returns the command that fills the empty folder dir. It may be nil.
	prepare func(bin map[string]string, dir string) []string
	// serve returns the command of the server in dir on port.
	serve func(bin map[string]string, dir string, port int) []string

	once   sync.Once
	server *Server
	err    error
	lacks  string
}

// get returns this kind's server. It starts it once for each test binary.
func (k *kind) get(t testing.TB) *Server {
	t.Helper()
	k.once.Do(func() {
		bin := map[string]string{}
		for _, name := range k.binaries {
			if bin[name] = find(name); bin[name] == "" {
				k.lacks = fmt.Sprintf("%s is not here (no %s on the PATH or in Debian's places): install %s", k.name, name, k.install)
				return
			}
		}
		for range 5 { // another program may take the free port first
			if k.server, k.err = k.start(bin, freePort); k.err == nil {
				running.Lock()
				running.servers = append(running.servers, k.server)
				running.Unlock()
				return
			}
		}
	})
	switch {
	case k.err != nil:
		t.Fatalf("start %s: %v", k.name, k.err)
	case k.lacks != "":
		Lacks(t, k.lacks)
	}
	return k.server
}

// Lacks skips a test that lacks something, or fails it with DJSESSION_TEST_REQUIRE=1. Other
// packages use it too.
func Lacks(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("DJSESSION_TEST_REQUIRE") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// find returns the path of a program: the newest, if Debian has several.
func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/sbin", "/usr/local/sbin", "/usr/libexec"} {
		paths, _ := filepath.Glob(filepath.Join(pattern, name))
		slices.Sort(paths)
		slices.Reverse(paths)
		for _, path := range paths {
			if found, err := exec.LookPath(path); err == nil {
				return found
			}
		}
	}
	return ""
}

func (k *kind) start(bin map[string]string, free func() (int, error)) (*Server, error) {
	dir, err := os.MkdirTemp("", "djsession-test-")
	if err != nil {
		return nil, err
	}
	started := false // then the guard removes dir
	defer func() {
		if !started {
			os.RemoveAll(dir)
		}
	}()
	if err := own(dir); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if k.prepare != nil {
		cmd := exec.Command(k.prepare(bin, data)[0], k.prepare(bin, data)[1:]...)
		cmd.Dir = dir
		if err := unprivileged(cmd); err != nil {
			return nil, err
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("prepare its files: %w\n%s", err, out)
		}
	}
	port, err := free()
	if err != nil {
		return nil, err
	}
	s := &Server{Host: "127.0.0.1", Port: port, User: k.user}
	if started, err = k.launch(s, dir, guard, k.serve(bin, data, port)); err != nil {
		return nil, err
	}
	return s, nil
}

// launch runs command as the server s under a guard, and returns when s is ready. started
// reports that the guard ran: it removes dir.
func (k *kind) launch(s *Server, dir, guard string, command []string) (started bool, err error) {
	log, err := os.CreateTemp("", "djsession-test-log-")
	if err != nil {
		return false, err
	}
	defer os.Remove(log.Name()) // the open file stays readable

	cmd := exec.Command("sh", append([]string{"-c", guard, "guard", dir, k.signal}, command...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := unprivileged(cmd); err != nil {
		return false, err
	}
	leash, err := cmd.StdinPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.ended = ended
	s.stop = func() {
		leash.Close()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			killGroup(cmd)
			os.RemoveAll(dir)
		}
		log.Close()
	}
	bound := k.bound
	if bound != "" {
		bound = filepath.Join(dir, bound)
	}
	if err := s.wait(ended, log, k.ready, bound); err != nil {
		leash.Close()
		<-ended
		text := make([]byte, 4096)
		size, _ := log.Seek(0, io.SeekEnd)
		n, _ := log.ReadAt(text, max(0, size-int64(len(text))))
		log.Close()
		return true, fmt.Errorf("%w\n%s", err, text[:n])
	}
	return true, nil
}

// guard runs a server. When its standard input ends, which happens too when the test binary
// dies, it stops the server and removes the folder.
const guard = `
dir=$1 signal=$2; shift 2
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ read -r _ <&3; kill -$signal $server; } 2>/dev/null & reader=$!
wait $server
kill $reader 2>/dev/null
cd / && rm -rf "$dir"
`

// wait returns when the server accepts connections. A listener is not enough: PostgreSQL
// listens before it is ready, and another program may have taken the port just before this
// server, which is then about to exit.
func (s *Server) wait(ended <-chan struct{}, log *os.File, ready, bound string) error {
	for range 1200 {
		select {
		case <-ended:
			return fmt.Errorf("it ended at once")
		case <-time.After(100 * time.Millisecond):
		}
		text, err := io.ReadAll(io.NewSectionReader(log, 0, 1<<20))
		if err != nil {
			return err
		}
		if !strings.Contains(string(text), ready) {
			continue
		}
		if _, err := os.Stat(bound); bound != "" && err != nil {
			continue
		}
		if c, err := net.DialTimeout("tcp", s.Addr(), time.Second); err == nil {
			c.Close()
			return nil
		}
	}
	return fmt.Errorf("it is not ready after two minutes")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
