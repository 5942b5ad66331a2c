// Package fault says what an error of a database's or a cache's client means. The text of
// such an error may quote a key, a value or a password, so it must not be printed: callers
// have their own words for each [Kind].
package fault

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-djsession/go-djsession/internal/errtext"
)

// Kind says what is wrong with a server or a file.
type Kind uint8

const (
	Unknown      Kind = iota
	Refused           // nobody listens at the address
	NoHost            // the name of the host is not known
	Slow              // no answer in time
	Password          // the password or the user is wrong
	Denied            // the user may not do this
	NoDatabase        // no database has this name
	NoNumber          // no database has this number
	NoTable           // no table has this name
	TooMany           // too many clients
	Full              // the server's memory is full
	NoFile            // no such file or socket
	FileDenied        // no permission to read or write the file
	FileReadOnly      // the SQLite file is read-only
	Locked            // another program has locked it
	Damaged           // damaged, or not a SQLite database
)

var ofPostgreSQL = map[string]Kind{
	"28P01": Password, "28000": Password, "3D000": NoDatabase, "42P01": NoTable, "42501": Denied, "53300": TooMany,
}

var ofMySQL = map[uint16]Kind{
	1045: Password, 1698: Password, 1251: Password, 1049: NoDatabase, 1146: NoTable, 1044: Denied, 1142: Denied, 1040: TooMany,
}

// ofText is for Redis, and for SQLite, which has one number for most errors.
var ofText = []struct {
	words string
	kind  Kind
}{
	{"WRONGPASS", Password}, {"NOAUTH", Password}, {"invalid username-password", Password}, {"without any password configured", Password},
	{"NOPERM", Denied}, {"DB index is out of range", NoNumber}, {"OOM command not allowed", Full},
	{"no such table", NoTable}, {"readonly database", FileReadOnly}, {"database is locked", Locked}, {"malformed", Damaged}, {"not a database", Damaged},
}

// Of returns the Kind of err, or of an error that it wraps.
func Of(err error) Kind {
	var (
		pg  *pgconn.PgError
		my  *mysql.MySQLError
		dns *net.DNSError
	)
	if errors.As(err, &pg) && ofPostgreSQL[pg.Code] != Unknown {
		return ofPostgreSQL[pg.Code]
	}
	if errors.As(err, &my) && ofMySQL[my.Number] != Unknown {
		return ofMySQL[my.Number]
	}
	switch {
	case errors.As(err, &dns):
		return NoHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Slow
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
