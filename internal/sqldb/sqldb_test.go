package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// fake is a Conn whose statements fail with errs, in order, each after a time. A
// Query fails after its first row.
type fake struct {
	mu    sync.Mutex
	errs  []error
	takes time.Duration
	sent  int
}

func (f *fake) next() error {
	time.Sleep(f.takes)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent++
	if len(f.errs) == 0 {
		return nil
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return err
}

func (f *fake) Open() int { return 10 }

func (f *fake) Exec(context.Context, string, ...any) (int64, error) { return 1, f.next() }

func (f *fake) Query(_ context.Context, each func(Scan) error, _ string, _ ...any) error {
	for i := range 3 {
		if err := each(func(dest ...any) error { *dest[0].(*int) = i; return nil }); err != nil {
			return err
		}
		if err := f.next(); err != nil {
			return err
		}
	}
	return nil
}

func newFake(d *Dialect, f *fake) *DB {
	return New(f, d, "cupboard", func(doing string, f Fault) (string, error) {
		if f == FaultTaken {
			return "", djsession.ErrKeyTaken
		}
		return ": a hint", nil
	})
}

func number(scan Scan) (n int, err error) {
	err = scan(&n)
	return n, err
}

// A statement that a lock stopped is sent again, for five seconds.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locked := errors.New("canary: database is locked")
		f := &fake{errs: []error{locked, locked}}
		db := newFake(SQLite, f)
		if n, err := db.Exec(t.Context(), "write", ""); n != 1 || err != nil || f.sent != 3 {
			t.Errorf("got %d, %v after %d statements, want 1, nil after 3", n, err, f.sent)
		}

		f.errs, f.sent = []error{locked}, 0
		rows, err := Rows(t.Context(), db, "read", number, "")
		if want := []int{0, 1, 2}; !slices.Equal(rows, want) || err != nil {
			t.Errorf("rows after a second try: got %v, %v, want %v", rows, err, want)
		}

		f.errs = slices.Repeat([]error{locked}, 10000)
		began := time.Now()
		_, err = db.Exec(t.Context(), "write", "")
		if took := time.Since(began); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("gave up after %v, want 5 s", took)
		}
		if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, locked) || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "locked") {
			t.Errorf("got error %v", err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := db.Exec(ctx, "write", ""); !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a context that ends: got error %v", err)
		}
	})
}

// TestClosed: a read is sent again after a closed connection, a write only if it was not
// carried out. There is a limit.
func TestClosed(t *testing.T) {
	for _, test := range []struct {
		name        string
		d           *Dialect
		err         error
		read, write bool // succeeds after closed connections
	}{
		{"not sent", MySQL, driver.ErrBadConn, true, true},
		{"pgx has not sent it", PostgreSQL, safe{}, true, true},
		{"the end", PostgreSQL, fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true, false},
		{"a reset", PostgreSQL, &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, true, false},
		{"go-sql-driver", MySQL, fmt.Errorf("read: %w", errors.New("invalid connection")), true, false},
		{"terminated", PostgreSQL, says{"57P01", "FATAL: terminating connection due to administrator command (SQLSTATE 57P01)"}, true, true},
		{"terminated, in other words", PostgreSQL, says{"57P01", "FATAL: canary"}, true, false},
		{"idle", PostgreSQL, state("57P05"), true, true},
		{"a crash", PostgreSQL, state("57P02"), true, false},
		{"a pooler's server", PostgreSQL, says{"08P01", "FATAL: server conn crashed? (SQLSTATE 08P01)"}, true, false},
		{"killed", MySQL, errors.New("Error 1927 (70100): Connection was killed"), true, false},
		{"starting up", PostgreSQL, state("57P03"), false, false},
		{"refused", PostgreSQL, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, false, false},
	} {
		f := &fake{errs: slices.Repeat([]error{test.err}, 12)}
		if _, err := Rows(t.Context(), newFake(test.d, f), "read", number, ""); (err == nil) != test.read {
			t.Errorf("%s: a read: got error %v after %d statements", test.name, err, f.sent)
		}
		f = &fake{errs: slices.Repeat([]error{test.err}, 12)}
		if _, err := newFake(test.d, f).Exec(t.Context(), "write", ""); (err == nil) != test.write || !test.write && f.sent != 1 {
			t.Errorf("%s: a write: got error %v after %d statements", test.name, err, f.sent)
		}
		f = &fake{errs: slices.Repeat([]error{test.err}, 1000)}
		_, err := Rows(t.Context(), newFake(test.d, f), "read", number, "")
		if !errors.Is(err, djsession.ErrUnavailable) || strings.Contains(err.Error(), "canary") || f.sent > 13 {
			t.Errorf("%s, for ever: got error %v after %d statements", test.name, err, f.sent)
		}
	}
}

