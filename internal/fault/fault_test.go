package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestOf: each Kind, however deep the error is wrapped.
func TestOf(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want Kind
	}{
		{errors.New("what is this"), Unknown},
		{&pgconn.PgError{Code: "28P01"}, Password}, {&pgconn.PgError{Code: "53300"}, TooMany}, {&pgconn.PgError{Code: "XX000"}, Unknown},
		{&mysql.MySQLError{Number: 1146}, NoTable}, {&mysql.MySQLError{Number: 1251}, Password}, {&mysql.MySQLError{Number: 1}, Unknown},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, Refused},
		{&net.DNSError{Name: "nowhere", IsNotFound: true}, NoHost},
		{context.DeadlineExceeded, Slow}, {os.ErrDeadlineExceeded, Slow},
		{&fs.PathError{Op: "open", Path: "db.sqlite3", Err: syscall.EACCES}, FileDenied},
		{&net.OpError{Op: "dial", Err: syscall.ENOENT}, NoFile},
		{errors.New("NOPERM this user has no permissions"), Denied}, {errors.New("ERR DB index is out of range"), NoNumber},
		{errors.New("LOADING Redis is loading the dataset in memory"), Starting}, {errors.New("READONLY You can't write"), Replica},
		{errors.New("MASTERDOWN Link with MASTER is down"), Replica}, {errors.New("MISCONF Redis is configured to save"), NoSave},
		{errors.New("BUSY Redis is busy"), Busy}, {errors.New("ERR max number of clients reached"), TooMany},
		{errors.New("WRONGPASS invalid username-password pair"), Password}, {errors.New("NOAUTH Authentication required."), Password},
		{errors.New("OOM command not allowed when used memory > 'maxmemory'"), Full},
		{errors.New("SQL logic error: no such table: django_session (1)"), NoTable},
		{errors.New("attempt to write a readonly database (8)"), FileReadOnly}, {errors.New("database is locked (5)"), Locked}, {errors.New("file is not a database (26)"), Damaged},
	} {
		if got := Of(fmt.Errorf("load: %w", tt.err)); got != tt.want {
			t.Errorf("%v: got %d, want %d", tt.err, got, tt.want)
		}
	}
}

// numbered is an error of modernc.org/sqlite.
type numbered int

func (numbered) Error() string { return "canary: no such table: x" }
func (n numbered) Code() int   { return int(n) }

// TestWhy: the words and the code, and nothing of the text.
func TestWhy(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("canary"), "cannot be used"},
		{&pgconn.PgError{Code: "53300", Message: "canary"}, "has too many clients (SQLSTATE 53300)"},
		{&pgconn.PgError{Code: "XX000", Message: "canary"}, "cannot be used (SQLSTATE XX000)"},
		{&pgconn.PgError{Code: "cana\n", Message: "canary"}, "cannot be used"},
		{&mysql.MySQLError{Number: 1969, Message: "canary"}, "ended the statement, because its own time limit has passed (error 1969)"},
		{numbered(1), "has no such table"},
		{numbered(13), "has no such table (SQLite error 13)"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "cannot be reached, because nobody listens at its address"},
	} {
		if got := Why(fmt.Errorf("canary: %w", tt.err)); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.err, got, tt.want)
		}
	}
	for k := range words {
		if Kind(k).String() == "" {
			t.Errorf("kind %d has no words", k)
		}
	}
}
