// Package bench measures this library beside its peers, and writes docs/BENCHMARKS.md and
// the figures of docs/SCALE.md. `make bench` runs it. It is a module of its own, so that
// nobody inherits the peers.
//
// A [Row] is one line of the page: the same work, done by several. Each file row_*_test.go
// adds rows of one subject by [Add]; that is all that a new row needs.
//
// What is measured is the CPU time of a process (getrusage), not the time of the clock: a
// machine with other work then gives nearly the same figures. The entries of a row take
// turns, and the median of the rounds counts. Ratios hold within one row only.
package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Row is one piece of work and those who do it.
type Row struct {
	// Group is the heading that the row stands under.
	Group string
	// Name says what is done, such as "read a pickled cart of 100".
	Name string
	// Note stands below the row: how it is measured, if that is not obvious.
	Note string
	// X is where the row stands on the plot of its group, if the group is about growth.
	X float64
	// Reach is what was aimed at.
	Reach []Reach
	// Short is the reason why the row falls short of a Reach. The page prints it only then.
	Short string
	// Sample is the CPU time of one entry in one round, if more than that of the Plan.
	Sample time.Duration
	// Before is what the first version of the library took, beside its peer.
	Before string
	// Make prepares the entries. A peer that is not installed is left out.
	Make func(t testing.TB) []Entry `json:"-"`
}

// Ours is the name of this library in every row.
const Ours = "djsession"

// Entry is one of those who do the work.
type Entry struct {
	Who string
	// Run does the work n times in this process.
	Run func(n int) error
	// Child does it in another one, which measures itself.
	Child *Child
	// Other returns the CPU time that a server has taken so far, if the work needs one.
	Other func() (time.Duration, error)
	// OtherIsAll says that the CPU time of Other is what counts: this process only asks.
	OtherIsAll bool
}

// Reach is an aim: Who takes at most Times of what Peer takes, or a limit by itself.
type Reach struct {
	Who   string // default Ours
	Peer  string // "" for Allocs and Bytes, which need no peer
	Times float64
	// Server compares the CPU time of the servers.
	Server bool
	// Allocs and Bytes are limits for one piece of work.
	Allocs, Bytes float64
}

var rows []Row

// Add adds rows to the page.
func Add(r ...Row) { rows = append(rows, r...) }

// Cost is what one piece of work takes.
type Cost struct {
	CPU, Wall, Server time.Duration
	Allocs, Bytes     float64 // zero for a Child
	Child             bool
}

// Result is a Row with the medians of its entries.
type Result struct {
	Row
	Who    []string
	Costs  []Cost
	Spread []float64 // the middle half of the CPU times, in parts of the median
}

// Cost returns what who took; ok is false if who is not in the row.
func (r *Result) Cost(who string) (c Cost, ok bool) {
	if i := slices.Index(r.Who, who); i >= 0 {
		return r.Costs[i], true
	}
	return c, false
}

// Plan says how long to measure.
type Plan struct {
	Rounds int           // of each row; at least six
	Sample time.Duration // CPU time of one entry in one round
}

// Measure runs a row.
func Measure(t testing.TB, r Row, p Plan) (*Result, error) {
	entries := r.Make(t)
	times := make([]int, len(entries))
	for i, e := range entries {
		n, err := calibrate(e, max(p.Sample, r.Sample))
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", r.Name, e.Who, err)
		}
		times[i] = n
	}
	all := make([][]Cost, len(entries))
	for range p.Rounds {
		for i, e := range entries {
			c, err := sample(e, times[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", r.Name, e.Who, err)
			}
			all[i] = append(all[i], c)
		}
	}
	res := &Result{Row: r}
	for i, e := range entries {
		m, spread := median(all[i])
		res.Who, res.Costs, res.Spread = append(res.Who, e.Who), append(res.Costs, m), append(res.Spread, spread)
	}
	return res, nil
}

// calibrate returns how often an entry does its work in one round. A slow server bounds the
// round by the clock.
func calibrate(e Entry, want time.Duration) (int, error) {
	for range 2 { // the first times import modules and open connections
		if _, err := sample(e, 1); err != nil {
			return 0, err
		}
	}
	for n := 1; ; {
		c, err := sample(e, n)
		if err != nil {
			return 0, err
		}
		took := max(c.CPU*time.Duration(n), c.Wall*time.Duration(n)/3, time.Microsecond)
		next := max(1, int(float64(n)*float64(want)/float64(took)))
		if next <= 2*n || n >= 1<<24 {
			return next, nil
		}
		n = min(next, n*20)
	}
}

