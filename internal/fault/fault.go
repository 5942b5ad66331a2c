// Package fault says what an error of a database's or a cache's client means. The text of
// such an error may quote a key, a value or a password, so it must not be printed: [Why] has
// words of its own. The package knows no driver: it goes by the codes that servers send.
package fault

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/go-djsession/go-djsession/internal/errtext"
)

// Kind says what is wrong with a server or a file.
type Kind uint8

const (
	Unknown      Kind = iota
	Refused           // nobody listens at the address
	NoHost            // the name of the host is not known
	NoRoute           // no network leads to the host
	Slow              // no answer in time
	Password          // the password or the user is wrong
	Denied            // the user may not do this
	NoDatabase        // no database has this name
	NoNumber          // no database has this number
	NoTable           // no table has this name
	TooMany           // too many clients
	Starting          // it starts up or shuts down
	Pooler            // a connection pooler has no connection to the server
	Timeout           // the server's time limit for a statement has passed
	LockTimeout       // the server's time limit for a lock has passed
	Full              // the server's memory is full
	DiskFull          // the disk or the table is full
	ReadOnly          // the server or the connection takes no writes
	Lost              // the connection was closed
	NoFile            // no such file or socket
	FileDenied        // no permission to read or write the file
	FileReadOnly      // the SQLite file is read-only
	Locked            // another program has locked it
	Damaged           // damaged, or not a SQLite database
	Replica           // a replica of another server
	NoReplicas        // too few replicas
	NoSave            // it cannot save to its disk, and takes no writes
	Busy              // busy with a script
	NoCluster         // the cluster is down
	InCluster         // part of a cluster
)

// words say what a server or a store does. The subject stands before.
var words = [...]string{
	Unknown:      "cannot be used",
	Refused:      "cannot be reached, because nobody listens at its address",
	NoHost:       "cannot be reached, because the name of its host is not known here",
	NoRoute:      "cannot be reached, because no network leads to its host",
	Slow:         "does not answer in time",
	Password:     "refuses this user or password",
	Denied:       "does not let this user do that",
	NoDatabase:   "is not on that server",
	NoNumber:     "is not on that server",
	NoTable:      "has no such table",
	TooMany:      "has too many clients",
	Starting:     "starts up or shuts down",
	Pooler:       "cannot be reached, because the connection pooler has no free connection to it",
	Timeout:      "ended the statement, because its own time limit has passed",
	LockTimeout:  "ended the statement, because another transaction keeps the row locked",
	Full:         "has no memory left",
	DiskFull:     "has no room left on its disk or in the table",
	ReadOnly:     "is read-only",
	Lost:         "closed the connection",
	NoFile:       "is a file or socket that is not there",
	FileDenied:   "does not let this user do that",
	FileReadOnly: "does not let this user do that",
	Locked:       "is locked by another program",
	Damaged:      "is damaged, or no SQLite database",
	Replica:      "is a replica of another server",
	NoReplicas:   "has too few replicas to take writes",
	NoSave:       "cannot save to its disk, and takes no writes",
	Busy:         "is busy with a script",
	NoCluster:    "belongs to a cluster that is down",
	InCluster:    "belongs to a cluster, of which these settings know nothing",
}

// String returns what a server or a store does, without the subject.
func (k Kind) String() string { return words[k] }

// Why returns the words for err and the server's code, such as "has too many clients
// (SQLSTATE 53300)". The subject is the caller's. It holds nothing of the text of err.
func Why(err error) string {
	text := Of(err).String()
	if code := Code(err); code != "" {
		text += " (" + code + ")"
	}
	return text
}

var ofState = map[string]Kind{
	"28P01": Password, "28000": Password, "3D000": NoDatabase, "42P01": NoTable, "42501": Denied,
	"53300": TooMany, "57P03": Starting, "57014": Timeout, "55P03": LockTimeout, "53200": Full, "53100": DiskFull, "25006": ReadOnly,
	"57P01": Lost, "57P02": Lost, "57P05": Lost, "08000": Lost, "08003": Lost, "08006": Lost, "40P01": Locked, "40001": Locked,
}

