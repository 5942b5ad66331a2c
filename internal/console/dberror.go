package console

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/errtext"
)

// The texts of drivers quote keys, values and DSNs, so none is printed. What they
// mean is put into words here, as far as it can be told.

// reason is what is wrong with a database, and what to do about it.
type reason struct{ text, hint string }

func reasonOf(err error) reason {
	var (
		pg  *pgconn.PgError
		my  *mysql.MySQLError
		dns *net.DNSError
	)
	switch {
	case errors.As(err, &pg):
		switch pg.Code {
		case "28P01", "28000":
			return reason{"the server refuses this user or password", "see the DSN"}
		case "3D000":
			return reason{"the server has no database of this name", "see the DSN"}
		case "42P01":
			return noTable
		case "42501":
			return reason{"the user may not do this", "see the rights of the user in the DSN"}
		case "53300":
			return reason{"the server has too many clients", ""}
		}
	case errors.As(err, &my):
		switch my.Number {
		case 1045, 1698:
			return reason{"the server refuses this user or password", "see the DSN"}
		case 1049:
			return reason{"the server has no database of this name", "see the DSN"}
		case 1146:
			return noTable
		case 1044, 1142:
			return reason{"the user may not do this", "see the rights of the user in the DSN"}
		case 1040:
			return reason{"the server has too many clients", ""}
		}
	case errors.Is(err, syscall.ECONNREFUSED):
		return reason{"nobody listens at that address", "is the server running? see host and port of the DSN"}
	case errors.As(err, &dns):
		return reason{"the name of the host is not known", "see the host in the DSN"}
	case errors.Is(err, syscall.ENOENT):
		return reason{"there is no such socket or file", "see the DSN"}
	case errors.Is(err, fs.ErrPermission):
		return reason{"a file may not be read or written", "does this user have the rights of the site's?"}
	case errors.Is(err, context.DeadlineExceeded):
		return reason{"it did not answer in time", "see host and port of the DSN"}
	}
	switch { // of Redis
	case errtext.Says(err, "WRONGPASS"), errtext.Says(err, "NOAUTH"), errtext.Says(err, "invalid username-password"), errtext.Says(err, "without any password configured"):
		return reason{"the server refuses this user or password", "see the DSN"}
	case errtext.Says(err, "NOPERM"):
		return reason{"the user may not do this", "see the rights of the user in the DSN"}
	case errtext.Says(err, "DB index is out of range"):
		return reason{"the server has no database of this number", "see the end of the DSN"}
	case errtext.Says(err, "OOM command not allowed"):
		return reason{"the memory of the server is full", ""}
	}
	// SQLite has one number for most of what can be wrong with a statement.
	switch {
	case errtext.Says(err, "no such table"):
		return noTable
	case errtext.Says(err, "readonly database"):
		return reason{"the file is read-only", "does this user have the right to write it, and the folder that it is in?"}
	case errtext.Says(err, "database is locked"):
		return reason{"another program keeps the file locked", "try again"}
	case errtext.Says(err, "malformed"), errtext.Says(err, "not a database"):
		return reason{"the file is damaged, or no SQLite database", ""}
	}
	return reason{}
}

var noTable = reason{"the table of the sessions is not there", "is this the site's database, and was it migrated? another table is named by --table"}

// DatabaseProblem says what is wrong with a database. It returns "" for what it does
// not know.
func DatabaseProblem(err error) (text, hint string) {
	r := reasonOf(err)
	return r.text, r.hint
}

// ConnectProblem says why there is no connection.
func ConnectProblem(err error) error {
	r := reasonOf(err)
	if r.text == "" {
		r = reason{"the driver reports an error", "see the DSN: user, password, host, port, name"}
	}
	return &Problem{StatusRefused, "the database cannot be reached: " + r.text, r.hint, err}
}

// unavailable puts djsession.ErrUnavailable into words.
func unavailable(err error) (text, hint string) {
	if r := reasonOf(err); r.text != "" {
		return "the database could not be used: " + r.text, r.hint
	}
	// The stores' own words, which hold nothing of the driver's.
	text = strings.ReplaceAll(err.Error(), ": "+djsession.ErrUnavailable.Error(), "")
	return "the database could not be used: " + text, "is it the site's database, and the right --table?"
}
