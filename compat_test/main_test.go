// Package compat_test is the live tests: our packages and real Djangos at work on the same sessions, at the same time.
//
// Django is the small project in site/, run as a child process by internal/testkit/django, one for each Django version,
// database and time zone setting. The databases are private servers, started from the programs on the PATH. What a machine
// does not have is skipped with a sentence, or fails with DJSESSION_TEST_REQUIRE=1; setup.sh installs all of it.
//
// What was checked with which Django is written down in MATRIX.md (the engine db on each database) and ENGINES.md (all
// engines), by
//
//	go test ./compat_test -update
//
// and compared with it otherwise.
package compat_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

var update = flag.Bool("update", false, "write MATRIX.md anew")

func TestMain(m *testing.M) {
	flag.Parse()
	if *update { // what is missing must not be written down
		os.Setenv("DJSESSION_TEST_REQUIRE", "1")
	}
	// Where connections are cut on purpose, the driver logs it.
	_ = mysql.SetLogger(log.New(io.Discard, "", 0))
	redis.SetLogger(silent{})
	code := testserver.Run(m)
	for _, f := range ends.all {
		f()
	}
	if code == 0 {
		for _, m := range matrices() {
			if err := m.finish(*update, complete()); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// matrices are those that the run is about: TestTable alone writes none.
func matrices() []*matrixOf {
	if flag.Lookup("test.run").Value.String() == "TestTable" {
		return nil
	}
	return []*matrixOf{&matrix, &engineMatrix}
}

// silent is a logger of go-redis.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// ends is what atEnd was given.
var ends struct {
	mu  sync.Mutex
	all []func()
}

// atEnd lets f run after the last test, before what was given earlier.
func atEnd(f func()) {
	ends.mu.Lock()
	defer ends.mu.Unlock()
	ends.all = append([]func(){f}, ends.all...)
}

// complete reports whether the run does everything, so that what it does not find is not
// there any more.
func complete() bool {
	for _, name := range []string{"test.run", "test.skip"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return os.Getenv("DJSESSION_TEST_REQUIRE") == "1" && !testing.Short()
}