// ofNumber are the error numbers of MySQL and MariaDB.
var ofNumber = map[int]Kind{
	1045: Password, 1698: Password, 1251: Password, 1049: NoDatabase, 1146: NoTable, 1044: Denied, 1142: Denied, 1143: Denied,
	1040: TooMany, 1203: TooMany, 1226: TooMany, 1053: Starting, 1969: Timeout, 3024: Timeout, 1317: Timeout, 1205: LockTimeout, 1213: Locked,
	1037: Full, 1038: Full, 1041: Full, 1021: DiskFull, 1114: DiskFull, 1290: ReadOnly, 1792: ReadOnly, 1836: ReadOnly,
	1927: Lost, 4031: Lost,
}

// ofText is for Redis, for SQLite, which has one number for most errors, and for poolers and
// drivers, which have none.
var ofText = []struct {
	words string
	kind  Kind
}{
	{"invalid username-password", Password}, {"without any password configured", Password},
	{"DB index is out of range", NoNumber}, {"max number of clients reached", TooMany}, {"its maximal number of clients", TooMany},
	{"the server is a replica", Replica},
	{"no such table", NoTable}, {"readonly database", FileReadOnly}, {"database is locked", Locked}, {"malformed", Damaged}, {"not a database", Damaged},
	{"database or disk is full", DiskFull},
	{"query_wait_timeout", Pooler}, {"server_login_retry", Pooler}, {"server conn crashed?", Pooler}, {"no more connections allowed", TooMany},
	{"invalid connection", Lost}, {"unexpected EOF", Lost},
}

// Of returns the Kind of err, or of an error that it wraps.
func Of(err error) Kind {
	if k := ofState[State(err)]; k != Unknown {
		return k
	}
	if k := ofNumber[Number(err)]; k != Unknown {
		return k
	}
	if _, k := redisCode(err); k != Unknown {
		return k
	}
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return NoHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return NoRoute
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Slow
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return Lost
	case errors.Is(err, fs.ErrPermission):
		return FileDenied
	case errors.Is(err, syscall.ENOENT):
		return NoFile
	}
	for _, t := range ofText {
		if errtext.Says(err, t.words) {
			return t.kind
		}
	}
	return Unknown
}

// Code returns the server's own code for err: "SQLSTATE 53300", "error 1040", "SQLite error
// 5", or LOADING of a Redis. It returns "" for an error that has none.
func Code(err error) string {
	if state := State(err); len(state) == 5 && !strings.ContainsFunc(state, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
		return "SQLSTATE " + state
	}
	if n := Number(err); n != 0 {
		return "error " + strconv.Itoa(n)
	}
	if code, _ := redisCode(err); code != "" {
		return code
	}
	var coded interface{ Code() int }               // modernc.org/sqlite
	if errors.As(err, &coded) && coded.Code() > 1 { // 1 is for whatever has no number
		return "SQLite error " + strconv.Itoa(coded.Code())
	}
	return ""
}

// State returns the SQLSTATE of an error of PostgreSQL, else "". pgx and lib/pq both have
// the method.
func State(err error) string {
	var state interface{ SQLState() string }
	if !errors.As(err, &state) {
		return ""
	}
	return state.SQLState()
}

// Number returns the number of an error of MySQL or MariaDB, 0 for any other.
// go-sql-driver has it in a field, which cannot be reached without importing the driver.
// But its texts begin "Error 1062 (23000): ", and those of other drivers in much the same
// way.
func Number(err error) (n int) {
	errtext.Walk(err, func(text string) bool {
		n = number(text)
		return n == 0
	})
	return n
}

func number(text string) int {
	if len(text) < 6 || !strings.EqualFold(text[:6], "error ") {
		return 0
	}
	digits := text[6:]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	n, _ := strconv.Atoi(digits)
	return n
}
