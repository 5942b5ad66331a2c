package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Mortal is a server of one test, which the test may freeze, kill and start again. It
// comes back on the same port, with all that it has acknowledged; only a memcached comes
// back empty.
type Mortal struct {
	Server
	kind    *kind
	dir     string
	command []string
	pid     int
	frozen  []int
}

// The kinds of a [Mortal]. Unlike the servers that tests share, they write what they
// acknowledge to the operating system, so that it outlives a kill -9.
var mortals = map[string]struct {
	base    *kind
	options func(dir string) []string
}{
	"PostgreSQL": {&postgres, func(string) []string { return []string{"-c", "synchronous_commit=on"} }},
	"MariaDB":    {&mariadb, func(string) []string { return []string{"--innodb-flush-log-at-trx-commit=2"} }},
	"Redis": {redisKind("Redis", redisOptions), func(dir string) []string {
		return []string{"--appendonly", "yes", "--appendfsync", "no", "--dir", dir}
	}},
	"memcached": {memcacheds.make(), func(string) []string { return nil }},
}

// NewMortal starts a Mortal: a PostgreSQL, MariaDB, Redis or memcached. It ends with the
// test.
func NewMortal(t testing.TB, name string) *Mortal {
	t.Helper()
	return newMortal(t, mortals[name].base, mortals[name].options)
}

// NewMortalPgBouncer is [NewMortal] for what [PgBouncerWith] returns.
func NewMortalPgBouncer(t testing.TB, server *Server, mode, lines string) *Mortal {
	t.Helper()
	return newMortal(t, bouncerKind(server, mode, lines), func(string) []string { return nil })
}

func newMortal(t testing.TB, k *kind, options func(dir string) []string) *Mortal {
	t.Helper()
	bin := map[string]string{}
	for _, b := range k.binaries {
		if bin[b] = find(b); bin[b] == "" {
			Lacks(t, fmt.Sprintf("%s is not here (no %s on the PATH or in Debian's places): install %s", k.name, b, k.install))
		}
	}
	m := &Mortal{kind: k, Server: Server{Host: "127.0.0.1", User: k.user}}
	var err error
	if m.dir, err = os.MkdirTemp(Memory(), "djsession-test-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Kill()
		os.RemoveAll(m.dir)
	})
	if err := own(m.dir); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(m.dir, "data")
	if k.prepare != nil {
		args := k.prepare(bin, data)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = m.dir
		if err := unprivileged(cmd); err != nil {
			t.Fatal(err)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("prepare the files of %s: %v\n%s", k.name, err, out)
		}
	}
	for try := 1; ; try++ { // another program may take the free port first
		if m.Port, err = freePort(); err != nil {
			t.Fatal(err)
		}
		m.command = append(k.serve(bin, data, m.Port), options(m.dir)...)
		if err = m.start(); err == nil {
			return m
		}
		if try == 5 {
			t.Fatalf("start %s: %v", k.name, err)
		}
	}
}

// mortalGuard is guard for a [Mortal]: it says which process the server is, and removes the
// folder only when the test binary is gone.
const mortalGuard = `
dir=$1; shift 2
exec 3<&0
"$@" </dev/null 3<&- & server=$!
echo $server >"$dir/server"
{ read -r _ <&3; touch "$dir/end"; kill -KILL $server; } 2>/dev/null & reader=$!
wait $server
kill $reader 2>/dev/null
if [ -e "$dir/end" ]; then cd / && rm -rf "$dir"; fi
`

func (m *Mortal) start() error {
	if m.kind.bound != "" {
		os.Remove(filepath.Join(m.dir, m.kind.bound))
	}
	if _, err := m.kind.launch(&m.Server, m.dir, mortalGuard, m.command); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(m.dir, "server"))
	if err == nil {
		m.pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	return err
}

// Start starts the server after [Mortal.Kill] or [Mortal.Stop]. It returns when the server
// accepts connections.
func (m *Mortal) Start(t testing.TB) {
	t.Helper()
	var err error
	for range 20 { // what a kill leaves behind takes a moment to go
		if err = m.start(); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("start %s again: %v", m.kind.name, err)
}

// Kill ends the server and its children by SIGKILL.
func (m *Mortal) Kill() { m.end(syscall.SIGKILL, m.family()) }

// Stop ends the server as an administrator does, without waiting for its clients.
func (m *Mortal) Stop() {
	signal := syscall.SIGTERM
	if m.kind.signal == "INT" {
		signal = syscall.SIGINT
	}
	m.end(signal, []int{m.pid})
}

func (m *Mortal) end(signal syscall.Signal, pids []int) {
	if m.pid == 0 {
		return
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, signal)
	}
	select {
	case <-m.ended:
	case <-time.After(time.Minute):
		for _, pid := range m.family() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		<-m.ended
	}
	m.stop()
	m.pid, m.frozen = 0, nil
}

// Freeze stops the server and its children by SIGSTOP.
func (m *Mortal) Freeze() {
	_ = syscall.Kill(m.pid, syscall.SIGSTOP) // from here on it makes no children
	m.frozen = m.family()
	for _, pid := range m.frozen {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
}

// Thaw ends [Mortal.Freeze].
func (m *Mortal) Thaw() {
	for _, pid := range m.frozen {
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	m.frozen = nil
}

// family returns the process of the server and all that descend from it.
func (m *Mortal) family() []int {
	if m.pid == 0 {
		return nil
	}
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name of the program, in brackets, may hold anything.
		_, rest, _ := strings.Cut(string(text), ") ")
		var state string
		var parent int
		if n, _ := fmt.Sscan(rest, &state, &parent); n == 2 {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			children[parent] = append(children[parent], pid)
		}
	}
	all := []int{m.pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}
