// Package faults_test lets servers and the way to them fail while requests pass the
// middleware, and counts what must never happen.
//
//	make faults
//
// runs all of it and writes FAULTS.md; without -full the tests run a part of it.
package faults_test

import (
	"context"
	"flag"
	"io"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"

	_ "github.com/jackc/pgx/v5/stdlib"
)

var full = flag.Bool("full", false, "run the whole matrix, and write FAULTS.md")

func TestMain(m *testing.M) {
	flag.Parse()
	if *full { // what is missing must not be written down
		os.Setenv("DJSESSION_TEST_REQUIRE", "1")
	}
	if *full || *soak > 0 {
		commit() // of now, not of the end
	}
	// Where connections are cut on purpose, the drivers log it.
	_ = mysql.SetLogger(log.New(io.Discard, "", 0))
	redis.SetLogger(silent{})
	pulse.start()
	os.Exit(testserver.Run(m))
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// faultsOf are the faults of a server, in the order of the table.
var faultsOf = []fault{healthy, refuse, blackHole, dropped, replyReset, replyHang, replyCut, slow, frozen, killed, restart}

// pieces returns how many pieces of an operation a fault strikes at most.
func pieces() int {
	if *full {
		return 6
	}
	return 2
}

// tried returns the operations of this run.
func tried() []operation {
	if *full {
		return operations
	}
	return []operation{read, write, cycle, logout, begin, twoWriters}
}

func TestFaults(t *testing.T) {
	var rows []*row
	for i, e := range engines {
		t.Run(e.String(), func(t *testing.T) {
			servers := map[string]*testserver.Mortal{}
			for _, name := range e.servers {
				servers[name] = testserver.NewMortal(t, name)
				tables(t, servers[name], name)
			}
			for k, name := range e.servers {
				for j, f := range faultsOf {
					if !*full && (i+j+k)%5 != 0 {
						continue
					}
					t.Run(name+" "+string(f), func(t *testing.T) {
						rows = append(rows, tryFault(t, e, servers, name, f).report(t))
					})
				}
			}
		})
	}
	for i, e := range fileEngines {
		t.Run(e.String(), func(t *testing.T) {
			for j, f := range faultsOfFiles {
				if !*full && (i+j)%4 != 0 || f == noFolder && i == 0 { // the file of SQLite is open
					continue
				}
				t.Run(string(f), func(t *testing.T) {
					rows = append(rows, tryFileFault(t, e, f).report(t))
				})
			}
		})
	}
	if only := flag.Lookup("test.run").Value.String(); *full && !strings.Contains(only, "/") {
		if first := firstRequests(t); !t.Failed() {
			writeTable(t, rows, first)
		}
	}
}

// report fails the test for what was found.
func (r *row) report(t *testing.T) *row {
	t.Helper()
	t.Logf("%d cases, %d good, %d failed, %d after, %d out of reach; slowest %v", r.cases, r.good, r.failed, r.after, r.ended, r.slowest)
	for _, text := range r.found {
		t.Error(text)
	}
	return r
}

// tryFault tries all operations while that server of the engine has the fault.
func tryFault(t *testing.T, e engine, servers map[string]*testserver.Mortal, name string, f fault) *row {
	direct, addrs := map[string]string{}, map[string]string{}
	for other, s := range servers {
		direct[other], addrs[other] = s.Addr(), s.Addr()
	}
	server := servers[name]
	p := newProxy(t, server.Addr())
	addrs[name] = p.addr
	goroutines, descriptors := settled()
	b := &bench{t: t, row: row{engine: e.String(), server: name, fault: f}, subject: e.open(t, addrs)}
	witness := e.open(t, direct)
	b.witness = witness.Store()
	b.forgets = name == "memcached" && (f == killed || f == restart) && len(e.servers) == 1

	_, oneStep := b.subject.Store().(djsession.Cycler)
	b.late = !oneStep || f == blackHole || f == frozen

	skip := 0
	b.plant = func() { p.plant(f, skip) }
	b.mend = func() bool { return p.mend(t) }
	switch f {
	case frozen:
		b.plant, b.mend = server.Freeze, func() bool { server.Thaw(); return true }
	case killed:
		b.plant, b.mend = server.Kill, func() bool { server.Start(t); return true }
	case restart:
		b.plant, b.mend = func() { server.Stop(); server.Start(t) }, func() bool { return true }
	}
	b.all(pieces(), func(n int) { skip = n })
	witness.close()
	b.leaks(goroutines, descriptors, 30*time.Second)
	return &b.row
}

// all tries all operations, and closes the subject. Of what is sent, a fault that strikes
// strikes the first piece, the second and so on.
func (b *bench) all(pieces int, skip func(n int)) {
	b.t.Helper()
	b.recover()
	for _, o := range tried() {
		for _, amid := range []bool{false, true} {
			if !b.fault.strikes() {
				b.try(o, amid)
				continue
			}
			for n := range pieces {
				if skip(n); !b.try(o, amid) {
					break
				}
			}
		}
	}
	b.finish()
	b.subject.close()
}