// sample does the work of e n times and returns what one took.
func sample(e Entry, n int) (c Cost, err error) {
	before := time.Duration(0)
	if e.Other != nil {
		if before, err = e.Other(); err != nil {
			return c, err
		}
	}
	if e.Child != nil {
		start := time.Now()
		if c.CPU, err = e.Child.Run(n); err != nil {
			return c, err
		}
		c.Wall, c.Child = time.Since(start), true
	} else {
		runtime.GC() // an entry pays for its own garbage only
		var m0, m1 runtime.MemStats
		runtime.ReadMemStats(&m0)
		start, cpu := time.Now(), CPU()
		if err = e.Run(n); err != nil {
			return c, err
		}
		c.CPU, c.Wall = CPU()-cpu, time.Since(start)
		runtime.ReadMemStats(&m1)
		c.Allocs = float64(m1.Mallocs-m0.Mallocs) / float64(n)
		c.Bytes = float64(m1.TotalAlloc-m0.TotalAlloc) / float64(n)
	}
	if e.Other != nil {
		after, err := e.Other()
		if err != nil {
			return c, err
		}
		c.Server = after - before
	}
	if e.OtherIsAll {
		c.CPU, c.Server, c.Allocs, c.Bytes, c.Child = c.Server, 0, 0, 0, true
	}
	c.CPU, c.Wall, c.Server = c.CPU/time.Duration(n), c.Wall/time.Duration(n), c.Server/time.Duration(n)
	return c, nil
}

// CPU returns the CPU time of this process.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(all []Cost) (Cost, float64) {
	of := func(f func(Cost) float64) (m, low, high float64) {
		v := make([]float64, len(all))
		for i, c := range all {
			v[i] = f(c)
		}
		slices.Sort(v)
		n := len(v)
		return (v[(n-1)/2] + v[n/2]) / 2, v[n/4], v[n-1-n/4]
	}
	cpu, low, high := of(func(c Cost) float64 { return float64(c.CPU) })
	wall, _, _ := of(func(c Cost) float64 { return float64(c.Wall) })
	server, _, _ := of(func(c Cost) float64 { return float64(c.Server) })
	allocs, _, _ := of(func(c Cost) float64 { return c.Allocs })
	bytes, _, _ := of(func(c Cost) float64 { return c.Bytes })
	return Cost{CPU: time.Duration(cpu), Wall: time.Duration(wall), Server: time.Duration(server), Allocs: allocs, Bytes: bytes,
		Child: all[0].Child}, (high - low) / max(cpu, 1)
}

// withoutPython leaves out the Djangos and CPython.
var withoutPython bool

// Child is a Python that measures its own CPU time.
type Child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

const loop = `
import gc, json, os, sys, time
args = json.loads(sys.stdin.readline())
exec(sys.argv[1])
for line in sys.stdin:
    n = int(line)
    gc.collect()
    start = time.process_time_ns()
    run(n)
    print(time.process_time_ns() - start, flush=True)
`

// Python starts a Child. code defines run(n), which does the work n times; args are in its
// variable args.
func Python(t testing.TB, python, code string, args any) *Child {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	c := &Child{cmd: exec.Command(python, "-c", loop, code)}
	c.cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.in.Write(append(text, '\n')); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.in.Close()
		c.cmd.Wait()
	})
	return c
}

// Run does the work n times and returns the CPU time of the process.
func (c *Child) Run(n int) (time.Duration, error) {
	if _, err := fmt.Fprintln(c.in, n); err != nil {
		return 0, err
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("Python is gone: %w", err)
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return time.Duration(ns), err
}

// CPUOf returns the CPU time that processes and their children have taken: those whose
// parent is root, below it, or root itself. A process that has ended no longer counts.
func CPUOf(root int) (time.Duration, error) {
	parents := map[int]int{}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		return 0, errors.Join(err, errors.New("no /proc: this needs Linux"))
	}
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		text, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 1 {
			parents[pid], _ = strconv.Atoi(f[1])
		}
	}
	total := time.Duration(0)
	for pid := range parents {
		for p := pid; p > 1; p = parents[p] {
			if p == root {
				total += cpuOfOne(pid)
				break
			}
		}
	}
	return total, nil
}

func cpuOfOne(pid int) (total time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		on, _, _ := strings.Cut(string(text), " ")
		ns, _ := strconv.ParseInt(on, 10, 64)
		total += time.Duration(ns)
	}
	return total
}

// PIDOf returns the process that listens on a port of the loopback interface.
func PIDOf(port int) (int, error) {
	want := fmt.Sprintf(":%04X", port)
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return 0, err
	}
	inode := ""
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 9 && strings.HasSuffix(f[1], want) && f[3] == "0A" {
			inode = f[9]
		}
	}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	pid := 0
	for _, fd := range fds {
		if link, err := os.Readlink(fd); err == nil && link == "socket:["+inode+"]" {
			// The children of a server have its socket too; the parent has the lowest id.
			if n, _ := strconv.Atoi(strings.Split(fd, "/")[2]); pid == 0 || n < pid {
				pid = n
			}
		}
	}
	if pid == 0 {
		return 0, fmt.Errorf("nobody listens on port %d", port)
	}
	return pid, nil
}