// safe is an error of pgx before anything is sent.
type safe struct{}

func (safe) Error() string     { return "conn closed" }
func (safe) SafeToRetry() bool { return true }

// says is an error of PostgreSQL with a text.
type says struct{ code, text string }

func (s says) Error() string    { return s.text }
func (s says) SQLState() string { return s.code }

// Writers of one SQLite take turns; those of other databases do not wait for each other.
func TestTurns(t *testing.T) {
	for _, test := range []struct {
		d    *Dialect
		want time.Duration
	}{{SQLite, 3 * time.Second}, {PostgreSQL, time.Second}, {MySQL, time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			db := newFake(test.d, &fake{takes: time.Second})
			began := time.Now()
			for range 3 {
				go func() {
					if _, err := db.Exec(t.Context(), "write", ""); err != nil {
						t.Error(err)
					}
					if took := time.Since(began); took > test.want {
						t.Errorf("%v: took %v, want no more than %v", test.d, took, test.want)
					}
				}()
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
			defer cancel()
			synctest.Wait()
			_, err := db.Exec(ctx, "write", "")
			if test.d == SQLite && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("waiting for a turn: got error %v", err)
			}
			time.Sleep(5 * time.Second)
		})
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		d    *Dialect
		err  error
		want error
		text string
	}{
		{"a taken key", PostgreSQL, state("23505"), djsession.ErrKeyTaken, ""},
		{"a hint", PostgreSQL, state("42P01"), djsession.ErrUnavailable, "write: a hint"},
		{"no rights", PostgreSQL, state("42501"), djsession.ErrUnavailable, "cupboard"},
		{"a pooler", PostgreSQL, state("26000"), djsession.ErrUnavailable, "SQLSTATE 26000"},
		{"any other", MySQL, errors.New("canary"), djsession.ErrUnavailable, ""},
		{"autocommit", MySQL, errAutocommit, djsession.ErrConfig, "autocommit=1"},
		{"no Dialect", nil, nil, djsession.ErrConfig, "no Dialect"},
	} {
		_, err := newFake(test.d, &fake{errs: []error{test.err}}).Exec(t.Context(), "write", "")
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got error %v, want %v with %q", test.name, err, test.want, test.text)
		}
	}
	// A value that cannot be read is one of another type, whatever its text looks like.
	_, err := Rows(t.Context(), newFake(SQLite, &fake{}), "read", func(Scan) (int, error) { return 0, errors.New("canary is locked") }, "")
	if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "read: a hint") {
		t.Errorf("an odd value: got error %v", err)
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct{ schema, name, want string }{
		{"", "a", `"a"`}, {"s", "a", `"s"."a"`}, {"s", "b.a", `"b"."a"`}, {"", "b.a", `"b"."a"`}, {"", "A b", `"A b"`},
		{"", "", ""}, {"", ".", ""}, {"", "a.", ""}, {"", ".a", ""}, {"", "a.b.c", ""}, {"", `a"`, ""}, {"", "a`", ""}, {"", "a;", ""},
		{"", "a?", ""}, {"", "a%", ""}, {"", "a\x00", ""}, {`s"`, "a", ""},
	} {
		got, err := SQLite.Table(test.schema, test.name)
		if got != test.want && test.want != "" || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%q, %q: got %s, %v, want %s", test.schema, test.name, got, err, test.want)
		}
	}
}
